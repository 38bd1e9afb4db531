//! The body of a request: read within limits (`read`), parsed within limits (`json`), converted field by field (`fields`) to
//! the type that a handler takes. One error names every wrong field.

/// Reads the fields of an object.
pub mod fields;
mod json;
mod place;
mod read;

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use aws_lc_rs::digest;
use serde_json::Value;
use uuid::Uuid;

use self::fields::{Fields, Input, read_body};
pub use self::read::{BODY_LIMIT, Bodies, PUBLIC_BODY_LIMIT};
use self::read::{Body, read};
use crate::kernel::http::problem::{Code, FieldCode, FieldError, Problem, Result};

/// A body of this many bytes takes about 0.2 ms to parse; a longer one is parsed on the blocking thread
/// pool, because the worker thread serves other requests, too.
const PARSED_AT_ONCE: usize = 16 * 1024;

/// A deserialised and validated body without unknown fields.
pub struct Valid<T> {
    value: T,
    /// SHA-256 of the received body in canonical form (RFC 8785).
    pub hash: Vec<u8>,
    /// The id that the client generated.
    pub id: Option<Uuid>,
}

impl<T> Valid<T> {
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Valid<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Input + Send + 'static> FromRequest for Valid<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload);
        let media_type = MediaType::of(request);
        Box::pin(async move {
            let body = body.await?;
            match media_type {
                MediaType::Unsaid if body.is_empty() => Err(nothing_sent::<T>()),
                _ => parse(body, media_type).await,
            }
        })
    }
}

/// A body whose fields are all optional: an empty body is read as `{}`.
pub struct ValidOrEmpty<T>(pub Valid<T>);

impl<T: Input + Send + 'static> FromRequest for ValidOrEmpty<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload);
        let media_type = MediaType::of(request);
        Box::pin(async move {
            let body = body.await?;
            let read = if body.is_empty() { of_bytes(b"{}")? } else { parse(body, media_type).await? };
            Ok(Self(read))
        })
    }
}

/// The body of a step without input: an empty body is read as `{}`, and every field is unknown.
pub struct NoBody {
    /// SHA-256 of the body in canonical form.
    pub hash: Vec<u8>,
}

struct NoFields;

impl Input for NoFields {
    const NULL_IS_ABSENT: bool = true;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        fields.refuse_others();
        Some(Self)
    }
}

impl FromRequest for NoBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = ValidOrEmpty::<NoFields>::from_request(request, payload);
        Box::pin(async move { Ok(Self { hash: read.await?.0.hash }) })
    }
}

#[derive(Clone, Copy)]
enum MediaType {
    Json,
    Other,
    Unsaid,
}

impl MediaType {
    fn of(request: &HttpRequest) -> Self {
        let header = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = header.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" | "application/merge-patch+json" => Self::Json,
            "" => Self::Unsaid,
            _ => Self::Other,
        }
    }
}

/// The problem of an empty body: the required fields, or `malformed_request` where no field is required,
/// since a merge patch without a body was probably truncated.
fn nothing_sent<T: Input>() -> Problem {
    of_bytes::<T>(b"{}").err().unwrap_or_else(|| Problem::new(Code::MALFORMED_REQUEST))
}

async fn parse<T>(body: Body, media_type: MediaType) -> Result<Valid<T>>
where
    T: Input + Send + 'static,
{
    if !matches!(media_type, MediaType::Json) {
        return Err(Problem::new(Code::UNSUPPORTED_MEDIA_TYPE));
    }
    if body.content_limit() <= PARSED_AT_ONCE {
        return of_bytes(&body.content()?);
    }
    let turn = body.parser_turn().await?;
    let parsed = web::block(move || {
        // Held by the blocking thread: it goes on when the request is cancelled.
        let _turn = turn;
        of_bytes(&body.content()?)
    });
    parsed.await.map_err(|_blocking_error| Problem::internal("a parser panicked"))?
}

fn of_bytes<T: Input>(body: &[u8]) -> Result<Valid<T>> {
    let mut received = json::parse(body)?;
    let value = convert(&mut received)?;
    let id = received.get("id").and_then(Value::as_str).and_then(|id| Uuid::try_parse(id).ok());
    let hash = digest::digest(&digest::SHA256, &canonical::<T>(received)?).as_ref().to_vec();
    Ok(Valid { value, hash, id })
}

/// Returns the canonical form of a body, whose hash identifies the request: without the nulls that are no field.
pub fn canonical<T: Input>(mut body: Value) -> Result<Vec<u8>> {
    if T::NULL_IS_ABSENT {
        json::drop_nulls(&mut body);
    }
    serde_jcs::to_vec(&body).map_err(Problem::internal)
}

/// Validates a value by the same rules as a body: a row of an import.
pub fn valid<T: Input>(mut received: Value) -> Result<T> {
    convert(&mut received)
}

fn convert<T: Input>(received: &mut Value) -> Result<T> {
    let mut errors = json::clean(received);
    let Value::Object(fields) = received else { return Err(Problem::field("#", FieldCode::INVALID_TYPE)) };
    let read = read_body(fields);
    let mut others = read.as_ref().err().cloned().unwrap_or_default();
    let id = fields.get("id").and_then(Value::as_str);
    let is_unknown = others.iter().any(|error| error.pointer == ID && error.code == FieldCode::UNKNOWN_FIELD);
    // A body without an `id`, such as that of a change, rejects it as unknown.
    let is_foreign = id.is_some_and(|id| !Uuid::try_parse(id).is_ok_and(|id| id.get_version_num() == 7));
    if is_foreign && !is_unknown {
        others.retain(|error| error.pointer != ID);
        others.push(FieldError::new(ID, FieldCode::NOT_V7));
    }
    // A text that is not fit to be kept is not judged again, nor is the list that contains it.
    let is_unfit = |pointer: &str| {
        let mut rests = errors.iter().filter_map(|unfit| unfit.pointer.strip_prefix(pointer));
        rests.any(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    others.retain(|error| !is_unfit(&error.pointer));
    errors.append(&mut others);
    errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    match read {
        Ok(value) if errors.is_empty() => Ok(value),
        _ => Err(Problem::invalid(errors)),
    }
}

/// The pointer of the id that a client generated.
const ID: &str = "#/id";

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use ketnghia_macros::{changes, input};

    use super::*;

    #[input]
    struct Child {
        #[range(0..=9)]
        value: i64,
    }

    #[input]
    struct Parent {
        id: Option<Uuid>,
        #[length(1..=3)]
        name: String,
        size: u8,
        #[entries(..=3)]
        children: Vec<Child>,
        #[length(..=2)]
        #[serde(default)]
        days: Vec<NaiveDate>,
    }

    #[changes]
    struct Changes {
        name: Option<String>,
        note: Option<Option<String>>,
        #[nullable]
        reason: Option<String>,
    }

    fn problem(json: &str) -> crate::kernel::http::problem::ProblemDetails {
        let problem = of_bytes::<Parent>(json.as_bytes()).err().unwrap();
        problem.details(crate::kernel::locale::Locale::En, "", "")
    }

    fn errors(json: &str) -> Vec<(String, String)> {
        problem(json).errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    fn pair(pointer: &str, code: &str) -> (String, String) {
        (pointer.into(), code.into())
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert_eq!(
            errors(r#"{"id":"7","name":"","x":1,"children":[{"value":1},{},{"y":1},{}]}"#),
            [
                pair("#/children", "length"),
                pair("#/id", "not_uuid_v7"),
                pair("#/name", "length"),
                pair("#/size", "required"),
                pair("#/x", "unknown_field")
            ]
        );
        assert_eq!(
            errors(r#"{"name":"a","size":"b","children":[{"value":-1,"y":2},{},5],"days":["2026-01-01",7,"x"]}"#),
            [
                pair("#/children/0/value", "range"),
                pair("#/children/0/y", "unknown_field"),
                pair("#/children/1/value", "required"),
                pair("#/children/2", "invalid_type"),
                pair("#/days/1", "invalid_type"),
                pair("#/days/2", "invalid_value"),
                pair("#/size", "invalid_type"),
            ]
        );
        assert_eq!(
            errors(r#"{"name":"a\u0000","size":300}"#),
            [pair("#/name", "null_character"), pair("#/size", "invalid_value")]
        );
        assert_eq!(of_bytes::<Child>(br#"{"value":9}"#).unwrap().value.value, 9);
        let change = of_bytes::<Child>(br#"{"id":"7","value":1,"x":1}"#).err().unwrap();
        assert!(change.names("#/id", FieldCode::UNKNOWN_FIELD) && change.names("#/x", FieldCode::UNKNOWN_FIELD));
    }

    #[test]
    fn null_is_no_field_in_a_create_and_clears_in_a_change() {
        let new = of_bytes::<Parent>(br#"{"id":null,"name":"a","size":1,"children":null,"days":null}"#).unwrap();
        assert_eq!((new.name.as_str(), new.size), ("a", 1));
        assert!(new.id.is_none() && new.value.id.is_none() && new.children.is_empty() && new.days.is_empty());
        assert_eq!(new.hash, of_bytes::<Parent>(br#"{"name":"a","size":1}"#).unwrap().hash);
        assert_eq!(
            errors(r#"{"name":null,"size":1,"x":null}"#),
            [pair("#/name", "required"), pair("#/x", "unknown_field")]
        );
        let change = |json: &str| of_bytes::<Changes>(json.as_bytes());
        let kept = change("{}").unwrap();
        assert!(kept.name.is_none() && kept.note.is_none() && kept.reason.is_none());
        assert_eq!(change(r#"{"note":null}"#).unwrap().note, Some(None));
        assert_eq!(change(r#"{"note":"a"}"#).unwrap().note, Some(Some("a".to_owned())));
        assert_eq!(change(r#"{"reason":null}"#).unwrap().reason, None);
        assert!(change(r#"{"name":null}"#).err().unwrap().names("#/name", FieldCode::REQUIRED));
    }

    #[test]
    fn of_many_wrong_fields_a_hundred_are_named_and_the_rest_is_said_to_be_cut() {
        let unknown: Vec<String> = (0..100).map(|n| format!("\"x{n}\":1")).collect();
        let whole = problem(&format!("{{\"name\":\"a\",\"size\":1,{}}}", unknown.join(",")));
        assert_eq!((whole.errors.len(), whole.errors_truncated), (100, false));
        let cut = problem(&format!("{{\"name\":\"a\",\"size\":1,\"more\":1,{}}}", unknown.join(",")));
        assert_eq!((cut.errors.len(), cut.errors_truncated), (100, true));
        // With long names, the size of the answer limits the number of errors.
        let long: Vec<String> = (0..90).map(|n| format!("\"{n}{}\":1", "\\u0001".repeat(198))).collect();
        let cut = problem(&format!("{{\"name\":\"a\",\"size\":1,{}}}", long.join(",")));
        let size = serde_json::to_vec(&cut).unwrap().len();
        assert!(cut.errors_truncated && !cut.errors.is_empty() && size < 64 * 1024, "{size}");
    }

    #[test]
    fn order_and_space_do_not_change_the_hash() {
        let hash = |json: &str| of_bytes::<Parent>(json.as_bytes()).unwrap().hash;
        assert_eq!(hash(r#"{"name":"a","size":1}"#), hash("{ \"size\": 1,\n \"name\": \"a\" }"));
        assert_ne!(hash(r#"{"name":"a","size":1}"#), hash(r#"{"name":"b","size":1}"#));
    }
}
