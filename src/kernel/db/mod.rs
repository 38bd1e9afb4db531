//! The door to the database. Every request is one transaction on one pooled connection; its first
//! statement enters the caller, and from then on PostgreSQL decides which rows exist for them.

mod cancel;
mod connection;
mod entry;
/// Roles, migrations, the text of `schema/`, and the checks before serving.
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
/// Functions, triggers and policies: the files of `schema/`.
pub mod text;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web;
use chrono::{DateTime, Utc};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool, PooledConnection};
use tokio::sync::oneshot;
use tokio::time::{timeout, timeout_at};

use self::cancel::{Backend, CancelOnDrop};
use self::connection::{ServeAsApp, with_defaults};
pub use self::entry::{Enters, Entry};
use self::entry::{FIRST_USE, REFUSED};
use self::queue::Queue;
use crate::kernel::clock::Clock;
use crate::kernel::http::problem::{Code, Problem, Result, connection_is_gone};
use crate::kernel::metrics::Metrics;

/// Days for which whoever made an account, or reset its password, counts as its owner, unless a setting says
/// otherwise.
pub const TWO_PERSON_DAYS: u32 = 30;
/// How long a request waits until it has entered the database, its turn in the queue included, before
/// it is told to come back.
const PATIENCE: Duration = Duration::from_millis(2500);
/// How long it then works. Each statement has a shorter limit of its own, in PostgreSQL: this one is
/// for a PostgreSQL that hangs.
const LONGEST_WORK: Duration = Duration::from_secs(15);

/// What becomes of a transaction whose work succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Keep,
    Undo,
}

/// How a transaction is run: one of the constants.
#[derive(Clone, Copy)]
pub struct Mode {
    begin: &'static str,
    writes: bool,
    /// It reads much: through a lane of its own, for a shorter time, and no longer than somebody waits.
    is_wide: bool,
}

/// What is read is of one moment, and so is the entry: a village that moves between the two would hide from its head
/// what is there.
pub const READ: Mode = Mode { begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", writes: false, is_wide: false };
/// A read of more than a page, such as a count over a wide area.
pub const READ_MUCH: Mode = Mode { is_wide: true, ..READ };
/// Kept when its work succeeds; a failure leaves no trace.
pub const WRITE: Mode = Mode { begin: "BEGIN", writes: true, is_wide: false };

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
        self.run(who.entry(), READ, |conn, _| work(conn)).await
    }

    /// A transaction that is kept when `work` succeeds and leaves no trace when it fails.
    pub async fn write<T, F>(&self, who: &impl Enters, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T> + Send + 'static,
    {
        self.run(who.entry(), WRITE, |conn, _| work(conn)).await
    }

    /// Runs `work` in a transaction of the caller, and gives it the moment of the transaction.
    pub async fn run<T, F>(&self, entry: Entry, mode: Mode, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection, DateTime<Utc>) -> Result<T> + Send + 'static,
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
        let deadline = Instant::now() + PATIENCE;
        self.transaction(&Entry::System, WRITE, deadline, &Backend::default(), || true, |conn, _| work(conn))
    }

    /// A transaction whose work says itself whether it is kept: an import that is only rehearsed, or in
    /// which some rows were wrong. For commands, which have the thread to themselves.
    pub fn weigh<T>(
        &self,
        who: &impl Enters,
        work: impl FnOnce(&mut PgConnection, DateTime<Utc>) -> Result<(T, Verdict)>,
    ) -> Result<T> {
        let Entered { mut conn, moment, .. } = self.enter(&who.entry(), WRITE, Instant::now() + PATIENCE)?;
        let outcome = work(&mut conn, moment);
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
        work: impl FnOnce(&mut PgConnection, DateTime<Utc>) -> Result<T>,
    ) -> Result<T> {
        let Entered { mut conn, outcome: entry_outcome, moment } = self.enter(entry, mode, deadline)?;
        let _measured = Measured { metrics: &self.metrics, writes: mode.writes, since: Instant::now() };
        if mode.is_wide {
            backend.work_in(&mut conn)?;
        }
        let outcome =
            if entered() { work(&mut conn, moment) } else { Err(Problem::overloaded("the caller was told to go")) };
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
    fn enter(&self, entry: &Entry, mode: Mode, deadline: Instant) -> Result<Entered> {
        let mut tries = self.pool.max_size() + 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut conn = self.pool.get_timeout(left).map_err(Problem::overloaded)?;
            let moment = self.clock.now();
            let entered = AnsiTransactionManager::begin_transaction_sql(&mut *conn, mode.begin)
                .and_then(|()| entry.enter(&mut conn, moment));
            match entered {
                Ok(REFUSED) => {
                    rollback(&mut conn);
                    return Err(Problem::new(Code::UNAUTHENTICATED));
                }
                Ok(outcome) => return Ok(Entered { conn, outcome, moment }),
                Err(error) if connection_is_gone(&error) && tries > 0 => tries -= 1,
                Err(error) => {
                    rollback(&mut conn);
                    return Err(error.into());
                }
            }
        }
    }
}

/// A transaction that was begun and entered.
struct Entered {
    conn: Pooled,
    outcome: i16,
    moment: DateTime<Utc>,
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
