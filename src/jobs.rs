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

/// The interval of the jobs.
const WATCH: Duration = Duration::from_secs(20);
/// The advisory lock by which one of several replicas updates the tree of places; the number is arbitrary.
const TREE_LOCK: i64 = 7_364_102_302;

/// Runs the jobs periodically until `told` is closed: refreshes summaries, seals deleted records, deletes expired
/// rows, reloads the keys, updates the tree of places.
pub fn watch(db: &Db, tokens: &Tokens, secrets: &Secrets, told: &mpsc::Receiver<()>) {
    loop {
        if let Err(problem) = summaries::refresh(db) {
            log::error!("the summaries of support were not refreshed: {problem}");
        }
        if let Err(problem) = sealing::seal_deletions(db, secrets).and_then(|()| records::forget(db)) {
            log::error!("deleted records were not sealed, or old rows not deleted: {problem}");
        }
        let Err(mpsc::RecvTimeoutError::Timeout) = told.recv_timeout(WATCH) else { return };
        tokens.reload(db.clock.now());
        if let Err(problem) = follow_the_day(db) {
            log::error!("the tree of places was not updated: {problem}");
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

/// Updates the paths of places to today, once a day.
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
            // When many places move, the paths of all their records change, which takes longer than a request.
            sql_query("SELECT set_config('statement_timeout', '10min', true)").execute(conn)?;
            sql_query("SELECT app_set_tree_day($1)").bind::<Date, _>(today).execute(conn)?;
            // The status of a twinning changes with its end, so its version must change, too.
            sql_query("UPDATE twinnings SET updated_at = clock_timestamp() WHERE ends_on >= $1 AND ends_on < $2")
                .bind::<Date, _>(laid.map_or(today, |laid| laid.day))
                .bind::<Date, _>(today)
                .execute(conn)?;
        }
        Ok(())
    })
}
