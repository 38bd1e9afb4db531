use std::time::Duration;

use serde_json::Value;
use ureq::http::{HeaderMap, Method, Request};

/// A client of the API: a base URL, a token and headers.
#[derive(Clone)]
pub struct Client {
    base: String,
    token: Option<String>,
    agent: ureq::Agent,
    headers: Vec<(String, String)>,
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    call: String,
}

impl Client {
    pub fn new(base: String, token: Option<String>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { base, token, agent: config.into(), headers: Vec::new() }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// Returns the client with one more header.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.of_version(path).send("POST", path, Some(body.to_string()))
    }

    /// Sends a POST without a body.
    pub fn step(&self, path: &str) -> Answer {
        self.of_version(path).send("POST", path, None)
    }

    /// Adds `If-Match` with the current version, for the steps that require it.
    fn of_version(&self, path: &str) -> Self {
        let needs_version = ["/confirm", "/settle", "/approve"].iter().any(|step| path.ends_with(step));
        let is_said = self.headers.iter().any(|(name, _)| name == "If-Match");
        match path.rsplit_once('/') {
            Some((record, _)) if needs_version && !is_said => {
                let tag = self.get(record).etag();
                if tag.is_empty() { self.clone() } else { self.with("If-Match", &tag) }
            }
            _ => self.clone(),
        }
    }

    pub fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(body.to_string()))
    }

    /// Sends a PATCH with the current version in `If-Match`.
    pub fn patch(&self, path: &str, body: Value) -> Answer {
        let tag = self.get(path).etag();
        self.with("If-Match", &tag).send("PATCH", path, Some(body.to_string()))
    }

    /// Sends a DELETE with the current version in `If-Match`.
    pub fn delete(&self, path: &str) -> Answer {
        let tag = self.get(path).etag();
        self.with("If-Match", &tag).send("DELETE", path, None)
    }

    pub fn send(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        let path_from_root = if path.starts_with("/docs") || path.starts_with("/health") || path == "/metrics" {
            path.to_owned()
        } else {
            format!("/api/v1{path}")
        };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let call = format!("{method} {path_from_root}");
        let mut request = Request::builder().method(method).uri(format!("{}{path_from_root}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if body.is_some() && !self.headers.iter().any(|(name, _)| name == "Content-Type") {
            request = request.header("Content-Type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut response = match body {
            Some(body) => self.agent.run(request.body(body).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        }
        .unwrap_or_else(|error| panic!("{call}: {error}"));
        let text = response.body_mut().with_config().limit(50_000_000).read_to_string().unwrap();
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), text, call }
    }
}

impl Answer {
    /// Asserts the status and returns the body.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}\n{}", self.call, self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&self.text).unwrap_or(Value::String(self.text.clone()))
        }
    }

    /// Asserts status, code and media type of a problem and returns its body.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{}\n{}", self.call, self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.call);
        body
    }

    /// Asserts a 422 with exactly these pointers and codes.
    #[track_caller]
    pub fn expect_invalid(&self, wrong: &[(&str, &str)]) {
        let body = self.expect_problem(422, "invalid");
        let found: Vec<(&str, &str)> = body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
            .collect();
        assert_eq!(found, wrong, "{}", self.call);
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn etag(&self) -> String {
        self.header("etag").to_owned()
    }
}
