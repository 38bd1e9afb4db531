//! The tree day: the day as of which the paths of places, and so of all records, are computed.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Date};

use crate::kernel::db::schema::tree_day;
use crate::kernel::db::{Db, records};
use crate::kernel::http::problem::Result;

/// The advisory lock by which one of several replicas updates the tree of places; the number is arbitrary.
const TREE_LOCK: i64 = 7_364_102_302;

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Updates the paths of places to today, once a day. Triggers of other areas do what depends on the day.
pub fn follow_the_day(db: &Db) -> Result<()> {
    let today = db.clock.today();
    db.as_system(|conn| {
        let day: Option<NaiveDate> = tree_day::table.select(tree_day::day).first(conn).optional()?;
        if day == Some(today) {
            return Ok(());
        }
        let turn: Locked =
            sql_query(format!("SELECT pg_try_advisory_xact_lock({TREE_LOCK}) AS locked")).get_result(conn)?;
        if turn.locked {
            records::set(conn, "step", "tree_day")?;
            // When many places move, the paths of all their records change, which takes longer than a request.
            sql_query("SELECT set_config('statement_timeout', '10min', true)").execute(conn)?;
            sql_query("SELECT app_set_tree_day($1)").bind::<Date, _>(today).execute(conn)?;
        }
        Ok(())
    })
}
