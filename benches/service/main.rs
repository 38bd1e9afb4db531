//! The service under load: `script/bench`. A data set is made on a PostgreSQL of its own, the real server
//! is started on it, and each scenario is driven by as many clients as pgbench drives the bare SQL by,
//! over the same socket, in the same run: ratios hold where rates depend on the machine. It fails when an
//! answer was wrong, never because of a time; the attacks at the end (`attack`) have wide bounds, and fail
//! when one is broken.

#![expect(clippy::print_stdout, reason = "this is a command")]

mod attack;
mod caller;
mod compare;
mod data;
mod findings;
mod load;
mod privacy;
mod report;
mod scenarios;
mod server;
mod statements;
mod storm;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// The service under load.
#[derive(Debug, Parser)]
pub struct Settings {
    /// A small data set and short runs: whether everything works, in less than a minute
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
    /// Clients at once
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Seconds of each run
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Connections of the server to PostgreSQL; without it, what the server takes by itself
    #[arg(long)]
    pool: Option<u32>,
    /// Only scenarios whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Only the attacks, each so that it must break a bound: an attack that does not notice is the failure
    #[arg(long)]
    control: bool,
    /// Serve on this address what the control of the harmful bodies attacks
    #[arg(long, hide = true)]
    stand_in: Option<SocketAddr>,
    /// Keep the data set in this folder, or use the one that is there
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Write the figures to this file, too
    #[arg(long)]
    json: Option<PathBuf>,
    /// What `cargo bench` says to every benchmark
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

    /// Whether a scenario is wanted.
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

/// Runs everything and tells how many answers were wrong, and how many bounds broken.
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
    attack::measure(&cluster, server, settings, &mut report)?;
    report.finish(settings)
}
