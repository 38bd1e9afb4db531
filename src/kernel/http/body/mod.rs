//! The body of a request: read within limits (`read`), parsed within limits (`json`), deserialised into
//! the type that a handler takes. Errors name every wrong field.

mod json;
mod read;

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use aws_lc_rs::digest;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;
use validator::Validate;

pub use self::read::{BODY_LIMIT, Bodies, PUBLIC_BODY_LIMIT};
use self::read::{Body, read};
use crate::kernel::http::extract::field_error;
use crate::kernel::http::problem::{Code, ERRORS_MAX, FieldCode, FieldError, Problem, Result, field_errors};

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

impl<T: DeserializeOwned + Validate + Send + 'static> FromRequest for Valid<T> {
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

impl<T: DeserializeOwned + Validate + Send + 'static> FromRequest for ValidOrEmpty<T> {
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

#[derive(serde::Deserialize, Validate)]
struct NoFields {}

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
fn nothing_sent<T: DeserializeOwned + Validate>() -> Problem {
    of_bytes::<T>(b"{}").err().unwrap_or_else(|| Problem::new(Code::MALFORMED_REQUEST))
}

async fn parse<T>(body: Body, media_type: MediaType) -> Result<Valid<T>>
where
    T: DeserializeOwned + Validate + Send + 'static,
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

fn of_bytes<T: DeserializeOwned + Validate>(body: &[u8]) -> Result<Valid<T>> {
    let mut received = json::parse(body)?;
    tidy(&mut received)?;
    let canonical = serde_jcs::to_vec(&received).map_err(Problem::internal)?;
    let hash = digest::digest(&digest::SHA256, &canonical).as_ref().to_vec();
    drop(canonical);
    match (client_id(&received), deserialize(&received)) {
        (Ok(id), Ok(value)) => Ok(Valid { value, hash, id }),
        // A body without an `id`, such as that of a change.
        (Err(_), Err(problem)) if problem.names("#/id", FieldCode::UNKNOWN_FIELD) => Err(problem),
        (Err(problem), _) | (_, Err(problem)) => Err(problem),
    }
}

/// Validates a value by the same rules as a body: a row of an import.
pub fn valid<T: DeserializeOwned + Validate>(mut received: Value) -> Result<T> {
    tidy(&mut received)?;
    deserialize(&received)
}

fn tidy(received: &mut Value) -> Result<()> {
    if !received.is_object() {
        return Err(Problem::field("#", FieldCode::INVALID_TYPE));
    }
    let errors = json::clean(received);
    Problem::check(errors)
}

fn client_id(received: &Value) -> Result<Option<Uuid>> {
    match received.get("id") {
        Some(Value::String(text)) => match Uuid::try_parse(text) {
            Ok(id) if id.get_version_num() == 7 => Ok(Some(id)),
            _ => Err(Problem::field("#/id", FieldCode::NOT_V7)),
        },
        _ => Ok(None),
    }
}

fn deserialize<T: DeserializeOwned + Validate>(received: &Value) -> Result<T> {
    let mut errors = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(received, &mut track);
    let result: Result<T, _> = serde_ignored::deserialize(tracked, |path| {
        // One error above the maximum sets `errors_truncated`.
        if errors.len() <= ERRORS_MAX {
            errors.push(FieldError::new(pointer_of_ignored(&path), FieldCode::UNKNOWN_FIELD));
        }
    });
    match result {
        Ok(value) if errors.is_empty() => {
            value.validate().map_err(|broken| Problem::invalid(field_errors("#", &broken)))?;
            Ok(value)
        }
        Ok(_) => Err(Problem::invalid(errors)),
        Err(error) => {
            // A wrong type ends the deserialisation, so its error comes first.
            errors.insert(0, field_error(&pointer_of(&track.path().to_string()), &error.to_string()));
            Err(Problem::invalid(errors))
        }
    }
}

/// Converts `gifts[2].value_vnd` and `gifts.2.value_vnd` to `#/gifts/2/value_vnd`.
fn pointer_of(path: &str) -> String {
    let mut pointer = String::from("#");
    for segment in path.split(['.', '[']).map(|segment| segment.trim_end_matches(']')) {
        if !segment.is_empty() {
            pointer.push('/');
            pointer.push_str(segment);
        }
    }
    pointer
}

/// The JSON pointer of an unknown field, with its segments escaped: the client chose their names.
fn pointer_of_ignored(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => "#".to_owned(),
        Path::Seq { parent, index } => format!("{}/{index}", pointer_of_ignored(parent)),
        Path::Map { parent, key } => format!("{}/{}", pointer_of_ignored(parent), json::escape(key)),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            pointer_of_ignored(parent)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize, Validate)]
    struct Child {
        #[validate(range(min = 0, max = 9))]
        value: i64,
    }

    #[derive(Debug, serde::Deserialize, Validate)]
    struct Parent {
        #[expect(dead_code, reason = "`Valid` has the id")]
        id: Option<Uuid>,
        #[validate(length(min = 1, max = 3))]
        name: String,
        #[serde(default)]
        #[validate(nested)]
        children: Vec<Child>,
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
            errors(r#"{"name":"","children":[{"value":1},{"value":-1}]}"#),
            [pair("#/children/1/value", "range"), pair("#/name", "length")]
        );
        assert_eq!(
            errors(r#"{"name":"a","x":1,"children":[{"value":1,"y":2}]}"#),
            [pair("#/children/0/y", "unknown_field"), pair("#/x", "unknown_field")]
        );
        assert_eq!(errors(r#"{"children":[]}"#), [pair("#/name", "required")]);
        assert_eq!(errors(r#"{"name":"a","children":[{"value":"b"}]}"#), [pair("#/children/0/value", "invalid_type")]);
        assert_eq!(errors(r#"{"name":"a\u0000"}"#), [pair("#/name", "null_character")]);
        assert_eq!(errors(r#"{"id":"7","name":"a"}"#), [pair("#/id", "not_uuid_v7")]);
        let change = of_bytes::<Child>(br#"{"id":"7","value":1,"x":1}"#).err().unwrap();
        assert!(change.names("#/id", FieldCode::UNKNOWN_FIELD) && change.names("#/x", FieldCode::UNKNOWN_FIELD));
    }

    #[test]
    fn of_many_wrong_fields_a_hundred_are_named_and_the_rest_is_said_to_be_cut() {
        let unknown: Vec<String> = (0..100).map(|n| format!("\"x{n}\":1")).collect();
        let whole = problem(&format!("{{\"name\":\"a\",{}}}", unknown.join(",")));
        assert_eq!((whole.errors.len(), whole.errors_truncated), (100, false));
        let cut = problem(&format!("{{\"name\":\"a\",\"more\":1,{}}}", unknown.join(",")));
        assert_eq!((cut.errors.len(), cut.errors_truncated), (100, true));
        // With long names, the size of the answer limits the number of errors.
        let long: Vec<String> = (0..90).map(|n| format!("\"{n}{}\":1", "\\u0001".repeat(198))).collect();
        let cut = problem(&format!("{{\"name\":\"a\",{}}}", long.join(",")));
        let size = serde_json::to_vec(&cut).unwrap().len();
        assert!(cut.errors_truncated && !cut.errors.is_empty() && size < 64 * 1024, "{size}");
    }

    #[test]
    fn order_and_space_do_not_change_the_hash() {
        let hash = |json: &str| of_bytes::<Parent>(json.as_bytes()).unwrap().hash;
        assert_eq!(hash(r#"{"name":"a","children":[]}"#), hash("{ \"children\": [],\n \"name\": \"a\" }"));
        assert_ne!(hash(r#"{"name":"a"}"#), hash(r#"{"name":"b"}"#));
    }
}
