use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Bytea, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::access::guesses::Place;
use crate::access::policy::Role;
use crate::access::tokens::SessionDays;
use crate::kernel::problem::{Code, Problem, Result};

/// A try that was counted, or seconds to wait before the next.
#[derive(QueryableByName)]
pub struct Try {
    #[diesel(sql_type = Integer)]
    wait: i32,
    #[diesel(sql_type = Text)]
    counted_by: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub user_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub hash: Option<String>,
}

impl Try {
    /// Whether it is counted for the device: the account has signed in on it since the last reset.
    pub fn is_of_device(&self) -> bool {
        self.counted_by == "device"
    }
}

/// What comes of a try before its password is looked at.
pub enum Begun {
    Taken(Try),
    /// By the address, or by what is tried.
    Held {
        by_address: bool,
        seconds: u32,
    },
}

/// `mark`: of the device. One that the account does not know is counted by the name.
pub fn begin_sign_in(conn: &mut PgConnection, username: &str, mark: Option<&[u8]>, place: &Place) -> Result<Begun> {
    let taken: Try = sql_query("SELECT * FROM app_begin_sign_in($1, $2, $3, $4)")
        .bind::<Text, _>(username)
        .bind::<Nullable<Bytea>, _>(mark)
        .bind::<Text, _>(place.address.to_string())
        .bind::<Integer, _>(place.per_hour)
        .get_result(conn)?;
    Ok(match u32::try_from(taken.wait) {
        Ok(seconds @ 1..) => Begun::Held { by_address: taken.counted_by == "address", seconds },
        _ => Begun::Taken(taken),
    })
}

/// The same for the own password, before another is put in its place.
pub fn begin_own_password(conn: &mut PgConnection, place: &Place) -> Result<Option<String>> {
    let taken: Try =
        sql_query("SELECT wait, 'name' AS counted_by, NULL::uuid AS user_id, hash FROM app_begin_own_password($1, $2)")
            .bind::<Text, _>(place.address.to_string())
            .bind::<Integer, _>(place.per_hour)
            .get_result(conn)?;
    match u32::try_from(taken.wait) {
        Ok(seconds @ 1..) => Err(Problem::retry_after(Code::TooManyRequests, seconds)),
        _ => Ok(taken.hash),
    }
}

#[derive(QueryableByName)]
struct Failures {
    #[diesel(sql_type = Nullable<BigInt>)]
    this_hour: Option<i64>,
}

/// A wrong password for a name, or, without one, for the caller. Gives the failures of this hour.
pub fn password_was_wrong(conn: &mut PgConnection, username: Option<&str>, place: &Place) -> Result<i64> {
    let what = if username.is_some() { "sign_in_failed" } else { "current_password_wrong" };
    let row: Failures = sql_query("SELECT app_password_was_wrong($1, $2, $3) AS this_hour")
        .bind::<Nullable<Text>, _>(username)
        .bind::<Text, _>(place.address.to_string())
        .bind::<Text, _>(what)
        .get_result(conn)?;
    Ok(row.this_hour.unwrap_or(0))
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
    #[diesel(sql_type = Integer)]
    pub generation: i32,
    #[diesel(sql_type = Text)]
    pub role: Role,
    #[diesel(sql_type = Bool)]
    pub must_change_password: bool,
}

/// A session that is to be opened for a password that was right.
pub struct Opening<'a> {
    pub user: Uuid,
    /// Of the device, old or new.
    pub mark: &'a [u8],
    /// The hash that the password was compared with.
    pub verified: &'a str,
    pub device: Option<&'a str>,
    pub token_hash: &'a [u8],
}

/// None when the account or its password has changed meanwhile.
pub fn open_session(conn: &mut PgConnection, opening: &Opening<'_>) -> Result<Option<SessionView>> {
    let session = Uuid::now_v7();
    let opened: Done = sql_query("SELECT app_sign_in($1, $2, $3, $4, $5, $6) AS done")
        .bind::<SqlUuid, _>(opening.user)
        .bind::<Bytea, _>(opening.mark)
        .bind::<Text, _>(opening.verified)
        .bind::<SqlUuid, _>(session)
        .bind::<Nullable<Text>, _>(opening.device)
        .bind::<Bytea, _>(opening.token_hash)
        .get_result(conn)?;
    if opened.done { view_session(conn, session) } else { Ok(None) }
}

/// Whether a function of the database did what was asked.
#[derive(QueryableByName)]
pub struct Done {
    #[diesel(sql_type = Bool)]
    pub done: bool,
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

pub fn refresh(
    conn: &mut PgConnection,
    token_hash: &[u8],
    child_hash: &[u8],
    device: Option<&str>,
    days: SessionDays,
) -> Result<Refreshed> {
    let result: Outcome = sql_query("SELECT * FROM app_refresh($1, $2, $3, $4, $5)")
        .bind::<Bytea, _>(token_hash)
        .bind::<Bytea, _>(child_hash)
        .bind::<Nullable<Text>, _>(device)
        .bind::<Integer, _>(days.idle)
        .bind::<Integer, _>(days.absolute)
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
