//! Access tokens: JWTs of fifteen minutes, signed with Ed25519. Keys lie in a folder, one PKCS#8
//! file each, named so that the newest sorts last: that one signs, all verify.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::policy::Role;
use crate::kernel::problem::{Problem, Result};
use crate::kernel::secrets::{base64url, sha256, write_private};

pub const LIFETIME_SECONDS: i64 = 15 * 60;
/// Days a family of refresh tokens may lie unused: weeks without signal are usual in the villages.
pub const IDLE_DAYS: i32 = 45;
/// Days after which a device signs in anew in any case.
pub const ABSOLUTE_DAYS: i32 = 180;
/// Clocks differ.
const LEEWAY_SECONDS: i64 = 60;
const ISSUER: &str = "ketnghia";
const AUDIENCE: &str = "ketnghia-api";
const USE: &str = "access";

/// What an access token says.
#[derive(Debug, Serialize, Deserialize)]
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
    /// `auth_version` of the user when the token was made.
    pub ver: i32,
    pub role: Role,
    /// A one-time password stood when the token was made.
    pub pwd: bool,
}

/// The keys.
pub struct Tokens {
    signing: (String, EncodingKey),
    verifying: HashMap<String, DecodingKey>,
}

impl Tokens {
    /// Reads the folder; makes a first key in an empty one where `make` says so.
    pub fn load(folder: &Path, make: bool) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("JWT_KEYS_DIR {}: {error}", folder.display());
        if make {
            fs::create_dir_all(folder).map_err(told)?;
        }
        let list = || -> std::io::Result<Vec<_>> {
            let mut files = Vec::new();
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "pk8") {
                    files.push(path);
                }
            }
            files.sort();
            Ok(files)
        };
        let mut files = list().map_err(told)?;
        if files.is_empty() && make {
            let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                .map_err(|_unspecified| "cannot make a signing key".to_owned())?;
            let name = format!("{}.pk8", Utc::now().format("%Y%m%dT%H%M%S%6fZ"));
            write_private(&folder.join(name), key.as_ref()).map_err(told)?;
            files = list().map_err(told)?;
        }
        let mut signing = None;
        let mut verifying = HashMap::new();
        for file in files {
            let bytes = fs::read(&file).map_err(told)?;
            let pair = Ed25519KeyPair::from_pkcs8(&bytes)
                .map_err(|error| format!("{} is no Ed25519 key in PKCS#8: {error}", file.display()))?;
            let public = pair.public_key().as_ref();
            let id = base64url(sha256(public).get(..9).unwrap_or_default());
            let decoding = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(public))
                .map_err(|error| format!("{}: {error}", file.display()))?;
            verifying.insert(id.clone(), decoding);
            signing = Some((id, EncodingKey::from_ed_der(&bytes)));
        }
        match signing {
            Some(signing) => Ok(Self { signing, verifying }),
            None => Err(format!("JWT_KEYS_DIR {} holds no *.pk8 key", folder.display())),
        }
    }

    pub fn sign(
        &self,
        user: Uuid,
        session: Uuid,
        auth_version: i32,
        role: Role,
        must_change_password: bool,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.signing.0.clone());
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            token_use: USE.into(),
            exp: now.timestamp() + LIFETIME_SECONDS,
            nbf: now.timestamp(),
            iat: now.timestamp(),
            sub: user,
            sid: session,
            ver: auth_version,
            role,
            pwd: must_change_password,
        };
        jsonwebtoken::encode(&header, &claims, &self.signing.1).map_err(Problem::internal)
    }

    /// The claims of a token that is ours and in time. Only the static map of keys is asked; what a
    /// header says of keys elsewhere is not read.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let key = self.verifying.get(header.kid.as_deref()?)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // The library asks the system's clock; ours may be moved, so the times are compared here.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation).ok()?.claims;
        let now = now.timestamp();
        let in_time = claims.exp + LEEWAY_SECONDS > now && claims.nbf - LEEWAY_SECONDS <= now;
        (claims.token_use == USE && in_time).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn sign(tokens: &Tokens, now: DateTime<Utc>) -> String {
        tokens.sign(Uuid::now_v7(), Uuid::now_v7(), 1, Role::Commune, false, now).unwrap()
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

    #[test]
    fn after_a_rotation_the_newest_key_signs_and_the_old_one_still_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let old = Tokens::load(folder.path(), true).unwrap();
        let token = sign(&old, Utc::now());
        let newer = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        write_private(&folder.path().join("99999999.pk8"), newer.as_ref()).unwrap();
        let new = Tokens::load(folder.path(), false).unwrap();
        assert!(new.verify(&token, Utc::now()).is_some());
        assert!(old.verify(&sign(&new, Utc::now()), Utc::now()).is_none(), "signed by the new key");
    }
}
