//! Records that were merged into another one: a problem about such a record names the survivor, where the caller sees it.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use uuid::Uuid;

use super::tx::Tx;
use crate::kernel::db::kept::Keep;
use crate::kernel::http::problem::Problem;

#[derive(QueryableByName)]
struct Merged {
    #[diesel(sql_type = SqlUuid)]
    gone: Uuid,
    #[diesel(sql_type = SqlUuid)]
    kept: Uuid,
}

/// Adds the survivors to a problem about records that were not found or are deleted. The query fails where the problem aborted the
/// transaction; the problem then stays as it is.
pub(super) fn with_survivors(tx: &mut Tx<'_>, problem: Problem) -> Problem {
    let subjects = problem.subjects();
    if subjects.is_empty() {
        return problem;
    }
    let merged = sql_query("SELECT gone, kept FROM app_merged($1)").bind::<Array<SqlUuid>, _>(subjects);
    let merged: Vec<Merged> = merged.kept().load(tx.conn).unwrap_or_default();
    problem.with_survivors(|id| merged.iter().find(|row| row.gone == id).map(|row| row.kept))
}
