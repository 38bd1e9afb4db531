//! Statements in SQL text that a connection prepares once. `sql_query` parses and plans its text at every call: 0.1 to 2 ms that a
//! statement of diesel's query builder pays once for each connection.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// A statement that stays prepared on its connection, by its text.
#[derive(Debug, Clone)]
pub struct Kept<Q>(Q);

/// For statements with rows (`load`, `get_result`) whose text is fixed, or has few variants: a connection never forgets a prepared
/// statement. `execute` passes a reference to diesel, which does not ask this type: there call the function by `diesel::select`.
pub trait Keep: Sized {
    fn kept(self) -> Kept<Self> {
        Kept(self)
    }
}

impl<Q> Keep for Q {}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Kept<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

/// Without a static id, diesel finds the prepared statement by its text.
impl<Q> QueryId for Kept<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, Conn> RunQueryDsl<Conn> for Kept<Q> {}
