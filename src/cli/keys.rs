//! Manages the keys of an installation. The key that seals personal fields is rotated by `add`, restart, `reseal`,
//! stop, `remove`, start (docs/operation.md).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::arguments::{KeysOfInstallation, RemoveKey};
use super::say;
use crate::access::tokens::Tokens;
use crate::installation::{self, Installation};
use crate::kernel::db::sealing;
use crate::kernel::http::problem::{Problem, Result as Outcome};
use crate::kernel::secrets::{Secrets, key_of_line, make_private_folder, new_key_line, write_private};
use crate::needs::households::reseal;

/// Creates the keys of an installation, and prints the settings for them.
pub fn create(folder: &Path) -> Result<(), String> {
    let told = |error: io::Error| format!("cannot create keys in {}: {error}", folder.display());
    make_private_folder(folder).map_err(told)?;
    let folder = fs::canonicalize(folder).map_err(told)?;
    for entry in fs::read_dir(&folder).map_err(told)? {
        let name = entry.map_err(told)?.file_name();
        // Refuses a folder with keys: a new signing key would become the newest one.
        if [".pk8", ".key"].iter().any(|end| name.to_string_lossy().ends_with(end)) {
            return Err(format!("{} holds keys already", folder.display()));
        }
    }
    let pii_key_file = folder.join("pii.key");
    Tokens::load(&folder, true)?;
    Secrets::load(&pii_key_file, &folder.join("refresh.key"), true)?;
    say(&format!("JWT_KEYS_DIR={}", folder.display()));
    say(&format!("PII_KEY_FILE={}", pii_key_file.display()));
    Ok(())
}

fn told(problem: Problem) -> String {
    format!("failed: {problem}")
}

fn pii_key_file(of: &KeysOfInstallation) -> PathBuf {
    of.keys.pii_key_file(&of.storage)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("PII_KEY_FILE {}: {error}", file.display()))
}

fn write(file: &Path, content: &str) -> Result<(), String> {
    write_private(file, content.as_bytes()).map_err(|error| format!("PII_KEY_FILE {}: {error}", file.display()))
}

/// Adds a key in front of the others.
pub fn add(of: &KeysOfInstallation) -> Result<(), String> {
    let file = pii_key_file(of);
    let known = read(&file)?;
    let taken: Vec<u8> = known.lines().filter_map(key_of_line).collect();
    if taken.is_empty() {
        return Err(format!("PII_KEY_FILE {} contains no key", file.display()));
    }
    let (id, line) = new_key_line(&taken).map_err(told)?;
    write(&file, &format!("{line}{known}"))?;
    say(&format!("key {id} is added to {}: keep a copy of the file, and start every server anew", file.display()));
    say("then: ketnghia keys reseal");
    Ok(())
}

/// Prints the keys, the newest first, with their fingerprints and how many values each has sealed.
pub fn list(of: &KeysOfInstallation) -> Result<(), String> {
    let installation = installation::open(&of.storage, &of.keys)?;
    let sealed = sealed_by_key(&installation)?;
    for (place, (id, fingerprint)) in installation.secrets.fingerprints().into_iter().enumerate() {
        let mark: String = fingerprint.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let use_of = if place == 0 { "seals" } else { "opens" };
        say(&format!("{id}\t{mark}\t{use_of}\t{} values", sealed.get(&id).copied().unwrap_or(0)));
    }
    Ok(())
}

fn sealed_by_key(installation: &Installation) -> Result<BTreeMap<u8, i64>, String> {
    let counted = installation.db.as_system(|conn| {
        reseal::wait_long(conn)?;
        let mut counted = reseal::sealed_by_key(conn)?;
        counted.extend(sealing::sealed_deletions(conn)?);
        Ok(counted)
    });
    let mut sealed = BTreeMap::new();
    for row in counted.map_err(told)? {
        *sealed.entry(u8::try_from(row.key).unwrap_or_default()).or_default() += row.fields;
    }
    Ok(sealed)
}

/// Reseals values of older keys with the newest one, in several transactions.
pub fn reseal(of: &KeysOfInstallation) -> Result<(), String> {
    let Installation { db, secrets, .. } = &installation::open(&of.storage, &of.keys)?;
    let (mut resealed, mut unreadable) = (0, 0);
    let mut behind = None;
    while let Some(batch) = db.as_system(|conn| reseal::reseal(conn, secrets, behind)).map_err(told)? {
        resealed += batch.resealed;
        unreadable += batch.unreadable;
        behind = Some(batch.last);
    }
    loop {
        let batch = db.as_system(|conn| sealing::reseal_deletions(conn, secrets)).map_err(told)?;
        if !batch.is_full {
            unreadable += batch.unreadable;
            break;
        }
    }
    say(&format!("{resealed} households are sealed with the newest key"));
    if unreadable > 0 {
        return Err(format!("{unreadable} records cannot be decrypted and were not changed: see the log"));
    }
    Ok(())
}

/// Removes a key that no longer seals any value. The blind index of identity numbers uses the oldest key, so it is
/// rebuilt.
pub fn remove(wanted: &RemoveKey) -> Result<(), String> {
    let file = pii_key_file(&wanted.of);
    let before = read(&file)?;
    let installation = installation::open(&wanted.of.storage, &wanted.of.keys)?;
    let id = wanted.id;
    let known: Vec<u8> = installation.secrets.fingerprints().iter().map(|(id, _)| *id).collect();
    if !known.contains(&id) {
        return Err(format!("there is no key {id}"));
    }
    if known.first() == Some(&id) {
        return Err(format!("key {id} is the newest, which seals: add another one first"));
    }
    match sealed_by_key(&installation)?.get(&id).copied().unwrap_or(0) {
        0 => {}
        values => return Err(format!("{values} values are sealed with key {id}: run `ketnghia keys reseal` first")),
    }
    if others(&installation).map_err(told)? > 0 {
        return Err(
            "a server runs on this database: stop all servers first, since each uses the keys it loaded at its start"
                .into(),
        );
    }
    let kept: String =
        before.lines().filter(|line| key_of_line(line) != Some(id)).map(|line| format!("{line}\n")).collect();
    let copy = file.with_extension("before-remove");
    write(&copy, &before)?;
    let Installation { db, secrets, .. } = installation;
    let fewer = secrets.without(id);
    let outcome = db.as_system(|conn| {
        reseal::wait_long(conn)?;
        reseal::rebuild_index(conn, &fewer)?;
        sealing::part_with_key(conn, id)?;
        // Written last: where it fails, the transaction is rolled back.
        write(&file, &kept).map_err(Problem::internal)
    });
    if let Err(problem) = outcome {
        write(&file, &before)?;
        return Err(told(problem));
    }
    say(&format!("key {id} is removed; {} is the file as it was: destroy it once no backup needs it", copy.display()));
    Ok(())
}

/// The number of other connections to this database with the same login.
fn others(installation: &Installation) -> Outcome<i64> {
    #[derive(QueryableByName)]
    struct Others {
        #[diesel(sql_type = BigInt)]
        others: i64,
    }
    let sql = "SELECT count(*) AS others FROM pg_stat_activity
                WHERE datname = current_database() AND usename = session_user AND pid <> pg_backend_pid()";
    let row: Others = installation.db.as_system(|conn| Ok(sql_query(sql).get_result(conn)?))?;
    Ok(row.others)
}
