//! Metrics for Prometheus. Labels are routes, methods, statuses and outcomes: few, from a fixed set, and
//! without personal data.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::kernel::http::problem::{Problem, Result};

const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// `method` and `route` name an operation; an unmatched path has the route `none`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Access {
    access: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// The outcome of a sign-in.
#[derive(Debug, Clone, Copy)]
pub enum SignIn {
    Right,
    Wrong,
    /// Rejected after too many wrong ones: 429.
    HeldOff,
    /// Rejected because the hashing queue is full: 503.
    Surplus,
}

impl SignIn {
    fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::HeldOff => "held_off",
            Self::Surplus => "surplus",
        }
    }
}

/// The metrics of this process.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Operation, Histogram, fn() -> Histogram>,
    database: Family<Access, Histogram, fn() -> Histogram>,
    waiting: Gauge,
    connections: Gauge,
    idle_connections: Gauge,
    open_connections: Gauge,
    refused_connections: Counter,
    sign_ins: Family<Outcome, Counter>,
    sign_in_alarms: Counter,
    sign_in_queue: Gauge,
    memory: Gauge,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Default for Metrics {
    fn default() -> Self {
        let mut new = Self {
            registry: Registry::with_prefix("ketnghia"),
            requests: Family::default(),
            durations: Family::new_with_constructor(seconds),
            database: Family::new_with_constructor(seconds),
            waiting: Gauge::default(),
            connections: Gauge::default(),
            idle_connections: Gauge::default(),
            open_connections: Gauge::default(),
            refused_connections: Counter::default(),
            sign_ins: Family::default(),
            sign_in_alarms: Counter::default(),
            sign_in_queue: Gauge::default(),
            memory: Gauge::default(),
        };
        new.registry.register("http_requests", "Requests answered, by operation and status", new.requests.clone());
        new.registry.register_with_unit(
            "http_request_duration",
            "Duration of requests, by operation",
            Unit::Seconds,
            new.durations.clone(),
        );
        new.registry.register_with_unit(
            "database_transaction_duration",
            "Duration of transactions, by access (read, write)",
            Unit::Seconds,
            new.database.clone(),
        );
        new.registry.register(
            "database_waiting",
            "Requests that wait for a thread and a connection",
            new.waiting.clone(),
        );
        new.registry.register("database_connections", "Connections of the pool", new.connections.clone());
        new.registry.register(
            "database_idle_connections",
            "Idle connections of the pool",
            new.idle_connections.clone(),
        );
        new.registry.register(
            "sign_ins",
            "Sign-ins: right, wrong, held_off (429), surplus (503)",
            new.sign_ins.clone(),
        );
        new.registry.register(
            "sign_in_alarms",
            "Alarms: failed sign-ins of an hour above SIGN_IN_ALARM",
            new.sign_in_alarms.clone(),
        );
        new.registry.register("http_connections", "Open connections", new.open_connections.clone());
        new.registry.register(
            "http_connections_refused",
            "Connections refused by the limit of their address",
            new.refused_connections.clone(),
        );
        new.registry.register("sign_in_queue", "Sign-ins that wait for password hashing", new.sign_in_queue.clone());
        new.registry.register_with_unit("process_memory", "Resident memory", Unit::Bytes, new.memory.clone());
        new
    }
}

impl Metrics {
    pub fn answered(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let method = known(method);
        let route = route.unwrap_or("none").to_owned();
        self.durations.get_or_create(&Operation { method, route: route.clone() }).observe(took.as_secs_f64());
        self.requests.get_or_create(&Answered { method, route, status }).inc();
    }

    pub fn transaction(&self, writes: bool, since: Instant) {
        let access = if writes { "write" } else { "read" };
        self.database.get_or_create(&Access { access }).observe(since.elapsed().as_secs_f64());
    }

    /// Counts a waiting request until the guard is dropped.
    pub fn wait(self: &Arc<Self>) -> Waiting {
        self.waiting.inc();
        Waiting(self.clone())
    }

    pub fn connection_opened(&self) {
        self.open_connections.inc();
    }

    pub fn connection_closed(&self) {
        self.open_connections.dec();
    }

    pub fn connection_refused(&self) {
        self.refused_connections.inc();
    }

    pub fn signed_in(&self, outcome: SignIn) {
        self.sign_ins.get_or_create(&Outcome { outcome: outcome.word() }).inc();
    }

    pub fn sign_in_alarm(&self) {
        self.sign_in_alarms.inc();
    }

    /// Returns the metrics as OpenMetrics text; gauges are read now.
    pub fn write(&self, connections: (u32, u32), sign_in_queue: usize) -> Result<String> {
        self.connections.set(i64::from(connections.0));
        self.idle_connections.set(i64::from(connections.1));
        self.sign_in_queue.set(i64::try_from(sign_in_queue).unwrap_or(i64::MAX));
        self.memory.set(resident_bytes());
        let mut out = String::new();
        text::encode(&mut out, &self.registry).map_err(Problem::internal)?;
        Ok(out)
    }
}

/// A waiting request.
pub struct Waiting(Arc<Metrics>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.dec();
    }
}

/// Maps unknown methods to `other`, because a client could create any number of series.
fn known(method: &str) -> &'static str {
    ["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}

/// The resident memory on Linux, elsewhere 0.
fn resident_bytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<i64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_methods_and_paths_make_no_series() {
        let metrics = Metrics::default();
        for method in ["BREW", "PROPFIND"] {
            metrics.answered(method, None, 404, Duration::from_millis(2));
        }
        let text = metrics.write((8, 3), 0).unwrap();
        assert!(
            text.contains("ketnghia_http_requests_total{method=\"other\",route=\"none\",status=\"404\"} 2"),
            "{text}"
        );
        assert!(text.contains("ketnghia_database_connections 8"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
