use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Bytea, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::access::policy::Role;
use crate::access::tokens::SessionDays;
use crate::access::tx::Tx;
use crate::accounts::tries::Done;
use crate::kernel::db::kept::Keep;
use crate::kernel::http::problem::Result;

/// The fields of a session for an access token.
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

/// A session to be opened after a correct password.
pub struct Opening<'a> {
    pub user: Uuid,
    /// The mark of the known or new device.
    pub mark: &'a [u8],
    /// The hash with which the password was verified.
    pub verified: &'a str,
    pub device: Option<&'a str>,
    pub token_hash: &'a [u8],
}

/// Opens a session; `None` when the account or its password has changed since the verification.
pub fn open_session(conn: &mut PgConnection, opening: &Opening<'_>) -> Result<Option<SessionView>> {
    let session = Uuid::now_v7();
    let opened: Done = sql_query("SELECT app_sign_in($1, $2, $3, $4, $5, $6) AS done")
        .bind::<SqlUuid, _>(opening.user)
        .bind::<Bytea, _>(opening.mark)
        .bind::<Text, _>(opening.verified)
        .bind::<SqlUuid, _>(session)
        .bind::<Nullable<Text>, _>(opening.device)
        .bind::<Bytea, _>(opening.token_hash)
        .kept()
        .get_result(conn)?;
    if opened.done { view_session(conn, session) } else { Ok(None) }
}

fn view_session(conn: &mut PgConnection, session: Uuid) -> Result<Option<SessionView>> {
    let view =
        "SELECT session_id, user_id, auth_version, generation, role, must_change_password FROM app_session_view($1)";
    let query = sql_query(view).bind::<SqlUuid, _>(session);
    Ok(query.kept().get_result(conn).optional()?)
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
    let result: Outcome = sql_query("SELECT outcome, session_id FROM app_refresh($1, $2, $3, $4, $5)")
        .bind::<Bytea, _>(token_hash)
        .bind::<Bytea, _>(child_hash)
        .bind::<Nullable<Text>, _>(device)
        .bind::<Integer, _>(days.idle)
        .bind::<Integer, _>(days.absolute)
        .kept()
        .get_result(conn)?;
    match (result.outcome.as_str(), result.session_id) {
        ("ok", Some(session)) => Ok(view_session(conn, session)?.map_or(Refreshed::Refused, Refreshed::Ok)),
        ("expired", _) => Ok(Refreshed::Expired),
        _ => Ok(Refreshed::Refused),
    }
}

pub fn end_session(tx: &mut Tx<'_>) -> Result<()> {
    sql_query("SELECT app_end_session()").execute(tx.conn)?;
    Ok(())
}
