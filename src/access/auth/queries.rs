use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Bytea, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::access::policy::Role;
use crate::access::tokens::{ABSOLUTE_DAYS, IDLE_DAYS};
use crate::kernel::problem::Result;

#[derive(QueryableByName)]
struct Wait {
    #[diesel(sql_type = Integer)]
    seconds: i32,
}

/// Seconds the name has to wait, 0 when it may try.
pub fn wait(conn: &mut PgConnection, username: &str) -> Result<i32> {
    let row: Wait = sql_query("SELECT app_sign_in_wait($1) AS seconds").bind::<Text, _>(username).get_result(conn)?;
    Ok(row.seconds)
}

#[derive(QueryableByName)]
pub struct Candidate {
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    #[diesel(sql_type = Text)]
    pub hash: String,
}

pub fn candidate(conn: &mut PgConnection, username: &str) -> Result<Option<Candidate>> {
    let query = sql_query("SELECT user_id, hash FROM app_sign_in_candidate($1)").bind::<Text, _>(username);
    Ok(query.get_result(conn).optional()?)
}

pub fn count_failure(conn: &mut PgConnection, username: &str) -> Result<()> {
    sql_query("SELECT app_sign_in_failed($1)").bind::<Text, _>(username).execute(conn)?;
    Ok(())
}

/// A session as a token needs it.
#[derive(QueryableByName)]
pub struct SessionView {
    #[diesel(sql_type = SqlUuid)]
    pub session_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    #[diesel(sql_type = Integer)]
    pub auth_version: i32,
    #[diesel(sql_type = Text)]
    pub role: Role,
    #[diesel(sql_type = Bool)]
    pub must_change_password: bool,
}

pub fn open_session(
    conn: &mut PgConnection,
    user: Uuid,
    username: &str,
    device: Option<&str>,
    token_hash: &[u8],
) -> Result<Option<SessionView>> {
    let session = Uuid::now_v7();
    sql_query("SELECT app_sign_in($1, $2, $3, $4, $5)")
        .bind::<SqlUuid, _>(user)
        .bind::<Text, _>(username)
        .bind::<SqlUuid, _>(session)
        .bind::<Nullable<Text>, _>(device)
        .bind::<Bytea, _>(token_hash)
        .execute(conn)?;
    view_session(conn, session)
}

fn view_session(conn: &mut PgConnection, session: Uuid) -> Result<Option<SessionView>> {
    let query = sql_query("SELECT * FROM app_session_view($1)").bind::<SqlUuid, _>(session);
    Ok(query.get_result(conn).optional()?)
}

pub enum Refreshed {
    Ok(SessionView),
    Expired,
    Refused,
}

#[derive(QueryableByName)]
struct Outcome {
    #[diesel(sql_type = Text)]
    outcome: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    session_id: Option<Uuid>,
}

pub fn refresh(conn: &mut PgConnection, token_hash: &[u8], child_hash: &[u8]) -> Result<Refreshed> {
    let result: Outcome = sql_query("SELECT * FROM app_refresh($1, $2, $3, $4)")
        .bind::<Bytea, _>(token_hash)
        .bind::<Bytea, _>(child_hash)
        .bind::<Integer, _>(IDLE_DAYS)
        .bind::<Integer, _>(ABSOLUTE_DAYS)
        .get_result(conn)?;
    match (result.outcome.as_str(), result.session_id) {
        ("ok", Some(session)) => Ok(view_session(conn, session)?.map_or(Refreshed::Refused, Refreshed::Ok)),
        ("expired", _) => Ok(Refreshed::Expired),
        _ => Ok(Refreshed::Refused),
    }
}

pub fn end_session(conn: &mut PgConnection) -> Result<()> {
    sql_query("SELECT app_end_session()").execute(conn)?;
    Ok(())
}
