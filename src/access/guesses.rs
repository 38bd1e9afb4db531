//! Limits wrong passwords. PostgreSQL counts them for all replicas: by account, where a try is counted before
//! the password is verified and taken back when it was right, and by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::kernel::http::peer::{Peer, subscriber};
use crate::kernel::http::problem::{Code, Problem, Result};

/// All callers without an address share this one.
const UNKNOWN: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
/// The time for which a refusal is repeated from memory. Afterwards PostgreSQL, which has the resets and the
/// counts of other replicas, is queried again.
const REMEMBERED: TimeDelta = TimeDelta::seconds(5);
/// The most refusals in memory.
const REMEMBERED_AT_ONCE: usize = 10_000;

/// Limits of wrong passwords, and recent refusals.
pub struct Guesses {
    per_address: i32,
    alarm: i64,
    /// Refused addresses and subjects, with the time of the refusal and its `Retry-After` in seconds.
    held: Mutex<HashMap<Held, (DateTime<Utc>, u32)>>,
}

/// A refused address or subject. They are separate variants, since a user name may look like an address.
#[derive(PartialEq, Eq, Hash)]
pub enum Held {
    Address(IpAddr),
    Subject(String),
}

impl Guesses {
    /// `per_address`: failures of an address in an hour until it is refused, 0 for no limit; `alarm`: failures of
    /// all accounts in an hour.
    pub fn new(per_address: u32, alarm: u32) -> Self {
        let per_address = i32::try_from(per_address).unwrap_or(i32::MAX);
        Self { per_address, alarm: i64::from(alarm).max(1), held: Mutex::default() }
    }

    /// The arguments with which the database counts a try.
    pub fn place(&self, peer: Peer) -> Place {
        Place { address: subscriber(peer.address.unwrap_or(UNKNOWN)), per_hour: self.per_address }
    }

    /// Refuses a try from memory where the address or subject was refused within the last seconds.
    pub fn check(&self, place: &Place, subject: &str, now: DateTime<Utc>) -> Result<()> {
        let held = self.held();
        let of = |key: &Held| held.get(key).filter(|(since, _)| is_remembered(*since, now));
        match of(&Held::Address(place.address)).or_else(|| of(&Held::Subject(subject.to_owned()))) {
            Some((_, seconds)) => Err(Problem::retry_after(Code::TOO_MANY_REQUESTS, *seconds)),
            None => Ok(()),
        }
    }

    /// Stores a refusal.
    pub fn hold(&self, key: Held, seconds: u32, now: DateTime<Utc>) {
        let mut held = self.held();
        if held.len() >= REMEMBERED_AT_ONCE {
            held.retain(|_, (since, _)| is_remembered(*since, now));
        }
        if held.len() < REMEMBERED_AT_ONCE && i64::from(seconds) >= REMEMBERED.num_seconds() {
            held.insert(key, (now, seconds));
        }
    }

    /// The subject of a user name. Each kind of subject has a prefix, as in `app_sign_in_subject`, because a user name
    /// sent by a client may be any text.
    pub fn name(username: &str) -> String {
        format!("name {username}")
    }

    /// Removes the refusals of an account that got a new password.
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

    /// Logs an alarm each time the sum of failures reaches a multiple of the threshold, and returns whether it did.
    /// One password tried against many accounts stays below the limit of each, but not below that of the sum. Each
    /// sum is passed to one replica only, so the alarm is logged once.
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

/// The address of a try, and its limit.
#[derive(Clone)]
pub struct Place {
    /// The address of the subscriber: /64 for IPv6.
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
