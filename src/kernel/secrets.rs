//! Keys, stored in files and never in the database: one encrypts personal fields, one derives refresh and
//! device tokens and encrypts cursors.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::kernel::http::problem::{Problem, Result};

const KEY_LEN: usize = 32;
const CURSOR: &[u8] = b"cursor";
const FINGERPRINT_LEN: usize = 16;

/// The keys of an installation.
pub struct Secrets {
    /// Keys of personal fields: the first line of the file encrypts, all decrypt.
    sealing: Vec<SealingKey>,
    /// Key of refresh and device tokens.
    tokens: hmac::Key,
    /// Key of cursors, derived from `tokens`.
    cursors: LessSafeKey,
}

/// A line of the key file.
struct SealingKey {
    id: u8,
    key: LessSafeKey,
    /// Key of blind indexes and fingerprints.
    marks: hmac::Key,
}

/// The error of a field that cannot be decrypted: damaged, or sealed with a missing key.
#[derive(Debug)]
pub struct Unreadable;

/// Random bytes of the operating system.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_unspecified| Problem::internal("the system returned no random bytes"))?;
    Ok(bytes)
}

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// Encodes bytes as base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Secrets {
    /// Reads the key files; `make` creates missing ones (with the embedded database).
    pub fn load(pii_key_file: &Path, token_key_file: &Path, make: bool) -> Result<Self, String> {
        let pii = read_or_make(pii_key_file, make, "PII_KEY_FILE")?;
        let token = read_or_make(token_key_file, make, "JWT_KEYS_DIR")?;
        let mut sealing: Vec<SealingKey> = Vec::new();
        for line in pii.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (id, key) = parse_key(line).ok_or_else(|| {
                format!("PII_KEY_FILE {}: a line is not `NUMBER:BASE64 of 32 bytes`", pii_key_file.display())
            })?;
            let unbound =
                UnboundKey::new(&AES_256_GCM, &key).map_err(|_unspecified| "PII_KEY_FILE: unusable key".to_owned())?;
            if sealing.iter().any(|known| known.id == id) {
                return Err(format!("PII_KEY_FILE {}: two keys have the number {id}", pii_key_file.display()));
            }
            let marks = hmac::Key::new(hmac::HMAC_SHA256, &key);
            sealing.push(SealingKey { id, key: LessSafeKey::new(unbound), marks });
        }
        if sealing.is_empty() {
            return Err(format!("PII_KEY_FILE {} contains no key", pii_key_file.display()));
        }
        let (_, token) =
            token.lines().find_map(parse_key).ok_or_else(|| format!("{} contains no key", token_key_file.display()))?;
        let tokens = hmac::Key::new(hmac::HMAC_SHA256, &token);
        let cursors = UnboundKey::new(&AES_256_GCM, hmac::sign(&tokens, b"key of cursors").as_ref())
            .map_err(|_unspecified| format!("{}: unusable key", token_key_file.display()))?;
        Ok(Self { sealing, tokens, cursors: LessSafeKey::new(cursors) })
    }

    /// Encrypts a personal field with AES-256-GCM. Record id and field name are authenticated, so that the
    /// ciphertext cannot be copied to another record or field.
    pub fn seal(&self, record: Uuid, field: &str, value: &str) -> Result<Vec<u8>> {
        let sealing = self.sealing.first().ok_or_else(|| Problem::internal("no sealing key"))?;
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = value.as_bytes().to_vec();
        sealing
            .key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), binding(record, field), &mut sealed)
            .map_err(|_unspecified| Problem::internal("sealing failed"))?;
        let mut out = vec![sealing.id];
        out.extend_from_slice(&nonce);
        out.append(&mut sealed);
        Ok(out)
    }

    pub fn open(&self, record: Uuid, field: &str, sealed: &[u8]) -> Result<String, Unreadable> {
        let (id, rest) = sealed.split_first().ok_or(Unreadable)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(Unreadable)?;
        let sealing = self.sealing.iter().find(|known| known.id == *id).ok_or(Unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_unspecified| Unreadable)?;
        let mut body = body.to_vec();
        let plain = sealing.key.open_in_place(nonce, binding(record, field), &mut body);
        let plain = plain.map_err(|_unspecified| Unreadable)?;
        String::from_utf8(plain.to_vec()).map_err(|_no_text| Unreadable)
    }

    /// A keyed hash to find equal values without decrypting them. All rows must have the same key: that of the
    /// oldest line. `ketnghia keys remove` changes it to the next one.
    pub fn blind_index(&self, value: &str) -> Vec<u8> {
        let Some(oldest) = self.sealing.last() else { return Vec::new() };
        let mut index = vec![oldest.id];
        index.extend_from_slice(hmac::sign(&oldest.marks, value.as_bytes()).as_ref());
        index
    }

    /// The number of the key that encrypts.
    pub fn newest_key(&self) -> Option<u8> {
        self.sealing.first().map(|key| key.id)
    }

    /// The numbers and fingerprints of all keys, the newest first.
    pub fn fingerprints(&self) -> Vec<(u8, Vec<u8>)> {
        let fingerprint = |key: &SealingKey| {
            let mark = hmac::sign(&key.marks, b"ketnghia sealing key");
            (key.id, mark.as_ref().iter().copied().take(FINGERPRINT_LEN).collect())
        };
        self.sealing.iter().map(fingerprint).collect()
    }

    /// Removes a key.
    pub fn without(mut self, id: u8) -> Self {
        self.sealing.retain(|key| key.id != id);
        self
    }

    /// Derives the refresh token that follows one, so that a retry after a lost answer returns the same token.
    pub fn child_token(&self, parent: &str) -> String {
        base64url(hmac::sign(&self.tokens, format!("refresh\n{parent}").as_bytes()).as_ref())
    }

    /// Returns an HMAC of a text, which `proves` verifies.
    pub fn proof(&self, text: &str) -> Vec<u8> {
        hmac::sign(&self.tokens, text.as_bytes()).as_ref().to_vec()
    }

    pub fn proves(&self, proof: &[u8], text: &str) -> bool {
        hmac::verify(&self.tokens, text.as_bytes(), proof).is_ok()
    }

    /// Encrypts a cursor, because it contains the sort key of the last row, such as a name. The nonce is derived from the content: an
    /// unchanged page has an unchanged cursor, and so an unchanged `ETag`.
    pub fn seal_cursor(&self, json: &[u8]) -> Result<String> {
        let mut nonce = [0; NONCE_LEN];
        let derived = hmac::sign(&self.tokens, &[b"nonce of cursors\n", json].concat());
        nonce.iter_mut().zip(derived.as_ref()).for_each(|(byte, derived)| *byte = *derived);
        let mut body = json.to_vec();
        self.cursors
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(CURSOR), &mut body)
            .map_err(|_unspecified| Problem::internal("sealing a cursor failed"))?;
        Ok(base64url(&[nonce.as_slice(), &body].concat()))
    }

    pub fn open_cursor(&self, cursor: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (nonce, body) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        Some(self.cursors.open_in_place(nonce, Aad::from(CURSOR), &mut body).ok()?.to_vec())
    }

    /// A short hash of a text, to compare it.
    pub fn fingerprint(&self, text: &str) -> String {
        base64url(sha256(text.as_bytes()).get(..9).unwrap_or_default())
    }
}

fn binding(record: Uuid, field: &str) -> Aad<Vec<u8>> {
    let mut bytes = record.as_bytes().to_vec();
    bytes.extend_from_slice(field.as_bytes());
    Aad::from(bytes)
}

/// A new line for the key file, with a number above all taken ones.
pub fn new_key_line(taken: &[u8]) -> Result<(u8, String)> {
    let id = (1..=u8::MAX).find(|id| taken.iter().all(|known| known < id));
    let id = id.ok_or_else(|| Problem::internal("all numbers of keys are taken"))?;
    Ok((id, format!("{id}:{}\n", STANDARD.encode(random::<KEY_LEN>()?))))
}

/// The number of the key in a line of the key file.
pub fn key_of_line(line: &str) -> Option<u8> {
    parse_key(line).map(|(id, _)| id)
}

fn parse_key(line: &str) -> Option<(u8, Vec<u8>)> {
    let (id, key) = line.trim().split_once(':')?;
    let key = STANDARD.decode(key).ok()?;
    (key.len() == KEY_LEN).then_some((id.parse().ok()?, key))
}

fn read_or_make(path: &Path, make: bool, setting: &str) -> Result<String, String> {
    if make && !path.exists() {
        let key: [u8; KEY_LEN] = random().map_err(|problem| problem.to_string())?;
        write_private(path, format!("1:{}\n", STANDARD.encode(key)).as_bytes())
            .map_err(|error| format!("cannot create the key file {}: {error}", path.display()))?;
    }
    fs::read_to_string(path).map_err(|error| format!("{setting}: cannot read the key file {}: {error}", path.display()))
}

/// Creates a missing folder with mode 0700.
pub fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    // Parent folders get the default mode.
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above)?;
    }
    fs::DirBuilder::new().mode(0o700).create(folder)
}

/// Writes a file with mode 0600 atomically, by rename. An existing file keeps its owner, because root may change
/// the keys of the service's user.
pub fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        make_private_folder(folder)?;
    }
    let partial = path.with_extension("partial");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    file.write_all(content)?;
    if let Ok(known) = fs::metadata(path) {
        fchown(&file, Some(known.uid()), Some(known.gid()))?;
    }
    file.sync_all()?;
    fs::rename(partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> (tempfile::TempDir, Secrets) {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::load(&folder.path().join("pii"), &folder.path().join("tokens"), true).unwrap();
        (folder, secrets)
    }

    #[test]
    fn a_sealed_field_opens_only_where_it_belongs() {
        let (_folder, secrets) = secrets();
        let (mine, other) = (Uuid::now_v7(), Uuid::now_v7());
        let sealed = secrets.seal(mine, "phone", "0912345678").unwrap();
        assert_eq!(secrets.open(mine, "phone", &sealed).unwrap(), "0912345678");
        assert!(secrets.open(other, "phone", &sealed).is_err());
        assert!(secrets.open(mine, "identity_number", &sealed).is_err());
        assert!(!sealed.windows(4).any(|window| window == b"0912"));
    }

    #[test]
    fn after_a_rotation_old_fields_still_open_and_equality_still_holds() {
        let (folder, old) = secrets();
        let file = folder.path().join("pii");
        let record = Uuid::now_v7();
        let sealed = old.seal(record, "phone", "0912345678").unwrap();
        let first = fs::read_to_string(&file).unwrap();
        let newer = format!("2:{}\n{first}", STANDARD.encode(random::<32>().unwrap()));
        fs::write(&file, newer).unwrap();
        let new = Secrets::load(&file, &folder.path().join("tokens"), false).unwrap();
        assert_eq!(new.open(record, "phone", &sealed).unwrap(), "0912345678");
        assert_eq!(new.seal(record, "phone", "1").unwrap().first(), Some(&2));
        assert_eq!(new.blind_index("1"), old.blind_index("1"));
        assert_eq!(new.fingerprints().get(1), old.fingerprints().first());
        let newest = new.without(1);
        assert!(newest.open(record, "phone", &sealed).is_err());
        assert_ne!(newest.blind_index("1"), old.blind_index("1"));
    }

    #[test]
    fn a_cursor_that_was_altered_does_not_open() {
        let (_folder, secrets) = secrets();
        let cursor = secrets.seal_cursor(b"{}").unwrap();
        assert_eq!(secrets.open_cursor(&cursor).unwrap(), b"{}");
        assert_eq!(secrets.seal_cursor(b"{}").unwrap(), cursor);
        assert_ne!(secrets.seal_cursor(b"[]").unwrap().get(..8), cursor.get(..8));
        let (first, rest) = cursor.split_at(1);
        let altered = format!("{}{rest}", if first == "A" { "B" } else { "A" });
        assert!(secrets.open_cursor(&altered).is_none());
        assert!(secrets.open_cursor("").is_none());
    }
}
