//! The door to the database. Every request is one transaction on one pooled connection; its first
//! statement enters the caller, and from then on PostgreSQL decides which rows exist for them.

mod connection;
/// A private PostgreSQL, when no DATABASE_URL is given.
pub mod embedded;
/// Roles, migrations, and the checks before serving.
pub mod migrate;
mod queue;
/// What every create, change, step and delete has in common.
pub mod records;
/// The tables, written by diesel.
#[rustfmt::skip]
pub mod schema;
/// Functions of the database that queries call.
pub mod sql;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web;
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::PgConnection;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::{ConnectionManager, Pool, PooledConnection};
use tokio::sync::oneshot;
use tokio::time::{timeout, timeout_at};
use uuid::Uuid;

use self::connection::{ServeAsApp, with_defaults};
use self::queue::Queue;
use super::clock::Clock;
use super::metrics::Metrics;
use super::problem::{Problem, Result, connection_is_gone};

/// How long a request waits until it has entered the database, its turn in the queue included, before
/// it is told to come back.
const PATIENCE: Duration = Duration::from_millis(2500);
/// How long it then works. Each statement has a shorter limit of its own, in PostgreSQL: this one is
/// for a PostgreSQL that hangs.
const LONGEST_WORK: Duration = Duration::from_secs(15);

/// Who enters a transaction.
#[derive(Debug, Clone)]
pub enum Entry {
    User {
        session: Uuid,
        auth_version: i32,
        request: Uuid,
    },
    Key {
        id: Uuid,
        secret_hash: Vec<u8>,
        request: Uuid,
    },
    /// What needs no sign-in.
    Public {
        request: Uuid,
    },
    /// Loaders and jobs.
    System,
    /// An operator at the command line, in the name of a user who did not sign in.
    Operator {
        user: Uuid,
        auth_version: i32,
        request: Uuid,
    },
}

/// Whoever can enter.
pub trait Enters {
    fn entry(&self) -> Entry;
}

impl Enters for Entry {
    fn entry(&self) -> Entry {
        self.clone()
    }
}

impl Entry {
    /// The statement that enters. Its values are UUIDs, an integer, a timestamp and hex digits,
    /// formatted from typed values: the one exception to bind parameters, for it travels in one
    /// batch with BEGIN.
    fn statement(&self, now: DateTime<Utc>) -> String {
        let now = now.to_rfc3339_opts(SecondsFormat::Micros, true);
        match self {
            Self::User { session, auth_version, request } => {
                format!("SELECT app_enter('{session}', {auth_version}, '{now}', '{request}')")
            }
            Self::Key { id, secret_hash, request } => {
                let hex: String = secret_hash.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("SELECT app_enter_key('{id}', '\\x{hex}', '{now}', '{request}')")
            }
            Self::Public { request } => format!("SELECT app_enter_public('{now}', '{request}')"),
            Self::System => format!("SELECT app_enter_system('{now}')"),
            Self::Operator { user, auth_version, request } => {
                format!("SELECT app_enter_as('{user}', {auth_version}, '{now}', '{request}')")
            }
        }
    }
}

/// What becomes of a transaction whose work succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Keep,
    Undo,
}

#[derive(Clone, Copy)]
enum Mode {
    Read,
    Survey,
    Write,
}

type Connections = Pool<ConnectionManager<PgConnection>>;

/// The pool and the clock.
#[derive(Clone)]
pub struct Db {
    pool: Connections,
    queue: Queue,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
}

impl Db {
    pub fn connect(url: &str, size: u32, clock: Clock) -> Result<Self, String> {
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(PATIENCE)
            // A dead connection shows itself at BEGIN, where nothing has happened yet: asking
            // before every use would cost a round trip.
            .test_on_check_out(false)
            .connection_customizer(Box::new(ServeAsApp))
            .build(ConnectionManager::new(with_defaults(url)))
            .map_err(|error| format!("cannot connect to the database: {}", one_line(&error.to_string())))?;
        Ok(Self { pool, queue: Queue::before(size), clock, metrics: Arc::default() })
    }

    /// A transaction that cannot write.
    pub async fn read<T, F>(&self, who: &impl Enters, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T> + Send + 'static,
    {
        self.run(who.entry(), Mode::Read, work).await
    }

    /// The same, for an answer that takes several questions: all of them see one moment.
    pub async fn survey<T, F>(&self, who: &impl Enters, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T> + Send + 'static,
    {
        self.run(who.entry(), Mode::Survey, work).await
    }

    /// A transaction that is kept when `work` succeeds and leaves no trace when it fails.
    pub async fn write<T, F>(&self, who: &impl Enters, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T> + Send + 'static,
    {
        self.run(who.entry(), Mode::Write, work).await
    }

    async fn run<T, F>(&self, entry: Entry, mode: Mode, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T> + Send + 'static,
    {
        let deadline = Instant::now() + PATIENCE;
        let waiting = self.metrics.wait();
        let turn = self.queue.turn(deadline.into()).await?;
        let (tell, told) = oneshot::channel();
        let db = self.clone();
        let job = web::block(move || {
            // Held by the thread, not by the request, which may have gone before the thread is free.
            let _turn = turn;
            drop(waiting);
            db.transaction(&entry, mode, deadline, || tell.send(()).is_ok(), work)
        });
        // Refused, it is told by the job; a PostgreSQL that hangs tells nothing at all.
        if timeout_at(deadline.into(), told).await.is_err() {
            return Err(Problem::overloaded("the database does not answer"));
        }
        let outcome = timeout(LONGEST_WORK, job).await;
        // What is then still written was not acknowledged: the caller asks again, with the same id.
        let outcome = outcome.map_err(|_elapsed| Problem::overloaded("the database did not finish in time"))?;
        outcome.map_err(|_blocking_error| Problem::internal("the work was broken off by a panic"))?
    }

    /// Connections of the pool, and how many of them are idle.
    pub fn connections(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections, state.idle_connections)
    }

    /// For loaders and jobs, which have threads of their own.
    pub fn as_system<T>(&self, work: impl FnOnce(&mut PgConnection) -> Result<T>) -> Result<T> {
        self.transaction(&Entry::System, Mode::Write, Instant::now() + PATIENCE, || true, work)
    }

    /// A transaction whose work says itself whether it is kept: an import that is only rehearsed, or in
    /// which some rows were wrong. For commands, which have the thread to themselves.
    pub fn weigh<T>(
        &self,
        who: &impl Enters,
        work: impl FnOnce(&mut PgConnection) -> Result<(T, Verdict)>,
    ) -> Result<T> {
        let mut conn = self.enter(&who.entry(), Mode::Write, Instant::now() + PATIENCE)?;
        let outcome = work(&mut conn);
        if matches!(outcome, Ok((_, Verdict::Keep))) {
            AnsiTransactionManager::commit_transaction(&mut *conn)?;
        } else {
            rollback(&mut conn);
        }
        outcome.map(|(value, _)| value)
    }

    /// `entered` tells that the work begins, and hears whether it is still wanted.
    fn transaction<T>(
        &self,
        entry: &Entry,
        mode: Mode,
        deadline: Instant,
        entered: impl FnOnce() -> bool,
        work: impl FnOnce(&mut PgConnection) -> Result<T>,
    ) -> Result<T> {
        let mut conn = self.enter(entry, mode, deadline)?;
        let _measured = Measured { metrics: &self.metrics, writes: matches!(mode, Mode::Write), since: Instant::now() };
        let outcome = if entered() { work(&mut conn) } else { Err(Problem::overloaded("the caller was told to go")) };
        match outcome {
            Ok(value) => {
                AnsiTransactionManager::commit_transaction(&mut *conn)?;
                Ok(value)
            }
            Err(problem) => {
                rollback(&mut conn);
                Err(problem)
            }
        }
    }

    /// Begins and enters. After a restart of PostgreSQL every pooled connection is dead once; each
    /// is dropped and the next one tried, for at this point nothing has happened yet.
    fn enter(
        &self,
        entry: &Entry,
        mode: Mode,
        deadline: Instant,
    ) -> Result<PooledConnection<ConnectionManager<PgConnection>>> {
        let begin = match mode {
            Mode::Read => "BEGIN READ ONLY",
            Mode::Survey => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write => "BEGIN",
        };
        let sql = format!("{begin}; {}", entry.statement(self.clock.now()));
        let mut tries = self.pool.max_size() + 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut conn = self.pool.get_timeout(left).map_err(Problem::overloaded)?;
            match AnsiTransactionManager::begin_transaction_sql(&mut *conn, &sql) {
                Ok(()) => return Ok(conn),
                Err(error) if connection_is_gone(&error) && tries > 0 => tries -= 1,
                Err(error) => {
                    // BEGIN may have succeeded and the entry refused: close what is open.
                    if let Err(error) = conn.batch_execute("ROLLBACK") {
                        log::debug!("rollback after a refused entry: {error}");
                    }
                    return Err(error.into());
                }
            }
        }
    }
}

fn rollback(conn: &mut PgConnection) {
    if let Err(error) = AnsiTransactionManager::rollback_transaction(conn) {
        log::warn!("rollback failed: {error}");
    }
}

/// For statements that read much: from here to the end of the transaction they are planned for the values
/// they come with.
pub fn plan_for_values(conn: &mut PgConnection) -> Result<()> {
    conn.batch_execute("SELECT set_config('plan_cache_mode', 'auto', true)")?;
    Ok(())
}

/// Tells how long a transaction took, when it ends.
struct Measured<'a> {
    metrics: &'a Metrics,
    writes: bool,
    since: Instant,
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        self.metrics.transaction(self.writes, self.since);
    }
}

/// A message of libpq, which may run over lines, as one.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
