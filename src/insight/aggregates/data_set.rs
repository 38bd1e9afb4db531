//! Definition of data sets: SQL for their facts, each in a village, and for the measures of the facts. Places,
//! groupings, totals, suppression and CSV are implemented once for all data sets.

use std::fmt;

use chrono::{Days, NaiveDate};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{AggregateGrouping, Question};
use crate::access::actor::Actor;

/// The unit of a number: only small counts of households are hidden from API keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Counted {
    /// A count of one to four may identify a person.
    Households,
    Things,
    /// A day, as the number of days since 1970-01-01; null where there is none.
    Days,
    /// A rate in hundredths of a percent; null where it is undefined.
    Rates,
}

impl Counted {
    /// The number of a row without facts.
    pub fn of_nothing(self) -> Option<i64> {
        (!matches!(self, Self::Days | Self::Rates)).then_some(0)
    }
}

pub fn day_of(number: i64) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_days(Days::new(number.try_into().ok()?))
}

/// A rate in percent, with two decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[serde(into = "f64")]
#[schema(value_type = f64, minimum = 0, example = 32.12)]
pub struct Percent(i64);

impl From<i64> for Percent {
    fn from(hundredths: i64) -> Self {
        Self(hundredths)
    }
}

impl From<Percent> for f64 {
    /// The nearest number to the decimal one, which JSON writes with two places.
    fn from(percent: Percent) -> Self {
        percent.to_string().parse().unwrap_or_default()
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// The source of the places above a village on the day of the question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tree {
    /// The tree day: stored with the places.
    Stored,
    /// Another day: computed from the dated parents.
    Dated,
}

/// A number of a data set.
pub struct Measure {
    pub name: &'static str,
    pub counted: Counted,
    /// An aggregate over `k`, the facts with their keys; null where it is undefined.
    pub sql: &'static str,
}

pub struct DataSet {
    pub name: &'static str,
    pub measures: &'static [Measure],
    /// Measures that are not answered: counts of households by which rows are hidden from API keys, and numbers for `shows`.
    pub unanswered: &'static [Measure],
    /// The most groupings of a question.
    pub most_groupings: usize,
    /// SQL of the facts that the caller sees: `village_id`, and the columns that `column` and the measures use.
    /// `$1` is the first day, `$2` the last, `$3` the day of the tree, `$4` the place, `$5` the organisation and `$6` the programme of the
    /// query.
    pub facts: fn(&Question, &Actor, Tree) -> String,
    /// Counts that follow from a row: signed sums of its measures, such as the households without special hardship. A
    /// row with a small one is hidden from API keys, as with a small measure. Sums of measures that are each zero or
    /// at least five are not small, and are not listed here.
    pub derived: &'static [&'static [(i64, &'static str)]],
    /// The number of columns of the facts besides `village_id`, with which places that have households get a row without facts;
    /// None where the facts have every row.
    pub width: Option<usize>,
    /// The column of a grouping (for months and quarters their first moment); None where the data set does
    /// not have this grouping. Groupings by place are the same for all data sets.
    pub column: fn(AggregateGrouping) -> Option<&'static str>,
    /// Measures that are null for this question, because they are undefined for its groupings.
    pub undefined: fn(&Question) -> &'static [&'static str],
    /// Measures that are null for readers that are no state bodies (`access::withheld`).
    pub sensitive: &'static [&'static str],
    /// Whether each year counts all households anew: years do not add up, and the totals are those of the last year.
    pub by_year: bool,
    /// Whether the totals of this question need a separate query, for another reason than `by_year`.
    pub totals_apart: fn(&Question, &Actor) -> bool,
    /// Whether the facts of this question are summaries: a small statement whose plan does not depend on the days, so that connections keep
    /// it. It costs 3 ms with the country by province, and its plan 7 ms.
    pub of_sums: fn(&Question, &Actor) -> bool,
    /// Whether a row is answered.
    pub shows: fn(&Question, &Candidate<'_>) -> bool,
}

/// A row that may be answered.
pub struct Candidate<'a> {
    pub set: &'a DataSet,
    pub numbers: &'a [Option<i64>],
    /// Whether a place or an organisation is the key.
    pub has_key: bool,
    pub suppressed: bool,
}

impl Candidate<'_> {
    pub fn number(&self, name: &str) -> i64 {
        self.set.number(self.numbers, name)
    }
}

impl DataSet {
    pub fn has(&self, grouping: AggregateGrouping) -> bool {
        grouping.is_place() || (self.column)(grouping).is_some()
    }

    /// All measures, in the order of the numbers of a row.
    pub fn all_measures(&self) -> impl Iterator<Item = &'static Measure> + use<> {
        self.measures.iter().chain(self.unanswered)
    }

    /// Returns a number of one row, 0 where it is undefined.
    fn number(&self, numbers: &[Option<i64>], name: &str) -> i64 {
        let mut named = self.all_measures().zip(numbers);
        named.find(|(measure, _)| measure.name == name).and_then(|(_, number)| *number).unwrap_or_default()
    }

    /// Returns the counts of households of one row, with the derived ones.
    pub fn households(&self, numbers: &[Option<i64>]) -> Vec<i64> {
        let counts = self.all_measures().zip(numbers).filter(|(measure, _)| measure.counted == Counted::Households);
        let derived =
            self.derived.iter().map(|parts| parts.iter().map(|(sign, name)| sign * self.number(numbers, name)).sum());
        counts.map(|(_, number)| number.unwrap_or_default()).chain(derived).collect()
    }
}

pub fn always(_: &Question, _: &Candidate<'_>) -> bool {
    true
}

pub fn never(_: &Question, _: &Actor) -> bool {
    false
}

pub fn nothing(_: &Question) -> &'static [&'static str] {
    &[]
}

/// Declares the answer of a data set, its rows, values and measures: days, counts, rates. The order of the fields is that of the
/// numbers and of the columns of the CSV.
macro_rules! answer {
    (
        $(#[$doc:meta])*
        $aggregate:ident, $row:ident, $values:ident, $name:literal $(, days {
            $($(#[$day_doc:meta])* $day:ident = $day_sql:expr;)+
        })? $(, rates {
            $($(#[$rate_doc:meta])* $rate:ident = $rate_sql:expr;)+
        })? $(, also {
            $(#[$also_doc:meta])* $also:ident: $also_type:ty = $also_value:expr
        })?;
        $($(#[$field_doc:meta])* $field:ident: $counted:ident = $sql:expr;)+
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, utoipa::ToSchema)]
        pub struct $values {
            $($($(#[$day_doc])* pub $day: Option<chrono::NaiveDate>,)+)?
            $($(#[$field_doc])* pub $field: Option<i64>,)+
            $($($(#[$rate_doc])* pub $rate: Option<$crate::insight::aggregates::data_set::Percent>,)+)?
        }

        /// One row.
        #[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
        pub struct $row {
            #[schema(value_type = $crate::insight::aggregates::model::AggregateKey)]
            pub key: $crate::insight::aggregates::model::RowKey,
            pub values: $values,
            /// True if the numbers are hidden from an API key, because they count one to four households or
            /// would reveal such a count.
            pub suppressed: bool,
        }

        /// The answer of a data set.
        #[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
        pub struct $aggregate {
            #[schema(example = $name)]
            pub dataset: String,
            /// The place of the query; null without one, or if the caller does not see it.
            pub within: Option<$crate::insight::aggregates::model::AggregatePlace>,
            /// The first day counted.
            pub from: chrono::NaiveDate,
            /// The last day counted.
            pub to: chrono::NaiveDate,
            /// The day of the tree of places.
            pub as_of: chrono::NaiveDate,
            /// The time at which the numbers were computed.
            pub computed_at: chrono::DateTime<chrono::Utc>,
            $($(#[$also_doc])* pub $also: $also_type,)?
            pub rows: Vec<$row>,
            /// Not the sum of the rows: a household in two rows counts once.
            pub totals: $values,
            /// True if the totals are hidden from an API key.
            pub totals_suppressed: bool,
        }

        pub const MEASURES: &[$crate::insight::aggregates::data_set::Measure] = &[
            $($($crate::insight::aggregates::data_set::Measure {
                name: stringify!($day),
                counted: $crate::insight::aggregates::data_set::Counted::Days,
                sql: $day_sql,
            },)+)?
            $($crate::insight::aggregates::data_set::Measure {
                name: stringify!($field),
                counted: $crate::insight::aggregates::data_set::Counted::$counted,
                sql: $sql,
            },)+
            $($($crate::insight::aggregates::data_set::Measure {
                name: stringify!($rate),
                counted: $crate::insight::aggregates::data_set::Counted::Rates,
                sql: $rate_sql,
            },)+)?
        ];

        impl From<Vec<Option<i64>>> for $values {
            fn from(numbers: Vec<Option<i64>>) -> Self {
                let mut numbers = numbers.into_iter();
                Self {
                    $($($day: numbers.next().flatten().and_then($crate::insight::aggregates::data_set::day_of),)+)?
                    $($field: numbers.next().flatten(),)+
                    $($($rate: numbers.next().flatten().map(Into::into),)+)?
                }
            }
        }

        impl From<$crate::insight::aggregates::model::Answer> for $aggregate {
            fn from(answer: $crate::insight::aggregates::model::Answer) -> Self {
                $(let $also = $also_value(&answer);)?
                let rows = answer.rows.into_iter();
                Self {
                    $($also,)?
                    dataset: answer.dataset.to_owned(),
                    within: answer.within,
                    from: answer.from,
                    to: answer.to,
                    as_of: answer.as_of,
                    computed_at: answer.computed_at,
                    rows: rows
                        .map(|row| $row { key: row.key, values: row.numbers.into(), suppressed: row.suppressed })
                        .collect(),
                    totals: answer.totals.into(),
                    totals_suppressed: answer.totals_suppressed,
                }
            }
        }
    };
}

pub(crate) use answer;
