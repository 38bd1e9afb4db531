//! Closed-loop clients, each with one connection, which send the next request after an answer.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

/// One in so many answers has its body checked, too.
const READ_EVERY: usize = 25;

pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub token: Option<Arc<str>>,
    pub body: Option<String>,
    pub expect: u16,
    /// Checks the body of the answer.
    pub check: fn(&Value) -> bool,
}

/// The `i`th call of client `n`; `None` when there are no more.
pub type Calls = dyn Fn(usize, usize) -> Option<Call> + Send + Sync;

#[derive(Default)]
pub struct Run {
    pub latencies: Vec<Duration>,
    pub wrong: u64,
    pub first_wrong: Option<String>,
    pub elapsed: Duration,
}

impl Run {
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// A percentile of the latencies, in ms.
    pub fn percentile(&self, share: f64) -> f64 {
        percentile(&self.latencies, share)
    }

    pub fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.wrong += other.wrong;
        self.first_wrong = self.first_wrong.take().or(other.first_wrong);
    }
}

pub fn percentile(latencies: &[Duration], share: f64) -> f64 {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of the list")]
    let index = (last * share).round() as usize;
    sorted.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
}

pub fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60))).build().into()
}

/// Sends one call, and returns status and body.
pub fn send(agent: &Agent, base: &str, call: &Call) -> Result<(u16, String), String> {
    let mut request = Request::builder().method(call.method).uri(format!("{base}/api/v1{}", call.path));
    if let Some(token) = &call.token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    if call.body.is_some() {
        request = request.header("Content-Type", "application/json");
    }
    let response = match &call.body {
        Some(body) => request.body(body.clone()).map_err(|error| error.to_string()).map(|request| agent.run(request)),
        None => request.body(()).map_err(|error| error.to_string()).map(|request| agent.run(request)),
    };
    let mut response = response?.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    Ok((status, body))
}

pub fn drive(base: &str, clients: usize, duration: Duration, calls: &Calls) -> Run {
    let begun = Instant::now();
    let mut total = Run::default();
    thread::scope(|scope| {
        let running: Vec<_> =
            (0..clients).map(|n| scope.spawn(move || client(base, n, begun, duration, calls))).collect();
        for client in running {
            match client.join() {
                Ok(run) => total.add(run),
                Err(_panic) => total.wrong += 1,
            }
        }
    });
    total.elapsed = begun.elapsed();
    total
}

fn client(base: &str, n: usize, begun: Instant, duration: Duration, calls: &Calls) -> Run {
    let agent = agent();
    let mut run = Run::default();
    for i in 0.. {
        if begun.elapsed() >= duration {
            break;
        }
        let Some(call) = calls(n, i) else { break };
        let asked = Instant::now();
        let answer = send(&agent, base, &call);
        run.latencies.push(asked.elapsed());
        let right = match &answer {
            Ok((status, _)) if *status != call.expect => false,
            Ok((_, body)) if i % READ_EVERY == 0 => serde_json::from_str(body).is_ok_and(|json| (call.check)(&json)),
            Ok(_) => true,
            Err(_) => false,
        };
        if !right {
            run.wrong += 1;
            run.first_wrong.get_or_insert_with(|| format!("{} {}: {answer:?}", call.method, call.path));
        }
    }
    run
}
