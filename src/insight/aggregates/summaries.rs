//! Reads precomputed sums of gifts and visits for each village, commune and province, and month, quarter and year. Callers with wide
//! ranges read these sums where they answer the query, on the widest level that does (`Detail`). What has changed since is marked by
//! triggers (see `schema/insight.sql`) and read from the level below, a marked village from its gifts and visits, so that an answer is
//! current also between two runs of the job.

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Integer;

use super::model::{AggregateGrouping, Detail, Question};
use crate::access::actor::Actor;
use crate::access::reach::Reach;
use crate::kernel::clock::month_end;
use crate::kernel::db::Db;
use crate::kernel::http::problem::Result;

/// Marks processed in one transaction, which takes a fraction of a second.
const MARKS_AT_ONCE: i32 = 1_000;

/// Returns a query for the records of marked villages; `records` selects those of `marked.village_id`. A nested loop over
/// the villages, which OFFSET 0 enforces: marks are few. With a list of villages, PostgreSQL would search the list for each record.
pub fn of_marked(records: &str) -> String {
    format!(
        "SELECT of_marked.* FROM (SELECT DISTINCT c.village_id FROM support_changes c) marked
          CROSS JOIN LATERAL ({records} OFFSET 0) of_marked"
    )
}

/// The period of a precomputed sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    Month,
    Quarter,
    Year,
}

impl Period {
    fn word(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }

    fn cut_by(grouping: AggregateGrouping) -> Option<Self> {
        match grouping {
            AggregateGrouping::Month => Some(Self::Month),
            AggregateGrouping::Quarter => Some(Self::Quarter),
            AggregateGrouping::Year => Some(Self::Year),
            _ => None,
        }
    }

    /// Whether a range of days consists of whole periods.
    fn fits(self, from: NaiveDate, to: NaiveDate) -> bool {
        from.day() == 1
            && from.month0().is_multiple_of(self.months())
            && to == month_end(to)
            && to.month().is_multiple_of(self.months())
    }

    fn is_one(self, from: NaiveDate, to: NaiveDate) -> bool {
        self.fits(from, to) && from.year() == to.year() && to.month() - from.month() + 1 == self.months()
    }

    /// Returns the period whose sums answer a question, if any. Distinct households of two periods cannot be added, so
    /// each row, or the whole range without such a grouping, has to be one period.
    fn of(question: &Question) -> Option<Self> {
        let (from, to) = (question.from, question.to);
        let is_counted = |grouping: &AggregateGrouping| grouping.is_place() || Self::cut_by(*grouping).is_some();
        if question.of_some_givers || !question.groupings.iter().all(is_counted) {
            return None;
        }
        match question.groupings.iter().filter_map(|grouping| Self::cut_by(*grouping)).min() {
            Some(finest) => Some(finest).filter(|period| period.fits(from, to)),
            None => [Self::Month, Self::Quarter, Self::Year].into_iter().find(|period| period.is_one(from, to)),
        }
    }
}

/// Returns the period whose sums answer this caller's question, if any. For callers with few places, or with records of
/// their organisation elsewhere, reading the records is as fast.
pub fn serve(question: &Question, actor: &Actor) -> Option<Period> {
    Period::of(question).filter(|_| serve_to(actor))
}

/// Whether summaries can answer this caller at all.
pub fn serve_to(actor: &Actor) -> bool {
    reach(actor).is_wide()
}

/// Whether the rows are grouped by period, so that totals need a separate query.
pub fn are_cut(question: &Question) -> bool {
    question.groupings.iter().any(|grouping| Period::cut_by(*grouping).is_some())
}

fn reach(actor: &Actor) -> Reach {
    Reach::of_gifts_and_visits(actor, "s")
}

/// The commune and the province of each marked place, and the place itself, which may have stood for itself before it moved.
const MARKED_COMMUNES: &str = "SELECT unnest(ARRAY[coalesce(l.commune_id, l.id), l.id]) FROM support_changes c JOIN localities l ON l.id = c.village_id";
const MARKED_PROVINCES: &str = "SELECT unnest(ARRAY[coalesce(l.province_id, l.commune_id, l.id), l.id]) FROM support_changes c JOIN localities l ON l.id = c.village_id";

/// Returns the sources of summaries, `s`, that together count each place without a mark once: those of the widest level, those of the
/// communes in marked provinces, and those of the places in marked communes. `which` selects among the summaries of a level.
///
/// NOT IN is a look-up in a hash table for any number of marks, and LATERAL with OFFSET 0 a nested loop over the places in marked ones:
/// the planner has no useful statistics of a table of marks that is mostly empty.
fn unmarked(detail: Detail, actor: &Actor, which: &str) -> Vec<String> {
    let reach = reach(actor).sql();
    let of_level = |level: Detail, marked: &str| {
        format!("{reach} AND s.level = '{}' AND {which} AND s.place_id NOT IN ({marked})", level.word())
    };
    let inside = |column: &str, marked: &str, sums: &str| {
        format!(
            "(SELECT l.id FROM localities l WHERE l.{column} IN ({marked}) UNION {marked}) inside
              CROSS JOIN LATERAL (SELECT * FROM support_summaries s WHERE s.place_id = inside.id AND {sums} OFFSET 0) s"
        )
    };
    let places = of_level(Detail::Place, "SELECT c.village_id FROM support_changes c");
    let communes = of_level(Detail::Commune, MARKED_COMMUNES);
    let all = |sums: &str| format!("support_summaries s WHERE {sums}");
    match detail {
        Detail::Place => vec![all(&places)],
        Detail::Commune => vec![all(&communes), inside("commune_id", MARKED_COMMUNES, &places)],
        Detail::Province => vec![
            all(&of_level(Detail::Province, MARKED_PROVINCES)),
            inside("province_id", MARKED_PROVINCES, &communes),
            inside("commune_id", MARKED_COMMUNES, &places),
        ],
    }
}

/// Returns a query for the sums of places without a mark, in the columns of the support data set. A household with gifts
/// in several villages has a row with its id in each, so that it counts once.
pub fn facts(period: Period, detail: Detail, actor: &Actor) -> String {
    let of_period = format!("s.period = '{}' AND s.starts_on BETWEEN $1 AND $2", period.word());
    let sums = unmarked(detail, actor, &of_period).into_iter().map(|source| {
        format!(
            "SELECT s.place_id AS village_id, NULL::uuid AS twinning_id, NULL::uuid AS organisation_id, s.starts_on AS day,
                    NULL::text AS category, NULL::text AS funding_source, s.visits, s.gifts, s.gifts_confirmed AS confirmed,
                    s.gift_value_vnd AS value_vnd, s.loans_vnd AS loan_vnd, s.households_unnamed AS unnamed, s.households,
                    NULL::uuid AS household_id FROM {source}"
        )
    });
    let homes = unmarked(detail, actor, &format!("{of_period} AND s.wandering_households <> '{{}}'")).into_iter().map(|source| {
        format!(
            "SELECT s.place_id, NULL, NULL, s.starts_on, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, unnest(s.wandering_households) FROM {source}"
        )
    });
    sums.chain(homes).collect::<Vec<_>>().join(" UNION ALL ")
}

/// Whether the sums of years answer with the last days until `to`: records are not after today, so a year that has not ended is whole.
/// For callers with few places, reading the records is as fast.
pub fn knows_last_days(question: &Question, actor: &Actor) -> bool {
    let is_whole = question.to >= question.today || question.to.month() == 12 && question.to.day() == 31;
    is_whole && !question.of_some_givers && serve_to(actor)
}

/// Returns a query for the last days of the places without a mark, a row for each year.
pub fn last_days(detail: Detail, actor: &Actor) -> String {
    let of_years = "s.period = 'year' AND s.starts_on <= $2";
    let days = unmarked(detail, actor, of_years).into_iter().map(|source| {
        format!(
            "SELECT s.place_id AS village_id, NULL::uuid AS organisation_id, s.last_visit_on AS last_visit,
                    s.last_holiday_visit_on AS last_holiday, s.last_gift_on AS last_gift FROM {source}"
        )
    });
    days.collect::<Vec<_>>().join(" UNION ALL ")
}

/// Recounts the marked villages, until a transaction finds fewer marks than its limit: under continuous writes a loop until
/// there are none would not end.
pub fn refresh(db: &Db) -> Result<()> {
    #[derive(QueryableByName)]
    struct Taken {
        #[diesel(sql_type = Integer)]
        marks: i32,
    }
    loop {
        let taken: Taken = db.as_system(|conn| {
            let job = sql_query("SELECT app_summarise_support($1) AS marks").bind::<Integer, _>(MARKS_AT_ONCE);
            Ok(job.get_result(conn)?)
        })?;
        if taken.marks < MARKS_AT_ONCE {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AggregateGrouping::{Category, Commune, Month, Quarter, Year};

    fn period(groupings: &[AggregateGrouping], from: &str, to: &str) -> Option<Period> {
        let groupings = groupings.to_vec();
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let of_all = Question {
            groupings,
            from,
            to,
            today: to,
            for_key: false,
            without: Vec::new(),
            flags: Vec::new(),
            of_some_givers: false,
            detail: Detail::Place,
        };
        Period::of(&of_all)
    }

    #[test]
    fn counts_answer_for_one_period_or_a_row_for_each() {
        assert_eq!(period(&[Commune], "2025-01-01", "2025-12-31"), Some(Period::Year));
        assert_eq!(period(&[], "2025-04-01", "2025-06-30"), Some(Period::Quarter));
        assert_eq!(period(&[Commune], "2024-02-01", "2024-02-29"), Some(Period::Month));
        assert_eq!(period(&[Commune, Month], "2025-03-01", "2026-02-28"), Some(Period::Month));
        assert_eq!(period(&[Quarter, Month], "2025-01-01", "2025-12-31"), Some(Period::Month));
        assert_eq!(period(&[Year], "2019-01-01", "2025-12-31"), Some(Period::Year));
    }

    #[test]
    fn households_of_two_periods_are_counted_from_the_records() {
        assert_eq!(period(&[Commune], "2024-01-01", "2025-12-31"), None);
        assert_eq!(period(&[Commune], "2025-02-01", "2025-04-30"), None, "three months, and no quarter");
        assert_eq!(period(&[], "2025-03-02", "2025-03-31"), None);
        assert_eq!(period(&[Month], "2025-01-01", "2025-12-30"), None);
        assert_eq!(period(&[Quarter], "2025-02-01", "2025-12-31"), None);
        assert_eq!(period(&[Year], "2025-01-01", "2026-06-30"), None);
        assert_eq!(period(&[Commune, Category], "2025-01-01", "2025-12-31"), None, "not counted by category");
    }
}
