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
/// Which keys the sealed fields need.
pub mod sealing;
/// The tables, written by diesel.
#[rustfmt::skip]
pub mod schema;
/// Functions of the database that queries call.
pub mod sql;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web;
use chrono::{DateTime, Utc};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool, PooledConnection};
use tokio::sync::oneshot;
use tokio::time::{timeout, timeout_at};
use uuid::Uuid;

use self::connection::{ServeAsApp, with_defaults};
use self::queue::Queue;
use super::clock::Clock;
use super::metrics::Metrics;
use super::problem::{Code, Problem, Result, connection_is_gone};

/// Days for which whoever made an account, or reset its password, counts as its owner, unless a setting says
/// otherwise.
pub const TWO_PERSON_DAYS: u32 = 30;
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
        user: Uuid,
        session: Uuid,
        auth_version: i32,
        /// Of the refresh token that the access token came with; None where no access token was used.
        generation: Option<i32>,
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

/// How an entry went, as the entry functions tell it.
const REFUSED: i16 = 0;
const ENTERED: i16 = 1;
const FIRST_USE: i16 = 2;

impl Entry {
    /// Whose share of the database a request takes; None where nobody is signed in. A key is not looked up
    /// yet: counted by its secret, nobody uses up the share of another by naming its id.
    pub fn caller(&self) -> Option<Uuid> {
        match self {
            Self::User { user, .. } | Self::Operator { user, .. } => Some(*user),
            Self::Key { id, secret_hash, .. } => Some(Uuid::new_v5(id, secret_hash)),
            Self::Public { .. } | Self::System => None,
        }
    }

    fn enter(&self, conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<i16> {
        match self {
            Self::User { session, auth_version, generation, request, .. } => {
                let generation = generation.unwrap_or(-1);
                diesel::select(sql::app_enter(session, auth_version, generation, now, request)).get_result(conn)
            }
            Self::Key { id, secret_hash, request } => {
                diesel::select(sql::app_enter_key(id, secret_hash, now, request)).get_result(conn)
            }
            Self::Public { request } => {
                diesel::select(sql::app_enter_public(now, request)).execute(conn).map(|_| ENTERED)
            }
            Self::System => diesel::select(sql::app_enter_system(now)).execute(conn).map(|_| ENTERED),
            Self::Operator { user, auth_version, request } => {
                diesel::select(sql::app_enter_as(user, auth_version, now, request)).get_result(conn)
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

/// How a transaction is run.
#[derive(Clone, Copy)]
struct Mode {
    begin: &'static str,
    writes: bool,
    /// It reads much: through a lane of its own, for a shorter time, and no longer than somebody waits.
    is_wide: bool,
}

/// What is read is of one moment, and so is the entry: a village that moves between the two would hide from its head
/// what is there.
const READ: Mode = Mode { begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", writes: false, is_wide: false };
const READ_MUCH: Mode = Mode { is_wide: true, ..READ };
const WRITE: Mode = Mode { begin: "BEGIN", writes: true, is_wide: false };

/// Statements of a request that reads much are given up after this.
const WIDE_STATEMENT: &str = "3s";

type Connections = Pool<ConnectionManager<PgConnection>>;
type Pooled = PooledConnection<ConnectionManager<PgConnection>>;

/// The pool and the clock.
#[derive(Clone)]
pub struct Db {
    pool: Connections,
    /// One connection beside the queue: readiness is asked, and a question that nobody waits for is ended,
    /// also while the pool is taken.
    aside: Connections,
    queue: Queue,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
}

impl Db {
    pub fn connect(url: &str, size: u32, clock: Clock) -> Result<Self, String> {
        Self::connect_with(url, size, clock, TWO_PERSON_DAYS)
    }

    /// `two_person_days`: how long whoever made an account counts as its owner.
    pub fn connect_with(url: &str, size: u32, clock: Clock, two_person_days: u32) -> Result<Self, String> {
        let connections = |size: u32, min_idle: u32| -> Result<Connections, String> {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(min_idle))
                .connection_timeout(PATIENCE)
                // A dead connection shows itself at BEGIN, where nothing has happened yet: asking
                // before every use would cost a round trip.
                .test_on_check_out(false)
                .connection_customizer(Box::new(ServeAsApp { two_person_days }))
                .build(ConnectionManager::new(with_defaults(url)))
                .map_err(|error| format!("cannot connect to the database: {}", one_line(&error.to_string())))
        };
        let (pool, aside) = (connections(size, 1)?, connections(1, 0)?);
        Ok(Self { pool, aside, queue: Queue::before(size), clock, metrics: Arc::default() })
    }

    /// A transaction that cannot write; everything in it is of one moment.
    pub async fn read<T, F>(&self, who: &impl Enters, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T> + Send + 'static,
    {
        self.run(who.entry(), READ, work).await
    }

    /// The same; `much`: it reads more than a page, such as what is counted over a wide area.
    pub async fn look<T, F>(&self, who: &impl Enters, much: bool, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T> + Send + 'static,
    {
        self.run(who.entry(), if much { READ_MUCH } else { READ }, work).await
    }

    /// A transaction that is kept when `work` succeeds and leaves no trace when it fails.
    pub async fn write<T, F>(&self, who: &impl Enters, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T> + Send + 'static,
    {
        self.run(who.entry(), WRITE, work).await
    }

    async fn run<T, F>(&self, entry: Entry, mode: Mode, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T> + Send + 'static,
    {
        let deadline = Instant::now() + PATIENCE;
        let waiting = self.metrics.wait();
        let turn = self.queue.turn(entry.caller(), mode.is_wide, deadline.into()).await?;
        let (tell, told) = oneshot::channel();
        let backend = Backend::default();
        // Dropped with the request, whose caller may have gone.
        let _cancel = mode.is_wide.then(|| CancelOnDrop { aside: self.aside.clone(), backend: backend.clone() });
        let db = self.clone();
        let job = web::block(move || {
            // Held by the thread, not by the request, which may have gone before the thread is free.
            let _turn = turn;
            drop(waiting);
            db.transaction(&entry, mode, deadline, &backend, || tell.send(()).is_ok(), work)
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

    /// Asks something short beside the queue and the pool: how the database is, while all of it is taken.
    pub async fn ask_aside<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> T + Send + 'static,
    {
        let aside = self.aside.clone();
        let job = web::block(move || -> Result<T> {
            let mut conn = aside.get_timeout(PATIENCE).map_err(Problem::overloaded)?;
            if let Err(error) = conn.batch_execute("SELECT 1") {
                log::debug!("a new connection, for this one has ended: {error}");
                drop(conn);
                conn = aside.get_timeout(PATIENCE).map_err(Problem::overloaded)?;
            }
            Ok(work(&mut conn))
        });
        let outcome = timeout(PATIENCE, job).await;
        let outcome = outcome.map_err(|_elapsed| Problem::overloaded("the database does not answer"))?;
        outcome.map_err(|_blocking_error| Problem::internal("the work was broken off by a panic"))?
    }

    /// Connections of the pool, and how many of them are idle.
    pub fn connections(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections, state.idle_connections)
    }

    /// For loaders and jobs, which have threads of their own.
    pub fn as_system<T>(&self, work: impl FnOnce(&mut PgConnection) -> Result<T>) -> Result<T> {
        self.transaction(&Entry::System, WRITE, Instant::now() + PATIENCE, &Backend::default(), || true, work)
    }

    /// A transaction whose work says itself whether it is kept: an import that is only rehearsed, or in
    /// which some rows were wrong. For commands, which have the thread to themselves.
    pub fn weigh<T>(
        &self,
        who: &impl Enters,
        work: impl FnOnce(&mut PgConnection) -> Result<(T, Verdict)>,
    ) -> Result<T> {
        let (mut conn, _) = self.enter(&who.entry(), WRITE, Instant::now() + PATIENCE)?;
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
        backend: &Backend,
        entered: impl FnOnce() -> bool,
        work: impl FnOnce(&mut PgConnection) -> Result<T>,
    ) -> Result<T> {
        let (mut conn, entry_outcome) = self.enter(entry, mode, deadline)?;
        let _measured = Measured { metrics: &self.metrics, writes: mode.writes, since: Instant::now() };
        if mode.is_wide {
            backend.work_in(&mut conn)?;
        }
        let outcome = if entered() { work(&mut conn) } else { Err(Problem::overloaded("the caller was told to go")) };
        backend.has_worked();
        let outcome = match outcome {
            Ok(value) => {
                AnsiTransactionManager::commit_transaction(&mut *conn)?;
                Ok(value)
            }
            Err(problem) => {
                rollback(&mut conn);
                Err(problem)
            }
        };
        if let (FIRST_USE, Entry::User { session, generation: Some(generation), .. }) = (entry_outcome, entry) {
            // The transaction may have been one that cannot write.
            if let Err(error) = diesel::select(sql::app_access_used(session, generation)).execute(&mut *conn) {
                log::warn!("the first use of an access token is not noted: {error}");
            }
        }
        outcome
    }

    /// Begins and enters. After a restart of PostgreSQL every pooled connection is dead once; each
    /// is dropped and the next one tried, for at this point nothing has happened yet.
    fn enter(&self, entry: &Entry, mode: Mode, deadline: Instant) -> Result<(Pooled, i16)> {
        let mut tries = self.pool.max_size() + 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut conn = self.pool.get_timeout(left).map_err(Problem::overloaded)?;
            let entered = AnsiTransactionManager::begin_transaction_sql(&mut *conn, mode.begin)
                .and_then(|()| entry.enter(&mut conn, self.clock.now()));
            match entered {
                Ok(REFUSED) => {
                    rollback(&mut conn);
                    return Err(Problem::new(Code::Unauthenticated));
                }
                Ok(outcome) => return Ok((conn, outcome)),
                Err(error) if connection_is_gone(&error) && tries > 0 => tries -= 1,
                Err(error) => {
                    rollback(&mut conn);
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

/// The process of PostgreSQL that works for a request, while it does. Held while it is being ended: the
/// connection does not go to another request meanwhile.
#[derive(Clone, Default)]
struct Backend(Arc<Mutex<Option<i32>>>);

impl Backend {
    fn set(&self, process: Option<i32>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = process;
    }

    fn work_in(&self, conn: &mut PgConnection) -> Result<()> {
        let limit = sql::set_config("statement_timeout", WIDE_STATEMENT, true);
        let (_, process): (String, i32) = diesel::select((limit, sql::pg_backend_pid())).get_result(conn)?;
        self.set(Some(process));
        Ok(())
    }

    fn has_worked(&self) {
        self.set(None);
    }
}

/// Ends the work of a request that is dropped before it is done.
struct CancelOnDrop {
    aside: Connections,
    backend: Backend,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        let (aside, backend) = (self.aside.clone(), self.backend.clone());
        let is_working = |backend: &Backend| backend.0.lock().is_ok_and(|process| process.is_some());
        if !is_working(&backend) {
            return;
        }
        // There are no more of these threads than requests in the wide lane.
        std::thread::spawn(move || {
            let process = backend.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(id) = *process else { return };
            // A process belongs to the login, which alone may end it.
            let sql = format!("RESET ROLE; SELECT pg_cancel_backend({id}); SET ROLE app");
            let outcome = aside
                .get_timeout(PATIENCE)
                .map_err(|error| error.to_string())
                .and_then(|mut conn| conn.batch_execute(&sql).map_err(|error| error.to_string()));
            if let Err(error) = outcome {
                log::warn!("a question that nobody waits for goes on: {error}");
            }
        });
    }
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
