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

/// Moves the tree forward to today, once a day; triggers of other areas do what depends on the day. It never moves back: near
/// midnight, a replica whose clock is behind would restore the day before.
pub fn follow_the_day(db: &Db) -> Result<()> {
    let today = db.clock.today();
    move_to(db, today, |day| day.is_none_or(|day| day < today))
}

/// Moves the tree to today at the start of a server, also back from a day that `--clock` set.
pub fn start_on_today(db: &Db) -> Result<()> {
    let today = db.clock.today();
    move_to(db, today, |day| day != Some(today))
}

fn move_to(db: &Db, today: NaiveDate, is_due: impl Fn(Option<NaiveDate>) -> bool) -> Result<()> {
    db.as_system(|conn| {
        let day: Option<NaiveDate> = tree_day::table.select(tree_day::day).first(conn).optional()?;
        if !is_due(day) {
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
