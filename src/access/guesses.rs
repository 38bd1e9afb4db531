//! Wrong passwords. PostgreSQL counts them, for all replicas: by account, where a try is taken before
//! the password is looked at and given back when it was right, and by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::kernel::http::peer::{Peer, subscriber};
use crate::kernel::http::problem::{Code, Problem, Result};

/// Whoever has no address counts as one.
const UNKNOWN: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
/// For so long who was told to wait is told so from memory. PostgreSQL, which knows of resets and of other
/// replicas, is asked again after it.
const REMEMBERED: TimeDelta = TimeDelta::seconds(5);
/// More are not remembered.
const REMEMBERED_AT_ONCE: usize = 10_000;

/// What is done about guessing.
pub struct Guesses {
    per_address: i32,
    alarm: i64,
    /// Addresses and subjects that have to wait: since when that was said, and for how many seconds.
    held: Mutex<HashMap<Held, (DateTime<Utc>, u32)>>,
}

/// What has to wait. A user name that reads like an address is none.
#[derive(PartialEq, Eq, Hash)]
pub enum Held {
    Address(IpAddr),
    Subject(String),
}

impl Guesses {
    /// `per_address`: failures an hour after which an address waits, 0 for no limit; `alarm`: failures
    /// an hour over all accounts.
    pub fn new(per_address: u32, alarm: u32) -> Self {
        let per_address = i32::try_from(per_address).unwrap_or(i32::MAX);
        Self { per_address, alarm: i64::from(alarm).max(1), held: Mutex::default() }
    }

    /// What the database needs to count a try.
    pub fn place(&self, peer: Peer) -> Place {
        Place { address: subscriber(peer.address.unwrap_or(UNKNOWN)), per_hour: self.per_address }
    }

    /// Refuses who was told to wait a moment ago, before anything else is asked.
    pub fn check(&self, place: &Place, subject: &str, now: DateTime<Utc>) -> Result<()> {
        let held = self.held();
        let of = |key: &Held| held.get(key).filter(|(since, _)| is_remembered(*since, now));
        match of(&Held::Address(place.address)).or_else(|| of(&Held::Subject(subject.to_owned()))) {
            Some((_, seconds)) => Err(Problem::retry_after(Code::TOO_MANY_REQUESTS, *seconds)),
            None => Ok(()),
        }
    }

    /// Remembers who has to wait.
    pub fn hold(&self, key: Held, seconds: u32, now: DateTime<Utc>) {
        let mut held = self.held();
        if held.len() >= REMEMBERED_AT_ONCE {
            held.retain(|_, (since, _)| is_remembered(*since, now));
        }
        if held.len() < REMEMBERED_AT_ONCE && i64::from(seconds) >= REMEMBERED.num_seconds() {
            held.insert(key, (now, seconds));
        }
    }

    /// The subject of a user name. Each kind of subject begins with its own word, as in `app_sign_in_subject`: a name
    /// is anything that is sent.
    pub fn name(username: &str) -> String {
        format!("name {username}")
    }

    /// Forgets an account that got a new password.
    pub fn release(&self, username: &str) {
        let of_a_device = format!("device {username} ");
        let name = Self::name(username);
        self.held().retain(|key, _| match key {
            Held::Address(_) => true,
            Held::Subject(subject) => *subject != name && !subject.starts_with(&of_a_device),
        });
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Held, (DateTime<Utc>, u32)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After a failure: one password tried against many accounts stays below the count of each, and
    /// shows in the sum. The line comes once each time the sum has grown by the threshold, and from
    /// one replica alone. True when it came.
    pub fn sound(&self, failures_this_hour: i64) -> bool {
        let is_alarm = failures_this_hour > 0 && failures_this_hour % self.alarm == 0;
        if is_alarm {
            log::error!(target: "security", "alarm: {failures_this_hour} failed sign-ins in this hour, over all accounts");
        }
        is_alarm
    }
}

fn is_remembered(since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - since).abs() < REMEMBERED
}

/// Where a try comes from, and how many may fail there.
#[derive(Clone)]
pub struct Place {
    /// Of the subscriber.
    pub address: IpAddr,
    pub per_hour: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alarm_sounds_once_for_each_time_the_threshold_is_passed() {
        let guesses = Guesses::new(300, 5);
        let alarms: Vec<i64> = (0..=12).filter(|failures| guesses.sound(*failures)).collect();
        assert_eq!(alarms, [5, 10]);
    }
}
