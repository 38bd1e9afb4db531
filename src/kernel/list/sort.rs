//! The sort keys of a list: their names in the query string, and the columns by which the query is ordered.

use diesel::{PgConnection, QueryResult};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use uuid::Uuid;

use crate::kernel::http::problem::Result;
use crate::kernel::list::page::Keyset;

/// The sort keys of a list.
pub trait Sorts: utoipa::PartialSchema + Copy + Send + 'static {
    /// Names and keys, the default first (written `-name` where the default is descending).
    const FIELDS: &'static [(&'static str, Self)];

    fn description() -> String {
        let words: Vec<String> = Self::FIELDS.iter().map(|(word, _)| format!("`{word}`")).collect();
        match words.split_first() {
            Some((default, [])) => {
                format!("{default} (default); the prefix `-` sorts in descending order.")
            }
            Some((default, others)) => {
                format!("{default} (default), {}; the prefix `-` sorts in descending order.", others.join(", "))
            }
            None => String::new(),
        }
    }
}

/// The order of a list: `given_on`, or `-given_on`.
pub struct Order<S> {
    /// As it is sent.
    pub text: String,
    pub field: S,
    pub descending: bool,
}

impl<S: Sorts> Order<S> {
    fn parse(text: &str) -> Option<Self> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let known = S::FIELDS.iter().find(|(known, _)| known.trim_start_matches('-') == name);
        known.map(|(_, field)| Self { text: text.to_owned(), field: *field, descending })
    }

    /// The first of the sort keys.
    pub fn of_default() -> Option<Self> {
        S::FIELDS.first().and_then(|(name, _)| Self::parse(name))
    }
}

impl<'de, S: Sorts> Deserialize<'de> for Order<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a sort key"))
    }
}

/// Declares the sort keys of a list: their names, the default first, written `-name` where the default is
/// descending. Each name is accepted in both directions.
macro_rules! sorts {
    ($vis:vis enum $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        #[derive(Clone, Copy)]
        $vis enum $name { $($variant),+ }

        impl $crate::kernel::list::sort::Sorts for $name {
            const FIELDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::kernel::list::sort::schema_of_sorts(&[$($word),+])
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use sorts;

pub fn schema_of_sorts(words: &[&'static str]) -> RefOr<Schema> {
    let both = words.iter().flat_map(|word| {
        let field = word.trim_start_matches('-');
        [field.to_owned(), format!("-{field}")]
    });
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(both.collect::<Vec<_>>()))
        .default(words.first().map(|word| Value::from(*word)))
        .build()
        .into()
}

/// The columns of the sort keys `Self` in the query `Q`, whose rows are answered as `T`. Implemented by `sort_columns!`.
pub trait SortColumns<Q, T>: Sorts {
    /// The number of all rows.
    fn count(query: Q, conn: &mut PgConnection) -> QueryResult<i64>;

    /// Orders the query by the column and the id, continues after the cursor, and reads one row more than the page has.
    fn seek(keyset: &Keyset<Self>, query: Q) -> Result<Q>;

    /// The sort key and the id of a row, for the cursor of the next page.
    fn key(self, row: &T) -> (Value, Uuid);
}

/// Implements `SortColumns`: for each sort key the column of the table, which is a field of the answer too, and its
/// type. `>=` on the column alone is the condition that the index seeks by; the rest decides between equal keys.
macro_rules! sort_columns {
    ($sort:ident of $table:ident as $row:ty $(, in $query:ty)?: $($variant:ident = $column:ident ($key:ty)),+ $(,)?) => {
        const _: () = {
            use diesel::prelude::*;

            type Query<'a> = $crate::kernel::list::sort::or_else!($($query)?; $table::BoxedQuery<'a, diesel::pg::Pg>);

            impl<'a> $crate::kernel::list::sort::SortColumns<Query<'a>, $row> for $sort {
                fn count(query: Query<'a>, conn: &mut PgConnection) -> QueryResult<i64> {
                    query.count().get_result(conn)
                }

                fn seek(
                    keyset: &$crate::kernel::list::page::Keyset<Self>,
                    query: Query<'a>,
                ) -> $crate::kernel::http::problem::Result<Query<'a>> {
                    use $table::{id, $($column),+};
                    let query = query.limit(keyset.limit + 1);
                    Ok(match (keyset.field, keyset.descending) {
                        $(
                            (Self::$variant, true) => {
                                let query = query.order(($column.desc(), id.desc()));
                                match keyset.after::<$key>()? {
                                    Some((key, last)) => query
                                        .filter($column.le(key.clone()))
                                        .filter($column.lt(key).or(id.lt(last))),
                                    None => query,
                                }
                            }
                            (Self::$variant, false) => {
                                let query = query.order(($column.asc(), id.asc()));
                                match keyset.after::<$key>()? {
                                    Some((key, last)) => query
                                        .filter($column.ge(key.clone()))
                                        .filter($column.gt(key).or(id.gt(last))),
                                    None => query,
                                }
                            }
                        )+
                    })
                }

                fn key(self, row: &$row) -> (serde_json::Value, uuid::Uuid) {
                    let key = match self {
                        $(Self::$variant => serde_json::json!(row.$column),)+
                    };
                    (key, row.id.into())
                }
            }
        };
    };
}
pub(crate) use sort_columns;

/// The first type, or the second where there is none.
macro_rules! or_else {
    ($first:ty; $second:ty) => {
        $first
    };
    (; $second:ty) => {
        $second
    };
}
pub(crate) use or_else;
