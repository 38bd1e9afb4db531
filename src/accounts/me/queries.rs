use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::json;
use uuid::Uuid;

use super::model::{Account, AccountLocality, AccountOrganisation, Session, SessionSort};
use crate::access::policy::{Office, Permission, Role};
use crate::access::tokens::SessionDays;
use crate::access::tx::Tx;
use crate::accounts::tries::Done;
use crate::kernel::db::kept::Keep;
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::list::page::{Keyset, Page};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    username: String,
    #[diesel(sql_type = Text)]
    full_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    phone: Option<String>,
    #[diesel(sql_type = Text)]
    role: Role,
    #[diesel(sql_type = Bool)]
    must_change_password: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    locality_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    locality_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    locality_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    locality_level: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    locality_valid_to: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    organisation_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    organisation_name: Option<String>,
    #[diesel(sql_type = Bool)]
    in_office: bool,
}

fn row(conn: &mut PgConnection) -> Result<Row> {
    let own = "SELECT id, username, full_name, phone, role, must_change_password, locality_id, locality_code, locality_name, locality_level, \
               locality_valid_to, organisation_id, organisation_name, in_office FROM app_own_account()";
    Ok(sql_query(own).kept().get_result(conn)?)
}

pub fn find(tx: &mut Tx<'_>) -> Result<Account> {
    account(tx.conn)
}

pub fn account(conn: &mut PgConnection) -> Result<Account> {
    let row = row(conn)?;
    let locality = match (row.locality_id, row.locality_name, row.locality_level) {
        (Some(id), Some(name), Some(level)) => {
            Some(AccountLocality { id, code: row.locality_code, name, level, valid_to: row.locality_valid_to })
        }
        _ => None,
    };
    let organisation = match (row.organisation_id, row.organisation_name) {
        (Some(id), Some(name)) => Some(AccountOrganisation { id, name }),
        _ => None,
    };
    let office = Office::User(row.role);
    let permissions = if row.in_office {
        office.permissions().map(Permission::word).map(str::to_owned).collect()
    } else {
        Vec::new()
    };
    Ok(Account {
        id: row.id,
        username: row.username,
        full_name: row.full_name,
        role: row.role,
        locality,
        organisation,
        permissions,
        must_change_password: row.must_change_password,
    })
}

/// Words about the caller that a password must not consist of.
pub fn guessable_words(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    #[derive(QueryableByName)]
    struct Place {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        kind: String,
    }
    let row = row(tx.conn)?;
    // The place of the office or of the unit, and its ancestors, with and without their kind: làng Tung, Ia Nan.
    let places: Vec<Place> = sql_query(
        "WITH place AS (SELECT coalesce($1, (SELECT o.locality_id FROM organisations o WHERE o.id = $2)) AS id)
         SELECT l.name, l.kind FROM place JOIN localities l ON l.id = place.id
             OR l.id IN (SELECT (above ->> 'id')::uuid FROM jsonb_array_elements(app_path(place.id, app_today())) above)",
    )
    .bind::<Nullable<SqlUuid>, _>(row.locality_id)
    .bind::<Nullable<SqlUuid>, _>(row.organisation_id)
    .kept().load(tx.conn)?;
    let known = [Some(row.username), Some(row.full_name), row.phone, row.organisation_name];
    let of_place = |place: Place| [format!("{} {}", place.kind, place.name), place.name];
    Ok(known.into_iter().flatten().chain(places.into_iter().flat_map(of_place)).collect())
}

/// Replaces the password; false when it has changed since it was verified.
pub fn change_password(tx: &mut Tx<'_>, verified: &str, new_hash: &str) -> Result<bool> {
    let changed: Done = sql_query("SELECT app_change_own_password($1, $2) AS done")
        .bind::<Text, _>(verified)
        .bind::<Text, _>(new_hash)
        .kept()
        .get_result(tx.conn)?;
    Ok(changed.done)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

pub fn list_sessions(tx: &mut Tx<'_>, keyset: Keyset<SessionSort>, days: SessionDays) -> Result<Page<Session>> {
    let total = if keyset.count {
        let row: Count = sql_query("SELECT count(*) FROM app_own_sessions($1, $2)")
            .bind::<Integer, _>(days.idle)
            .bind::<Integer, _>(days.absolute)
            .kept()
            .get_result(tx.conn)?;
        Some(row.count)
    } else {
        None
    };
    let (compare, direction) = if keyset.descending { ("<", "DESC") } else { (">", "ASC") };
    let (refreshed_at, id) = keyset.after::<DateTime<Utc>>()?.unzip();
    let rows: Vec<Session> = sql_query(format!(
        "SELECT id, device_name, created_at, refreshed_at, current FROM app_own_sessions($1, $2) WHERE $3 IS NULL OR (refreshed_at, id) {compare} ($3, $4)
          ORDER BY refreshed_at {direction}, id {direction} LIMIT $5"
    ))
    .bind::<Integer, _>(days.idle)
    .bind::<Integer, _>(days.absolute)
    .bind::<Nullable<Timestamptz>, _>(refreshed_at)
    .bind::<Nullable<SqlUuid>, _>(id)
    .bind::<BigInt, _>(keyset.limit + 1)
    .kept()
    .load(tx.conn)?;
    keyset.page(rows, total, tx.secrets, |session: &Session, SessionSort::RefreshedAt| {
        (json!(session.refreshed_at), session.id)
    })
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = Bool)]
    ended: bool,
}

pub fn end_session(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let row: Ended =
        sql_query("SELECT app_end_own_session($1) AS ended").bind::<SqlUuid, _>(id).kept().get_result(tx.conn)?;
    if row.ended { Ok(()) } else { Err(Problem::not_found()) }
}
