//! Attacks on the service: each exhausts one shared resource (memory, sign-in, the database, connections), on a
//! server of its own with the default limits. Each has bounds, as a ratio to a calm run or with a wide margin.
//! `--control` runs each attack such that a bound must be broken: the documentation of each attack describes its
//! control.

mod bodies;
mod heavy;
mod paced;
mod sign_in;
mod slow;
pub mod stand_in;
mod wire;

use std::time::Instant;

use diesel::connection::SimpleConnection;

use crate::Settings;
use crate::data::{Cluster, DATABASE};
use crate::findings::Findings;
use crate::report::Report;
use crate::scenarios::Stage;
use crate::server::Server;

/// The environment of every attack.
struct Ground<'a> {
    cluster: &'a Cluster,
    settings: &'a Settings,
    stage: Stage,
}

impl Ground<'_> {
    /// Starts a server with the default limits, except these.
    fn server(&self, limits: &[(&str, &str)]) -> Result<Server, String> {
        Server::start(self.cluster, self.settings, limits)
    }

    /// The value for a small or a full run.
    fn sized<T>(&self, small: T, full: T) -> T {
        if self.settings.small { small } else { full }
    }

    /// Deletes the counts of failed sign-ins, which are in the database and outlive a server.
    fn forget_failures(&self) -> Result<(), String> {
        let mut conn = self.cluster.connect(DATABASE)?;
        conn.batch_execute("DELETE FROM sign_in_failures; DELETE FROM sign_in_addresses")
            .map_err(|error| error.to_string())
    }
}

type Run = fn(&Ground) -> Result<Findings, String>;

struct Attack {
    name: &'static str,
    run: Run,
    /// The bounds that the control has to break.
    must_break: &'static [&'static str],
}

const ATTACKS: [Attack; 4] = [
    Attack { name: "attack: harmful bodies", run: bodies::run, must_break: &bodies::MUST_BREAK },
    Attack { name: "attack: sign-in flood", run: sign_in::run, must_break: &sign_in::MUST_BREAK },
    Attack { name: "attack: heavy questions", run: heavy::run, must_break: &heavy::MUST_BREAK },
    Attack { name: "attack: slow bodies", run: slow::run, must_break: &slow::MUST_BREAK },
];

/// Runs the selected attacks. `server` is the one without limits, on which the callers are created again:
/// access tokens are valid for 15 minutes, and the other scenarios take about as long.
pub fn measure(cluster: &Cluster, server: Server, settings: &Settings, report: &mut Report) -> Result<(), String> {
    let wanted: Vec<&Attack> = ATTACKS.iter().filter(|attack| settings.wants(attack.name)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    if !cfg!(target_os = "linux") {
        println!("the attacks are skipped: they need the addresses 127.0.0.2 and up, and /proc");
        return Ok(());
    }
    let stage = Stage::new(cluster, &server)?;
    drop(server);
    let ground = Ground { cluster, settings, stage };
    println!();
    for attack in wanted {
        ground.forget_failures()?;
        let begun = Instant::now();
        let mut findings = (attack.run)(&ground).map_err(|error| format!("{}: {error}", attack.name))?;
        findings.tell(format!("took {:.1} s", begun.elapsed().as_secs_f64()));
        report.attack(attack.name, &findings, settings.control.then_some(attack.must_break));
    }
    Ok(())
}
