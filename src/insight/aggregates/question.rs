//! Parses and validates queries of data sets: periods, groupings, and the narrower limits of API keys.

use chrono::{Datelike, NaiveDate, TimeDelta};

use super::data_set::DataSet;
use super::model::{AggregateGrouping, AggregateQuery, Detail, Question};
use crate::access::actor::Actor;
use crate::access::policy::Office;
use crate::insight::aggregates::problems;
use crate::kernel::clock::month_end;
use crate::kernel::http::problem::{FieldCode, FieldError, Problem, Result};

/// The maximum number of years in a query of an API key.
const YEARS_OF_A_KEY: i32 = 10;

/// The maximum of `days`.
const DAYS_MOST: i64 = 3660;

/// Validates a query of a data set.
pub fn read(set: &DataSet, query: &AggregateQuery, actor: &Actor, today: NaiveDate) -> Result<Question> {
    read_for(set, query, actor.office == Office::Dashboard, today)
}

fn read_for(set: &DataSet, query: &AggregateQuery, for_key: bool, today: NaiveDate) -> Result<Question> {
    let mut errors = Vec::new();
    let groupings = groupings(set, &query.group_by, &mut errors);
    let (from, to) = match query.days {
        Some(days) => last_days(query, days, today, &mut errors),
        None => {
            let year = query.from.or(query.to).unwrap_or(today).year();
            let from = query.from.or(NaiveDate::from_ymd_opt(year, 1, 1)).unwrap_or(today);
            (from, query.to.or(NaiveDate::from_ymd_opt(from.year(), 12, 31)).unwrap_or(today))
        }
    };
    if to < from {
        errors.push(FieldError::new("?to", FieldCode::PERIOD_REVERSED));
    }
    if for_key {
        if query.days.is_some() {
            errors.push(FieldError::new("?days", problems::NOT_FOR_KEYS));
        }
        if from.day() != 1 {
            errors.push(FieldError::new("?from", problems::NOT_FOR_KEYS));
        }
        if to != month_end(to) {
            errors.push(FieldError::new("?to", problems::NOT_FOR_KEYS));
        }
        if to.year() - from.year() >= YEARS_OF_A_KEY {
            errors.push(FieldError::new("?from", problems::NOT_FOR_KEYS));
        }
        if query.organisation_id.is_some() {
            errors.push(FieldError::new("?organisation_id", problems::NOT_FOR_KEYS));
        }
        // Rows of programmes overlap: their differences would reveal suppressed counts.
        let by_programme = groupings.contains(&AggregateGrouping::Programme);
        if by_programme || groupings.iter().filter(|grouping| !grouping.is_place()).count() > 1 {
            errors.push(FieldError::new("?group_by", problems::NOT_FOR_KEYS));
        }
    }
    if !query.flag.is_empty() && groupings.contains(&AggregateGrouping::Organisation) {
        errors.push(FieldError::new("?flag", FieldCode::EXCLUSIVE));
    }
    let of_some_givers = query.organisation_id.is_some() || query.programme_id.is_some();
    Problem::check(errors)?;
    let (without, flags) = (query.without.clone(), query.flag.clone());
    let detail = Detail::of_groupings(&groupings);
    Ok(Question { groupings, from, to, today, for_key, without, flags, of_some_givers, detail })
}

/// Returns the days that end with `to`, or today.
fn last_days(
    query: &AggregateQuery,
    days: i64,
    today: NaiveDate,
    errors: &mut Vec<FieldError>,
) -> (NaiveDate, NaiveDate) {
    if query.from.is_some() {
        errors.push(FieldError::new("?days", FieldCode::EXCLUSIVE));
    }
    let to = query.to.unwrap_or(today);
    if !(1..=DAYS_MOST).contains(&days) {
        errors.push(FieldError::range("?days", 1, DAYS_MOST));
        return (to, to);
    }
    (to.checked_sub_signed(TimeDelta::days(days - 1)).unwrap_or(to), to)
}

fn groupings(set: &DataSet, words: &[String], errors: &mut Vec<FieldError>) -> Vec<AggregateGrouping> {
    let mut groupings = Vec::new();
    for word in words.iter().flat_map(|word| word.split(',')).filter(|word| !word.is_empty()) {
        match serde_json::from_value(serde_json::Value::from(word)) {
            Ok(grouping) if groupings.contains(&grouping) => {
                errors.push(FieldError::new("?group_by", FieldCode::DUPLICATE));
            }
            Ok(grouping) if set.has(grouping) => groupings.push(grouping),
            Ok(_) | Err(_) => errors.push(FieldError::new("?group_by", problems::NOT_GROUPED)),
        }
    }
    if groupings.len() > set.most_groupings {
        errors.push(FieldError::at_most("?group_by", set.most_groupings));
    }
    groupings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::aggregates::coverage::COVERAGE;
    use crate::insight::aggregates::poverty::POVERTY;
    use crate::insight::aggregates::support::SUPPORT;
    use AggregateGrouping::{Category, Commune, Month, Year};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn query(group_by: &[&str], from: Option<&str>, to: Option<&str>) -> AggregateQuery {
        AggregateQuery {
            group_by: group_by.iter().map(|word| (*word).to_owned()).collect(),
            from: from.map(day),
            to: to.map(day),
            ..AggregateQuery::default()
        }
    }

    fn read(query: &AggregateQuery, for_key: bool) -> Option<Question> {
        read_for(&SUPPORT, query, for_key, day("2026-11-22")).ok()
    }

    #[test]
    fn the_period_is_the_current_year_or_that_of_the_end_that_is_given() {
        let period = |from, to| read(&query(&[], from, to), false).map(|q| (q.from, q.to));
        assert_eq!(period(None, None), Some((day("2026-01-01"), day("2026-12-31"))));
        assert_eq!(period(Some("2024-03-05"), None), Some((day("2024-03-05"), day("2024-12-31"))));
        assert_eq!(period(None, Some("2024-03-05")), Some((day("2024-01-01"), day("2024-03-05"))));
        assert_eq!(period(Some("2026-02-01"), Some("2026-01-01")), None);
    }

    #[test]
    fn days_end_with_to_or_today() {
        let period = |days, to: Option<&str>, from: Option<&str>, for_key| {
            let query = AggregateQuery { days: Some(days), ..query(&[], from, to) };
            read_for(&COVERAGE, &query, for_key, day("2026-11-25")).map(|q| (q.from, q.to)).ok()
        };
        assert_eq!(period(90, None, None, false), Some((day("2026-08-28"), day("2026-11-25"))));
        assert_eq!(period(1, Some("2026-03-01"), None, false), Some((day("2026-03-01"), day("2026-03-01"))));
        assert!(period(3660, None, None, false).is_some());
        for (days, from, for_key) in
            [(0, None, false), (3661, None, false), (90, Some("2026-01-01"), false), (30, None, true)]
        {
            assert_eq!(period(days, Some("2026-11-30"), from, for_key), None, "{days}");
        }
    }

    #[test]
    fn groupings_are_repeated_or_parted_by_commas_and_two_at_most() {
        let grouped = |words: &[&str]| read(&query(words, None, None), false).map(|q| q.groupings);
        assert_eq!(grouped(&["commune", "month"]), Some(vec![Commune, Month]));
        assert_eq!(grouped(&["commune,month"]), Some(vec![Commune, Month]));
        assert_eq!(grouped(&["commune", "commune"]), None);
        assert_eq!(grouped(&["commune", "month", "year"]), None);
        assert_eq!(grouped(&["hamlet"]), None);
        let of_poverty = |words: &[&str]| read_for(&POVERTY, &query(words, None, None), true, day("2026-11-22"));
        assert_eq!(of_poverty(&["commune", "year"]).map(|q| q.groupings).ok(), Some(vec![Commune, Year]));
        assert!(of_poverty(&["month"]).is_err() && of_poverty(&["category"]).is_err());
    }

    #[test]
    fn keys_ask_for_whole_months_and_one_cut_beside_the_place() {
        let key = |words: &[&str], from, to| read(&query(words, from, to), true);
        assert!(key(&["commune", "month"], Some("2026-02-01"), Some("2026-02-28")).is_some());
        assert!(key(&["commune"], Some("2026-02-02"), Some("2026-02-28")).is_none());
        assert!(key(&["commune"], Some("2026-02-01"), Some("2026-02-27")).is_none());
        assert!(key(&["month", "category"], None, None).is_none());
        assert!(key(&["year"], Some("2017-01-01"), Some("2026-12-31")).is_some());
        assert!(key(&["year"], Some("2016-01-01"), Some("2026-12-31")).is_none());
        assert_eq!(key(&["commune", "category"], None, None).map(|q| q.groupings), Some(vec![Commune, Category]));
    }
}
