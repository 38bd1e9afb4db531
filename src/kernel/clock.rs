//! The clock, the only source of time in the service: tests set it, and `--clock` starts a demonstration on
//! another day.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta, Utc};

/// Vietnam has no daylight saving time.
const VIETNAM_SECONDS_EAST: i32 = 7 * 3600;

/// A clock with a constant offset from the system's.
#[derive(Clone, Default)]
pub struct Clock {
    ahead_by_micros: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that starts at `instant`.
    pub fn starting_at(instant: DateTime<Utc>) -> Self {
        let clock = Self::default();
        clock.set(instant);
        clock
    }

    /// Sets the clock.
    pub fn set(&self, instant: DateTime<Utc>) {
        let ahead = instant.signed_duration_since(Utc::now());
        self.ahead_by_micros.store(ahead.num_microseconds().unwrap_or(0), Ordering::Relaxed);
    }

    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::microseconds(self.ahead_by_micros.load(Ordering::Relaxed))
    }

    /// The current day in Vietnam.
    pub fn today(&self) -> NaiveDate {
        local_day(self.now())
    }
}

/// The day of an instant in Vietnam.
pub fn local_day(instant: DateTime<Utc>) -> NaiveDate {
    match FixedOffset::east_opt(VIETNAM_SECONDS_EAST) {
        Some(vietnam) => instant.with_timezone(&vietnam).date_naive(),
        None => instant.date_naive(),
    }
}

/// The last day of the month of `day`.
pub fn month_end(day: NaiveDate) -> NaiveDate {
    use chrono::Datelike;
    let next = if day.month() == 12 {
        NaiveDate::from_ymd_opt(day.year() + 1, 1, 1)
    } else {
        NaiveDate::from_ymd_opt(day.year(), day.month() + 1, 1)
    };
    next.and_then(|first| first.checked_sub_days(Days::new(1))).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_turns_at_midnight_in_vietnam() {
        let before = "2024-02-27T16:59:59Z".parse().unwrap();
        let after = "2024-02-27T17:00:00Z".parse().unwrap();
        assert_eq!(local_day(before).to_string(), "2024-02-27");
        assert_eq!(local_day(after).to_string(), "2024-02-28");
    }

    #[test]
    fn months_end_where_the_calendar_says() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(month_end(day("2024-02-10")), day("2024-02-29"));
        assert_eq!(month_end(day("2025-12-31")), day("2025-12-31"));
    }

    #[test]
    fn a_moved_clock_runs_on() {
        let clock = Clock::starting_at("2019-07-01T00:00:00Z".parse().unwrap());
        let first = clock.now();
        assert!(first >= "2019-07-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
        assert!(clock.now() >= first);
        assert_eq!(clock.today().to_string(), "2019-07-01");
    }
}
