//! Manages accounts from the command line: the first administrator, and accounts that no official can reset, such as
//! that of the only administrator. Audit entries have the actor `system`, since no user is signed in.

use diesel::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::arguments::{CreateUser, EndSessions, ListUsers, NamedUser};
use super::say;
use crate::access::UserId;
use crate::access::passwords::{self, ONE_TIME_DAYS};
use crate::access::policy::Role;
use crate::accounts::users::model::NewUser;
use crate::accounts::users::queries::{self, give_one_time_password};
use crate::config::Storage;
use crate::installation::Database;
use crate::kernel::clock::Clock;
use crate::kernel::db::schema::users;
use crate::kernel::db::{Db, migrate};
use crate::kernel::http::extract::valid;
use crate::kernel::http::problem::{Problem, Result as Outcome};

/// A new one-time password and its hash.
struct OneTime {
    password: String,
    hash: String,
}

impl OneTime {
    fn new() -> Result<Self, String> {
        let told = |problem: Problem| problem.to_string();
        let password = passwords::one_time().map_err(told)?;
        let hash = passwords::hash(&password).map_err(told)?;
        Ok(Self { password, hash })
    }

    fn give(&self, conn: &mut PgConnection, id: UserId) -> Outcome<()> {
        give_one_time_password(conn, id, &self.hash, passwords::one_time_expiry(Clock::default().now()))
    }

    fn tell(&self) {
        say(&format!(
            "one-time password (signs in once, valid {ONE_TIME_DAYS} days, shown only now): {}",
            self.password
        ));
    }
}

fn as_operator<T>(storage: &Storage, work: impl FnOnce(&mut PgConnection) -> Outcome<T>) -> Result<T, String> {
    let database = Database::open(storage)?;
    migrate::check_login(&database.url)?;
    let db = Db::connect(&database.url, 1, Clock::default())?;
    db.as_system(work).map_err(|problem| format!("failed: {problem}"))
}

/// Creates an administrator, who can then create other accounts, and prints the one-time password.
pub fn create_admin(new: &CreateUser) -> Result<(), String> {
    let id = Uuid::now_v7();
    let body = json!({"username": new.username, "full_name": new.full_name, "role": Role::Admin});
    let account: NewUser = valid(body).map_err(|wrong| {
        if wrong.is_at("#/username") {
            "--username is 3 to 64 lower-case letters, digits, dots, dashes and underscores, with a letter or digit at both ends"
        } else {
            "--full-name is 1 to 120 characters"
        }
    })?;
    let one_time = OneTime::new()?;
    let created = as_operator(&new.storage, |conn| {
        // Queried, because a BEFORE trigger writes the audit entry, also where ON CONFLICT inserts no row.
        if queries::operated(conn, &account.username)?.is_some() {
            return Ok(false);
        }
        diesel::insert_into(users::table)
            .values((
                users::id.eq(id),
                users::username.eq(&account.username),
                users::full_name.eq(&account.full_name),
                users::role.eq(account.role),
            ))
            .execute(conn)?;
        one_time.give(conn, UserId(id))?;
        Ok(true)
    })?;
    if !created {
        return Err(format!("there is a user {} already", account.username));
    }
    say(&format!("username: {}", account.username));
    one_time.tell();
    Ok(())
}

/// Gives any account, including administrators, a new one-time password.
pub fn reset(wanted: &NamedUser) -> Result<(), String> {
    let one_time = OneTime::new()?;
    let found = as_operator(&wanted.storage, |conn| {
        let Some(account) = queries::operated(conn, &wanted.username)? else { return Ok(false) };
        one_time.give(conn, account.id)?;
        Ok(true)
    })?;
    if !found {
        return Err(unknown(&wanted.username));
    }
    say(&format!("username: {}", wanted.username));
    one_time.tell();
    Ok(())
}

/// Deactivates any account and ends its sessions.
pub fn deactivate(wanted: &NamedUser) -> Result<(), String> {
    let found = as_operator(&wanted.storage, |conn| {
        let Some(account) = queries::operated(conn, &wanted.username)? else { return Ok(false) };
        queries::set_active(conn, account.id, false)?;
        Ok(true)
    })?;
    if !found {
        return Err(unknown(&wanted.username));
    }
    say(&format!("{} is deactivated", wanted.username));
    Ok(())
}

fn unknown(username: &str) -> String {
    format!("there is no user {username}")
}

/// Prints accounts, one a line: user name, role, whether it is active, name.
pub fn list(wanted: &ListUsers) -> Result<(), String> {
    type Line = (String, Role, bool, String);
    let lines: Vec<Line> = as_operator(&wanted.storage, |conn| {
        let mut query =
            users::table.select((users::username, users::role, users::active, users::full_name)).into_boxed();
        if !wanted.all {
            query = query.filter(users::role.eq(Role::Admin));
        }
        Ok(query.order(users::username).load(conn)?)
    })?;
    for (username, role, active, full_name) in lines {
        let state = if active { "active" } else { "deactivated" };
        say(&format!("{username}\t{}\t{state}\t{full_name}", role.as_str()));
    }
    Ok(())
}

/// Ends every session of an account, or of all accounts.
pub fn end_sessions(wanted: &EndSessions) -> Result<(), String> {
    #[derive(QueryableByName)]
    struct Ended {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        ended: i64,
    }
    let ended: Option<Ended> = as_operator(&wanted.storage, |conn| {
        if let Some(username) = &wanted.username
            && queries::operated(conn, username)?.is_none()
        {
            return Ok(None);
        }
        let ended = diesel::sql_query("SELECT app_end_sessions($1) AS ended")
            .bind::<diesel::sql_types::Nullable<diesel::sql_types::Text>, _>(&wanted.username);
        Ok(Some(ended.get_result(conn)?))
    })?;
    let ended = ended.ok_or_else(|| unknown(wanted.username.as_deref().unwrap_or_default()))?;
    say(&format!("{} sessions have ended", ended.ended));
    Ok(())
}
