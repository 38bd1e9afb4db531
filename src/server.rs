//! Starts, runs and stops the server.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::sync::mpsc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::{Server, ServerHandle};
use actix_web::web::Data;
use socket2::SockRef;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::access::tokens::Tokens;
use crate::app::{self, State};
use crate::cli::arguments::Migrate;
use crate::cli::say;
use crate::config::Serve;
use crate::demo;
use crate::installation::{Database, check, join_keys, load_keys};
use crate::jobs;
use crate::kernel::clock::Clock;
use crate::kernel::db::{Db, migrate};
use crate::kernel::http::middleware::Stopping;
use crate::kernel::http::problem::Problem;
use crate::places::loader;
use crate::places::tree::start_on_today;

/// Connections that wait until a worker accepts them; the kernel may allow fewer.
const BACKLOG: i32 = 4096;
/// The time-out of running requests after the listener is closed.
const SHUTDOWN_SECONDS: u64 = 20;
/// The delay between closing the listener and stopping the workers, in which accepted connections reach a worker.
const LAST_CALL: Duration = Duration::from_millis(200);

/// Migrates the database, and loads the catalogue of places.
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
        say("Loading the catalogue of places of both eras (some seconds, this once)…");
    }
    loader::load(&db, clock.today()).map_err(told)
}

/// Serves until a signal stops it.
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
            // A data folder of its own keeps the demonstration of another day apart from current data.
            let folder = format!("clock-{}", instant.format("%Y%m%dT%H%M%SZ"));
            settings.storage.data_dir = settings.storage.data_dir.join(folder);
            Clock::starting_at(instant)
        }
    };
    // The address is checked before a database is created.
    let listener = TcpListener::bind(&settings.bind_address)
        .map_err(|error| format!("cannot listen on {} (BIND_ADDRESS): {error}", settings.bind_address))?;
    // The backlog of the standard library is 128 connections: in a burst, further phones would retry a second later.
    SockRef::from(&listener).listen(BACKLOG).map_err(|error| format!("cannot listen (BIND_ADDRESS): {error}"))?;
    let database = Database::open_alone(&settings.storage)?;
    // Keys of the settings are loaded before the database is used; those of a private one are generated after it.
    let keys = if database.is_private() { None } else { Some(load_keys(&settings.storage, &settings.keys, false)?) };
    if database.is_private() {
        database.explain(apply_migrations(&database.owner_url()))?;
        database.explain(load_places(&database.url, &clock))?;
    }
    migrate::check_login(&database.url)?;
    let db = Db::connect_with(&database.url, settings.pool_size(), clock, &settings.callers.rules())?;
    check(&db, settings.storage.unsafe_durability)?;
    let (tokens, secrets) = join_keys(&settings.storage, &settings.keys, &db, keys)?;
    start_on_today(&db).map_err(|problem| format!("cannot compute the tree of places: {problem}"))?;
    let state = State::new(db, tokens, secrets, &settings.callers);
    let users = if settings.demo { demo::load(&state)? } else { Vec::new() };

    let address = listener.local_addr().map_err(|error| error.to_string())?;
    say(&format!("ketnghia listens on http://{address}"));
    say(&format!("  API   http://{address}{}", app::BASE));
    say(&format!("  docs  http://{address}/docs/"));
    demo::lines(&users).iter().for_each(|line| say(line));
    run(listener, state, &settings)
}

fn run(listener: TcpListener, state: State, settings: &Serve) -> Result<(), String> {
    let (tell, told) = mpsc::channel();
    let (watched, tokens, secrets) = (state.db.clone(), state.tokens.clone(), state.secrets.clone());
    std::thread::spawn(move || jobs::watch(app::resources(), &watched, &tokens, &secrets, &told));
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

/// Starts the HTTP server. Each worker has as many blocking threads as the pool has connections: more threads would
/// only wait for a connection.
fn listen(listener: TcpListener, state: State, pool_size: u32) -> std::io::Result<Server> {
    let pool_size = usize::try_from(pool_size).unwrap_or(1);
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(pool_size);
    let connections = state.connections.clone();
    let server = HttpServer::new(move || app::build(state.clone()))
        .on_connect(move |connection, kept| connections.admit(connection, kept))
        .workers(workers)
        .worker_max_blocking_threads(pool_size)
        // A compressed answer is sent in several writes: Nagle's algorithm would delay the last one until the
        // client acknowledges the others, 40 ms later.
        .tcp_nodelay(true)
        // A request is dropped when its client disconnects, which cancels expensive reads (`kernel/db`).
        .h1_allow_half_closed(false)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Stops on SIGTERM without losing a request. For `delay` the server goes on serving, is not ready, and closes each
/// connection after its answer; then it shuts the listener down, so that new connections are refused at once instead
/// of being accepted and dropped; then it finishes running requests. Ctrl-C or a second signal skips the delay.
async fn stop_when_asked(server: ServerHandle, stopping: Data<Stopping>, door: TcpListener, delay: Duration) {
    let (mut terminate, mut interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => return log::error!("cannot listen for signals: {error}"),
    };
    let wait = tokio::select! {
        _ = terminate.recv() => delay,
        _ = interrupt.recv() => Duration::ZERO,
    };
    log::info!("stopping: finishing running requests");
    stopping.begin();
    let again = async {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    if timeout(wait, again).await.is_ok() {
        log::info!("second signal: skipping the delay");
    }
    log::info!("closing the listener, which actix_server::accept reports as an error");
    // The standard library has `shutdown` for streams only.
    if let Err(error) = TcpStream::from(OwnedFd::from(door)).shutdown(Shutdown::Both) {
        log::warn!("closing the listener failed: {error}");
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

/// Reloads the keys on SIGHUP, whose default action would end the process.
async fn reload_keys_on_hangup(clock: Clock, tokens: Data<Tokens>) {
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => return log::error!("cannot listen for SIGHUP: {error}"),
    };
    while hangups.recv().await.is_some() {
        tokens.reload(clock.now());
    }
}
