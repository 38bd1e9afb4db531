//! The queue before the pool. Requests wait here, without a thread, until a connection is theirs:
//! inside the pool, waiting threads would starve each other. Its length and the wait are bounded, so
//! that under too much load, or without a database, callers are told to come back instead of piling up.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::kernel::problem::{Problem, Result};

/// Requests that may wait for each connection: at a few milliseconds each, less than a second's work.
const WAITING_FOR_EACH: usize = 128;

/// Who waits, and who works.
#[derive(Clone)]
pub struct Queue {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// The right to one connection, until it is dropped.
pub struct Turn {
    _place: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
}

impl Queue {
    pub fn before(connections: u32) -> Self {
        let connections = usize::try_from(connections).unwrap_or(1);
        Self {
            places: Arc::new(Semaphore::new(connections * (1 + WAITING_FOR_EACH))),
            turns: Arc::new(Semaphore::new(connections)),
        }
    }

    /// Waits in the order of coming, until the deadline at most.
    pub async fn turn(&self, deadline: Instant) -> Result<Turn> {
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_full| Problem::overloaded("the queue before the database is full"))?;
        let turn = timeout_at(deadline, self.turns.clone().acquire_owned()).await;
        match turn {
            Ok(Ok(turn)) => Ok(Turn { _place: place, _turn: turn }),
            Ok(Err(_)) | Err(_) => Err(Problem::overloaded("no connection to the database came free in time")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kernel::problem::Code;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    #[actix_web::test]
    async fn who_finds_no_place_or_gets_no_turn_is_told_to_come_back() {
        let queue = Queue::before(1);
        let turn = queue.turn(soon()).await.unwrap();
        let late = queue.turn(soon()).await.err().unwrap();
        assert_eq!((late.code(), late.retry_after_seconds()), (Code::Overloaded, Some(2)));
        let _others = queue.places.clone().try_acquire_many_owned(128).unwrap();
        let full = queue.turn(soon()).await.err().unwrap();
        assert!(full.cause().unwrap().contains("full"), "{full}");
        drop((turn, _others));
        assert!(queue.turn(soon()).await.is_ok(), "and then all is well again");
    }
}
