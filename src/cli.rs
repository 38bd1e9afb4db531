//! Commands for operators: keys, the first administrator, a look at a running server, a shell on the
//! database, the document.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::{self, ExitCode};
use std::time::Duration;

use diesel::prelude::*;
use uuid::Uuid;
use validator::Validate;

use crate::access::passwords::{self, ONE_TIME_DAYS};
use crate::access::policy::Role;
use crate::access::tokens::Tokens;
use crate::access::users::model::NewUser;
use crate::access::users::queries::give_one_time_password;
use crate::app;
use crate::config::{CreateUser, Health, RunWithDatabase};
use crate::kernel::clock::Clock;
use crate::kernel::db::schema::users;
use crate::kernel::db::{Db, migrate};
use crate::kernel::secrets::Secrets;
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

/// Longer than the server itself waits for its database.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks the server on this machine how it is. One line of HTTP needs no client library.
pub fn check_health(settings: &Health) -> Result<(), String> {
    let address = &settings.bind_address;
    let path = if settings.live { "/health/live" } else { "/health/ready" };
    let ask = || -> io::Result<String> {
        let mut address = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
        // Who listens on every address listens on this one, too.
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        let mut server = TcpStream::connect_timeout(&address, HEALTH_TIMEOUT)?;
        server.set_read_timeout(Some(HEALTH_TIMEOUT))?;
        write!(server, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        server.take(64 * 1024).read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|error| format!("the server on {address} does not answer: {error}"))?;
    match answer.lines().next().unwrap_or_default() {
        line if line.starts_with("HTTP/1.1 200 ") => Ok(()),
        line => Err(format!("{address}{path} answers: {line}")),
    }
}

/// Makes the keys of an installation, and says which settings name them.
pub fn create_keys(folder: &Path) -> Result<(), String> {
    let told = |error: io::Error| format!("cannot make keys in {}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(told)?;
    let folder = fs::canonicalize(folder).map_err(told)?;
    for entry in fs::read_dir(&folder).map_err(told)? {
        let name = entry.map_err(told)?.file_name();
        // Beside keys that seal or sign already, a new one would be taken for a rotation, or lost.
        if [".pk8", ".key"].iter().any(|end| name.to_string_lossy().ends_with(end)) {
            return Err(format!("{} holds keys already", folder.display()));
        }
    }
    let pii_key_file = folder.join("pii.key");
    Tokens::load(&folder, true)?;
    Secrets::load(&pii_key_file, &folder.join("refresh.key"), true)?;
    say(&format!("JWT_KEYS_DIR={}", folder.display()));
    say(&format!("PII_KEY_FILE={}", pii_key_file.display()));
    Ok(())
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
    let expires = passwords::one_time_expiry(db.clock.now());
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
    let open = if settings.new { Database::open_or_make } else { Database::open };
    let database = open(&settings.storage)?;
    let mut command = process::Command::new(program);
    command.args(arguments);
    for (name, value) in database.environment(settings.superuser) {
        command.env(name, value);
    }
    let status = command.status().map_err(|error| format!("cannot run {}: {error}", program.to_string_lossy()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
