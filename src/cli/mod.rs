//! Commands for operators: keys, accounts, health check, database access, the document.

/// Arguments of every command.
pub mod arguments;
/// `ketnghia import`.
pub mod import;
/// Keys of an installation.
pub mod keys;
/// Accounts from the command line.
pub mod users;

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream, ToSocketAddrs};
use std::process::{self, ExitCode};
use std::time::Duration;

use crate::app;
use crate::installation::Database;
use arguments::{Health, RunWithDatabase};

/// Prints a line to standard output. Write errors are ignored, because a closed pipe must not end the command.
pub fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints the OpenAPI document in the committed form.
pub fn print_openapi() -> Result<(), String> {
    let text = serde_json::to_string_pretty(&app::document()).map_err(|error| error.to_string())?;
    writeln!(io::stdout(), "{text}").map_err(|error| error.to_string())
}

/// The time-out, longer than that of the server for its database.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// Checks the health of a server on this machine. The request is written by hand, without a client library.
pub fn check_health(settings: &Health) -> Result<(), String> {
    let address = &settings.bind_address;
    let path = if settings.live { "/health/live" } else { "/health/ready" };
    let ask = || -> io::Result<String> {
        let mut address = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
        // A server that listens on all addresses is reached by the loopback address.
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

/// Runs a command with the environment variables of libpq and diesel set to the database.
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
