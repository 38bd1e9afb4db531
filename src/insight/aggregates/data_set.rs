//! What a data set is: facts that lie in villages, and what is counted of them. A data set says in SQL
//! what its facts and numbers are; everything else (places, cuts, totals, hiding, CSV) is done for all
//! of them in one way.

use super::model::{AggregateGrouping, Question};
use crate::access::actor::Actor;

/// What a number counts, which decides whether API keys may see a small one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Counted {
    /// A number of one to four may point at a person.
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
    /// The facts that the caller sees: `village_id`, and the columns that `column` and the measures name.
    /// `$1` is the first day, `$2` the last, `$5` the organisation and `$6` the programme that were asked for.
    pub facts: fn(&Question, &Actor) -> String,
    /// What else the numbers of one row count: signed sums of its measures, such as the households without special
    /// hardship. A small one tells as much as a small measure, so a row with one is hidden from API keys. What is a
    /// sum of measures that are none or at least five each is not small, and need not stand here.
    pub derived: &'static [&'static [(i64, &'static str)]],
    /// How many columns the facts have beside `village_id`.
    pub width: usize,
    /// What facts are cut by (for months and quarters the moment they begin); None where the data set does
    /// not have this grouping. Places are cut in one way for all.
    pub column: fn(AggregateGrouping) -> Option<&'static str>,
    /// Measures that this question leaves without a meaning.
    pub without: fn(&Question) -> &'static [&'static str],
    /// Each year is a picture of its own: years do not add up, and the totals are those of the last.
    pub by_year: bool,
    /// Whether the facts of this question are for its rows alone, for another reason than `by_year`: then its
    /// totals are asked for apart.
    pub totals_apart: fn(&Question, &Actor) -> bool,
}

impl DataSet {
    pub fn has(&self, grouping: AggregateGrouping) -> bool {
        grouping.is_place() || (self.column)(grouping).is_some()
    }

    /// The numbers of one row that count households, those that follow from them included.
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

/// Declares the answer of a data set, its rows and values, and the measures, in one place: the order of
/// the fields is that of the numbers and of the CSV's columns.
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
            /// True where an API key may not see the numbers: they are of one to four households, or
            /// would give such a number away.
            pub suppressed: bool,
        }

        /// The answer of a data set.
        #[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
        pub struct $aggregate {
            #[schema(example = $name)]
            pub dataset: String,
            /// The place that was asked for; null when there is none, or none the caller may see.
            pub within: Option<$crate::insight::aggregates::model::AggregatePlace>,
            /// The first day counted.
            pub from: chrono::NaiveDate,
            /// The last day counted.
            pub to: chrono::NaiveDate,
            /// The day whose tree of places this is.
            pub as_of: chrono::NaiveDate,
            /// The moment of the answer, whose numbers these are.
            pub computed_at: chrono::DateTime<chrono::Utc>,
            pub rows: Vec<$row>,
            /// Computed, not added: a household counted in two rows counts once.
            pub totals: $values,
            /// True where an API key may not see the totals.
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
