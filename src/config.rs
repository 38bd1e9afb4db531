//! Settings, each from one environment variable or flag; their doc comments are the texts of `ketnghia serve --help`.

use std::fmt;
use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;
use std::thread;

use chrono::{DateTime, Utc};
use clap::Args;

use crate::kernel::db::Rules;
use crate::kernel::http::peer::{Origins, TrustedProxy};
use crate::twinning::organisations::model::OrganisationKind;

/// The database and the data folder.
#[derive(Debug, Clone, Args)]
pub struct Storage {
    /// PostgreSQL to use; without it, a private one is run under DATA_DIR
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Folder of the private PostgreSQL and of the keys made with it
    #[arg(long, env = "DATA_DIR", default_value = ".data")]
    pub data_dir: PathBuf,
    /// Serve although fsync, full_page_writes or synchronous_commit is off (tests, benchmarks)
    #[arg(long, env = "KETNGHIA_UNSAFE_DURABILITY", value_parser = clap::builder::BoolishValueParser::new(), default_value = "false", action = clap::ArgAction::Set)]
    pub unsafe_durability: bool,
}

impl Storage {
    /// The setting, where an empty one counts as absent.
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref().filter(|url| !url.is_empty())
    }
}

/// Keys, which are stored in files and never in the database.
#[derive(Debug, Clone, Args)]
pub struct Keys {
    /// Ed25519 keys (*.pk8) that sign access tokens, and refresh.key; the newest signs, all verify. Made with the private PostgreSQL, required otherwise
    #[arg(long, env = "JWT_KEYS_DIR")]
    pub jwt_keys_dir: Option<PathBuf>,
    /// Key file that seals identity numbers and phones, one `NUMBER:BASE64` a line, the first seals. Made with the private PostgreSQL, required otherwise
    #[arg(long, env = "PII_KEY_FILE")]
    pub pii_key_file: Option<PathBuf>,
}

/// Limits of callers.
#[derive(Debug, Clone, Args)]
pub struct Callers {
    /// Requests a second of one session or API key, also in one burst; 0 is no limit
    #[arg(long, env = "RATE_LIMIT_PER_SECOND", default_value_t = 20)]
    pub rate_limit_per_second: u32,
    /// Requests a minute of one session or API key, also in one burst; 0 is no limit
    #[arg(long, env = "RATE_LIMIT_PER_MINUTE", default_value_t = 600)]
    pub rate_limit_per_minute: u32,
    /// Requests a second of one address without a session or API key known to be valid; 0 is no limit
    #[arg(long, env = "ADDRESS_LIMIT_PER_SECOND", default_value_t = 50)]
    pub address_limit_per_second: u32,
    /// Requests a minute of one address without a session or API key known to be valid: many phones may share the address of their carrier. 0 is no limit
    #[arg(long, env = "ADDRESS_LIMIT_PER_MINUTE", default_value_t = 1200)]
    pub address_limit_per_minute: u32,
    /// Failed sign-ins an hour after which an address is refused; above the failures of a commune whose phones share the address of their carrier. 0 is no limit
    #[arg(long, env = "SIGN_IN_FAILURES_PER_ADDRESS", default_value_t = 300)]
    pub sign_in_failures_per_address: u32,
    /// Days for which the creator of an account, or the user who reset its password, counts as its owner; 0 disables the rule
    #[arg(long, env = "TWO_PERSON_DAYS", default_value_t = 30)]
    pub two_person_days: u32,
    /// Days after the last day of a twinning in which the unit may still record what happened before
    #[arg(long, env = "LATE_ENTRY_DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(..=3660))]
    pub late_entry_days: u32,
    /// Kinds of organisations that are no state bodies, separated by commas: ethnic group, health, position and notes of households are withheld from them; empty for none
    #[arg(long, env = "NON_STATE_KINDS", default_value = "enterprise,cooperative,other")]
    pub non_state_kinds: Kinds,
    /// Failed sign-ins an hour, over all accounts, that raise an alarm in the log and the metrics
    #[arg(long, env = "SIGN_IN_ALARM", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub sign_in_alarm: u32,
    /// Addresses or networks of trusted reverse proxies, separated by commas: only their X-Forwarded-For and -Proto are used
    #[arg(long, env = "TRUSTED_PROXY", default_value = "", hide_default_value = true)]
    pub trusted_proxy: TrustedProxy,
    /// Origins (https://app.example.vn) that CORS allows, separated by commas
    #[arg(long, env = "CORS_ORIGINS", default_value = "", hide_default_value = true)]
    pub cors_origins: Origins,
    /// Time-out for the complete body of a request, in seconds
    #[arg(long, env = "BODY_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub body_seconds: u64,
    /// Time-out for an answer of which the client reads nothing, in seconds
    #[arg(long, env = "ANSWER_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub answer_seconds: u64,
    /// Concurrent connections of one address, except a trusted proxy; 0 is no limit
    #[arg(long, env = "CONNECTIONS_PER_ADDRESS", default_value_t = 100)]
    pub connections_per_address: u32,
    /// Days after which an unused session ends
    #[arg(long, env = "SESSION_IDLE_DAYS", default_value_t = 45, value_parser = clap::value_parser!(i32).range(1..=365))]
    pub session_idle_days: i32,
    /// Days after which a session ends in any case
    #[arg(long, env = "SESSION_ABSOLUTE_DAYS", default_value_t = 180, value_parser = clap::value_parser!(i32).range(1..=3650))]
    pub session_absolute_days: i32,
}

impl Default for Callers {
    fn default() -> Self {
        Self {
            rate_limit_per_second: 20,
            rate_limit_per_minute: 600,
            address_limit_per_second: 50,
            address_limit_per_minute: 1200,
            sign_in_failures_per_address: 300,
            two_person_days: 30,
            late_entry_days: 90,
            non_state_kinds: Kinds(vec![
                OrganisationKind::Enterprise,
                OrganisationKind::Cooperative,
                OrganisationKind::Other,
            ]),
            sign_in_alarm: 500,
            trusted_proxy: TrustedProxy::default(),
            cors_origins: Origins::default(),
            body_seconds: 30,
            answer_seconds: 60,
            connections_per_address: 100,
            session_idle_days: 45,
            session_absolute_days: 180,
        }
    }
}

impl Callers {
    pub fn rules(&self) -> Rules {
        vec![
            ("two_person_days", self.two_person_days.to_string()),
            ("late_entry_days", self.late_entry_days.to_string()),
            ("non_state_kinds", self.non_state_kinds.to_string()),
        ]
    }
}

/// Kinds of organisations.
#[derive(Debug, Clone)]
pub struct Kinds(Vec<OrganisationKind>);

impl FromStr for Kinds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let kind = |part: &str| part.parse().map_err(|()| format!("`{part}` is no kind of organisation"));
        parts.map(kind).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Kinds {
    /// The form of `app_non_state_kinds`, where an empty setting would count as absent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|kind| kind.as_str()).collect();
        f.write_str(if words.is_empty() { "none".to_owned() } else { words.join(",") }.as_str())
    }
}

impl Keys {
    /// Requires keys with DATABASE_URL: they are generated with the private PostgreSQL only.
    pub fn check(&self, storage: &Storage) -> Result<(), String> {
        if storage.database_url().is_none() {
            return Ok(());
        }
        match (&self.jwt_keys_dir, &self.pii_key_file) {
            (None, _) => Err("JWT_KEYS_DIR is required with DATABASE_URL".into()),
            (_, None) => Err("PII_KEY_FILE is required with DATABASE_URL".into()),
            _ => Ok(()),
        }
    }

    pub fn jwt_keys_dir(&self, storage: &Storage) -> PathBuf {
        self.jwt_keys_dir.clone().unwrap_or_else(|| storage.data_dir.join("keys"))
    }

    pub fn pii_key_file(&self, storage: &Storage) -> PathBuf {
        self.pii_key_file.clone().unwrap_or_else(|| storage.data_dir.join("keys").join("pii.key"))
    }
}

#[derive(Debug, Clone, Args)]
pub struct Serve {
    #[command(flatten)]
    pub storage: Storage,
    #[command(flatten)]
    pub keys: Keys,
    #[command(flatten)]
    pub callers: Callers,
    /// Address and port to listen on
    #[arg(long, env = "BIND_ADDRESS", default_value = "127.0.0.1:8080")]
    pub bind_address: String,
    /// Connections to PostgreSQL; by default two for each CPU of this machine, at least 4 and at most 32. Requests queue in front of the pool, not inside it
    #[arg(long, env = "DATABASE_POOL_SIZE", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub database_pool_size: Option<u32>,
    /// Seconds to go on serving after SIGTERM, not ready and closing each connection after its answer, so that a load balancer switches to other servers first
    #[arg(long, env = "STOP_DELAY_SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=60))]
    pub stop_delay_seconds: u64,
    /// Load the demonstration data once and print the demonstration users
    #[arg(long)]
    pub demo: bool,
    /// Start the clock at this instant (RFC 3339); demonstration only, with a data folder of its own
    #[arg(long, requires = "demo")]
    pub clock: Option<DateTime<Utc>>,
}

impl Serve {
    /// The setting, or two connections for each CPU. More would not be faster, since PostgreSQL often has as many CPUs,
    /// and its default `max_connections`, shared by all servers, is 100.
    pub fn pool_size(&self) -> u32 {
        self.database_pool_size.unwrap_or_else(|| {
            let cpus = thread::available_parallelism().map_or(1, NonZero::get);
            u32::try_from(cpus * 2).unwrap_or(u32::MAX).clamp(4, 32)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_organisations_are_named_and_an_empty_setting_names_none() {
        let kinds = |text: &str| text.parse::<Kinds>().map(|kinds| kinds.to_string());
        assert_eq!(kinds("enterprise, cooperative,other"), Ok("enterprise,cooperative,other".to_owned()));
        assert_eq!(kinds(""), Ok("none".to_owned()));
        assert_eq!(kinds("company"), Err("`company` is no kind of organisation".to_owned()));
        let default = Callers::default().rules();
        assert!(default.contains(&("non_state_kinds", "enterprise,cooperative,other".to_owned())));
    }
}
