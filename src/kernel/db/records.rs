//! What every create, change, step and delete has in common: a repeated creation is known again, a
//! change is meant for a version, a repeated step is known again, a delete is refused where others
//! depend. Table names in here are constants of the code, never input.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Array, BigInt, Bool, Bytea, Text, Uuid as SqlUuid};
use diesel::{PgConnection, sql_query};
use serde::Serialize;
use uuid::Uuid;

use super::sql::{app_claim, app_now, app_organisation, app_set};
use super::{Db, Enters};
use crate::kernel::answer::{Created, Found, NoContent, Record};
use crate::kernel::extract::{IfMatch, Match, Valid};
use crate::kernel::problem::{Code, FieldCode, FieldError, Problem, Result};

/// A record that is about to be changed.
pub struct Target {
    pub table: &'static str,
    pub id: Uuid,
    pub if_match: IfMatch,
}

impl Target {
    pub fn new(table: &'static str, id: impl Into<Uuid>, if_match: IfMatch) -> Self {
        Self { table, id: id.into(), if_match }
    }
}

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

impl Db {
    /// Creates a record, or answers with the one that the same request made before.
    pub async fn create<N, T, C, F>(
        &self,
        who: &impl Enters,
        table: &'static str,
        body: Valid<N>,
        create: C,
        find: F,
    ) -> Result<Created<T>>
    where
        N: Send + 'static,
        T: Record + Send + 'static,
        C: FnOnce(&mut PgConnection, Uuid, N) -> Result<()> + Send + 'static,
        F: FnOnce(&mut PgConnection, Uuid) -> Result<T> + Send + 'static,
    {
        self.write(who, move |conn| {
            // One that is made here is claimed, too: an id that was answered is no client's to make.
            let id = body.id.unwrap_or_else(Uuid::now_v7);
            if claim(conn, id, table, &body.hash)? == Claim::Replay {
                return find(conn, id).map(Created::Replayed);
            }
            create(conn, id, body.into_inner())?;
            find(conn, id).map(Created::New)
        })
        .await
    }

    /// Changes the version of a record that the caller read.
    pub async fn change<T, F, A>(&self, who: &impl Enters, target: Target, find: F, apply: A) -> Result<Found<T>>
    where
        T: Record + Send + 'static,
        F: Fn(&mut PgConnection, Uuid) -> Result<T> + Send + 'static,
        A: FnOnce(&mut PgConnection, Uuid) -> Result<()> + Send + 'static,
    {
        self.write(who, move |conn| {
            expect_version(conn, &target, &find)?;
            apply(conn, target.id)?;
            find(conn, target.id).map(Found)
        })
        .await
    }

    /// Deletes the version of a record that the caller read.
    pub async fn delete<T, F, C>(&self, who: &impl Enters, target: Target, find: F, check: C) -> Result<NoContent>
    where
        T: Record + Send + 'static,
        F: Fn(&mut PgConnection, Uuid) -> Result<T> + Send + 'static,
        C: FnOnce(&mut PgConnection, &T) -> Result<()> + Send + 'static,
    {
        self.write(who, move |conn| {
            expect_version(conn, &target, &find)?;
            let record = find(conn, target.id)?;
            check(conn, &record)?;
            delete_row(conn, target.table, target.id)
        })
        .await
    }
}

#[derive(PartialEq)]
enum Claim {
    New,
    Replay,
}

fn claim(conn: &mut PgConnection, id: Uuid, table: &str, hash: &[u8]) -> Result<Claim> {
    let outcome: String = diesel::select(app_claim(id, table, hash)).get_result(conn)?;
    match outcome.as_str() {
        "new" => Ok(Claim::New),
        "replay" => Ok(Claim::Replay),
        "deleted" => Err(Problem::new(Code::Deleted)),
        _ => {
            log::info!("id conflict: {table} {id}");
            Err(Problem::new(Code::IdConflict))
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
        wrong.map(|(index, _)| FieldError::new(format!("#/{list}/{index}/id"), FieldCode::IdTaken)).collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::with_errors(Code::IdConflict, errors)) }
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
pub fn lock(conn: &mut PgConnection, table: &'static str, id: Uuid) -> Result<i64> {
    let row: Version = sql_query(format!("SELECT version FROM {table} WHERE id = $1 FOR UPDATE"))
        .bind::<SqlUuid, _>(id)
        .get_result(conn)?;
    Ok(row.version)
}

fn expect_version<T: Serialize>(
    conn: &mut PgConnection,
    target: &Target,
    find: impl Fn(&mut PgConnection, Uuid) -> Result<T>,
) -> Result<()> {
    let version = lock(conn, target.table, target.id)?;
    compare(conn, version, &target.if_match, |conn| find(conn, target.id))
}

/// Whether a locked record is of the version that was read; `find` reads it as the caller may see it now.
fn compare<T: Serialize>(
    conn: &mut PgConnection,
    version: i64,
    if_match: &IfMatch,
    find: impl FnOnce(&mut PgConnection) -> Result<T>,
) -> Result<()> {
    match if_match.check(version)? {
        Match::Fits => Ok(()),
        Match::Forced => set(conn, "forced", "true"),
        Match::Stale => {
            let current = find(conn)?;
            Err(Problem::version_conflict(serde_json::to_value(current).map_err(Problem::internal)?))
        }
    }
}

/// For a step without a status: where a version was sent, it must be the one that is there.
pub fn honour<T: Serialize>(
    conn: &mut PgConnection,
    target: &Target,
    find: impl FnOnce(&mut PgConnection, Uuid) -> Result<T>,
) -> Result<()> {
    if target.if_match == IfMatch::Missing {
        return Ok(());
    }
    let version = lock(conn, target.table, target.id)?;
    compare(conn, version, &target.if_match, |conn| find(conn, target.id))
}

/// Leaves a word for the audit for the rest of the transaction.
pub fn set(conn: &mut PgConnection, name: &str, value: &str) -> Result<()> {
    diesel::select(app_set(name, value)).execute(conn)?;
    Ok(())
}

/// Really deletes; the trigger keeps the row in `deleted_records`.
pub fn delete_row(conn: &mut PgConnection, table: &'static str, id: Uuid) -> Result<NoContent> {
    let deleted = sql_query(format!("DELETE FROM {table} WHERE id = $1")).bind::<SqlUuid, _>(id).execute(conn);
    match deleted {
        Ok(0) => Err(Problem::not_found()),
        Ok(_) => Ok(NoContent),
        Err(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => Err(Problem::new(Code::InUse)),
        Err(error) => Err(error.into()),
    }
}

/// A step that is asked for.
pub struct StepCall {
    pub word: &'static str,
    pub if_match: IfMatch,
    /// It answers for what was read, so it says which version that was.
    pub needs_version: bool,
    /// Of the body: the same step with the same body is a repetition.
    pub hash: Vec<u8>,
}

/// Where a record stands when a step is about to be taken.
#[derive(QueryableByName)]
struct Standing {
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Bool)]
    repeated: bool,
}

/// What a step has to do.
pub enum StepTurn {
    /// The same caller took the same step with the same body last: nothing is left to do.
    Repeated,
    /// The step starts from this status.
    From(String),
}

/// Locks a record with steps and tells whether this step is a repetition, or meant for another version.
pub fn begin_step<T: Serialize>(
    conn: &mut PgConnection,
    table: &'static str,
    id: Uuid,
    step: &StepCall,
    find: impl FnOnce(&mut PgConnection) -> Result<T>,
) -> Result<StepTurn> {
    let standing: Standing = sql_query(format!(
        "SELECT status, version, (last_step IS NOT DISTINCT FROM $2 AND last_step_by IS NOT DISTINCT FROM app_user_id() \
         AND last_step_hash IS NOT DISTINCT FROM $3) AS repeated FROM {table} WHERE id = $1 FOR UPDATE"
    ))
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(step.word)
    .bind::<Bytea, _>(&step.hash)
    .get_result(conn)?;
    if step.needs_version && !step.if_match.is_one_version() {
        return Err(Problem::new(Code::PreconditionRequired));
    }
    // Its version has changed since: by this very step.
    if standing.repeated {
        return Ok(StepTurn::Repeated);
    }
    if step.if_match != IfMatch::Missing {
        compare(conn, standing.version, &step.if_match, find)?;
    }
    set(conn, "step", step.word)?;
    Ok(StepTurn::From(standing.status))
}

/// The moment of the transaction, by the service's clock.
pub fn now(conn: &mut PgConnection) -> Result<chrono::DateTime<chrono::Utc>> {
    Ok(diesel::select(app_now()).get_result(conn)?)
}

/// The organisation the caller acts for, if any.
pub fn own_organisation(conn: &mut PgConnection) -> Result<Option<Uuid>> {
    Ok(diesel::select(app_organisation()).get_result(conn)?)
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
pub fn touch(conn: &mut PgConnection, table: &'static str, id: Uuid) -> Result<()> {
    let sql = format!("UPDATE {table} SET updated_at = clock_timestamp() WHERE id = $1");
    apply(sql_query(sql).bind::<SqlUuid, _>(id).execute(conn))
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
