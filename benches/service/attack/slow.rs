//! Slow bodies: as many connections as the limit of open files allows, from many addresses, each with the head of a
//! sign-in and then a byte of its body every two seconds. BODY_SECONDS is 5, or 15 for the full run, whose many
//! connections take some seconds to open. Meanwhile the health check, on a new connection each time, and an ordinary
//! list are answered; afterwards each slow connection has been answered or closed, and the memory is freed.
//!
//! The control sets BODY_SECONDS to an hour: none of the connections is answered or closed in time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::Ground;
use super::paced::{Paced, beside};
use super::wire::{ATTACKERS, Length, attacker, connect, head, status};
use crate::findings::Findings;
use crate::server::Server;

/// Threads that open connections.
const OPENERS: usize = 4;
/// The time after BODY_SECONDS in which a connection must be answered or closed.
const GRACE: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(250);
/// Ticks from one byte to the next.
const BYTE_EVERY: usize = 8;
/// Open files left for other uses: those of the server for PostgreSQL, of the benchmark for its readers.
const SPARE: usize = 500;
const PER_ADDRESS: usize = 100;
const OTHERS_MS: f64 = 500.0;
/// MiB above idle.
const KEPT: f64 = 30.0;

const LIVE: &str = "/health/live on new connections within 500 ms (p90)";
const READ: &str = "an ordinary list within 500 ms (p90)";
const ENDED: &str = "each slow body answered or closed in time";
const FREED: &str = "memory back within 30 MiB of idle";
pub const MUST_BREAK: [&str; 1] = [ENDED];

struct Slow {
    stream: TcpStream,
    received: Vec<u8>,
    is_closed: bool,
}

impl Slow {
    fn open(server: &Server, n: usize) -> Result<Self, String> {
        let mut stream = connect(server.address, attacker(n))?;
        stream
            .write_all(&head("/auth/login", None, Length::Announced(10_000), ""))
            .map_err(|error| error.to_string())?;
        stream.set_nonblocking(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, received: Vec::new(), is_closed: false })
    }

    fn has_ended(&self) -> bool {
        self.is_closed || status(&self.received).is_some()
    }

    fn look(&mut self) {
        let mut buffer = [0; 4096];
        while !self.is_closed {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.is_closed = true,
                Ok(read) => self.received.extend(buffer.iter().take(read)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_reset) => self.is_closed = true,
            }
        }
    }

    fn send_a_byte(&mut self) {
        if self.stream.write_all(b"{").is_err() {
            // An answer that was sent before may still be readable.
            self.look();
            self.is_closed = true;
        }
    }
}

/// The limit of open files of this process, which the server inherits.
fn open_files() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse().ok())
}

pub fn run(ground: &Ground) -> Result<Findings, String> {
    let within: u64 = ground.sized(5, 15);
    let seconds = if ground.settings.control { 3600 } else { within };
    let server = ground.server(&[("BODY_SECONDS", &seconds.to_string())])?;
    let most = open_files().unwrap_or(1024).saturating_sub(SPARE).min(ATTACKERS * PER_ADDRESS);
    let connections = most.min(ground.sized(500, 20_000));
    let others = || {
        let every = Duration::from_millis(50);
        let read = ("/api/v1/households", ground.stage.heads.clone(), false);
        [("/health/live", Vec::new(), true), read]
            .map(|(path, callers, anew)| (1, Paced { url: format!("{}{path}", server.url), callers, every, anew }))
    };
    // Warm-up: opens connections and plans statements.
    beside(&others(), || thread::sleep(Duration::from_secs(1)));
    let idle = server.memory()?.ok_or("no memory in /proc")?.now;
    let (attacked, asked) = beside(&others(), || attack(&server, connections, Duration::from_secs(within)));
    let attacked = attacked?;
    let highest = server.memory()?.ok_or("no memory in /proc")?.highest;
    // The client keeps its side of the connections open, so only those closed by the server are counted.
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut now = highest;
    let mut closed = 0;
    let mut slow = attacked.slow;
    while !ground.settings.control && Instant::now() < deadline {
        slow.iter_mut().for_each(Slow::look);
        closed = slow.iter().filter(|slow| slow.is_closed).count();
        now = server.memory()?.ok_or("no memory in /proc")?.now;
        if now <= idle + KEPT && closed == slow.len() {
            break;
        }
        thread::sleep(TICK);
    }

    let mut findings = Findings::default();
    let mut statuses: BTreeMap<u16, u64> = BTreeMap::new();
    for status in slow.iter().filter_map(|slow| status(&slow.received)) {
        *statuses.entry(status).or_default() += 1;
    }
    let answers: Vec<String> = statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
    let silent = slow.iter().filter(|slow| slow.is_closed && slow.received.is_empty()).count();
    findings.tell(format!(
        "{} of {connections} connections opened in {:.1} s: {}, {silent} closed without an answer",
        slow.len(),
        attacked.opened_in.as_secs_f64(),
        answers.join(", ")
    ));
    let descriptors = server.descriptors().unwrap_or_default();
    findings.tell(format!("afterwards {closed} are closed; the server has {descriptors} open files"));
    findings.figure("connections", slow.len());
    findings.figure("idle_mb", idle.round());
    findings.figure("highest_mb", highest.round());
    findings.figure("afterwards_mb", now.round());
    for (bound, asked) in [LIVE, READ].into_iter().zip(&asked) {
        let p90 = asked.run.percentile(0.9);
        findings.figure(&format!("{bound}: p90 ms"), p90);
        findings.bound(bound, p90 <= OTHERS_MS && asked.overloaded + asked.run.wrong == 0, &asked.told());
    }
    let open = slow.iter().filter(|slow| !slow.has_ended()).count() + attacked.failed;
    let took = attacked.ended_in.as_secs_f64();
    findings.bound(ENDED, open == 0, &format!("{open} were not, {took:.1} s after the last was opened"));
    let memory = format!("{idle:.0} MiB idle, at most {highest:.0} MiB, afterwards {now:.0} MiB");
    findings.bound(FREED, now <= idle + KEPT, &memory);
    Ok(findings)
}

struct Attacked {
    slow: Vec<Slow>,
    /// Connections that could not be opened.
    failed: usize,
    opened_in: Duration,
    ended_in: Duration,
}

/// Opens the connections, and sends bytes until each has been answered or closed, or the deadline has passed.
fn attack(server: &Server, connections: usize, within: Duration) -> Result<Attacked, String> {
    let begun = Instant::now();
    let opened: Vec<Result<Slow, String>> = thread::scope(|scope| {
        let open = |first: usize| {
            scope
                .spawn(move || (first..connections).step_by(OPENERS).map(|n| Slow::open(server, n)).collect::<Vec<_>>())
        };
        let openers: Vec<_> = (0..OPENERS).map(open).collect();
        openers.into_iter().filter_map(|opener| opener.join().ok()).flatten().collect()
    });
    let (slow, failed): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
    let mut slow: Vec<Slow> = slow.into_iter().flatten().collect();
    if let Some(Err(error)) = failed.first().filter(|_| slow.is_empty()) {
        return Err(error.clone());
    }
    let opened_in = begun.elapsed();
    let opened = Instant::now();
    let deadline = opened + within + GRACE;
    for tick in 0.. {
        for (n, slow) in slow.iter_mut().enumerate().filter(|(_, slow)| !slow.has_ended()) {
            slow.look();
            if n % BYTE_EVERY == tick % BYTE_EVERY && !slow.has_ended() {
                slow.send_a_byte();
            }
        }
        if slow.iter().all(Slow::has_ended) || Instant::now() >= deadline {
            break;
        }
        thread::sleep(TICK);
    }
    Ok(Attacked { slow, failed: failed.len(), opened_in, ended_in: opened.elapsed() })
}
