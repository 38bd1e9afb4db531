//! The callers of scenarios and attacks.

use std::sync::Arc;

use serde_json::Value;

/// A caller: its token, and the ids for its requests.
#[derive(Clone)]
pub struct Caller {
    pub token: Arc<str>,
    pub session: String,
    pub row: Arc<Value>,
}

impl Caller {
    pub fn text(&self, field: &str) -> String {
        self.row.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}
