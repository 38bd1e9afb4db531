//! Load benchmark of the service: `script/bench`. It creates a data set on a PostgreSQL of its own, starts the
//! server on it, and runs each scenario with as many clients as pgbench runs the bare SQL with, over the same
//! socket, in the same run: ratios are comparable where rates depend on the machine. It fails when an answer was
//! wrong, never because of a time; the attacks at the end (`attack`) have wide bounds, and fail when one is
//! broken.

#![expect(clippy::print_stdout, reason = "this is a command")]

mod attack;
mod caller;
mod compare;
mod data;
mod findings;
mod load;
mod many;
mod privacy;
mod report;
mod scenarios;
mod server;
mod statements;
mod storm;
mod workbook;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// Load benchmark of the service.
#[derive(Debug, Parser)]
pub struct Settings {
    /// Use a small data set and short runs, to check in less than a minute that everything works
    #[arg(long)]
    small: bool,
    /// Gifts in the data set
    #[arg(long, default_value_t = 1_000_000)]
    gifts: u32,
    /// Households in the data set
    #[arg(long, default_value_t = 500_000)]
    households: u32,
    /// Villages in the data set
    #[arg(long, default_value_t = 13_600)]
    villages: u32,
    /// Concurrent clients
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Seconds of each run
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Connections of the server to PostgreSQL; without it, the default of the server
    #[arg(long)]
    pool: Option<u32>,
    /// Only scenarios whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Run only the attacks, each such that it must break a bound; fails when a broken bound is not detected
    #[arg(long)]
    control: bool,
    /// Serve the stand-in of the control of harmful bodies on this address
    #[arg(long, hide = true)]
    stand_in: Option<SocketAddr>,
    /// Keep the data set in this folder, or use an existing one
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Write the figures to this file, too
    #[arg(long)]
    json: Option<PathBuf>,
    /// Passed by `cargo bench` to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

impl Settings {
    fn read() -> Self {
        let mut settings = Self::parse();
        if settings.small {
            (settings.villages, settings.households, settings.gifts) = (40, 2_000, 4_000);
            (settings.clients, settings.seconds) = (4, 0.5);
        }
        settings
    }

    /// Whether `--only` selects a scenario.
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn main() -> ExitCode {
    match run(&Settings::read()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(wrong) => {
            println!("{wrong} answers or bounds were wrong");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all scenarios and returns the number of wrong answers and broken bounds.
fn run(settings: &Settings) -> Result<u64, String> {
    if let Some(address) = settings.stand_in {
        return attack::stand_in::serve(address).map(|()| 0);
    }
    let cluster = data::Cluster::prepare(settings)?;
    let server = server::Server::start(&cluster, settings, &server::UNLIMITED)?;
    let stage = scenarios::Stage::new(&cluster, &server)?;
    let mut report = report::Report::new(settings, server.started_in, server.memory()?);
    let wanted = |scenario: &scenarios::Scenario| !settings.control && settings.wants(scenario.name);
    let scenarios: Vec<_> = scenarios::all(&stage)?.into_iter().filter(wanted).collect();
    if !scenarios.is_empty() {
        report.heading();
    }
    for scenario in scenarios {
        let run = load::drive(&server.url, settings.clients, settings.duration(), &scenario.calls);
        let alone = load::drive(&server.url, 1, settings.duration() / 2, &scenario.calls);
        let sql = compare::with_sql(&cluster, settings, &scenario)?;
        report.scenario(scenario.name, &run, &alone, sql, server.memory()?);
    }
    if settings.only.is_none() && !settings.control {
        privacy::measure(&stage, &server, &mut report, if settings.small { 20 } else { 200 });
        storm::measure(&stage, &server, settings, &mut report)?;
    }
    if settings.wants(workbook::NAME) && !settings.control {
        workbook::measure(&cluster, &stage, &mut report, if settings.small { 200 } else { 6_000 })?;
    }
    attack::measure(&cluster, server, settings, &mut report)?;
    report.finish(settings)
}
