//! Commands for operators: the first administrator, a shell on the database, the document.

use std::io::{self, Write};
use std::process::{self, ExitCode};

use chrono::TimeDelta;
use diesel::prelude::*;
use uuid::Uuid;
use validator::Validate;

use crate::access::passwords::{self, ONE_TIME_DAYS};
use crate::access::policy::Role;
use crate::access::users::model::NewUser;
use crate::access::users::queries::give_one_time_password;
use crate::app;
use crate::config::{CreateUser, RunWithDatabase};
use crate::kernel::clock::Clock;
use crate::kernel::db::schema::users;
use crate::kernel::db::{Db, migrate};
use crate::server::Database;

/// A line for who started the command. That nobody reads it is no reason to end.
pub fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints the OpenAPI document as it is committed.
pub fn print_openapi() -> Result<(), String> {
    let text = serde_json::to_string_pretty(&app::document()).map_err(|error| error.to_string())?;
    writeln!(io::stdout(), "{text}").map_err(|error| error.to_string())
}

/// Creates an administrator, who then creates everybody else, and prints its one-time password.
pub fn create_admin(new: &CreateUser) -> Result<(), String> {
    let id = Uuid::now_v7();
    let account = NewUser {
        id: Some(id),
        username: new.username.clone(),
        full_name: new.full_name.trim().to_owned(),
        phone: None,
        role: Role::Admin,
        locality_id: None,
        organisation_id: None,
    };
    if let Err(errors) = account.validate() {
        return Err(if errors.field_errors().contains_key("username") {
            "--username is 3 to 64 lower-case letters, digits, dots, dashes and underscores, with a letter or digit at both ends".into()
        } else {
            "--full-name is 1 to 120 characters".into()
        });
    }
    let database = Database::open(&new.storage)?;
    migrate::check_login(&database.url)?;
    let db = Db::connect(&database.url, 1, Clock::default())?;
    let password = passwords::one_time().map_err(|problem| problem.to_string())?;
    let hash = passwords::hash(&password).map_err(|problem| problem.to_string())?;
    let expires = db.clock.now() + TimeDelta::days(ONE_TIME_DAYS);
    let created = db.as_system(|conn| {
        let inserted = diesel::insert_into(users::table)
            .values((
                users::id.eq(id),
                users::username.eq(&account.username),
                users::full_name.eq(&account.full_name),
                users::role.eq(account.role),
            ))
            .on_conflict(users::username)
            .do_nothing()
            .execute(conn)?;
        if inserted == 1 {
            give_one_time_password(conn, id, &hash, expires)?;
        }
        Ok(inserted == 1)
    });
    match created {
        Ok(true) => {}
        Ok(false) => return Err(format!("there is a user {} already", account.username)),
        Err(problem) => return Err(format!("cannot create the user: {problem}")),
    }
    say(&format!("username: {}", account.username));
    say(&format!("one-time password (valid {ONE_TIME_DAYS} days, shown only now): {password}"));
    Ok(())
}

/// Runs a command with the environment that libpq and diesel read set to the database.
pub fn run_with_database(settings: &RunWithDatabase) -> Result<ExitCode, String> {
    let (program, arguments) = settings.command.split_first().ok_or("no command given")?;
    let database = Database::open(&settings.storage)?;
    let mut command = process::Command::new(program);
    command.args(arguments);
    for (name, value) in database.environment(settings.superuser) {
        command.env(name, value);
    }
    let status = command.status().map_err(|error| format!("cannot run {}: {error}", program.to_string_lossy()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
