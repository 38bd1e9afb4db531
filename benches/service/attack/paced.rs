//! Requests of other clients during an attack, at a fixed rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ureq::Agent;

use crate::caller::Caller;
use crate::load::Run;

/// The time-out of an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client with a fixed rate.
pub struct Paced {
    pub url: String,
    /// The callers, in turn; if empty, the requests have no token.
    pub callers: Vec<Caller>,
    pub every: Duration,
    /// Each request opens a new connection, as a health check of a load balancer does.
    pub anew: bool,
}

/// The results, with the number of 503 answers.
#[derive(Default)]
pub struct Asked {
    pub run: Run,
    pub overloaded: u64,
}

impl Asked {
    pub fn told(&self) -> String {
        let wrong = self.run.first_wrong.as_ref().map(|wrong| format!(" ({wrong})")).unwrap_or_default();
        format!(
            "{} calls, p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, {} × 503, {} other wrong{wrong}",
            self.run.latencies.len(),
            self.run.percentile(0.5),
            self.run.percentile(0.9),
            self.run.percentile(0.99),
            self.overloaded,
            self.run.wrong,
        )
    }

    fn add(&mut self, other: Self) {
        self.run.add(other.run);
        self.overloaded += other.overloaded;
    }
}

impl Paced {
    /// Sends requests until `over` is set. A latency is measured from the time at which the request was due, so
    /// that a delay by the request before is included.
    fn ask(&self, n: usize, over: &AtomicBool) -> Asked {
        let mut asked = Asked::default();
        let idle = if self.anew { 0 } else { 1 };
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
        let agent: Agent = config.max_idle_connections(idle).build().into();
        let (begun, mut due) = (Instant::now(), Instant::now());
        for i in 0.. {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if over.load(Ordering::Relaxed) {
                break;
            }
            let mut request = agent.get(&self.url);
            let caller = self.callers.get((n + i * 7).checked_rem(self.callers.len()).unwrap_or(0));
            if let Some(caller) = caller {
                request = request.header("Authorization", format!("Bearer {}", caller.token));
            }
            let answer = request.call().and_then(|mut answer| {
                answer.body_mut().read_to_string()?;
                Ok(answer.status().as_u16())
            });
            asked.run.latencies.push(due.elapsed());
            match answer {
                Ok(200) => {}
                Ok(503) => asked.overloaded += 1,
                other => {
                    asked.run.wrong += 1;
                    asked.run.first_wrong.get_or_insert_with(|| format!("{other:?}"));
                }
            }
            due += self.every;
        }
        asked.run.elapsed = begun.elapsed();
        asked
    }
}

/// Runs groups of clients, each group with so many, while `work` runs.
pub fn beside<T>(groups: &[(usize, Paced)], work: impl FnOnce() -> T) -> (T, Vec<Asked>) {
    let over = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        let running: Vec<Vec<_>> = groups
            .iter()
            .map(|(clients, paced)| {
                let start = |n| {
                    let over = over.clone();
                    scope.spawn(move || paced.ask(n, &over))
                };
                (0..*clients).map(start).collect()
            })
            .collect();
        let done = work();
        over.store(true, Ordering::Relaxed);
        let asked = running.into_iter().map(|clients| {
            clients.into_iter().fold(Asked::default(), |mut all, client| {
                match client.join() {
                    Ok(asked) => all.add(asked),
                    Err(_panic) => all.run.wrong += 1,
                }
                all
            })
        });
        (done, asked.collect())
    })
}
