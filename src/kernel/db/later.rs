//! Fields of an answer that no column holds. One struct is row and answer: such a field is selected as NULL, and filled
//! after the row was read.

use diesel::deserialize::{self, Queryable};
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, Nullable};

/// The type of a field as it is read: `#[diesel(select_expression = Later, deserialize_as = Later)]`. It is also the
/// expression `NULL`; a literal of `diesel::dsl::sql` would be planned anew for each request, because diesel does not cache it.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Later;

impl Expression for Later {
    type SqlType = Nullable<Bool>;
}

impl<T> AppearsOnTable<T> for Later {}

impl<T> SelectableExpression<T> for Later {}

impl<GroupBy> ValidGrouping<GroupBy> for Later {
    type IsAggregate = is_aggregate::Never;
}

impl QueryFragment<Pg> for Later {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("NULL");
        Ok(())
    }
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

impl From<Later> for Option<i32> {
    fn from(_: Later) -> Self {
        None
    }
}

impl<T> From<Later> for Vec<T> {
    fn from(_: Later) -> Self {
        Self::new()
    }
}
