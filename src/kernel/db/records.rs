//! What every create, change, step and delete has in common: a repeated creation is known again, a
//! change is meant for a version, a repeated step is known again, a delete is refused where others
//! depend. Table names in here are constants of the code, never input.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Array, BigInt, Bytea, Text, Uuid as SqlUuid};
use diesel::{PgConnection, sql_query};
use uuid::Uuid;

use super::Db;
use super::sql::{app_begin_step, app_claim, app_forget_step, app_now, app_set};
use crate::kernel::http::answer::NoContent;
use crate::kernel::http::extract::{IfMatch, Match};
use crate::kernel::http::problem::{Code, FieldCode, FieldError, Problem, Result};
use crate::kernel::value::id::RecordId;

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    version: i64,
}

/// Whether an id is new, or the same request made it before.
#[derive(PartialEq)]
pub enum Claim {
    New,
    Replay,
}

/// Claims the id of a record that is created.
pub fn claim<I: RecordId>(conn: &mut PgConnection, id: I, hash: &[u8]) -> Result<Claim> {
    let (table, id): (&str, Uuid) = (I::TABLE, id.into());
    let outcome: String = diesel::select(app_claim(id, table, hash)).get_result(conn)?;
    match outcome.as_str() {
        "new" => Ok(Claim::New),
        "replay" => Ok(Claim::Replay),
        "deleted" => Err(Problem::new(Code::DELETED)),
        _ => {
            log::info!("id conflict: {table} {id}");
            Err(Problem::new(Code::ID_CONFLICT))
        }
    }
}

#[derive(QueryableByName)]
struct PartId {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Claims the ids of the parts that came inside a record, and tells which of them are taken: by
/// another record, or by one that was deleted.
fn claim_parts(conn: &mut PgConnection, table: &str, whole: Uuid, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // In the order of the ids, so that two requests wait for each other and never in a circle. What
    // stands for the body is the record around it: no part is a repetition by itself.
    let taken: Vec<PartId> = sql_query(
        "SELECT id FROM (SELECT id, app_claim(id, $1, $2) AS word FROM (SELECT DISTINCT id FROM unnest($3) id ORDER BY id) part) claim
          WHERE word <> 'new'",
    )
    .bind::<Text, _>(table)
    .bind::<Bytea, _>(whole.as_bytes().as_slice())
    .bind::<Array<SqlUuid>, _>(ids)
    .load(conn)?;
    Ok(taken.into_iter().map(|part| part.id).collect())
}

/// Claims the ids that clients made for the entries of a list inside a record, and names the taken ones.
pub fn claim_listed(conn: &mut PgConnection, table: &str, whole: Uuid, list: &str, ids: &[Option<Uuid>]) -> Result<()> {
    let given: Vec<Uuid> = ids.iter().flatten().copied().collect();
    let taken = claim_parts(conn, table, whole, &given)?;
    let wrong = ids.iter().enumerate().filter(|(_, id)| id.is_some_and(|id| taken.contains(&id)));
    let errors: Vec<_> =
        wrong.map(|(index, _)| FieldError::new(format!("#/{list}/{index}/id"), FieldCode::ID_TAKEN)).collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::with_errors(Code::ID_CONFLICT, errors)) }
}

/// Deletes parts of a record, unless others have come to depend on them.
pub fn delete_parts(outcome: QueryResult<usize>, in_use: Code) -> Result<()> {
    match outcome {
        Ok(_) => Ok(()),
        Err(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => Err(Problem::new(in_use)),
        Err(error) => Err(error.into()),
    }
}

/// Locks a row the caller may change and gives its version. What they may not change is not found,
/// also where its public part may be read: an update out of scope finds no row.
pub fn lock<I: RecordId>(conn: &mut PgConnection, id: I) -> Result<i64> {
    let row: Version = sql_query(format!("SELECT version FROM {} WHERE id = $1 FOR UPDATE", I::TABLE))
        .bind::<SqlUuid, _>(id.into())
        .get_result(conn)?;
    Ok(row.version)
}

/// Whether a locked record is of the version that was read. `If-Match: *` fits and is noted in the audit.
pub fn fits(conn: &mut PgConnection, version: i64, if_match: &IfMatch) -> Result<bool> {
    let fit = if_match.check(version)?;
    if fit == Match::Forced {
        set(conn, "forced", "true")?;
    }
    Ok(fit != Match::Stale)
}

/// Leaves a word for the audit for the rest of the transaction.
pub fn set(conn: &mut PgConnection, name: &str, value: &str) -> Result<()> {
    diesel::select(app_set(name, value)).execute(conn)?;
    Ok(())
}

/// Really deletes; the trigger keeps the row in `deleted_records`.
pub fn delete_row<I: RecordId>(conn: &mut PgConnection, id: I) -> Result<NoContent> {
    let sql = format!("DELETE FROM {} WHERE id = $1", I::TABLE);
    let deleted = sql_query(sql).bind::<SqlUuid, _>(id.into()).execute(conn);
    match deleted {
        Ok(0) => Err(Problem::not_found()),
        Ok(_) => Ok(NoContent),
        Err(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => Err(Problem::new(Code::IN_USE)),
        Err(error) => Err(error.into()),
    }
}

/// Begins a step of a locked record; false when the caller took the same step with the same body last.
pub fn begin_step<I: RecordId>(conn: &mut PgConnection, id: I, word: &str, hash: &[u8]) -> Result<bool> {
    let (table, id): (&str, Uuid) = (I::TABLE, id.into());
    Ok(diesel::select(app_begin_step(id, table, word, hash)).get_result(conn)?)
}

/// Forgets the last step of a record that starts anew: the same step is no repetition then.
pub fn forget_step<I: RecordId>(conn: &mut PgConnection, id: I) -> Result<()> {
    diesel::select(app_forget_step(id.into())).execute(conn)?;
    Ok(())
}

/// The moment of the transaction, by the service's clock.
pub fn now(conn: &mut PgConnection) -> Result<chrono::DateTime<chrono::Utc>> {
    Ok(diesel::select(app_now()).get_result(conn)?)
}

/// The outcome of an update: a patch without fields changes nothing and is no error, and a row that
/// is out of the caller's reach is not found.
pub fn apply(outcome: QueryResult<usize>) -> Result<()> {
    match outcome {
        Ok(0) => Err(Problem::not_found()),
        Ok(_) | Err(DieselError::QueryBuilderError(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Raises the version of a record of which only parts changed.
pub fn touch<I: RecordId>(conn: &mut PgConnection, id: I) -> Result<()> {
    let sql = format!("UPDATE {} SET updated_at = clock_timestamp() WHERE id = $1", I::TABLE);
    apply(sql_query(sql).bind::<SqlUuid, _>(id.into()).execute(conn))
}

/// The folded words of a search, as the word tables keep them.
pub fn folded_words(conn: &mut PgConnection, q: &str) -> Result<Vec<String>> {
    let words: Vec<Word> = sql_query("SELECT word FROM app_words($1) word").bind::<Text, _>(q).load(conn)?;
    Ok(words.into_iter().map(|row| row.word).collect())
}

/// Rows of each kind that are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: i32 = 1_000;

/// Deletes what has been kept for its period (docs/operation.md).
pub fn forget(db: &Db) -> Result<()> {
    #[derive(QueryableByName)]
    struct Gone {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        gone: i32,
    }
    loop {
        let gone: Gone = db.as_system(|conn| {
            let job = sql_query("SELECT app_forget($1) AS gone");
            Ok(job.bind::<diesel::sql_types::Integer, _>(FORGOTTEN_AT_ONCE).get_result(conn)?)
        })?;
        if gone.gone < FORGOTTEN_AT_ONCE {
            return Ok(());
        }
    }
}
