//! Connection URLs of a private PostgreSQL, which listens on a unix socket only.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The folder of the unix socket of a private PostgreSQL.
#[derive(Clone)]
pub struct Address {
    pub socket: PathBuf,
}

impl Address {
    /// The login of the service, which owns no database object.
    pub const LOGIN: &str = "ketnghia";
    pub const SUPERUSER: &str = "postgres";
    /// Part of the socket's name. Stated in each URL and command, because PGPORT applies otherwise.
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
        // An empty `options` overrides PGOPTIONS.
        format!("postgres://{login}@{host}:{}/{database}?options=", Self::PORT)
    }
}
