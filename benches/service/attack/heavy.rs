//! Expensive reads: six concurrent ones, repeatedly, by one caller with access to the country. Each counts all
//! households by village in each year since 1990, for which there are no summaries. Meanwhile village heads list
//! their households, at the same rate as in the calm run before.
//!
//! The control gives the server one connection to PostgreSQL (`DATABASE_POOL_SIZE=1`). Expensive reads may use
//! half of the pool, but at least one connection: here this is the whole pool, and other reads are not protected.
//! It shows that the benchmark detects readers who wait for expensive reads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Ground;
use super::paced::{Paced, beside};
use crate::findings::Findings;
use crate::load::{Run, agent, drive, send};
use crate::scenarios::get;
use crate::server::Server;

const AT_ONCE: usize = 6;
const READERS: usize = 4;
/// The shortest interval of each reader, so that a session stays within its rate limit.
const EVERY: Duration = Duration::from_millis(40);
/// Together the readers ask at most a third of the maximum rate: near it, a build without optimisation on a slow machine is
/// saturated without any expensive read.
const SHARE: u32 = 3;
/// A lower latency of the calm run measures the scheduler of the machine, not the service.
const LEAST_CALM_MS: f64 = 20.0;
const RATIO: f64 = 3.0;

const READ: &str = "others at most 3 × calm";
const NOT_REFUSED: &str = "no 503 to others";
pub const MUST_BREAK: [&str; 1] = [READ];

pub fn run(ground: &Ground) -> Result<Findings, String> {
    let limits: &[_] = if ground.settings.control { &[("DATABASE_POOL_SIZE", "1")] } else { &[] };
    let server = ground.server(limits)?;
    let readers = |every| Paced {
        url: format!("{}/api/v1/households", server.url),
        callers: ground.stage.heads.clone(),
        every,
        anew: false,
    };
    let lasts = ground.sized(Duration::from_secs(3), Duration::from_secs(15));
    // Warm-up: opens connections, plans statements, and then measures the maximum rate.
    beside(&[(READERS, readers(EVERY))], || thread::sleep(lasts / 4));
    let ((), fastest) = beside(&[(READERS, readers(Duration::ZERO))], || thread::sleep(lasts / 4));
    let calls = fastest.first().map_or(1, |asked| asked.run.latencies.len().max(1));
    let each = lasts / 4 / u32::try_from(calls).unwrap_or(u32::MAX);
    let every = EVERY.max(each * SHARE * u32::try_from(READERS).unwrap_or(u32::MAX));
    let ((), calm) = beside(&[(READERS, readers(every))], || thread::sleep(lasts));
    let (heavy, attacked) = beside(&[(READERS, readers(every))], || ask(ground, &server, lasts));
    let (calm, attacked) = (calm.first().ok_or("no readers")?, attacked.first().ok_or("no readers")?);

    let mut findings = Findings::default();
    findings.tell(heavy.told());
    findings.tell(format!("calm: {}", calm.told()));
    // A small run asks about 200 times: its p99 is the third slowest answer, and depends on the scheduler.
    let quantile = ground.sized(0.9, 0.99);
    let (calm_ms, attacked_ms) = (calm.run.percentile(quantile), attacked.run.percentile(quantile));
    findings.figure("heavy_p50_ms", heavy.run.percentile(0.5));
    findings.figure("quantile", quantile);
    findings.figure("calm_ms", calm_ms);
    findings.figure("attacked_ms", attacked_ms);
    let most = RATIO * calm_ms.max(LEAST_CALM_MS);
    let measured = format!("p{:.0}, bound {most:.0} ms; {}", quantile * 100.0, attacked.told());
    findings.bound(READ, attacked_ms <= most, &measured);
    let refused = calm.overloaded + attacked.overloaded;
    let wrong = calm.run.wrong + attacked.run.wrong;
    findings.bound(NOT_REFUSED, refused + wrong == 0, &format!("{refused} × 503, {wrong} other wrong"));
    Ok(findings)
}

struct Heavy {
    run: Run,
    alone: Duration,
}

impl Heavy {
    fn told(&self) -> String {
        let answered = self.run.latencies.len();
        format!(
            "{AT_ONCE} at once: {answered} asked, p50 {:.0} ms (alone {:.0} ms), {} not answered with 200{}",
            self.run.percentile(0.5),
            self.alone.as_secs_f64() * 1000.0,
            self.run.wrong,
            self.run.first_wrong.as_ref().map(|wrong| format!(": {}", shorten(wrong))).unwrap_or_default(),
        )
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Sends expensive reads for a time, each with other days, so that no answer can be reused.
fn ask(ground: &Ground, server: &Server, lasts: Duration) -> Heavy {
    let asked = AtomicUsize::new(0);
    let caller = ground.stage.admin.clone();
    let question = move |_: usize, _: usize| {
        let n = asked.fetch_add(1, Ordering::Relaxed);
        let (month, day) = (1 + n / 28 % 12, 1 + n % 28);
        let path = format!("/aggregates/poverty?group_by=village,year&from=1990-{month:02}-{day:02}&to=2200-12-31");
        Some(get(path, &caller.token, |_| true))
    };
    let begun = Instant::now();
    if let Some(one) = question(0, 0) {
        // Only the latency is measured here; answers are checked in the concurrent run.
        let _ = send(&agent(), &server.url, &one);
    }
    let alone = begun.elapsed();
    let run = drive(&server.url, AT_ONCE, lasts.saturating_sub(alone), &question);
    Heavy { run, alone }
}
