//! The service under attack: each attack takes one thing that all callers share (memory, sign-in, the
//! database, connections), on a server of its own with the limits that it has by default. Each has bounds,
//! as a ratio to the calm or with a wide margin. `--control` runs each attack where a bound must break:
//! the documentation of each attack tells what its control shows.

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

/// What every attack needs.
struct Ground<'a> {
    cluster: &'a Cluster,
    settings: &'a Settings,
    stage: Stage,
}

impl Ground<'_> {
    /// A server with its limits by default, apart from these.
    fn server(&self, limits: &[(&str, &str)]) -> Result<Server, String> {
        Server::start(self.cluster, self.settings, limits)
    }

    /// One of two values, for the small run and the other.
    fn sized<T>(&self, small: T, full: T) -> T {
        if self.settings.small { small } else { full }
    }

    /// Failed sign-ins are counted in the database, beyond the life of a server.
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

/// Runs the attacks that are wanted. `server` is the one without limits, on which the stage is set anew:
/// access tokens live a quarter of an hour, and the other scenarios take about as long.
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
