//! Limits the concurrency of each caller on a shared resource. Each has a semaphore and a bounded queue of its
//! own, so that a caller with many requests does not delay those of others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::kernel::http::problem::{Problem, Result};

/// The semaphores of the current callers.
pub struct Shares<K> {
    at_once: usize,
    line: usize,
    takers: Mutex<HashMap<K, Taker>>,
}

struct Taker {
    /// Requests that hold a share or wait for one.
    here: usize,
    turns: Arc<Semaphore>,
}

/// A permit of one caller, released on drop.
pub struct Share<K: Hash + Eq> {
    shares: Arc<Shares<K>>,
    key: K,
    turn: Option<OwnedSemaphorePermit>,
}

impl<K: Hash + Eq + Clone> Shares<K> {
    /// `at_once`: concurrent shares of a caller; `line`: its waiting requests.
    pub fn new(at_once: usize, line: usize) -> Arc<Self> {
        Arc::new(Self { at_once, line, takers: Mutex::default() })
    }

    /// Waits in the caller's queue until the deadline; a full queue is an error at once.
    pub async fn take(self: &Arc<Self>, key: K, deadline: Instant) -> Result<Share<K>> {
        let (mut share, turns) = self.join(key)?;
        match timeout_at(deadline, turns.acquire_owned()).await {
            Ok(Ok(turn)) => share.turn = Some(turn),
            Ok(Err(_)) | Err(_) => {
                return Err(Problem::overloaded("other requests of this caller did not finish in time"));
            }
        }
        Ok(share)
    }

    fn join(self: &Arc<Self>, key: K) -> Result<(Share<K>, Arc<Semaphore>)> {
        let mut takers = self.takers.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Taker { here: 0, turns: Arc::new(Semaphore::new(self.at_once)) };
        let taker = takers.entry(key.clone()).or_insert_with(fresh);
        if taker.here >= self.at_once + self.line {
            return Err(Problem::overloaded("the queue of this caller is full"));
        }
        taker.here += 1;
        let turns = taker.turns.clone();
        drop(takers);
        Ok((Share { shares: self.clone(), key, turn: None }, turns))
    }
}

impl<K: Hash + Eq> Drop for Share<K> {
    fn drop(&mut self) {
        drop(self.turn.take());
        let mut takers = self.shares.takers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taker) = takers.get_mut(&self.key) {
            taker.here -= 1;
            if taker.here == 0 {
                takers.remove(&self.key);
            }
        }
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

    #[actix_web::test]
    async fn each_taker_waits_for_itself_and_is_forgotten_when_it_has_gone() {
        let shares = Shares::new(2, 1);
        let (one, other) = (shares.take("a", soon()).await.unwrap(), shares.take("a", soon()).await.unwrap());
        let late = shares.take("a", soon()).await.err().unwrap();
        assert_eq!(late.code(), Code::OVERLOADED);
        let elsewhere = shares.take("b", soon()).await.unwrap();
        let waiting = shares.join("a").unwrap();
        assert!(shares.take("a", soon()).await.err().unwrap().cause().unwrap().contains("full"));
        drop((one, waiting));
        assert!(shares.take("a", soon()).await.is_ok(), "the turn of one that has gone is taken");
        drop((other, elsewhere));
        assert!(shares.takers.lock().unwrap().is_empty());
    }
}
