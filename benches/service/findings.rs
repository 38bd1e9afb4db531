//! The findings of an attack: figures, and bounds that hold or are broken.

use serde_json::{Map, Value};

/// The results of an attack.
#[derive(Default)]
pub struct Findings {
    pub figures: Map<String, Value>,
    pub lines: Vec<String>,
    /// The bounds that did not hold.
    pub broken: Vec<&'static str>,
}

impl Findings {
    pub fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    pub fn tell(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Adds a bound, whether it holds, and the measured values.
    pub fn bound(&mut self, bound: &'static str, holds: bool, measured: &str) {
        self.lines.push(format!("{} {bound}: {measured}", if holds { "holds " } else { "BROKEN" }));
        if !holds {
            self.broken.push(bound);
        }
    }
}
