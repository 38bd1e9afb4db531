//! Harmful bodies: 32 concurrent ones, each 1 MiB that takes much more memory when parsed, to an operation of
//! authenticated callers and to sign-in, with Content-Length and chunked.
//!
//! No setting disables the limits of a body, so the control attacks a stand-in (`stand_in`), which parses
//! any body and names each wrong value, as an earlier version of the service did. It shows that the measurement
//! of memory, answers and health detects a broken bound; it does not show that the service needs each of its
//! limits.

use std::collections::BTreeMap;
use std::env;
use std::io::Write;
use std::process::Command;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Ground;
use super::paced::{Asked, Paced, beside};
use super::wire::{Answer, Length, ask, attacker, chunked, connect, head};
use crate::caller::Caller;
use crate::findings::Findings;
use crate::scenarios::nth;
use crate::server::{Server, free_address};

const AT_ONCE: usize = 32;
const MIB: usize = 1024 * 1024;
/// The bound of the growth of the server's peak memory, in MiB.
const GROWTH: f64 = 600.0;
const ANSWER: usize = 64 * 1024;
/// The bound of the p90, not of a higher percentile, because the clients use the same CPUs. A debug build takes
/// several times as long to read and parse the bodies.
const LIVE_MS: f64 = if cfg!(debug_assertions) { 400.0 } else { 100.0 };

const MEMORY: &str = "memory at most 600 MiB above idle";
const ANSWERS: &str = "each answer 64 KiB at most";
const REFUSED: &str = "each body answered with 4xx or 503";
const LIVE: &str = "/health/live in time (p90)";
pub const MUST_BREAK: [&str; 3] = [MEMORY, ANSWERS, LIVE];

struct Body {
    name: &'static str,
    content: Vec<u8>,
    in_chunks: Vec<u8>,
    is_compressed: bool,
}

/// One body of each kind, just within or just above a limit.
fn bodies() -> Result<Vec<Body>, String> {
    let body = |name, content: Vec<u8>, is_compressed| {
        let in_chunks = chunked(&content);
        Body { name, content, in_chunks, is_compressed }
    };
    let plain = |name, content: String| body(name, content.into_bytes(), false);
    let list = |open: &str, items: &mut dyn Iterator<Item = String>, close: &str| {
        let mut content = open.to_owned();
        for item in items {
            if content.len() + item.len() + close.len() > MIB {
                break;
            }
            content.push_str(&item);
        }
        content.truncate(content.trim_end_matches(',').len());
        content + close
    };
    let names = |count: usize, width: usize| list("{", &mut (0..count).map(|n| format!("\"n{n:0width$}\":0,")), "}");
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        packed.write_all(&[b' '; MIB]).map_err(|error| error.to_string())?;
    }
    let packed = packed.finish().map_err(|error| error.to_string())?;
    let long_name = format!("{{\"{}\":[", "a".repeat(300_000));
    Ok(vec![
        plain("arrays in arrays", format!("{}{}", "[".repeat(MIB / 2), "]".repeat(MIB / 2))),
        plain("objects in objects", list("", &mut (0..MIB / 6).map(|_| "{\"a\":".to_owned()), "")),
        plain("500,000 zeros", format!("[{}0]", "0,".repeat(MIB / 2 - 2))),
        plain("100,000 names", names(100_000, 5)),
        plain("29,000 unknown fields", names(29_000, 28)),
        plain("one name, many times", list("{", &mut (0..MIB / 15).map(|_| "\"head_name\":0,".to_owned()), "}")),
        plain(
            "a long string of escapes",
            list("{\"head_name\":\"", &mut (0..MIB / 6).map(|_| "\\u0001".to_owned()), "\"}"),
        ),
        plain(
            "29,000 strings of escapes",
            list("{\"head_name\":[", &mut (0..29_000).map(|_| "\"\\u0001\\u0001\\u202e\\u0001\",".to_owned()), "]}"),
        ),
        plain("a name of 300,000 letters", list(&long_name, &mut (0..MIB).map(|_| "\"\\u0001\",".to_owned()), "]}")),
        body("64 MiB of blanks, compressed", packed, true),
    ])
}

#[derive(Default)]
struct Answers {
    by_status: BTreeMap<u16, u64>,
    largest: usize,
    wrong: u64,
    first_wrong: Option<String>,
}

impl Answers {
    fn add(&mut self, name: &str, answer: Result<Answer, String>) {
        let wrong = match answer {
            Ok(Answer { status, size, .. }) => {
                *self.by_status.entry(status).or_default() += 1;
                self.largest = self.largest.max(size);
                (!(400..500).contains(&status) && status != 503).then(|| format!("{status}"))
            }
            Err(error) => Some(error),
        };
        if let Some(wrong) = wrong {
            self.wrong += 1;
            self.first_wrong.get_or_insert_with(|| format!("{name}: {wrong}"));
        }
    }
}

/// Sends the same body 32 times concurrently, each by another caller from another address; `None`: to sign-in.
fn send(server: &Server, body: &Body, callers: Option<&[Caller]>, answers: &mut Answers) {
    let path = if callers.is_some() { "/households" } else { "/auth/login" };
    let more = if body.is_compressed { "Content-Encoding: gzip\r\n" } else { "" };
    let all_are_connected = Barrier::new(AT_ONCE);
    let one = |n: usize| -> Result<Answer, String> {
        let caller = callers.and_then(|callers| nth(callers, n));
        let (length, content) = match n % 2 {
            0 => (Length::Announced(body.content.len()), &body.content),
            _ => (Length::Chunked, &body.in_chunks),
        };
        let connection = connect(server.address, attacker(n));
        all_are_connected.wait();
        ask(&mut connection?, &[&head(path, caller.as_ref().map(|caller| &*caller.token), length, more), content])
    };
    thread::scope(|scope| {
        let one = &one;
        let sent: Vec<_> = (0..AT_ONCE).map(|n| scope.spawn(move || one(n))).collect();
        for sent in sent {
            answers.add(body.name, sent.join().unwrap_or_else(|_panic| Err("a client failed".into())));
        }
    });
}

pub fn run(ground: &Ground) -> Result<Findings, String> {
    let mut bodies = bodies()?;
    let (server, rounds) = if ground.settings.control {
        bodies.retain(|body| body.name == "500,000 zeros");
        let address = free_address()?;
        let mut command = Command::new(env::current_exe().map_err(|error| error.to_string())?);
        command.arg("--stand-in").arg(address.to_string());
        (Server::spawn(command, address)?, 1)
    } else {
        (ground.server(&[])?, ground.sized(1, 4))
    };
    let live = Paced {
        url: format!("{}/health/live", server.url),
        callers: Vec::new(),
        every: Duration::from_millis(10),
        anew: false,
    };
    let idle = server.memory()?.ok_or("no memory in /proc")?.now;
    server.forget_highest()?;
    let (mut signed_in, mut nobody) = (Answers::default(), Answers::default());
    let ((), beside) = beside(&[(1, live)], || {
        for _ in 0..rounds {
            for body in &bodies {
                send(&server, body, Some(&ground.stage.heads), &mut signed_in);
                send(&server, body, None, &mut nobody);
            }
        }
    });
    let highest = server.memory()?.ok_or("no memory in /proc")?.highest;
    Ok(judge(&signed_in, &nobody, &beside, idle, highest))
}

fn judge(signed_in: &Answers, nobody: &Answers, beside: &[Asked], idle: f64, highest: f64) -> Findings {
    let mut findings = Findings::default();
    for (who, answers) in [("signed in", signed_in), ("nobody", nobody)] {
        let statuses: Vec<String> =
            answers.by_status.iter().map(|(status, count)| format!("{count} × {status}")).collect();
        findings.tell(format!("{who}: {}, largest answer {} bytes", statuses.join(", "), answers.largest));
        findings.figure(&format!("{who}: largest answer"), answers.largest);
    }
    findings.figure("idle_mb", idle.round());
    findings.figure("highest_mb", highest.round());
    findings.bound(MEMORY, highest <= idle + GROWTH, &format!("{idle:.0} MiB idle, at most {highest:.0} MiB"));
    let largest = signed_in.largest.max(nobody.largest);
    findings.bound(ANSWERS, largest <= ANSWER, &format!("{largest} bytes"));
    let wrong = signed_in.wrong + nobody.wrong;
    let first = signed_in.first_wrong.as_ref().or(nobody.first_wrong.as_ref());
    findings.bound(REFUSED, wrong == 0, &format!("{wrong} were not {}", first.map_or("", String::as_str)));
    if let Some(live) = beside.first() {
        let p90 = live.run.percentile(0.9);
        findings.figure("live_p90_ms", p90);
        findings.figure("live_p99_ms", live.run.percentile(0.99));
        let measured = format!("bound {LIVE_MS:.0} ms; {}", live.told());
        findings.bound(LIVE, p90 <= LIVE_MS && live.run.wrong + live.overloaded == 0, &measured);
    }
    findings
}
