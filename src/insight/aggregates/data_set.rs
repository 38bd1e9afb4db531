//! Definition of data sets: SQL for their facts, each in a village, and for the measures of the facts. Places,
//! groupings, totals, suppression and CSV are implemented once for all data sets.

use super::model::{AggregateGrouping, Question};
use crate::access::actor::Actor;

/// The unit of a count: only small counts of households are hidden from API keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Counted {
    /// A count of one to four may identify a person.
    Households,
    Things,
}

/// A number of a data set.
pub struct Measure {
    pub name: &'static str,
    pub counted: Counted,
    /// An aggregate over `k`, the facts with their keys; never null.
    pub sql: &'static str,
}

pub struct DataSet {
    pub name: &'static str,
    pub measures: &'static [Measure],
    /// SQL of the facts that the caller sees: `village_id`, and the columns that `column` and the measures use.
    /// `$1` is the first day, `$2` the last, `$5` the organisation and `$6` the programme of the query.
    pub facts: fn(&Question, &Actor) -> String,
    /// Counts that follow from a row: signed sums of its measures, such as the households without special hardship. A
    /// row with a small one is hidden from API keys, as with a small measure. Sums of measures that are each zero or
    /// at least five are not small, and are not listed here.
    pub derived: &'static [&'static [(i64, &'static str)]],
    /// The number of columns of the facts besides `village_id`.
    pub width: usize,
    /// The column of a grouping (for months and quarters their first moment); None where the data set does
    /// not have this grouping. Groupings by place are the same for all data sets.
    pub column: fn(AggregateGrouping) -> Option<&'static str>,
    /// Measures that are null for this question, because they are undefined for its groupings.
    pub without: fn(&Question) -> &'static [&'static str],
    /// Whether each year counts all households anew: years do not add up, and the totals are those of the last year.
    pub by_year: bool,
    /// Whether the totals of this question need a separate query, for another reason than `by_year`.
    pub totals_apart: fn(&Question, &Actor) -> bool,
}

impl DataSet {
    pub fn has(&self, grouping: AggregateGrouping) -> bool {
        grouping.is_place() || (self.column)(grouping).is_some()
    }

    /// Returns the counts of households of one row, with the derived ones.
    pub fn households(&self, numbers: &[Option<i64>]) -> Vec<i64> {
        let named = || self.measures.iter().zip(numbers);
        let counts = named().filter(|(measure, _)| measure.counted == Counted::Households);
        let number_of = |name: &str| named().find(|(measure, _)| measure.name == name).and_then(|(_, number)| *number);
        let derived = self
            .derived
            .iter()
            .map(|parts| parts.iter().map(|(sign, name)| sign * number_of(name).unwrap_or_default()).sum());
        counts.map(|(_, number)| number.unwrap_or_default()).chain(derived).collect()
    }
}

pub fn never(_: &Question, _: &Actor) -> bool {
    false
}

pub fn nothing(_: &Question) -> &'static [&'static str] {
    &[]
}

/// Declares the answer of a data set, its rows, values and measures. The order of the fields is that of the
/// numbers and of the columns of the CSV.
macro_rules! answer {
    (
        $(#[$doc:meta])*
        $aggregate:ident, $row:ident, $values:ident, $name:literal;
        $($(#[$field_doc:meta])* $field:ident: $counted:ident = $sql:expr;)+
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, utoipa::ToSchema)]
        pub struct $values {
            $($(#[$field_doc])* pub $field: Option<i64>,)+
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
            pub rows: Vec<$row>,
            /// Not the sum of the rows: a household in two rows counts once.
            pub totals: $values,
            /// True if the totals are hidden from an API key.
            pub totals_suppressed: bool,
        }

        pub const MEASURES: &[$crate::insight::aggregates::data_set::Measure] = &[$(
            $crate::insight::aggregates::data_set::Measure {
                name: stringify!($field),
                counted: $crate::insight::aggregates::data_set::Counted::$counted,
                sql: $sql,
            }
        ),+];

        impl From<Vec<Option<i64>>> for $values {
            fn from(numbers: Vec<Option<i64>>) -> Self {
                let mut numbers = numbers.into_iter();
                Self { $($field: numbers.next().flatten()),+ }
            }
        }

        impl From<$crate::insight::aggregates::model::Answer> for $aggregate {
            fn from(answer: $crate::insight::aggregates::model::Answer) -> Self {
                let rows = answer.rows.into_iter();
                Self {
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
