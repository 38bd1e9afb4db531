//! The command line. A failure is one clear line and an exit code.

use std::process::ExitCode;

use clap::Parser;
use ketnghia::config::{Cli, Command, UserCommand};
use ketnghia::{app, demo, server};

fn main() -> ExitCode {
    let logging = env_logger::Env::default().default_filter_or("info");
    env_logger::Builder::from_env(logging).format_timestamp_millis().init();
    let outcome = match Cli::parse().command {
        Command::Serve(settings) => server::serve(settings),
        Command::Migrate(storage) => server::migrate(&storage),
        Command::Openapi => serde_json::to_string_pretty(&app::document())
            .map(|text| println!("{text}"))
            .map_err(|error| error.to_string()),
        Command::User { command: UserCommand::Create(user) } => demo::create_admin(&user),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("ketnghia: {message}");
            ExitCode::FAILURE
        }
    }
}
