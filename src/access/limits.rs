//! Rate limits of each session or key, and of each address for credentials that are not known to be valid. The
//! counters are in memory, so with several replicas each counts its own requests.

use std::collections::HashSet;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZero;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use crate::kernel::http::problem::{Code, Problem, Result};

/// After so many requests, counters whose bucket is full again are removed, so that only callers of the last
/// minute take memory.
const FORGET_EVERY: u32 = 4096;
/// The most valid credentials in each of the two generations of `Known`.
const REMEMBERED: usize = 50_000;

/// Requests a second and a minute; 0 is no limit.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub per_second: u32,
    pub per_minute: u32,
}

/// Two token buckets for each caller, one refilled by the second and one by the minute. Both allow a burst,
/// because the app sends many requests when it starts.
struct Buckets<K: Hash + Eq + Clone> {
    limiters: Vec<DefaultKeyedRateLimiter<K>>,
    clock: DefaultClock,
    counted: AtomicU32,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(rate: Rate) -> Self {
        let second = NonZero::new(rate.per_second).map(Quota::per_second);
        let quotas = [second, NonZero::new(rate.per_minute).map(Quota::per_minute)];
        Self {
            limiters: quotas.into_iter().flatten().map(RateLimiter::keyed).collect(),
            clock: DefaultClock::default(),
            counted: AtomicU32::new(0),
        }
    }

    fn count(&self, caller: &K) -> Result<()> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            for limiter in &self.limiters {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
        for limiter in &self.limiters {
            if let Err(until) = limiter.check_key(caller) {
                let wait = until.wait_time_from(self.clock.now());
                let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
                return Err(Problem::retry_after(Code::TOO_MANY_REQUESTS, seconds.max(1)));
            }
        }
        Ok(())
    }
}

/// Credentials that were valid recently: their requests count for themselves only. Those of any other
/// credential, revoked or invented, count for its address, too.
#[derive(Default)]
struct Known {
    lately: HashSet<Uuid>,
    before: HashSet<Uuid>,
}

/// The rate limits of all callers.
pub struct Limits {
    credentials: Buckets<Uuid>,
    addresses: Buckets<IpAddr>,
    known: Mutex<Known>,
}

impl Limits {
    pub fn new(credential: Rate, address: Rate) -> Self {
        let (credentials, addresses) = (Buckets::new(credential), Buckets::new(address));
        Self { credentials, addresses, known: Mutex::default() }
    }

    /// Counts a request; 429 above the limit.
    pub fn count(&self, credential: Option<Uuid>, address: IpAddr) -> Result<()> {
        let Some(credential) = credential else { return self.addresses.count(&address) };
        if !self.knows(credential) {
            self.addresses.count(&address)?;
        }
        self.credentials.count(&credential)
    }

    fn knows(&self, credential: Uuid) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.lately.contains(&credential) || known.before.contains(&credential)
    }

    /// Records whether a credential was accepted.
    pub fn heard(&self, credential: Uuid, entered: bool) {
        if entered == self.knows(credential) {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !entered {
            known.lately.remove(&credential);
            known.before.remove(&credential);
            return;
        }
        if known.lately.len() >= REMEMBERED {
            known.before = std::mem::take(&mut known.lately);
        }
        known.lately.insert(credential);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Rate = Rate { per_second: 0, per_minute: 0 };
    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn a_minute(requests: u32) -> Rate {
        Rate { per_second: 0, per_minute: requests }
    }

    #[test]
    fn each_credential_has_a_share_of_its_own() {
        let limits = Limits::new(a_minute(3), NONE);
        let (one, other) = (Some(Uuid::now_v7()), Some(Uuid::now_v7()));
        for _ in 0..3 {
            limits.count(one, HERE).unwrap();
        }
        let refused = limits.count(one, HERE).unwrap_err();
        assert_eq!(refused.code(), Code::TOO_MANY_REQUESTS);
        assert!((1..=20).contains(&refused.retry_after_seconds().unwrap()));
        limits.count(other, HERE).unwrap();
    }

    #[test]
    fn who_is_not_known_to_be_signed_in_counts_against_the_address() {
        let limits = Limits::new(NONE, a_minute(3));
        let known = Uuid::now_v7();
        limits.count(Some(known), HERE).unwrap();
        limits.heard(known, true);
        limits.count(None, HERE).unwrap();
        limits.count(Some(Uuid::now_v7()), HERE).unwrap();
        assert!(limits.count(Some(Uuid::now_v7()), HERE).is_err());
        limits.count(Some(known), HERE).unwrap();
        limits.heard(known, false);
        assert!(limits.count(Some(known), HERE).is_err(), "revoked, it is a stranger again");
        limits.count(None, "203.0.113.9".parse().unwrap()).unwrap();
    }

    #[test]
    fn of_credentials_that_entered_so_many_are_remembered() {
        let limits = Limits::new(NONE, NONE);
        let first = Uuid::now_v7();
        limits.heard(first, true);
        for _ in 0..2 * REMEMBERED {
            limits.heard(Uuid::now_v7(), true);
        }
        let known = limits.known.lock().unwrap();
        assert!(known.lately.len() + known.before.len() <= 2 * REMEMBERED);
        assert!(!known.before.contains(&first));
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let limits = Limits::new(NONE, NONE);
        assert!((0..10_000).all(|_| limits.count(Some(Uuid::nil()), HERE).is_ok() && limits.count(None, HERE).is_ok()));
    }

    #[test]
    fn callers_who_are_long_gone_take_no_memory() {
        // A bucket of a million a second is full again at once; one of a few a minute would not be within this test.
        let buckets = Buckets::new(Rate { per_second: 1_000_000, per_minute: 0 });
        for _ in 0..FORGET_EVERY * 3 {
            buckets.count(&Uuid::now_v7()).unwrap();
        }
        assert!(buckets.limiters[0].len() <= usize::try_from(FORGET_EVERY).unwrap());
    }
}
