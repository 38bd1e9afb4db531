//! Devices that signed in before. Each keeps a token, and wrong passwords are counted for it apart from those of
//! everybody who tries the name (OWASP calls it a device cookie). It opens nothing. The proof in a token tells without a
//! query that it was made here; the database knows the devices of each account, which a reset forgets.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::kernel::http::problem::Result;
use crate::kernel::secrets::{Secrets, base64url, random};

const PREFIX: &str = "kd_";
const MARK_LEN: usize = 16;

/// A device, told apart by a random mark.
pub struct Device([u8; MARK_LEN]);

impl Device {
    pub fn new() -> Result<Self> {
        random().map(Self)
    }

    /// The device of a token, if the token was made here for this name.
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

    /// What its failures are counted by. A user name holds no blank.
    pub fn subject(&self, username: &str) -> String {
        format!("device {username} {}", base64url(&self.0))
    }

    fn message(&self, username: &str) -> String {
        format!("device\n{username}\n{}", base64url(&self.0))
    }
}
