//! Fair shares: of what all callers use, each has so much at once, and waits for more in a line of its own.
//! A caller with many requests waits for itself, and keeps nobody waiting behind it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::kernel::http::problem::{Problem, Result};

/// Who takes a share, and how many wait for one.
pub struct Shares<K> {
    at_once: usize,
    line: usize,
    takers: Mutex<HashMap<K, Taker>>,
}

struct Taker {
    /// Those who hold a share, and those who wait.
    here: usize,
    turns: Arc<Semaphore>,
}

/// A share, until it is dropped.
pub struct Share<K: Hash + Eq> {
    shares: Arc<Shares<K>>,
    key: K,
    turn: Option<OwnedSemaphorePermit>,
}

impl<K: Hash + Eq + Clone> Shares<K> {
    /// Each taker has `at_once` shares, and `line` requests of it may wait.
    pub fn new(at_once: usize, line: usize) -> Arc<Self> {
        Arc::new(Self { at_once, line, takers: Mutex::default() })
    }

    /// Waits in the taker's own line, until the deadline at most; where the line is full, the caller is told
    /// at once to come back.
    pub async fn take(self: &Arc<Self>, key: K, deadline: Instant) -> Result<Share<K>> {
        let (mut share, turns) = self.join(key)?;
        match timeout_at(deadline, turns.acquire_owned()).await {
            Ok(Ok(turn)) => share.turn = Some(turn),
            Ok(Err(_)) | Err(_) => return Err(Problem::overloaded("the caller's own requests were not done in time")),
        }
        Ok(share)
    }

    fn join(self: &Arc<Self>, key: K) -> Result<(Share<K>, Arc<Semaphore>)> {
        let mut takers = self.takers.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Taker { here: 0, turns: Arc::new(Semaphore::new(self.at_once)) };
        let taker = takers.entry(key.clone()).or_insert_with(fresh);
        if taker.here >= self.at_once + self.line {
            return Err(Problem::overloaded("the caller's own line is full"));
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
