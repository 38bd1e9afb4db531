//! The address of a private PostgreSQL: a unix socket.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// How a private PostgreSQL is reached.
#[derive(Clone)]
pub struct Address {
    pub socket: PathBuf,
}

impl Address {
    /// The login of the service; it owns nothing.
    pub const LOGIN: &str = "ketnghia";
    pub const SUPERUSER: &str = "postgres";
    /// Of the socket's name. Said everywhere, so that PGPORT has no say.
    pub const PORT: &str = "5432";

    pub fn url(&self, database: &str) -> String {
        self.url_of(Self::LOGIN, database)
    }

    pub fn superuser_url(&self, database: &str) -> String {
        self.url_of(Self::SUPERUSER, database)
    }

    fn url_of(&self, login: &str, database: &str) -> String {
        let mut host = String::new();
        for byte in self.socket.as_os_str().as_bytes() {
            if byte.is_ascii_alphanumeric() {
                host.push(char::from(*byte));
            } else {
                host.push_str(&format!("%{byte:02X}"));
            }
        }
        // No options: nor has PGOPTIONS a say.
        format!("postgres://{login}@{host}:{}/{database}?options=", Self::PORT)
    }
}
