use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};

use super::model::{NewUser, OperatedAccount, User, UserChanges, UserFilter, UserSort};
use crate::access::UserId;
use crate::access::policy::Role;
use crate::access::sql::app_in_range;
use crate::access::tx::{Tx, rows};
use crate::accounts::users::problems::USERNAME_TAKEN;
use crate::kernel::db::records;
use crate::kernel::db::schema::{organisations, users};
use crate::kernel::db::sql::app_matches;
use crate::kernel::http::problem::{Code, FieldCode, OnConstraint, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::places::localities::LocalityId;
use crate::places::localities::problems::WRONG_LEVEL;
use crate::places::localities::range::open_place_in_range;
use crate::twinning::organisations::OrganisationId;

pub fn find(tx: &mut Tx<'_>, id: UserId) -> Result<User> {
    Ok(User::query().find(id).first(tx.conn)?)
}

/// Finds an account for an operator, who sees all accounts.
pub fn operated(conn: &mut PgConnection, username: &str) -> Result<Option<OperatedAccount>> {
    Ok(OperatedAccount::query().filter(users::username.eq(username)).first(conn).optional()?)
}

/// Finds accounts by user name, within the caller's scope.
pub fn named(tx: &mut Tx<'_>, usernames: &[&str]) -> Result<Vec<User>> {
    Ok(User::query().filter(users::username.eq_any(usernames)).load(tx.conn)?)
}

pub fn list(tx: &mut Tx<'_>, filter: &UserFilter, keyset: Keyset<UserSort>) -> Result<Page<User>> {
    let filtered = || {
        users::table
            .into_boxed()
            .when_any(&filter.role, |roles| users::role.eq_any(roles))
            .when(filter.locality_id, |locality| users::locality_id.eq(locality))
            .when(filter.organisation_id, |organisation| users::organisation_id.eq(organisation))
            .when(filter.q.as_ref(), |q| app_matches(users::full_name, q).or(app_matches(users::username, q)))
    };
    tx.page(keyset, filtered, rows)
}

sort_columns! { UserSort of users as User: Username = username (String), CreatedAt = created_at (DateTime<Utc>) }

diesel::define_sql_function! {
    /// Seconds until the caller may create an account again, after many taken user names.
    fn app_naming_pause() -> diesel::sql_types::Integer;
}

/// Counts a taken user name for the delay of `app_naming_pause`, so that user names of other places cannot be
/// enumerated.
pub fn name_was_taken(tx: &mut Tx<'_>) -> Result<()> {
    sql_query("SELECT app_name_was_taken()").execute(tx.conn)?;
    Ok(())
}

pub fn create(tx: &mut Tx<'_>, id: UserId, new: NewUser) -> Result<()> {
    let pause: i32 = diesel::select(app_naming_pause()).get_result(tx.conn)?;
    if let Ok(seconds @ 1..) = u32::try_from(pause) {
        return Err(Problem::retry_after(Code::TOO_MANY_REQUESTS, seconds));
    }
    check_office(tx, new.role, new.locality_id, new.organisation_id)?;
    diesel::insert_into(users::table)
        .values((users::id.eq(id), &new))
        .execute(tx.conn)
        .on_constraint("users_username_key", || Problem::new(USERNAME_TAKEN))?;
    Ok(())
}

pub fn update(tx: &mut Tx<'_>, id: UserId, changes: UserChanges) -> Result<()> {
    // The office is not checked otherwise: the name can be corrected though the place has ended.
    if changes.role.is_some() || changes.locality_id.is_some() || changes.organisation_id.is_some() {
        let before = find(tx, id)?;
        check_office(
            tx,
            changes.role.unwrap_or(before.role),
            changes.locality_id.unwrap_or(before.locality_id),
            changes.organisation_id.unwrap_or(before.organisation_id),
        )?;
    }
    records::apply(diesel::update(users::table.find(id)).set(&changes).execute(tx.conn))
}

pub fn activate(tx: &mut Tx<'_>, id: UserId) -> Result<()> {
    set_active(tx.conn, id, true)
}

pub fn deactivate(tx: &mut Tx<'_>, id: UserId) -> Result<()> {
    set_active(tx.conn, id, false)
}

pub fn set_active(conn: &mut PgConnection, id: UserId, active: bool) -> Result<()> {
    records::set(conn, "step", if active { "activate" } else { "deactivate" })?;
    records::apply(diesel::update(users::table.find(id)).set(users::active.eq(active)).execute(conn))
}

/// Sets the password of a new account without a second audit entry.
pub fn set_first_password(conn: &mut PgConnection, id: UserId, hash: &str, expires: DateTime<Utc>) -> Result<()> {
    sql_query("SELECT app_replace_password($1, $2, $3)")
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(hash)
        .bind::<Timestamptz, _>(expires)
        .execute(conn)?;
    Ok(())
}

pub fn give_one_time_password(conn: &mut PgConnection, id: UserId, hash: &str, expires: DateTime<Utc>) -> Result<()> {
    sql_query("SELECT app_give_one_time_password($1, $2, $3)")
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(hash)
        .bind::<Timestamptz, _>(expires)
        .execute(conn)?;
    Ok(())
}

/// Checks that the role is below the caller's, and that the place or unit fits the role and is in the caller's scope.
fn check_office(
    tx: &mut Tx<'_>,
    role: Role,
    locality: Option<LocalityId>,
    organisation: Option<OrganisationId>,
) -> Result<()> {
    let own = tx.actor.role().ok_or_else(|| Problem::new(Code::FORBIDDEN))?;
    if role.rank() <= own.rank() {
        return Err(Problem::new(Code::FORBIDDEN));
    }
    if role == Role::TwinningUnit {
        if locality.is_some() {
            return Err(Problem::field("#/locality_id", FieldCode::EXCLUSIVE));
        }
        let id = organisation.ok_or_else(|| Problem::field("#/organisation_id", FieldCode::REQUIRED))?;
        let in_care: Option<bool> =
            organisations::table.find(id).select(app_in_range(organisations::scope_path)).first(tx.conn).optional()?;
        return if in_care == Some(true) {
            Ok(())
        } else {
            Err(Problem::field("#/organisation_id", FieldCode::NOT_FOUND))
        };
    }
    if organisation.is_some() {
        return Err(Problem::field("#/organisation_id", FieldCode::EXCLUSIVE));
    }
    let id = locality.ok_or_else(|| Problem::field("#/locality_id", FieldCode::REQUIRED))?;
    let level = open_place_in_range(tx, id, "#/locality_id")?;
    let fits = level_of(role) == Some(level.as_str());
    if fits { Ok(()) } else { Err(Problem::field("#/locality_id", WRONG_LEVEL)) }
}

/// The level of the place of a role.
pub fn level_of(role: Role) -> Option<&'static str> {
    match role {
        Role::Province => Some("province"),
        Role::District => Some("district"),
        Role::Commune => Some("commune"),
        Role::VillageHead => Some("village"),
        Role::Admin | Role::TwinningUnit => None,
    }
}
