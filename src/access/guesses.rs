//! Wrong passwords. PostgreSQL counts them, for all replicas: by account, where a try is taken before
//! the password is looked at and given back when it was right, and by address.

use std::net::{IpAddr, Ipv6Addr};

use crate::kernel::peer::Peer;

/// Whoever has no address counts as one.
const UNKNOWN: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// What is done about guessing.
pub struct Guesses {
    per_address: i32,
    alarm: i64,
}

impl Guesses {
    /// `per_address`: failures an hour after which an address waits, 0 for no limit; `alarm`: failures
    /// an hour over all accounts.
    pub fn new(per_address: u32, alarm: u32) -> Self {
        Self { per_address: i32::try_from(per_address).unwrap_or(i32::MAX), alarm: i64::from(alarm).max(1) }
    }

    /// What the database needs to count a try.
    pub fn place(&self, peer: Peer) -> Place {
        Place { address: peer.address.unwrap_or(UNKNOWN).to_string(), per_hour: self.per_address }
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

/// Where a try comes from, and how many may fail there.
#[derive(Clone)]
pub struct Place {
    pub address: String,
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
