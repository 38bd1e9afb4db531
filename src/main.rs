//! The command line. A failure prints one line and sets the exit code.

use std::process::ExitCode;

use clap::Parser;
use ketnghia::cli::arguments::{Cli, Command, KeysCommand, UserCommand};
use ketnghia::cli::{import, keys, users};
use ketnghia::kernel::db::one_line;
use ketnghia::kernel::log_lines;
use ketnghia::{cli, server};

/// jemalloc, whose background thread returns the memory of a peak within ten seconds, also in an idle process.
#[cfg(all(feature = "jemalloc", target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let (lines, written) = match log_lines::start() {
        Ok(started) => started,
        Err(error) => return fail(format!("cannot start the thread of the log: {error}")),
    };
    // The errors of these modules are returned to this service, too, which logs them once and in one line.
    let logging = env_logger::Env::default().default_filter_or("info,actix_server=warn,actix_http::h1=off,r2d2=off");
    let mut logger = env_logger::Builder::from_env(logging);
    logger.format_timestamp_millis().target(env_logger::Target::Pipe(Box::new(lines))).init();
    let outcome = run(Cli::parse().command);
    // Before the message of a failure.
    drop(written);
    outcome.unwrap_or_else(fail)
}

fn run(command: Command) -> Result<ExitCode, String> {
    let done = match command {
        Command::Serve(settings) => server::serve(settings),
        Command::Migrate(settings) => server::migrate(&settings),
        Command::Openapi => cli::print_openapi(),
        Command::Database(settings) => return cli::run_with_database(&settings),
        Command::Health(settings) => cli::check_health(&settings),
        Command::Keys { command } => match command {
            KeysCommand::Create(wanted) => keys::create(&wanted.folder),
            KeysCommand::Add(of) => keys::add(&of),
            KeysCommand::List(of) => keys::list(&of),
            KeysCommand::Reseal(of) => keys::reseal(&of),
            KeysCommand::Remove(wanted) => keys::remove(&wanted),
        },
        Command::Import { list } => return import::import(&list),
        Command::User { command } => match command {
            UserCommand::Create(user) => users::create_admin(&user),
            UserCommand::Reset(user) => users::reset(&user),
            UserCommand::Deactivate(user) => users::deactivate(&user),
            UserCommand::List(wanted) => users::list(&wanted),
            UserCommand::EndSessions(wanted) => users::end_sessions(&wanted),
        },
    };
    done.map(|()| ExitCode::SUCCESS)
}

#[expect(clippy::print_stderr, clippy::needless_pass_by_value, reason = "the error message for the terminal")]
fn fail(message: String) -> ExitCode {
    eprintln!("ketnghia: {}", one_line(&message));
    ExitCode::FAILURE
}
