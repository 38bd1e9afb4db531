//! The queue in front of the connection pool. Requests wait here without a thread: blocked threads inside
//! the pool would starve each other. Length and wait are bounded, so that under overload, or without a
//! database, requests are answered 503 with `Retry-After`.
//!
//! The pool is shared fairly: a caller runs two requests concurrently, and expensive reads of all callers
//! take at most half of the connections.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::shares::{Share, Shares};

/// Waiting requests for each connection: at a few milliseconds each, less than a second of work.
const WAITING_FOR_EACH: usize = 128;
/// Concurrent requests of one caller.
const AT_ONCE: usize = 2;
/// Waiting requests of one caller.
const OWN_LINE: usize = 128;

/// Semaphores of waiting and running requests.
#[derive(Clone)]
pub struct Queue {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    /// Half of the connections: for public operations, and for expensive reads.
    public: Arc<Semaphore>,
    wide: Arc<Semaphore>,
    own: Arc<Shares<Uuid>>,
    own_wide: Arc<Shares<Uuid>>,
}

/// A permit for one connection, released on drop.
pub struct Turn {
    _own: Vec<Share<Uuid>>,
    _lanes: Vec<OwnedSemaphorePermit>,
    _place: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
}

impl Queue {
    pub fn before(connections: u32) -> Self {
        let connections = usize::try_from(connections).unwrap_or(1);
        let half = (connections / 2).max(1);
        Self {
            places: Arc::new(Semaphore::new(connections * (1 + WAITING_FOR_EACH))),
            turns: Arc::new(Semaphore::new(connections)),
            public: Arc::new(Semaphore::new(half)),
            wide: Arc::new(Semaphore::new(half)),
            own: Shares::new(AT_ONCE, OWN_LINE),
            // One caller gets half of the expensive reads, so that those of another caller start at once.
            own_wide: Shares::new((half / 2).clamp(1, AT_ONCE), OWN_LINE),
        }
    }

    /// Waits for a permit in first-in, first-out order, until the deadline.
    pub async fn turn(&self, caller: Option<Uuid>, is_wide: bool, deadline: Instant) -> Result<Turn> {
        let (mut own, mut lanes) = (Vec::new(), Vec::new());
        match caller {
            Some(caller) => {
                own.push(self.own.take(caller, deadline).await?);
                if is_wide {
                    own.push(self.own_wide.take(caller, deadline).await?);
                    lanes.push(acquire(&self.wide, deadline).await?);
                }
            }
            None => lanes.push(acquire(&self.public, deadline).await?),
        }
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_full| Problem::overloaded("the queue for connections is full"))?;
        let turn = acquire(&self.turns, deadline).await?;
        Ok(Turn { _own: own, _lanes: lanes, _place: place, _turn: turn })
    }
}

async fn acquire(turns: &Arc<Semaphore>, deadline: Instant) -> Result<OwnedSemaphorePermit> {
    match timeout_at(deadline, turns.clone().acquire_owned()).await {
        Ok(Ok(turn)) => Ok(turn),
        Ok(Err(_)) | Err(_) => Err(Problem::overloaded("no connection to the database was free in time")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kernel::http::problem::Code;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    fn somebody() -> Option<Uuid> {
        Some(Uuid::now_v7())
    }

    #[actix_web::test]
    async fn who_finds_no_place_or_gets_no_turn_is_told_to_come_back() {
        let queue = Queue::before(1);
        let turn = queue.turn(somebody(), false, soon()).await.unwrap();
        let late = queue.turn(somebody(), false, soon()).await.err().unwrap();
        assert_eq!((late.code(), late.retry_after_seconds()), (Code::OVERLOADED, Some(2)));
        let _others = queue.places.clone().try_acquire_many_owned(128).unwrap();
        let full = queue.turn(somebody(), false, soon()).await.err().unwrap();
        assert!(full.cause().unwrap().contains("full"), "{full}");
        drop((turn, _others));
        assert!(queue.turn(somebody(), false, soon()).await.is_ok(), "and then all is well again");
    }

    #[actix_web::test]
    async fn one_caller_leaves_connections_to_the_others() {
        let queue = Queue::before(4);
        let caller = somebody();
        let _two = (queue.turn(caller, false, soon()).await.unwrap(), queue.turn(caller, false, soon()).await.unwrap());
        assert!(queue.turn(caller, false, soon()).await.is_err(), "a third waits for its own");
        assert!(queue.turn(somebody(), false, soon()).await.is_ok());
    }

    #[actix_web::test]
    async fn what_reads_much_takes_half_of_the_pool_and_one_caller_half_of_that() {
        let queue = Queue::before(4);
        let caller = somebody();
        let _one = queue.turn(caller, true, soon()).await.unwrap();
        assert!(queue.turn(caller, true, soon()).await.is_err());
        let _other = queue.turn(somebody(), true, soon()).await.unwrap();
        assert!(queue.turn(somebody(), true, soon()).await.is_err(), "half of the pool is taken");
        let _narrow =
            (queue.turn(caller, false, soon()).await.unwrap(), queue.turn(somebody(), false, soon()).await.unwrap());
    }

    #[actix_web::test]
    async fn calls_without_sign_in_take_half_of_the_pool() {
        let queue = Queue::before(4);
        let _two = (queue.turn(None, false, soon()).await.unwrap(), queue.turn(None, false, soon()).await.unwrap());
        assert!(queue.turn(None, false, soon()).await.is_err());
        assert!(queue.turn(somebody(), false, soon()).await.is_ok());
    }
}
