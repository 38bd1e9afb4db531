//! Validates dates. chrono parses years outside the range of PostgreSQL and of `YYYY-MM-DD`; a year of five
//! digits is a typing error.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};
use validator::ValidationError;

use crate::kernel::http::problem::{FieldCode, FieldError, Problem, Result};

const YEARS: RangeInclusive<i32> = 1900..=2200;

pub fn is_plausible(day: NaiveDate) -> bool {
    YEARS.contains(&day.year())
}

/// For fields: `#[validate(custom(function = "day::plausible"))]`.
pub fn plausible(day: &NaiveDate) -> Result<(), ValidationError> {
    if is_plausible(*day) { Ok(()) } else { Err(ValidationError::new("invalid_value")) }
}

/// Rejects a day after today.
pub fn check_past(day: NaiveDate, today: NaiveDate, pointer: &str) -> Result<()> {
    if day > today { Err(Problem::field(pointer, FieldCode::IN_THE_FUTURE)) } else { Ok(()) }
}

/// Returns an error for each year after this one, with its pointer.
pub fn future_years(years: impl IntoIterator<Item = (String, i32)>, today: NaiveDate) -> Vec<FieldError> {
    let ahead = years.into_iter().filter(|(_, year)| *year > today.year());
    ahead.map(|(pointer, _)| FieldError::new(pointer, FieldCode::IN_THE_FUTURE)).collect()
}

/// Rejects a last day before the first one.
pub fn check_period(first: NaiveDate, last: Option<NaiveDate>, pointer: &str) -> Result<()> {
    let is_reversed = last.is_some_and(|last| last < first);
    if is_reversed { Err(Problem::field(pointer, FieldCode::PERIOD_REVERSED)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_four_digits_around_today_are_plausible() {
        for (day, expected) in
            [("1930-02-03", true), ("2026-11-22", true), ("0026-11-22", false), ("+20260-11-22", false)]
        {
            assert_eq!(is_plausible(day.parse().unwrap()), expected, "{day}");
        }
    }
}
