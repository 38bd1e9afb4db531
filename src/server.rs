//! Starting, serving and stopping.

use std::ffi::OsString;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::{Server, ServerHandle};
use actix_web::web::Data;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Date};
use socket2::SockRef;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::access::tokens::Tokens;
use crate::app::{self, State};
use crate::cli::say;
use crate::config::{Keys, Migrate, Serve, Storage};
use crate::demo;
use crate::insight::aggregates::summaries;
use crate::kernel::clock::Clock;
use crate::kernel::db::embedded::{Address, Embedded, Opened};
use crate::kernel::db::sealing;
use crate::kernel::db::{Db, migrate, records};
use crate::kernel::middleware::Stopping;
use crate::kernel::problem::{Problem, Result as Outcome};
use crate::kernel::secrets::Secrets;
use crate::places::loader;

const DATABASE: &str = "ketnghia";
/// Connections that wait until a worker takes them; the system may allow less.
const BACKLOG: i32 = 4096;
/// What was begun gets this long to finish after the doors are closed.
const SHUTDOWN_SECONDS: u64 = 20;
/// From closing the doors until the last who came in has been heard.
const LAST_CALL: Duration = Duration::from_millis(200);
/// How often it is asked whether a new day has begun, whether there are other keys, and what there is to count.
const WATCH: Duration = Duration::from_secs(20);
/// Of replicas that see midnight together, one moves the tree; the number is arbitrary.
const TREE_LOCK: i64 = 7_364_102_302;

/// The database of an installation. A private one runs while this lives.
pub struct Database {
    pub url: String,
    source: Source,
}

enum Source {
    Given,
    Private(Opened),
}

impl Database {
    /// The database that the settings name. A private one must have been made: a mistyped DATA_DIR is
    /// no wish for a new one.
    pub fn open(storage: &Storage) -> Result<Self, String> {
        if storage.database_url().is_none() && !Embedded::is_made(&postgres_folder(storage))? {
            return Err(format!(
                "no database in {} (DATA_DIR): `ketnghia serve` or `ketnghia migrate` makes one",
                storage.data_dir.display()
            ));
        }
        Self::open_or_make(storage)
    }

    /// The same, but a private one is made where there is none; it may be run by another process.
    pub fn open_or_make(storage: &Storage) -> Result<Self, String> {
        match storage.database_url() {
            Some(url) => Ok(Self { url: url.to_owned(), source: Source::Given }),
            None => {
                let opened = Embedded::open(&postgres_folder(storage), !storage.unsafe_durability)?;
                Ok(Self::private(opened))
            }
        }
    }

    /// The same, but a private one is ours alone.
    fn open_alone(storage: &Storage) -> Result<Self, String> {
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

    /// For migrations. The login that serves a private one may not change a table.
    fn owner_url(&self) -> String {
        match &self.source {
            Source::Given => self.url.clone(),
            Source::Private(opened) => address_of(opened).superuser_url(DATABASE),
        }
    }

    pub fn is_private(&self) -> bool {
        matches!(self.source, Source::Private(_))
    }

    /// When the disk is full, PostgreSQL ends, and nobody is told why but its log.
    fn explain(&self, outcome: Result<(), String>) -> Result<(), String> {
        match &self.source {
            Source::Private(Opened::Ours(embedded)) => outcome.map_err(|reason| embedded.complaint().unwrap_or(reason)),
            _ => outcome,
        }
    }

    /// What other programs need to reach it.
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

/// Migrates, and loads the catalogue of places.
pub fn migrate(settings: &Migrate) -> Result<(), String> {
    let database = Database::open_or_make(&settings.storage)?;
    database.explain(apply_migrations(&database.owner_url()))?;
    if !settings.schema_only {
        database.explain(load_places(&database.url, &Clock::default()))?;
    }
    say("The database is up to date.");
    Ok(())
}

fn apply_migrations(url: &str) -> Result<(), String> {
    let applied = migrate::migrate(url)?;
    if applied > 0 {
        say(&format!("{applied} migrations applied"));
    }
    Ok(())
}

fn load_places(url: &str, clock: &Clock) -> Result<(), String> {
    let db = Db::connect(url, 1, clock.clone())?;
    let told = |problem: Problem| format!("cannot load the catalogue of places: {problem}");
    if !loader::is_loaded(&db).map_err(told)? {
        say("Loading the catalogue of places of both eras (a quarter of a minute, this once)…");
    }
    loader::load(&db, clock.today()).map_err(told)
}

/// Serves until it is told to stop.
pub fn serve(mut settings: Serve) -> Result<(), String> {
    settings.keys.check(&settings.storage)?;
    let clock = match settings.clock {
        None => Clock::default(),
        Some(_) if settings.storage.database_url().is_some() => {
            return Err(
                "--clock needs the private PostgreSQL: it is for demonstration, not for the data of DATABASE_URL"
                    .into(),
            );
        }
        Some(instant) => {
            // Another day is another world: it does not meet the data of today.
            let folder = format!("clock-{}", instant.format("%Y%m%dT%H%M%SZ"));
            settings.storage.data_dir = settings.storage.data_dir.join(folder);
            Clock::starting_at(instant)
        }
    };
    // What can be wrong is asked before anything is made.
    let listener = TcpListener::bind(&settings.bind_address)
        .map_err(|error| format!("cannot listen on {} (BIND_ADDRESS): {error}", settings.bind_address))?;
    // The standard library lets 128 connections wait: a burst of phones would try again a second later.
    SockRef::from(&listener).listen(BACKLOG).map_err(|error| format!("cannot listen (BIND_ADDRESS): {error}"))?;
    let database = Database::open_alone(&settings.storage)?;
    // Keys that are brought along are looked at before the database is; one's own are made after it.
    let keys = if database.is_private() { None } else { Some(load_keys(&settings.storage, &settings.keys, false)?) };
    if database.is_private() {
        database.explain(apply_migrations(&database.owner_url()))?;
        database.explain(load_places(&database.url, &clock))?;
    }
    migrate::check_login(&database.url)?;
    let db = Db::connect_with(&database.url, settings.pool_size(), clock, settings.callers.two_person_days)?;
    check(&db, settings.storage.unsafe_durability)?;
    let (tokens, secrets) = join_keys(&settings.storage, &settings.keys, &db, keys)?;
    follow_the_day(&db).map_err(|problem| format!("cannot lay the tree of places: {problem}"))?;
    let state = State::new(db, tokens, secrets, &settings.callers);
    let users = if settings.demo { demo::load(&state)? } else { Vec::new() };

    let address = listener.local_addr().map_err(|error| error.to_string())?;
    say(&format!("ketnghia listens on http://{address}"));
    say(&format!("  API   http://{address}{}", app::BASE));
    say(&format!("  docs  http://{address}/docs/"));
    demo::print_users(&users);
    run(listener, state, &settings)
}

/// An installation, for a command that works in it as users do.
pub struct Installation {
    pub db: Db,
    pub secrets: Secrets,
    /// A private PostgreSQL runs while this lives.
    _database: Database,
}

/// Opens it beside a server that may run, under the same conditions.
pub fn open(storage: &Storage, keys: &Keys) -> Result<Installation, String> {
    keys.check(storage)?;
    let database = Database::open(storage)?;
    let brought = if database.is_private() { None } else { Some(load_keys(storage, keys, false)?) };
    migrate::check_login(&database.url)?;
    let db = Db::connect(&database.url, 1, Clock::default())?;
    check(&db, storage.unsafe_durability)?;
    let (_, secrets) = join_keys(storage, keys, &db, brought)?;
    follow_the_day(&db).map_err(|problem| format!("cannot lay the tree of places: {problem}"))?;
    Ok(Installation { db, secrets, _database: database })
}

fn load_keys(storage: &Storage, keys: &Keys, make: bool) -> Result<(Tokens, Secrets), String> {
    let folder = keys.jwt_keys_dir(storage);
    let tokens = Tokens::load(&folder, make)?;
    let secrets = Secrets::load(&keys.pii_key_file(storage), &folder.join("refresh.key"), make)?;
    Ok((tokens, secrets))
}

/// A key is made on the first start of a private PostgreSQL, but never beside data that was sealed with another
/// one: then data and keys were parted, and somebody has the old ones. Nor does the service run with a file that
/// lacks a key which the database has met.
fn join_keys(
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
                "PII_KEY_FILE {} is missing, and the database holds fields that were sealed with it: bring it back, or remove the data too",
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

fn check(db: &Db, unsafe_durability: bool) -> Result<(), String> {
    let verdict = db.as_system(|conn| Ok((migrate::is_current(conn), migrate::complaints(conn, unsafe_durability))));
    match verdict {
        Ok((_, Some(complaint))) => Err(complaint),
        Ok((false, None)) => Err(migrate::NOT_CURRENT.into()),
        Ok((true, None)) => Ok(()),
        // Without its entry functions nobody can even ask.
        Err(problem) if problem.to_string().contains("app_enter_system") => Err(migrate::NOT_CURRENT.into()),
        Err(problem) => Err(format!("cannot use the database: {problem}")),
    }
}

fn run(listener: TcpListener, state: State, settings: &Serve) -> Result<(), String> {
    let (tell, told) = mpsc::channel();
    let (watched, tokens, secrets) = (state.db.clone(), state.tokens.clone(), state.secrets.clone());
    std::thread::spawn(move || watch(&watched, &tokens, &secrets, &told));
    let (pool_size, delay) = (settings.pool_size(), Duration::from_secs(settings.stop_delay_seconds));
    let outcome = actix_web::rt::System::new().block_on(async move {
        let (stopping, door) = (state.stopping.clone(), listener.try_clone()?);
        actix_web::rt::spawn(reload_keys_on_hangup(state.db.clock.clone(), state.tokens.clone()));
        let server = listen(listener, state, pool_size)?;
        actix_web::rt::spawn(stop_when_asked(server.handle(), stopping, door, delay));
        server.await
    });
    drop(tell);
    outcome.map_err(|error| format!("the server failed: {error}"))
}

/// The HTTP server. Requests queue before the pool, so each worker may use every connection: more
/// threads than that would only wait.
fn listen(listener: TcpListener, state: State, pool_size: u32) -> std::io::Result<Server> {
    let pool_size = usize::try_from(pool_size).unwrap_or(1);
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(pool_size);
    let connections = state.connections.clone();
    let server = HttpServer::new(move || app::build(state.clone()))
        .on_connect(move |connection, kept| connections.admit(connection, kept))
        .workers(workers)
        .worker_max_blocking_threads(pool_size)
        // A compressed answer leaves in several writes: the kernel would hold the last one back until the
        // client acknowledges the others, 40 ms later.
        .tcp_nodelay(true)
        // Whoever hangs up waits for nothing: what reads much is ended (`kernel/db`).
        .h1_allow_half_closed(false)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Stops so that nobody's request is lost. For a while the server serves on, tells who asks that it
/// is not ready any more, and makes each answer the last of its connection; then it closes the door,
/// so that newcomers are refused at once rather than let in and forgotten; then it finishes what was
/// begun. Ctrl-C, or a second signal, ends the while.
async fn stop_when_asked(server: ServerHandle, stopping: Data<Stopping>, door: TcpListener, delay: Duration) {
    let (mut terminate, mut interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => return log::error!("signals cannot be heard: {error}"),
    };
    let wait = tokio::select! {
        _ = terminate.recv() => delay,
        _ = interrupt.recv() => Duration::ZERO,
    };
    log::info!("asked to stop: finishing what was begun");
    stopping.begin();
    let again = async {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    if timeout(wait, again).await.is_ok() {
        log::info!("asked again: not waiting for others to notice");
    }
    log::info!("closing the door, which actix_server::accept reports as an error");
    // The standard library knows how to shut a socket down only where it is a stream.
    if let Err(error) = TcpStream::from(OwnedFd::from(door)).shutdown(Shutdown::Both) {
        log::warn!("closing the door: {error}");
    }
    sleep(LAST_CALL).await;
    server.stop(true).await;
}

/// A server in this process, for tests.
pub struct Running {
    pub address: std::net::SocketAddr,
    handle: ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    pub fn start(state: State, pool_size: u32) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                match listen(listener, state, pool_size) {
                    Ok(server) => {
                        let _ = sender.send(server.handle());
                        if let Err(error) = server.await {
                            log::error!("{error}");
                        }
                    }
                    Err(error) => log::error!("{error}"),
                }
            });
        });
        let handle = receiver.recv().map_err(|error| error.to_string())?;
        Ok(Self { address, handle, thread: Some(thread) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// SIGHUP, which would end the process, has the keys read again at once.
async fn reload_keys_on_hangup(clock: Clock, tokens: Data<Tokens>) {
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => return log::error!("SIGHUP is not heard: {error}"),
    };
    while hangups.recv().await.is_some() {
        tokens.reload(clock.now());
    }
}

/// What is done without a request: following the day and the folder of keys, counting what was given, sealing what
/// was deleted, forgetting what is old.
fn watch(db: &Db, tokens: &Tokens, secrets: &Secrets, told: &mpsc::Receiver<()>) {
    loop {
        if let Err(problem) = summaries::refresh(db) {
            log::error!("what was given could not be counted anew: {problem}");
        }
        if let Err(problem) = sealing::seal_deletions(db, secrets).and_then(|()| records::forget(db)) {
            log::error!("what was deleted could not be sealed, or what is old not be forgotten: {problem}");
        }
        let Err(mpsc::RecvTimeoutError::Timeout) = told.recv_timeout(WATCH) else { return };
        tokens.reload(db.clock.now());
        if let Err(problem) = follow_the_day(db) {
            log::error!("the tree of places did not follow the day: {problem}");
        }
    }
}

#[derive(QueryableByName)]
struct TreeDay {
    #[diesel(sql_type = Date)]
    day: NaiveDate,
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Lays the paths of places as of today, where that is not done yet.
pub fn follow_the_day(db: &Db) -> Outcome<()> {
    let today = db.clock.today();
    db.as_system(|conn| {
        let laid: Option<TreeDay> = sql_query("SELECT day FROM tree_day").get_result(conn).optional()?;
        if laid.as_ref().is_some_and(|laid| laid.day == today) {
            return Ok(());
        }
        let turn: Locked =
            sql_query(format!("SELECT pg_try_advisory_xact_lock({TREE_LOCK}) AS locked")).get_result(conn)?;
        if turn.locked {
            records::set(conn, "step", "tree_day")?;
            // Where many places move, so do the paths of all their records: more than a request's work.
            sql_query("SELECT set_config('statement_timeout', '10min', true)").execute(conn)?;
            sql_query("SELECT app_set_tree_day($1)").bind::<Date, _>(today).execute(conn)?;
            // A twinning that ended shows another status, so it is another version.
            sql_query("UPDATE twinnings SET updated_at = clock_timestamp() WHERE ends_on >= $1 AND ends_on < $2")
                .bind::<Date, _>(laid.map_or(today, |laid| laid.day))
                .bind::<Date, _>(today)
                .execute(conn)?;
        }
        Ok(())
    })
}
