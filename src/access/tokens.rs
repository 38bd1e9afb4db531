//! Access tokens: JWTs valid for fifteen minutes, signed with Ed25519. A folder holds the keys, one PKCS#8 file
//! each, named so that the newest sorts last: that one signs, all verify. The folder is reloaded while the server
//! runs.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::policy::Role;
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::secrets::{base64url, make_private_folder, sha256, write_private};

pub const LIFETIME_SECONDS: i64 = 15 * 60;
/// The tolerance for clock differences between replicas.
const LEEWAY_SECONDS: i64 = 60;
const ISSUER: &str = "ketnghia";
const AUDIENCE: &str = "ketnghia-api";
const USE: &str = "access";

/// The claims of an access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    token_use: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    /// The user.
    pub sub: Uuid,
    /// The session.
    pub sid: Uuid,
    /// `auth_version` of the user when the token was issued.
    pub ver: i32,
    /// The generation of the refresh token issued with it.
    pub r#gen: i32,
    pub role: Role,
    /// The user had a one-time password when the token was issued.
    pub pwd: bool,
}

/// The user and session of a token, as read from the database.
#[derive(Debug, Clone, Copy)]
pub struct Bearer {
    pub user: Uuid,
    pub session: Uuid,
    pub auth_version: i32,
    /// The generation of the refresh token issued with it.
    pub generation: i32,
    pub role: Role,
    /// The user has a one-time password.
    pub must_change_password: bool,
}

/// Days after which a session ends: `idle` without use (weeks without a mobile signal are usual in the villages),
/// `absolute` in any case.
#[derive(Debug, Clone, Copy)]
pub struct SessionDays {
    pub idle: i32,
    pub absolute: i32,
}

/// A new key verifies at once, and signs after this time, when every replica has loaded it.
const KNOWN_BEFORE_SIGNING: TimeDelta = TimeDelta::seconds(60);
/// The least time between reloads for an unknown key id, which may be a new key: random key ids must not cause
/// constant disk reads.
const LOOK_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(5);

/// The folder and its keys as last loaded.
pub struct Tokens {
    folder: PathBuf,
    keys: RwLock<Keys>,
}

struct Keys {
    /// In the order of their names, the newest last.
    signing: Vec<SigningKey>,
    verifying: HashMap<String, DecodingKey>,
    /// The claims of tokens whose signature was verified with these keys, by the hash of the token: a signature costs 30 µs. Times are
    /// compared, and the session is asked, at every request.
    verified: Cache<Vec<u8>, Claims>,
    read_at: Option<DateTime<Utc>>,
}

/// The tokens that are remembered, of some 400 bytes each: those of a day's users at once.
const REMEMBERED: usize = 10_000;

struct SigningKey {
    id: String,
    key: EncodingKey,
    /// The time of loading; `None` for keys loaded at the start.
    since: Option<DateTime<Utc>>,
}

impl Keys {
    fn read(folder: &Path) -> Result<Self, String> {
        let verified = Cache::new(REMEMBERED);
        let mut keys = Self { signing: Vec::new(), verifying: HashMap::new(), verified, read_at: None };
        for file in key_files(folder)? {
            let bytes = fs::read(&file).map_err(|error| told(folder, &error))?;
            let pair = Ed25519KeyPair::from_pkcs8(&bytes)
                .map_err(|error| format!("{} is not an Ed25519 key in PKCS#8: {error}", file.display()))?;
            let public = pair.public_key().as_ref();
            let id = base64url(sha256(public).get(..9).unwrap_or_default());
            let decoding = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(public))
                .map_err(|error| format!("{}: {error}", file.display()))?;
            keys.verifying.insert(id.clone(), decoding);
            keys.signing.push(SigningKey { id, key: EncodingKey::from_ed_der(&bytes), since: None });
        }
        if keys.signing.is_empty() {
            return Err(format!("JWT_KEYS_DIR {} contains no *.pk8 key", folder.display()));
        }
        Ok(keys)
    }

    /// The newest key that was loaded long enough ago; the newest of all where there is none.
    fn newest(&self, now: DateTime<Utc>) -> Option<&SigningKey> {
        let is_known = |key: &&SigningKey| key.since.is_none_or(|since| since + KNOWN_BEFORE_SIGNING <= now);
        self.signing.iter().rev().find(is_known).or(self.signing.last())
    }
}

fn told(folder: &Path, error: &std::io::Error) -> String {
    format!("JWT_KEYS_DIR {}: {error}", folder.display())
}

fn key_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| told(folder, &error))? {
        let path = entry.map_err(|error| told(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "pk8") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

impl Tokens {
    /// Loads the folder; `make` creates a first key in an empty one.
    pub fn load(folder: &Path, make: bool) -> Result<Self, String> {
        if make {
            make_private_folder(folder).map_err(|error| told(folder, &error))?;
            if key_files(folder)?.is_empty() {
                let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                    .map_err(|_unspecified| "cannot create a signing key".to_owned())?;
                let name = format!("{}.pk8", Utc::now().format("%Y%m%dT%H%M%S%6fZ"));
                write_private(&folder.join(name), key.as_ref()).map_err(|error| told(folder, &error))?;
            }
        }
        Ok(Self { folder: folder.to_owned(), keys: RwLock::new(Keys::read(folder)?) })
    }

    /// Reloads the folder, so that keys are added and removed without a restart. Where the folder or a key is
    /// unreadable, the loaded keys stay and the error is logged.
    pub fn reload(&self, now: DateTime<Utc>) {
        let mut new = match Keys::read(&self.folder) {
            Ok(new) => new,
            Err(error) => {
                log::error!("the keys were not reloaded: {error}");
                self.write().read_at = Some(now);
                return;
            }
        };
        let mut keys = self.write();
        for key in &mut new.signing {
            let known = keys.signing.iter().find(|known| known.id == key.id);
            key.since = known.map_or(Some(now), |known| known.since);
            if known.is_none() {
                log::info!(
                    "added key {}: it verifies access tokens now, and signs them in a minute if it is the newest",
                    key.id
                );
            }
        }
        for dropped in keys.signing.iter().filter(|known| !new.verifying.contains_key(&known.id)) {
            log::info!("removed key {}: access tokens that it signed are refused", dropped.id);
        }
        new.read_at = Some(now);
        if new.verifying.len() == keys.verifying.len() && new.verifying.keys().all(|id| keys.verifying.contains_key(id))
        {
            std::mem::swap(&mut new.verified, &mut keys.verified);
        }
        *keys = new;
    }

    // A poisoned lock is used: no code panics while it holds the lock, and the keys are replaced as a whole.
    fn read(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Keys> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn sign(&self, bearer: Bearer, now: DateTime<Utc>) -> Result<String> {
        let keys = self.read();
        let signing = keys.newest(now).ok_or_else(|| Problem::internal("no signing key"))?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(signing.id.clone());
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            token_use: USE.into(),
            exp: now.timestamp() + LIFETIME_SECONDS,
            nbf: now.timestamp(),
            iat: now.timestamp(),
            sub: bearer.user,
            sid: bearer.session,
            ver: bearer.auth_version,
            r#gen: bearer.generation,
            role: bearer.role,
            pwd: bearer.must_change_password,
        };
        jsonwebtoken::encode(&header, &claims, &signing.key).map_err(Problem::internal)
    }

    /// Returns the claims of a valid token. Only the loaded keys are used; key URLs and keys in the token's header
    /// are ignored.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        let hash = sha256(token.as_bytes());
        let remembered = self.read().verified.get(&hash);
        let claims = match remembered {
            Some(claims) => claims,
            None => self.check_signature(token, hash, now)?,
        };
        let now = now.timestamp();
        let in_time = claims.exp + LEEWAY_SECONDS > now && claims.nbf - LEEWAY_SECONDS <= now;
        (claims.token_use == USE && in_time).then_some(claims)
    }

    /// Remembers the claims beside the keys that verified them, which a reload replaces together.
    fn check_signature(&self, token: &str, hash: Vec<u8>, now: DateTime<Utc>) -> Option<Claims> {
        let id = jsonwebtoken::decode_header(token).ok()?.kid?;
        if self.may_be_new(&id, now) {
            self.reload(now);
        }
        let keys = self.read();
        let key = keys.verifying.get(&id)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // The library uses the system's clock; ours may differ, so the times are compared by the caller.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation).ok()?.claims;
        keys.verified.insert(hash, claims.clone());
        Some(claims)
    }

    /// Whether an unknown key id may be a key that another replica has loaded already.
    fn may_be_new(&self, id: &str, now: DateTime<Utc>) -> bool {
        let keys = self.read();
        let looked = keys.read_at.is_some_and(|read| (now - read).abs() < LOOK_AGAIN_AFTER);
        !keys.verifying.contains_key(id) && !looked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(tokens: &Tokens, now: DateTime<Utc>) -> String {
        let (user, session) = (Uuid::now_v7(), Uuid::now_v7());
        let role = Role::Commune;
        let bearer = Bearer { user, session, auth_version: 1, generation: 0, role, must_change_password: false };
        tokens.sign(bearer, now).unwrap()
    }

    #[test]
    fn a_token_lives_fifteen_minutes_and_a_little() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::load(folder.path(), true).unwrap();
        let now = Utc::now();
        let token = sign(&tokens, now);
        let after =
            |seconds: i64| tokens.verify(&token, now + TimeDelta::seconds(LIFETIME_SECONDS + seconds)).is_some();
        assert!(after(-1) && after(59) && !after(61));
        assert!(tokens.verify(&token, now - TimeDelta::minutes(5)).is_none(), "not before its time");
    }

    fn add_key(folder: &Path, name: &str) {
        let newer = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        write_private(&folder.join(name), newer.as_ref()).unwrap();
    }

    fn signed_by(token: &str) -> String {
        jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
    }

    #[test]
    fn a_new_key_verifies_first_and_signs_a_minute_later() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::load(folder.path(), true).unwrap();
        let now = Utc::now();
        let old = sign(&tokens, now);
        add_key(folder.path(), "99999999.pk8");
        tokens.reload(now);
        assert_eq!(signed_by(&sign(&tokens, now + TimeDelta::seconds(59))), signed_by(&old));
        let later = now + TimeDelta::seconds(61);
        let new = sign(&tokens, later);
        assert_ne!(signed_by(&new), signed_by(&old));
        assert!(tokens.verify(&old, later).is_some() && tokens.verify(&new, later).is_some());
        // A key loaded at the start signs at once.
        assert_eq!(signed_by(&sign(&Tokens::load(folder.path(), false).unwrap(), now)), signed_by(&new));
    }

    #[test]
    fn another_replica_reads_a_key_when_it_meets_it_but_not_for_every_stranger() {
        let folder = tempfile::tempdir().unwrap();
        let late = Tokens::load(folder.path(), true).unwrap();
        add_key(folder.path(), "99999999.pk8");
        let early = Tokens::load(folder.path(), false).unwrap();
        let now = Utc::now();
        assert!(late.verify(&sign(&early, now), now).is_some());

        add_key(folder.path(), "999999999.pk8");
        let newest = Tokens::load(folder.path(), false).unwrap();
        let token = sign(&newest, now);
        assert!(late.verify(&token, now + TimeDelta::seconds(4)).is_none(), "it looked a moment ago");
        assert!(late.verify(&token, now + TimeDelta::seconds(5)).is_some());
    }

    #[test]
    fn what_a_dropped_key_signed_is_refused_and_a_broken_folder_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::load(folder.path(), true).unwrap();
        let now = Utc::now();
        let old = sign(&tokens, now);
        let first = key_files(folder.path()).unwrap().remove(0);
        fs::write(folder.path().join("broken.pk8"), b"rubbish").unwrap();
        add_key(folder.path(), "99999999.pk8");
        fs::remove_file(&first).unwrap();
        tokens.reload(now);
        assert!(tokens.verify(&old, now).is_some(), "the keys stayed as they were");
        fs::remove_file(folder.path().join("broken.pk8")).unwrap();
        tokens.reload(now);
        assert!(tokens.verify(&old, now).is_none());
        assert!(tokens.verify(&sign(&tokens, now), now).is_some(), "the one that is left signs, new as it is");
    }
}
