//! The command line. A failure prints one line and sets the exit code.

use std::process::ExitCode;

use clap::Parser;
use ketnghia::cli::arguments::{Cli, Command, KeysCommand, UserCommand};
use ketnghia::cli::{import, keys, users};
use ketnghia::kernel::db::one_line;
use ketnghia::{cli, server};

/// jemalloc, whose background thread returns the memory of a peak within ten seconds, also in an idle process.
#[cfg(all(feature = "jemalloc", target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // The errors of these modules are returned to this service, too, which logs them once and in one line.
    let logging = env_logger::Env::default().default_filter_or("info,actix_server=warn,actix_http::h1=off,r2d2=off");
    env_logger::Builder::from_env(logging).format_timestamp_millis().init();
    let outcome = match Cli::parse().command {
        Command::Serve(settings) => server::serve(settings),
        Command::Migrate(settings) => server::migrate(&settings),
        Command::Openapi => cli::print_openapi(),
        Command::Database(settings) => return cli::run_with_database(&settings).unwrap_or_else(fail),
        Command::Health(settings) => cli::check_health(&settings),
        Command::Keys { command } => match command {
            KeysCommand::Create(wanted) => keys::create(&wanted.folder),
            KeysCommand::Add(of) => keys::add(&of),
            KeysCommand::List(of) => keys::list(&of),
            KeysCommand::Reseal(of) => keys::reseal(&of),
            KeysCommand::Remove(wanted) => keys::remove(&wanted),
        },
        Command::Import { list } => return import::import(&list).unwrap_or_else(fail),
        Command::User { command } => match command {
            UserCommand::Create(user) => users::create_admin(&user),
            UserCommand::Reset(user) => users::reset(&user),
            UserCommand::Deactivate(user) => users::deactivate(&user),
            UserCommand::List(wanted) => users::list(&wanted),
            UserCommand::EndSessions(wanted) => users::end_sessions(&wanted),
        },
    };
    outcome.map_or_else(fail, |()| ExitCode::SUCCESS)
}

#[expect(clippy::print_stderr, clippy::needless_pass_by_value, reason = "the error message for the terminal")]
fn fail(message: String) -> ExitCode {
    eprintln!("ketnghia: {}", one_line(&message));
    ExitCode::FAILURE
}
