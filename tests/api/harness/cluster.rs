use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use ketnghia::access::tokens::Tokens;
use ketnghia::app::State;
use ketnghia::config::Callers;
use ketnghia::kernel::clock::Clock;
use ketnghia::kernel::db::{Db, migrate};
use ketnghia::kernel::secrets::Secrets;
use ketnghia::places::loader::{self, Selection};
use ketnghia::places::tree;
use ketnghia::postgres::Embedded;
use ketnghia::server::Running;

use super::client::Client;
use super::relay::Relay;

/// The time of the clock unless a test sets it: a Sunday morning in Vietnam.
pub const NOW: &str = "2026-11-22T02:00:00Z";
/// Provinces of the small template: Gia Lai (with old Gia Lai and Bình Định) and Quảng Ngãi.
const SMALL: [&str; 2] = ["52", "51"];
const POOL: u32 = 4;

/// How much of the catalogue a test needs.
#[derive(Clone, Copy, PartialEq)]
pub enum Catalogue {
    Small,
    Whole,
}

pub struct Cluster {
    embedded: Embedded,
    folder: PathBuf,
    small: OnceLock<()>,
    whole: OnceLock<()>,
    copying: Mutex<()>,
    next: AtomicU32,
}

/// The PostgreSQL of this run. It ends with the process; the next run removes the folders that an aborted run left.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        remove_folders_of_ended_runs();
        let folder = PathBuf::from(format!("/tmp/ketnghia-test-{}", std::process::id()));
        let embedded = Embedded::start(&folder, false).unwrap();
        Cluster {
            embedded,
            folder,
            small: OnceLock::new(),
            whole: OnceLock::new(),
            copying: Mutex::new(()),
            next: AtomicU32::new(0),
        }
    })
}

fn remove_folders_of_ended_runs() {
    for entry in std::fs::read_dir("/tmp").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_of_another_run =
            name.strip_prefix("ketnghia-test-").is_some_and(|pid| !PathBuf::from(format!("/proc/{pid}")).exists());
        if is_of_another_run {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

impl Cluster {
    pub fn url(&self, database: &str) -> String {
        self.embedded.url(database)
    }

    pub fn superuser_url(&self, database: &str) -> String {
        self.embedded.superuser_url(database)
    }

    pub fn run_sql(&self, sql: &str) {
        PgConnection::establish(&self.superuser_url("postgres")).unwrap().batch_execute(sql).unwrap();
    }

    pub fn make_empty(&self, name: &str) -> String {
        let _guard = self.copying.lock().unwrap();
        self.run_sql(&format!("CREATE DATABASE {name} OWNER app_owner"));
        self.url(name)
    }

    pub fn keys_folder(&self) -> PathBuf {
        self.folder.join("keys")
    }

    fn keys(&self, folder: &Path) -> (Tokens, Secrets) {
        static LOADING: Mutex<()> = Mutex::new(());
        let _guard = LOADING.lock().unwrap();
        let secrets = Secrets::load(&folder.join("pii.key"), &folder.join("refresh.key"), true).unwrap();
        (Tokens::load(folder, true).unwrap(), secrets)
    }

    fn template(&self, catalogue: Catalogue) -> &'static str {
        let (name, made, selection) = match catalogue {
            Catalogue::Small => ("template_small", &self.small, Selection::Provinces(&SMALL)),
            Catalogue::Whole => ("template_whole", &self.whole, Selection::Everything),
        };
        made.get_or_init(|| {
            let url = self.make_empty(name);
            migrate::migrate(&self.superuser_url(name)).unwrap();
            let clock = Clock::starting_at(NOW.parse().unwrap());
            let db = Db::connect(&url, 1, clock.clone()).unwrap();
            loader::load_selection(&db, clock.today(), selection).unwrap();
        });
        name
    }

    fn clone_template(&self, catalogue: Catalogue) -> String {
        let template = self.template(catalogue);
        let name = format!("test_{}", self.next.fetch_add(1, Ordering::Relaxed));
        let _guard = self.copying.lock().unwrap();
        // The pool that filled the template may still be closing.
        self.run_sql(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'"));
        self.run_sql(&format!("CREATE DATABASE {name} TEMPLATE {template} OWNER app_owner STRATEGY FILE_COPY"));
        name
    }
}

/// Settings without rate and connection limits: a test sends more requests than a person does.
pub fn unlimited() -> Callers {
    Callers {
        rate_limit_per_second: 0,
        rate_limit_per_minute: 0,
        address_limit_per_second: 0,
        address_limit_per_minute: 0,
        connections_per_address: 0,
        ..Callers::default()
    }
}

/// A server on a free port with its own database.
pub struct TestServer {
    pub db: Db,
    pub state: State,
    pub database: String,
    running: Option<Running>,
}

impl TestServer {
    pub fn start() -> Self {
        Self::with(Catalogue::Small)
    }

    pub fn with(catalogue: Catalogue) -> Self {
        Self::run(catalogue, &unlimited(), &cluster().keys_folder())
    }

    /// Starts a server with these settings.
    pub fn set(callers: &Callers) -> Self {
        Self::run(Catalogue::Small, callers, &cluster().keys_folder())
    }

    /// Starts a server with this folder of signing and sealing keys.
    pub fn with_keys(keys: &Path) -> Self {
        Self::run(Catalogue::Small, &unlimited(), keys)
    }

    fn run(catalogue: Catalogue, callers: &Callers, keys: &Path) -> Self {
        let database = cluster().clone_template(catalogue);
        let url = cluster().url(&database);
        Self::at(database, &url, callers, keys)
    }

    /// Starts a server whose connections to PostgreSQL the test can interrupt.
    pub fn with_database_relay() -> (Self, Relay) {
        let relay = Relay::to(&cluster().embedded.address().socket);
        let database = cluster().clone_template(Catalogue::Small);
        let url = relay.url(&database);
        (Self::at(database, &url, &unlimited(), &cluster().keys_folder()), relay)
    }

    fn at(database: String, url: &str, callers: &Callers, keys: &Path) -> Self {
        let (tokens, secrets) = cluster().keys(keys);
        let clock = Clock::starting_at(NOW.parse().unwrap());
        let db = Db::connect_with(url, POOL, clock, &callers.rules()).unwrap();
        let state = State::new(db.clone(), tokens, secrets, callers);
        let running = Running::start(state.clone(), POOL).unwrap();
        Self { db, state, database, running: Some(running) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.running.as_ref().unwrap().address)
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(self.url(), None)
    }

    /// Sets the clock and updates the tree of places to its day.
    pub fn set_clock(&self, instant: &str) {
        self.db.clock.set(instant.parse::<DateTime<Utc>>().unwrap());
        tree::start_on_today(&self.db).unwrap();
    }

    /// Connects as superuser, for facts that no response shows.
    pub fn sql(&self) -> PgConnection {
        PgConnection::establish(&cluster().superuser_url(&self.database)).unwrap()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.running.take());
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database);
        if let Ok(mut conn) = PgConnection::establish(&cluster().superuser_url("postgres")) {
            let _ = conn.batch_execute(&sql);
        }
    }
}
