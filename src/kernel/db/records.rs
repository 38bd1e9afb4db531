//! Common parts of create, change, step and delete: detects repeated creations and steps, compares
//! versions, refuses a delete that a foreign key forbids. Table names are constants of the code, never input.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Array, BigInt, Bytea, Text, Uuid as SqlUuid};
use diesel::{PgConnection, sql_query};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::Db;
use super::kept::Keep;
use super::sql::{
    app_begin_step, app_claim, app_dependents, app_forget_step, app_keep_answer, app_kept_answer, app_now,
    app_repeated_steps, app_set,
};
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

/// Whether an id is new, or was created by the same request before.
#[derive(PartialEq)]
pub enum Claim {
    New,
    Replay,
}

/// Claims the id of a new record.
pub fn claim<I: RecordId>(conn: &mut PgConnection, id: I, hash: &[u8]) -> Result<Claim> {
    let (table, id): (&str, Uuid) = (I::TABLE, id.into());
    let outcome: String = diesel::select(app_claim(id, table, hash)).get_result(conn)?;
    match outcome.as_str() {
        "new" => Ok(Claim::New),
        "replay" => Ok(Claim::Replay),
        "deleted" => Err(Problem::new(Code::DELETED).about(id)),
        _ => {
            log::info!("id conflict: {table} {id}");
            Err(Problem::new(Code::ID_CONFLICT))
        }
    }
}

#[derive(QueryableByName)]
struct RecordRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Returns `not_found` for each id that names no record which the caller sees. Ids of a body are looked up first, because
/// foreign keys are checked without row-level security.
pub fn unseen<I: RecordId>(
    conn: &mut PgConnection,
    ids: impl IntoIterator<Item = (String, I)>,
) -> Result<Vec<FieldError>> {
    let named: Vec<(String, Uuid)> = ids.into_iter().map(|(pointer, id)| (pointer, id.into())).collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<Uuid> = named.iter().map(|(_, id)| *id).collect();
    let seen: Vec<RecordRow> = sql_query(format!("SELECT id FROM {} WHERE id = ANY ($1)", I::TABLE))
        .bind::<Array<SqlUuid>, _>(wanted)
        .kept()
        .load(conn)?;
    let is_seen = |id: &Uuid| seen.iter().any(|row| row.id == *id);
    let unseen = named.into_iter().filter(|(_, id)| !is_seen(id));
    Ok(unseen.map(|(pointer, id)| FieldError::of_id(pointer, FieldCode::NOT_FOUND, id)).collect())
}

/// Claims the ids of parts inside a record, and returns those taken by another or a deleted record.
fn claim_parts(conn: &mut PgConnection, table: &str, whole: Uuid, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Ordered by id, so that concurrent requests cannot deadlock. The id of the whole replaces the body's hash:
    // a part is never a repetition by itself.
    let taken: Vec<RecordRow> = sql_query(
        "SELECT id FROM (SELECT id, app_claim(id, $1, $2) AS word FROM (SELECT DISTINCT id FROM unnest($3) id ORDER BY id) part) claim
          WHERE word <> 'new'",
    )
    .bind::<Text, _>(table)
    .bind::<Bytea, _>(whole.as_bytes().as_slice())
    .bind::<Array<SqlUuid>, _>(ids)
    .kept()
    .load(conn)?;
    Ok(taken.into_iter().map(|part| part.id).collect())
}

/// Claims the ids that clients generated for the entries of a list inside a record; the error names the taken ones.
pub fn claim_listed(conn: &mut PgConnection, table: &str, whole: Uuid, list: &str, ids: &[Option<Uuid>]) -> Result<()> {
    let given: Vec<Uuid> = ids.iter().flatten().copied().collect();
    let taken = claim_parts(conn, table, whole, &given)?;
    let wrong = ids.iter().enumerate().filter(|(_, id)| id.is_some_and(|id| taken.contains(&id)));
    let errors: Vec<_> =
        wrong.map(|(index, _)| FieldError::new(format!("#/{list}/{index}/id"), FieldCode::ID_TAKEN)).collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::with_errors(Code::ID_CONFLICT, errors)) }
}

/// Maps the result of deleting parts: a foreign-key violation becomes `in_use`.
pub fn delete_parts(outcome: QueryResult<usize>, in_use: Code) -> Result<()> {
    match outcome {
        Ok(_) => Ok(()),
        Err(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => Err(Problem::new(in_use)),
        Err(error) => Err(error.into()),
    }
}

/// Locks a row that the caller may change, and returns its version. A row that is only readable is not found,
/// because `FOR UPDATE` applies the policies of UPDATE, too.
pub fn lock<I: RecordId>(conn: &mut PgConnection, id: I) -> Result<i64> {
    let row: Version = sql_query(format!("SELECT version FROM {} WHERE id = $1 FOR UPDATE", I::TABLE))
        .bind::<SqlUuid, _>(id.into())
        .kept()
        .get_result(conn)?;
    Ok(row.version)
}

/// Whether a locked record has the version of `If-Match`. `*` fits and sets `app.forced` for the audit.
pub fn fits(conn: &mut PgConnection, version: i64, if_match: &IfMatch) -> Result<bool> {
    let fit = if_match.check(version)?;
    if fit == Match::Forced {
        set(conn, "forced", "true")?;
    }
    Ok(fit != Match::Stale)
}

/// Locks those of these records that the caller may change, in the order of their ids, and returns their versions.
pub fn lock_all<I: RecordId>(conn: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    #[derive(QueryableByName)]
    struct Locked {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = BigInt)]
        version: i64,
    }
    let sql = format!("SELECT id, version FROM {} WHERE id = ANY ($1) ORDER BY id FOR UPDATE", I::TABLE);
    let locked: Vec<Locked> = sql_query(sql).bind::<Array<SqlUuid>, _>(ids).kept().load(conn)?;
    Ok(locked.into_iter().map(|locked| (locked.id, locked.version)).collect())
}

/// Sets `app.<name>` for the rest of the transaction, which the audit trigger reads.
pub fn set(conn: &mut PgConnection, name: &str, value: &str) -> Result<()> {
    diesel::select(app_set(name, value)).execute(conn)?;
    Ok(())
}

/// Deletes a row; a trigger copies it to `deleted_records`.
pub fn delete_row<I: RecordId>(conn: &mut PgConnection, id: I) -> Result<NoContent> {
    let sql = format!("DELETE FROM {} WHERE id = $1", I::TABLE);
    // In a savepoint, after which the dependent records can be counted.
    let deleted = conn.transaction(|conn| sql_query(sql).bind::<SqlUuid, _>(id.into()).execute(conn));
    match deleted {
        Ok(0) => Err(Problem::not_found()),
        Ok(_) => Ok(NoContent),
        Err(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
            let counts: Value = diesel::select(app_dependents(I::TABLE, id.into())).get_result(conn)?;
            Err(Problem::in_use(serde_json::from_value(counts).unwrap_or_default()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Begins a step of a locked record; false where the caller's last step was the same with the same body.
pub fn begin_step<I: RecordId>(conn: &mut PgConnection, id: I, word: &str, hash: &[u8]) -> Result<bool> {
    let (table, id): (&str, Uuid) = (I::TABLE, id.into());
    Ok(diesel::select(app_begin_step(id, table, word, hash)).get_result(conn)?)
}

/// Begins a step of each of these locked records.
pub fn begin_steps<I: RecordId>(conn: &mut PgConnection, ids: &[Uuid], word: &str, hash: &[u8]) -> Result<()> {
    let begun = "SELECT id FROM unnest($1) id WHERE app_begin_step(id, $2, $3, $4)";
    let _: Vec<RecordRow> = sql_query(begun)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Text, _>(I::TABLE)
        .bind::<Text, _>(word)
        .bind::<Bytea, _>(hash)
        .kept()
        .load(conn)?;
    Ok(())
}

/// Returns those of these records whose last step is the same one of the caller, with the same body.
pub fn repeated_steps<I: RecordId>(
    conn: &mut PgConnection,
    ids: &[Uuid],
    word: &str,
    hash: &[u8],
) -> Result<HashSet<Uuid>> {
    let repeated: Vec<Uuid> = diesel::select(app_repeated_steps(ids, I::TABLE, word, hash)).get_result(conn)?;
    Ok(repeated.into_iter().collect())
}

/// Keeps the answer of a step that is not answered with its record, for its repetition.
pub fn keep_answer<I: RecordId>(conn: &mut PgConnection, id: I, answer: &impl Serialize) -> Result<()> {
    let answer = serde_json::to_value(answer).map_err(Problem::internal)?;
    diesel::select(app_keep_answer(id.into(), answer)).execute(conn)?;
    Ok(())
}

/// Returns the answer that was kept for the last step of a record.
pub fn kept_answer<I: RecordId, R: DeserializeOwned>(conn: &mut PgConnection, id: I) -> Result<R> {
    let kept: Option<Value> = diesel::select(app_kept_answer(id.into())).get_result(conn)?;
    serde_json::from_value(kept.unwrap_or_default()).map_err(Problem::internal)
}

/// Deletes the last step of a record whose workflow restarts, so that the same step is no repetition.
pub fn forget_step<I: RecordId>(conn: &mut PgConnection, id: I) -> Result<()> {
    diesel::select(app_forget_step(id.into())).execute(conn)?;
    Ok(())
}

/// The time of the transaction, by the service's clock.
pub fn now(conn: &mut PgConnection) -> Result<chrono::DateTime<chrono::Utc>> {
    Ok(diesel::select(app_now()).get_result(conn)?)
}

/// Maps the result of an update: a patch without fields, which diesel cannot build, succeeds without a change,
/// and no updated row is not found.
pub fn apply(outcome: QueryResult<usize>) -> Result<()> {
    match outcome {
        Ok(0) => Err(Problem::not_found()),
        Ok(_) | Err(DieselError::QueryBuilderError(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Updates a record of which only parts changed, so that its trigger increments the version.
pub fn touch<I: RecordId>(conn: &mut PgConnection, id: I) -> Result<()> {
    let sql = format!("UPDATE {} SET updated_at = clock_timestamp() WHERE id = $1", I::TABLE);
    apply(sql_query(sql).bind::<SqlUuid, _>(id.into()).execute(conn))
}

/// The folded words of a search text, as stored in the word tables.
pub fn folded_words(conn: &mut PgConnection, q: &str) -> Result<Vec<String>> {
    let words: Vec<Word> = sql_query("SELECT word FROM app_words($1) word").bind::<Text, _>(q).kept().load(conn)?;
    Ok(words.into_iter().map(|row| row.word).collect())
}

/// Rows of each table that are deleted in one transaction.
const FORGOTTEN_AT_ONCE: i32 = 1_000;

/// Deletes rows whose retention period has ended (docs/operation.md).
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
