//! The error type of the service. Handlers propagate it with `?`; it is answered as RFC 9457
//! `application/problem+json` in the caller's language, without SQL or stack traces. An internal error is
//! logged once, where it becomes an answer (`middleware`), and its cause is not sent.

mod codes;
mod counts;
mod database;
mod fields;

use std::collections::BTreeMap;
use std::fmt;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub use self::codes::{Code, FieldCode};
pub(crate) use self::codes::{field_problems, problems};
use self::counts::dependents;
pub use self::counts::{Counts, Kind, name_kinds};
pub use self::database::{OnConstraint, connection_is_gone, violates};
pub use self::fields::{FieldError, ProblemFieldError, field_errors};
use crate::kernel::locale::Locale;
use crate::kernel::value::enums::Labelled;

pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// The most wrong fields that an answer names.
pub const ERRORS_MAX: usize = 100;
/// The most bytes of these in an answer: field names are chosen by the client.
const ERRORS_SIZE: usize = 48 * 1024;

/// The failure of a request.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: Code,
    errors: Vec<FieldError>,
    errors_truncated: bool,
    current: Option<serde_json::Value>,
    counts: Counts,
    /// Replaces the text of the code, in Vietnamese and in English.
    detail: Option<(String, String)>,
    /// The record that was not found or is deleted.
    subject: Option<Uuid>,
    merged_into: Option<Uuid>,
    retry_after: Option<u32>,
    allow: Option<String>,
    /// Closes the connection after the answer.
    closes: bool,
    /// For the log, never for the answer.
    cause: Option<String>,
}

impl Problem {
    pub fn new(code: Code) -> Self {
        Self(Box::new(Inner {
            code,
            errors: Vec::new(),
            errors_truncated: false,
            current: None,
            counts: Counts::new(),
            detail: None,
            subject: None,
            merged_into: None,
            retry_after: None,
            allow: None,
            closes: false,
            cause: None,
        }))
    }

    pub fn not_found() -> Self {
        Self::new(Code::NOT_FOUND)
    }

    pub fn internal(cause: impl fmt::Display) -> Self {
        let mut problem = Self::new(Code::INTERNAL);
        problem.0.cause = Some(cause.to_string());
        problem
    }

    pub fn overloaded(cause: impl fmt::Display) -> Self {
        let mut problem = Self::new(Code::OVERLOADED);
        problem.0.cause = Some(cause.to_string());
        problem.0.retry_after = Some(2);
        problem
    }

    pub fn retry_after(code: Code, seconds: u32) -> Self {
        let mut problem = Self::new(code);
        problem.0.retry_after = Some(seconds);
        problem
    }

    /// Refuses the method of a request to a path that has `methods`. A path with GET also answers HEAD.
    pub fn method_not_allowed<'a>(methods: impl IntoIterator<Item = &'a Method>) -> Self {
        let mut allow: Vec<&str> = methods.into_iter().map(Method::as_str).collect();
        if allow.contains(&"GET") {
            allow.push("HEAD");
        }
        allow.sort_unstable();
        let mut problem = Self::new(Code::METHOD_NOT_ALLOWED);
        problem.0.allow = Some(allow.join(", "));
        problem
    }

    /// Closes the connection after the answer, because the request's body was not read to its end.
    pub fn closing(mut self) -> Self {
        self.0.closes = true;
        self
    }

    pub fn closes(&self) -> bool {
        self.0.closes
    }

    /// 412, with the current record as the caller sees it.
    pub fn version_conflict(current: serde_json::Value) -> Self {
        let mut problem = Self::new(Code::VERSION_CONFLICT);
        problem.0.current = Some(current);
        problem
    }

    /// A problem with the counts that cause it.
    pub fn with_counts(code: Code, counts: Counts) -> Self {
        let mut problem = Self::new(code);
        problem.0.counts = counts;
        problem
    }

    /// 409 with the number of dependent records by kind.
    pub fn in_use(mut counts: Counts) -> Self {
        counts.retain(|_, count| *count > 0);
        let detail = dependents(&counts);
        let mut problem = Self::with_counts(Code::IN_USE, counts);
        problem.0.detail = detail;
        problem
    }

    /// 409 of a step that does not start from this status.
    pub fn in_status(status: &impl Labelled) -> Self {
        let (vi, en) = status.labels();
        let mut problem = Self::new(Code::INVALID_TRANSITION);
        problem.0.detail = Some((
            format!("Không làm được bước này: trạng thái là “{vi}”."),
            format!("This step is not possible: the status is “{en}”."),
        ));
        problem
    }

    /// 422 with the first hundred wrong fields.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self::with_errors(Code::INVALID, errors)
    }

    /// Returns 422 if there are wrong fields.
    pub fn check(errors: Vec<FieldError>) -> Result<()> {
        if errors.is_empty() { Ok(()) } else { Err(Self::invalid(errors)) }
    }

    /// 422 with one wrong field.
    pub fn field(pointer: impl Into<String>, code: FieldCode) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code)])
    }

    pub fn with_errors(code: Code, mut errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(code);
        problem.0.errors_truncated = errors.len() > ERRORS_MAX;
        errors.truncate(ERRORS_MAX);
        problem.0.errors = errors;
        problem
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Names the record of the path or of the creation that was not found or is deleted.
    pub fn about(mut self, id: Uuid) -> Self {
        if matches!(self.0.code, Code::NOT_FOUND | Code::DELETED) {
            self.0.subject.get_or_insert(id);
        }
        self
    }

    /// The records that were not found.
    pub fn subjects(&self) -> Vec<Uuid> {
        self.0.subject.into_iter().chain(self.0.errors.iter().filter_map(|error| error.subject)).collect()
    }

    /// Adds the records into which those were merged.
    pub fn with_survivors(mut self, survivor: impl Fn(Uuid) -> Option<Uuid>) -> Self {
        for error in &mut self.0.errors {
            error.merged_into = error.subject.and_then(&survivor);
        }
        let first = self.0.errors.iter().find_map(|error| error.merged_into);
        self.0.merged_into = self.0.subject.and_then(survivor).or(first);
        self
    }

    /// Whether a field has this error.
    pub fn names(&self, pointer: &str, code: FieldCode) -> bool {
        self.0.errors.iter().any(|error| error.pointer == pointer && error.code == code)
    }

    /// Whether a field is wrong.
    pub fn is_at(&self, pointer: &str) -> bool {
        self.0.errors.iter().any(|error| error.pointer == pointer)
    }

    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after
    }

    pub fn allow(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }

    pub fn current_version(&self) -> Option<i64> {
        self.0.current.as_ref()?.get("version")?.as_i64()
    }

    /// The body of the answer.
    pub fn details(&self, locale: Locale, instance: &str, request_id: &str) -> ProblemDetails {
        let code = self.0.code;
        let mut size = 0;
        let told = self.0.errors.iter().map(|error| ProblemFieldError::of(error, locale)).take_while(|error| {
            size += serde_json::to_vec(error).map_or(ERRORS_SIZE, |json| json.len());
            size < ERRORS_SIZE
        });
        let errors: Vec<ProblemFieldError> = told.collect();
        ProblemDetails {
            r#type: format!("urn:ketnghia:problem:{}", code.word()),
            title: code.title(locale).to_owned(),
            status: code.status(),
            detail: self.0.detail.as_ref().map_or(code.text(locale), |(vi, en)| locale.pick(vi, en)).to_owned(),
            instance: instance.to_owned(),
            code: code.word().to_owned(),
            request_id: request_id.to_owned(),
            errors_truncated: self.0.errors_truncated || errors.len() < self.0.errors.len(),
            errors,
            current: self.0.current.clone(),
            counts: self.0.counts.clone(),
            merged_into: self.0.merged_into,
        }
    }
}

/// The details of a problem (RFC 9457). Rely on `code`, show `detail`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDetails {
    #[schema(example = "urn:ketnghia:problem:invalid")]
    pub r#type: String,
    /// The name of the type, in the language of `detail`.
    #[schema(example = "Dữ liệu chưa đúng")]
    pub title: String,
    #[schema(minimum = 400, maximum = 599, example = 422)]
    pub status: u16,
    /// In the language of Accept-Language, Vietnamese by default.
    #[schema(example = "Có thông tin chưa đúng. Hãy xem các ô được đánh dấu.")]
    pub detail: String,
    /// The path that was called.
    #[schema(example = "/api/v1/gifts")]
    pub instance: String,
    #[schema(value_type = Code, example = "invalid")]
    pub code: String,
    /// Also in the X-Request-Id header; quote it when reporting a fault.
    #[schema(example = "01938f3e-9d54-7c43-b7c4-5d0c38a9a111")]
    pub request_id: String,
    /// The wrong fields, at most 100; empty when the fault is not in a field.
    #[schema(max_items = 100)]
    pub errors: Vec<ProblemFieldError>,
    /// There are more wrong fields than `errors` names.
    #[schema(example = false)]
    pub errors_truncated: bool,
    /// With 412: the current record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    pub current: Option<serde_json::Value>,
    /// With 409 `in_use`: the number of dependent records by kind, where they are counted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false, example = json!({"gifts": 2}))]
    pub counts: Counts,
    /// The record into which the one in the path, in `id` or in a field was merged, where the caller sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub merged_into: Option<Uuid>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.code.word())?;
        match &self.0.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    // The outermost middleware writes the body, because it has the language and the request id.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_ours_does_not_leak_its_cause() {
        let problem = Problem::internal("relation \"households\" does not exist");
        let body = serde_json::to_string(&problem.details(Locale::En, "/x", "r")).unwrap();
        assert!(!body.contains("households"));
        assert!(problem.cause().unwrap().contains("households"));
    }
}
