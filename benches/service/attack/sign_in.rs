//! A flood of sign-ins: 64 connections of one address sign in repeatedly, sixteen of them with the correct
//! passwords of as many accounts, the rest with unknown user names and sometimes with a wrong password of these
//! accounts. Every 250 ms there is a sign-in from another address.
//!
//! It runs twice. With the default limits, the limits of the address refuse the flood after a moment. Without
//! them the flood reaches the queue of the hashing threads, where only the limit for each address in the queue
//! protects other addresses.
//!
//! In the control the other sign-ins come from the flooding address, which then has 96 connections, so that its
//! queue is full. It shows that sign-ins are refused or late where addresses are not distinguished, and that the
//! benchmark detects it; both runs must.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Ground;
use super::wire::{Length, ask, attacker, connect, head};
use crate::data::PASSWORD;
use crate::findings::Findings;
use crate::load::percentile;
use crate::scenarios::nth;

const EVERY: Duration = Duration::from_millis(250);
/// The delay from an answer to the next request of a connection, as on a network. Without it the clients of the
/// flood take the CPUs from the server on the same machine, which no limit of the service can prevent.
const ON_THE_WAY: Duration = Duration::from_millis(50);
const WITHIN: Duration = Duration::from_secs(2);
/// Accounts whose correct passwords the flood has; the other sign-ins use the remaining accounts.
const FLOODED: usize = 16;

const BY_DEFAULT: &str = "each sign-in of another address succeeds within 2 s";
const UNCOUNTED: &str = "the same where nothing is counted by address";
pub const MUST_BREAK: [&str; 2] = [BY_DEFAULT, UNCOUNTED];

/// Settings without limits by address.
const NO_COUNTS: [(&str, &str); 3] =
    [("ADDRESS_LIMIT_PER_SECOND", "0"), ("ADDRESS_LIMIT_PER_MINUTE", "0"), ("SIGN_IN_FAILURES_PER_ADDRESS", "0")];

pub fn run(ground: &Ground) -> Result<Findings, String> {
    let mut findings = Findings::default();
    for (bound, limits) in [(BY_DEFAULT, &[] as &[_]), (UNCOUNTED, &NO_COUNTS)] {
        ground.forget_failures()?;
        let server = ground.server(limits)?;
        let flood = flood(ground, server.address);
        let others = &flood.others;
        let late = others.iter().filter(|(_, took)| *took > WITHIN).count();
        let refused = others.iter().filter(|(status, _)| *status != Some(200)).count();
        let times: Vec<Duration> = others.iter().map(|(_, took)| *took).collect();
        let statuses: Vec<String> =
            flood.statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
        findings.tell(format!(
            "flood in {:.0} s: {}, {} without an answer",
            flood.lasted.as_secs_f64(),
            statuses.join(", "),
            flood.unanswered
        ));
        findings.figure(&format!("{bound}: p99 ms"), percentile(&times, 0.99));
        findings.figure(&format!("{bound}: flood"), json!(flood.statuses));
        let (half, most) = (percentile(&times, 0.5), percentile(&times, 1.0));
        let measured =
            format!("{} sign-ins, p50 {half:.0} ms, slowest {most:.0} ms, {refused} failed, {late} late", others.len());
        findings.bound(bound, !others.is_empty() && refused + late == 0, &measured);
    }
    Ok(findings)
}

#[derive(Default)]
struct Flood {
    /// The answers to the flood by status.
    statuses: BTreeMap<u16, u64>,
    unanswered: u64,
    lasted: Duration,
    /// The answers to the other sign-ins, with their latencies.
    others: Vec<(Option<u16>, Duration)>,
}

fn flood(ground: &Ground, server: SocketAddr) -> Flood {
    let over = AtomicBool::new(false);
    let (connections, from) = if ground.settings.control { (96, attacker(0)) } else { (64, Ipv4Addr::LOCALHOST) };
    let name = |n: usize| nth(&ground.stage.heads, n).map(|head| head.text("username")).unwrap_or_default();
    let lasts = ground.sized(Duration::from_secs(3), Duration::from_secs(20));
    let mut all = Flood::default();
    thread::scope(|scope| {
        let (over, name) = (&over, &name);
        let begun = Instant::now();
        let flooding: Vec<_> =
            (0..connections).map(|n| scope.spawn(move || flood_by_one(server, n, &name(n % FLOODED), over))).collect();
        // The first of the other sign-ins waits until the queues are full.
        let mut signing_in = Vec::new();
        let mut due = begun + EVERY;
        for n in 0.. {
            if due >= begun + lasts {
                break;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            signing_in.push(scope.spawn(move || {
                let asked = Instant::now();
                let others = ground.stage.heads.len().saturating_sub(FLOODED).max(1);
                let request = request(&name(FLOODED + n % others), PASSWORD);
                let mut connection = connect(server, from).ok();
                let answer = connection.as_mut().and_then(|open| ask(open, &[&request]).ok());
                (answer.map(|answer| answer.status), asked.elapsed())
            }));
            due += EVERY;
        }
        let others: Vec<_> = signing_in.into_iter().filter_map(|sign_in| sign_in.join().ok()).collect();
        all.others = others;
        all.lasted = begun.elapsed();
        over.store(true, Ordering::Relaxed);
        for one in flooding {
            let Ok((statuses, unanswered)) = one.join() else { continue };
            all.unanswered += unanswered;
            for (status, count) in statuses {
                *all.statuses.entry(status).or_default() += count;
            }
        }
    });
    all
}

fn request(username: &str, password: &str) -> Vec<u8> {
    let body = json!({"username": username, "password": password}).to_string();
    let mut request = head("/auth/login", None, Length::Announced(body.len()), "");
    request.extend(body.into_bytes());
    request
}

/// Runs one connection of the flood, and reconnects where the server has closed it.
fn flood_by_one(server: SocketAddr, n: usize, username: &str, over: &AtomicBool) -> (BTreeMap<u16, u64>, u64) {
    let (mut statuses, mut unanswered) = (BTreeMap::new(), 0);
    let mut connection = None;
    for i in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let request = match (n < FLOODED, i % 8 == 7) {
            (true, _) => request(username, PASSWORD),
            (false, true) => request(username, "not-the-password"),
            // A new name each time, because the limit for each account would slow down the flood.
            (false, false) => request(&format!("nobody-{n}-{i}"), "not-the-password"),
        };
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => connect(server, attacker(0)),
        };
        match open.map(|mut open| (ask(&mut open, &[&request]), open)) {
            Ok((Ok(answer), open)) => {
                *statuses.entry(answer.status).or_default() += 1;
                connection = Some(open).filter(|_| !answer.closes);
            }
            Ok((Err(_), _)) | Err(_) => unanswered += 1,
        }
        thread::sleep(ON_THE_WAY);
    }
    (statuses, unanswered)
}
