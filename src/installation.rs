//! An installation: its database and its keys.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::access::tokens::Tokens;
use crate::config::{Keys, Storage};
use crate::kernel::clock::Clock;
use crate::kernel::db::sealing;
use crate::kernel::db::{Db, migrate};
use crate::kernel::http::problem::Problem;
use crate::kernel::secrets::Secrets;
use crate::places::tree::start_on_today;
use crate::postgres::{Address, Embedded, Opened};

const DATABASE: &str = "ketnghia";

/// The database of an installation. A private PostgreSQL runs until this is dropped.
pub struct Database {
    pub url: String,
    source: Source,
}

enum Source {
    Given,
    Private(Opened),
}

impl Database {
    /// Opens the database of the settings. A private one must exist, so that a mistyped DATA_DIR does not create
    /// a new one.
    pub fn open(storage: &Storage) -> Result<Self, String> {
        if storage.database_url().is_none() && !Embedded::is_made(&postgres_folder(storage))? {
            return Err(format!(
                "no database in {} (DATA_DIR): `ketnghia serve` or `ketnghia migrate` creates one",
                storage.data_dir.display()
            ));
        }
        Self::open_or_make(storage)
    }

    /// The same, but creates a missing private one; it may be run by another process.
    pub fn open_or_make(storage: &Storage) -> Result<Self, String> {
        match storage.database_url() {
            Some(url) => Ok(Self { url: url.to_owned(), source: Source::Given }),
            None => {
                let opened = Embedded::open(&postgres_folder(storage), !storage.unsafe_durability)?;
                Ok(Self::private(opened))
            }
        }
    }

    /// The same, but a private one must not be run by another process.
    pub fn open_alone(storage: &Storage) -> Result<Self, String> {
        if storage.database_url().is_some() {
            return Self::open_or_make(storage);
        }
        let embedded = Embedded::start(&postgres_folder(storage), !storage.unsafe_durability)?;
        Ok(Self::private(Opened::Ours(embedded)))
    }

    fn private(opened: Opened) -> Self {
        let url = address_of(&opened).url(DATABASE);
        Self { url, source: Source::Private(opened) }
    }

    /// The URL for migrations: the login of the service does not own the tables of a private one.
    pub fn owner_url(&self) -> String {
        match &self.source {
            Source::Given => self.url.clone(),
            Source::Private(opened) => address_of(opened).superuser_url(DATABASE),
        }
    }

    pub fn is_private(&self) -> bool {
        matches!(self.source, Source::Private(_))
    }

    /// Replaces an error by the reason in the log of a private PostgreSQL, which ends when the disk is full.
    pub fn explain(&self, outcome: Result<(), String>) -> Result<(), String> {
        match &self.source {
            Source::Private(Opened::Ours(embedded)) => outcome.map_err(|reason| embedded.complaint().unwrap_or(reason)),
            _ => outcome,
        }
    }

    /// The environment variables by which other programs connect.
    pub fn environment(&self, superuser: bool) -> Vec<(&'static str, OsString)> {
        let Source::Private(opened) = &self.source else {
            return vec![("DATABASE_URL", self.url.clone().into())];
        };
        let address = address_of(opened);
        let (url, login) = if superuser {
            (address.superuser_url(DATABASE), Address::SUPERUSER)
        } else {
            (address.url(DATABASE), Address::LOGIN)
        };
        vec![
            ("DATABASE_URL", url.into()),
            ("PGHOST", address.socket.clone().into()),
            ("PGPORT", Address::PORT.into()),
            ("PGUSER", login.into()),
            ("PGDATABASE", DATABASE.into()),
        ]
    }
}

fn postgres_folder(storage: &Storage) -> PathBuf {
    storage.data_dir.join("postgres")
}

fn address_of(opened: &Opened) -> &Address {
    match opened {
        Opened::Ours(embedded) => embedded.address(),
        Opened::Theirs(address) => address,
    }
}

/// An installation, opened by a command.
pub struct Installation {
    pub db: Db,
    pub secrets: Secrets,
    /// A private PostgreSQL runs until this is dropped.
    _database: Database,
}

/// Opens an installation with the same checks as a server, which may be running.
pub fn open(storage: &Storage, keys: &Keys) -> Result<Installation, String> {
    keys.check(storage)?;
    let database = Database::open(storage)?;
    let brought = if database.is_private() { None } else { Some(load_keys(storage, keys, false)?) };
    migrate::check_login(&database.url)?;
    let db = Db::connect(&database.url, 1, Clock::default())?;
    check(&db, storage.unsafe_durability)?;
    let (_, secrets) = join_keys(storage, keys, &db, brought)?;
    start_on_today(&db).map_err(|problem| format!("cannot compute the tree of places: {problem}"))?;
    Ok(Installation { db, secrets, _database: database })
}

pub fn load_keys(storage: &Storage, keys: &Keys, make: bool) -> Result<(Tokens, Secrets), String> {
    let folder = keys.jwt_keys_dir(storage);
    let tokens = Tokens::load(&folder, make)?;
    let secrets = Secrets::load(&keys.pii_key_file(storage), &folder.join("refresh.key"), make)?;
    Ok((tokens, secrets))
}

/// Checks that the key file has every key that the database depends on, and records new ones. The first start of a
/// private PostgreSQL generates the keys, but not where the database has sealed values: then the key file was lost
/// or moved.
pub fn join_keys(
    storage: &Storage,
    keys: &Keys,
    db: &Db,
    brought: Option<(Tokens, Secrets)>,
) -> Result<(Tokens, Secrets), String> {
    let file = keys.pii_key_file(storage);
    let told = |problem: Problem| format!("cannot use the database: {problem}");
    let met = db.as_system(sealing::met_keys).map_err(told)?;
    let (tokens, secrets) = match brought {
        Some(brought) => brought,
        None if !met.is_empty() && !file.exists() => {
            return Err(format!(
                "PII_KEY_FILE {} is missing, and the database has fields that were sealed with it: restore the file, or remove the data too",
                file.display()
            ));
        }
        None => load_keys(storage, keys, true)?,
    };
    let here = secrets.fingerprints();
    if let Some((id, _)) = met.iter().find(|key| !here.contains(key)) {
        let how = if here.iter().any(|(known, _)| known == id) { "holds another key" } else { "lacks the key" };
        return Err(format!(
            "PII_KEY_FILE {} {how} of the number {id}, with which fields of the database are sealed",
            file.display()
        ));
    }
    db.as_system(|conn| sealing::meet_keys(conn, &here)).map_err(told)?;
    Ok((tokens, secrets))
}

pub fn check(db: &Db, unsafe_durability: bool) -> Result<(), String> {
    let verdict = db.as_system(|conn| Ok((migrate::is_current(conn), migrate::complaints(conn, unsafe_durability))));
    match verdict {
        Ok((_, Some(complaint))) => Err(complaint),
        Ok((false, None)) => Err(migrate::NOT_CURRENT.into()),
        Ok((true, None)) => Ok(()),
        // A missing entry function means that the text of `schema/` was never applied.
        Err(problem) if problem.to_string().contains("app_enter_system") => Err(migrate::NOT_CURRENT.into()),
        Err(problem) => Err(format!("cannot use the database: {problem}")),
    }
}
