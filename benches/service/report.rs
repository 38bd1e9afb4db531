//! Prints a table, and writes JSON to compare runs.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Settings;
use crate::findings::Findings;
use crate::load::Run;
use crate::server::Memory;

pub struct Report {
    pub wrong: u64,
    scenarios: Vec<Value>,
    figures: serde_json::Map<String, Value>,
    attacks: serde_json::Map<String, Value>,
    /// The peak of memory before the first sign-in, in MB.
    highest: f64,
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn cell(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.0}{unit}"))
}

impl Report {
    pub fn new(settings: &Settings, started_in: Duration, memory: Option<Memory>) -> Self {
        let started_in = started_in.as_secs_f64();
        println!(
            "start with an existing database: {started_in:.2} s, {} MB",
            cell(memory.map(|memory| memory.now), "")
        );
        let figures = json!({
            "gifts": settings.gifts, "households": settings.households, "villages": settings.villages, "clients": settings.clients,
            "seconds": settings.seconds, "pool": settings.pool, "start_seconds": round(started_in),
            "optimised": !cfg!(debug_assertions),
        });
        let figures = if let Value::Object(figures) = figures { figures } else { serde_json::Map::new() };
        Self { wrong: 0, scenarios: Vec::new(), figures, attacks: serde_json::Map::new(), highest: 0.0 }
    }

    pub fn heading(&self) {
        println!(
            "\n{:<40} {:>8} {:>9} {:>9} {:>9} {:>6} {:>10} {:>6} {:>10} {:>6} {:>7}",
            "", "per s", "p50 ms", "p99 ms", "alone p99", "wrong", "bare SQL", "ratio", "entered", "ratio", "MB"
        );
    }

    /// `run`: all clients; `alone`: one client.
    pub fn scenario(
        &mut self,
        name: &str,
        run: &Run,
        alone: &Run,
        sql: (Option<f64>, Option<f64>),
        memory: Option<Memory>,
    ) {
        let (bare, entered) = sql;
        // Without latencies where the first run has used up all calls that can be made only once.
        let alone_p99 = Some(alone.percentile(0.99)).filter(|_| !alone.latencies.is_empty());
        let ratio = |sql: Option<f64>| sql.filter(|sql| *sql > 0.0).map(|sql| run.rate() / sql * 100.0);
        println!(
            "{name:<40} {:>8.0} {:>9.2} {:>9.2} {:>9} {:>6} {:>10} {:>6} {:>10} {:>6} {:>7}",
            run.rate(),
            run.percentile(0.5),
            run.percentile(0.99),
            alone_p99.map_or_else(|| "–".to_owned(), |p99| format!("{p99:.2}")),
            run.wrong + alone.wrong,
            cell(bare, ""),
            cell(ratio(bare), " %"),
            cell(entered, ""),
            cell(ratio(entered), " %"),
            cell(memory.map(|memory| memory.now), ""),
        );
        if let Some(wrong) = run.first_wrong.as_ref().or(alone.first_wrong.as_ref()) {
            println!("  wrong: {}", wrong.chars().take(400).collect::<String>());
        }
        // A scenario without calls counts as wrong.
        self.wrong += run.wrong + alone.wrong + u64::from(run.latencies.is_empty());
        if name != "sign-in" {
            self.highest = memory.map_or(self.highest, |memory| self.highest.max(memory.highest));
        }
        self.scenarios.push(json!({
            "name": name, "calls": run.latencies.len(), "per_second": round(run.rate()), "p50_ms": round(run.percentile(0.5)),
            "p99_ms": round(run.percentile(0.99)), "alone_p99_ms": alone_p99.map(round),
            "wrong": run.wrong + alone.wrong, "bare_per_second": bare, "entered_per_second": entered,
            "percent_of_bare": ratio(bare).map(round), "percent_of_entered": ratio(entered).map(round),
            "memory_mb": memory.map(|memory| round(memory.now)),
        }));
    }

    pub fn medians(&mut self, name: &str, medians: &[f64], apart: f64) {
        let least = medians.iter().copied().fold(f64::INFINITY, f64::min);
        let most = medians.iter().copied().fold(0.0, f64::max);
        let shown: Vec<String> = medians.iter().map(|median| format!("{median:.2}")).collect();
        let verdict = if most - least <= apart { "within" } else { "MORE THAN" };
        println!("{name}: medians {} ms, {verdict} {apart} ms apart", shown.join(" / "));
        self.figures.insert(name.to_owned(), json!(medians.iter().copied().map(round).collect::<Vec<_>>()));
    }

    /// `answer`: what the import said, where it is wrong.
    pub fn workbook(&mut self, rows: u32, seconds: f64, answer: Result<(), String>) {
        println!("{}: {rows} rows in {seconds:.1} s", crate::workbook::NAME);
        if let Err(told) = answer {
            println!("  wrong: {told}");
            self.wrong += 1;
        }
        self.figures.insert("workbook".into(), json!({"rows": rows, "seconds": round(seconds)}));
    }

    pub fn storm(
        &mut self,
        calm: &Run,
        beside: &Run,
        sign_ins: (u64, u64, u64),
        slowest_refusal: Duration,
        before: Option<Memory>,
        after: Option<Memory>,
    ) {
        let (signed_in, turned_away, wrong) = sign_ins;
        let refusal = slowest_refusal.as_secs_f64() * 1000.0;
        println!(
            "storm of sign-ins: {signed_in} signed in, {turned_away} refused (slowest after {refusal:.0} ms), {wrong} wrong; \
             reads beside it {:.0}/s, p99 {:.2} ms (calm {:.0}/s, {:.2} ms); memory {} → at most {} MB",
            beside.rate(),
            beside.percentile(0.99),
            calm.rate(),
            calm.percentile(0.99),
            cell(before.map(|memory| memory.now), ""),
            cell(after.map(|memory| memory.highest), ""),
        );
        self.wrong += wrong + calm.wrong + beside.wrong;
        let storm = json!({
            "signed_in": signed_in, "turned_away": turned_away, "slowest_refusal_ms": round(refusal), "reads_p99_ms": round(beside.percentile(0.99)),
            "calm_reads_p99_ms": round(calm.percentile(0.99)), "highest_memory_mb": after.map(|memory| round(memory.highest)),
        });
        self.figures.insert("storm".into(), storm);
    }

    /// Prints the result of an attack. `must_break`: with `--control`, the bounds that must be broken.
    pub fn attack(&mut self, name: &str, findings: &Findings, must_break: Option<&[&str]>) {
        println!("{name}");
        for line in &findings.lines {
            println!("  {line}");
        }
        self.wrong += match must_break {
            None => findings.broken.len() as u64,
            Some(bounds) => {
                let unnoticed = |bound: &&&str| !findings.broken.contains(*bound);
                let unnoticed: Vec<&&str> = bounds.iter().filter(unnoticed).collect();
                println!(
                    "  control: {} of {} bounds broken {unnoticed:?}",
                    bounds.len() - unnoticed.len(),
                    bounds.len()
                );
                unnoticed.len() as u64
            }
        };
        self.attacks.insert(name.to_owned(), json!({"figures": findings.figures, "broken": findings.broken}));
    }

    pub fn finish(mut self, settings: &Settings) -> Result<u64, String> {
        if self.highest > 0.0 {
            println!("memory before the first sign-in: at most {:.0} MB", self.highest);
        }
        self.figures.insert("attacks".into(), self.attacks.into());
        self.figures.insert("highest_memory_mb".into(), json!(round(self.highest)));
        self.figures.insert("scenarios".into(), Value::from(self.scenarios));
        if let Some(file) = &settings.json {
            let text = serde_json::to_string_pretty(&self.figures).map_err(|error| error.to_string())?;
            fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(self.wrong)
    }
}
