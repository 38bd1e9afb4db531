//! Fields of an answer without a column. One struct is both row and answer, so such a field is selected as NULL and
//! filled after the row was read.

use diesel::deserialize::{self, Queryable};
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::sql_types::{Bool, Nullable};

/// The type of a field as it is read: `#[diesel(select_expression = later(), deserialize_as = Later)]`.
pub struct Later;

#[diesel::dsl::auto_type]
pub fn later() -> SqlLiteral<Nullable<Bool>> {
    diesel::dsl::sql::<Nullable<Bool>>("NULL")
}

impl Queryable<Nullable<Bool>, Pg> for Later {
    type Row = Option<bool>;

    fn build(_: Self::Row) -> deserialize::Result<Self> {
        Ok(Self)
    }
}

impl From<Later> for String {
    fn from(_: Later) -> Self {
        Self::new()
    }
}

impl From<Later> for Option<String> {
    fn from(_: Later) -> Self {
        None
    }
}

impl<T> From<Later> for Vec<T> {
    fn from(_: Later) -> Self {
        Self::new()
    }
}
