//! Jobs: work without a request.

use std::sync::mpsc;
use std::time::Duration;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Date};

use crate::access::tokens::Tokens;
use crate::insight::aggregates::summaries;
use crate::kernel::db::{Db, records, sealing};
use crate::kernel::http::problem::Result as Outcome;
use crate::kernel::secrets::Secrets;

/// From one round of the jobs to the next.
const WATCH: Duration = Duration::from_secs(20);
/// Of replicas that see midnight together, one moves the tree; the number is arbitrary.
const TREE_LOCK: i64 = 7_364_102_302;

/// Runs every job in turn until `told` is closed: follows the day and the folder of keys, counts support anew, seals
/// deleted records, deletes those whose period is over.
pub fn watch(db: &Db, tokens: &Tokens, secrets: &Secrets, told: &mpsc::Receiver<()>) {
    loop {
        if let Err(problem) = summaries::refresh(db) {
            log::error!("what was given could not be counted anew: {problem}");
        }
        if let Err(problem) = sealing::seal_deletions(db, secrets).and_then(|()| records::forget(db)) {
            log::error!("what was deleted could not be sealed, or what is old not be forgotten: {problem}");
        }
        let Err(mpsc::RecvTimeoutError::Timeout) = told.recv_timeout(WATCH) else { return };
        tokens.reload(db.clock.now());
        if let Err(problem) = follow_the_day(db) {
            log::error!("the tree of places did not follow the day: {problem}");
        }
    }
}

#[derive(QueryableByName)]
struct TreeDay {
    #[diesel(sql_type = Date)]
    day: NaiveDate,
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Lays the paths of places as of today, where that is not done yet.
pub fn follow_the_day(db: &Db) -> Outcome<()> {
    let today = db.clock.today();
    db.as_system(|conn| {
        let laid: Option<TreeDay> = sql_query("SELECT day FROM tree_day").get_result(conn).optional()?;
        if laid.as_ref().is_some_and(|laid| laid.day == today) {
            return Ok(());
        }
        let turn: Locked =
            sql_query(format!("SELECT pg_try_advisory_xact_lock({TREE_LOCK}) AS locked")).get_result(conn)?;
        if turn.locked {
            records::set(conn, "step", "tree_day")?;
            // Where many places move, so do the paths of all their records: more than a request's work.
            sql_query("SELECT set_config('statement_timeout', '10min', true)").execute(conn)?;
            sql_query("SELECT app_set_tree_day($1)").bind::<Date, _>(today).execute(conn)?;
            // A twinning that ended shows another status, so it is another version.
            sql_query("UPDATE twinnings SET updated_at = clock_timestamp() WHERE ends_on >= $1 AND ends_on < $2")
                .bind::<Date, _>(laid.map_or(today, |laid| laid.day))
                .bind::<Date, _>(today)
                .execute(conn)?;
        }
        Ok(())
    })
}
