//! Device tokens (OWASP: device cookies). A device that has signed in before sends its token, and its wrong passwords
//! are counted separately from those of other devices. The token grants no access. Its HMAC is verified without a
//! query; the database has the devices of each account, which a password reset deletes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::kernel::http::problem::Result;
use crate::kernel::secrets::{Secrets, base64url, random};

const PREFIX: &str = "kd_";
const MARK_LEN: usize = 16;

/// A device, identified by a random mark.
pub struct Device([u8; MARK_LEN]);

impl Device {
    pub fn new() -> Result<Self> {
        random().map(Self)
    }

    /// The device of a token, if the token is valid for this user name.
    pub fn known(secrets: &Secrets, username: &str, token: Option<&str>) -> Option<Self> {
        let (mark, proof) = token?.strip_prefix(PREFIX)?.split_once('.')?;
        let mark: [u8; MARK_LEN] = URL_SAFE_NO_PAD.decode(mark).ok()?.try_into().ok()?;
        let device = Self(mark);
        let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
        secrets.proves(&proof, &device.message(username)).then_some(device)
    }

    pub fn mark(&self) -> &[u8] {
        &self.0
    }

    pub fn token(&self, secrets: &Secrets, username: &str) -> String {
        format!("{PREFIX}{}.{}", base64url(&self.0), base64url(&secrets.proof(&self.message(username))))
    }

    /// The subject by which its failures are counted. It is unambiguous, because a user name contains no blank.
    pub fn subject(&self, username: &str) -> String {
        format!("device {username} {}", base64url(&self.0))
    }

    fn message(&self, username: &str) -> String {
        format!("device\n{username}\n{}", base64url(&self.0))
    }
}
