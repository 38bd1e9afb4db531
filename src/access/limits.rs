//! Rate limits: how many requests one user or key may make. The counters are the only state that a
//! server keeps of its own, so with several replicas each counts what it serves.

use std::num::NonZero;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use crate::kernel::problem::{Code, Problem, Result};

/// After so many requests, callers who have all of their share again are forgotten. So the counters
/// take memory for those who were here within the last minute, and for no more.
const FORGET_EVERY: u32 = 4096;

/// Two buckets for each caller, one that fills by the second and one by the minute. Both hold what
/// comes in one burst: a phone that starts asks for much at once.
pub struct Limits {
    buckets: Vec<DefaultKeyedRateLimiter<Uuid>>,
    clock: DefaultClock,
    counted: AtomicU32,
}

impl Limits {
    /// 0 is no limit.
    pub fn new(per_second: u32, per_minute: u32) -> Self {
        let quotas = [NonZero::new(per_second).map(Quota::per_second), NonZero::new(per_minute).map(Quota::per_minute)];
        Self {
            buckets: quotas.into_iter().flatten().map(RateLimiter::keyed).collect(),
            clock: DefaultClock::default(),
            counted: AtomicU32::new(0),
        }
    }

    /// Counts a request, or refuses it.
    pub fn count(&self, caller: Uuid) -> Result<()> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            for bucket in &self.buckets {
                bucket.retain_recent();
                bucket.shrink_to_fit();
            }
        }
        for bucket in &self.buckets {
            if let Err(until) = bucket.check_key(&caller) {
                let wait = until.wait_time_from(self.clock.now());
                let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
                return Err(Problem::retry_after(Code::TooManyRequests, seconds.max(1)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_share_of_its_own() {
        let limits = Limits::new(0, 3);
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        for _ in 0..3 {
            limits.count(one).unwrap();
        }
        let refused = limits.count(one).unwrap_err();
        assert_eq!(refused.code(), Code::TooManyRequests);
        assert!((1..=20).contains(&refused.retry_after_seconds().unwrap()));
        limits.count(other).unwrap();
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let limits = Limits::new(0, 0);
        assert!((0..10_000).all(|_| limits.count(Uuid::nil()).is_ok()));
    }

    #[test]
    fn callers_who_are_long_gone_take_no_memory() {
        // A share of one an hour would never be whole again within this test; one of a million is at once.
        let limits = Limits::new(1_000_000, 0);
        for _ in 0..FORGET_EVERY * 3 {
            limits.count(Uuid::now_v7()).unwrap();
        }
        assert!(limits.buckets[0].len() <= usize::try_from(FORGET_EVERY).unwrap());
    }
}
