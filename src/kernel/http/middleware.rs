//! Middleware of every request: request id, one log line without personal data, errors as problem+json in
//! the caller's language, entity tags.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse};
use futures_util::FutureExt;
use uuid::Uuid;

use crate::kernel::http::extract::TAGS_MAX;
use crate::kernel::http::peer::Peer;
use crate::kernel::http::problem::{Code, Problem, ProblemDetails};
use crate::kernel::locale::Locale;
use crate::kernel::metrics::Metrics;
use crate::kernel::secrets::{base64url, sha256};

/// Bytes of path and query: RFC 9110 §4.1 recommends at least 8,000.
const TARGET_MAX: usize = 8 * 1024;
/// Characters of an overlong path that its answer repeats.
const PATH_SHOWN: usize = 200;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, generated here and written to the answer's header, the log and the audit.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

impl RequestId {
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().copied().unwrap_or(Self(Uuid::nil()))
    }
}

impl FromRequest for RequestId {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(Ok(Self::of(request)))
    }
}

/// The receiver of an answer, for problems that are part of a successful one.
#[derive(Debug, Clone)]
pub struct Addressee {
    locale: Locale,
    path: String,
    id: RequestId,
}

impl Addressee {
    pub fn details(&self, problem: &Problem) -> ProblemDetails {
        problem.details(self.locale, &self.path, &self.id.0.to_string())
    }
}

impl FromRequest for Addressee {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let (locale, id) = (Locale::of(request.headers()), RequestId::of(request));
        std::future::ready(Ok(Self { locale, path: request.path().to_owned(), id }))
    }
}

/// The user or key of a request, for the log line; set by authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Caller(pub Uuid);

/// Whether the server was asked to stop. From then on each answer closes its connection, so that callers
/// connect to another server before this one closes a connection during a request.
#[derive(Debug, Default)]
pub struct Stopping(AtomicBool);

impl Stopping {
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Data of a request, copied before the call: the router needs the request unshared.
struct Incoming {
    id: RequestId,
    started: Instant,
    method: Method,
    path: String,
    locale: Locale,
    stopping: Option<Data<Stopping>>,
    metrics: Option<Data<Metrics>>,
}

/// The outermost middleware: adds the request id, writes the log line, and turns every error into problem+json.
pub async fn envelope(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let is_too_long = target > TARGET_MAX;
    let incoming = Incoming {
        id: RequestId(Uuid::now_v7()),
        started: Instant::now(),
        method: request.method().clone(),
        path: if is_too_long { request.path().chars().take(PATH_SHOWN).collect() } else { request.path().to_owned() },
        locale: Locale::of(request.headers()),
        stopping: request.app_data::<Data<Stopping>>().cloned(),
        metrics: request.app_data::<Data<Metrics>>().cloned(),
    };
    request.extensions_mut().insert(incoming.id);
    // HEAD is answered like GET; the server sends the headers only (RFC 9110 §9.3.2).
    if *request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let refused = match Peer::of(request.request()) {
        Peer { is_insecure: true, .. } => Some(Code::HTTPS_REQUIRED),
        Peer { is_unreadable: true, .. } => Some(Code::MALFORMED_REQUEST),
        _ => is_too_long.then_some(Code::URI_TOO_LONG),
    };
    if let Some(code) = refused {
        let answer = write_problem(&incoming, &Problem::new(code), &HeaderMap::new());
        return Ok(request.into_response(send_off(&incoming, answer, None, None)));
    }
    let failed = match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => {
            let (request, answer) = response.into_parts();
            let answer = if answer.status().is_client_error() || answer.status().is_server_error() {
                dress(&incoming, answer)
            } else {
                answer.map_into_boxed_body()
            };
            let route = request.match_pattern();
            let caller = request.extensions().get::<Caller>().copied();
            return Ok(ServiceResponse::new(request, send_off(&incoming, answer, route, caller)));
        }
        Ok(Err(error)) => problem_of(&error, error.as_response_error().status_code()),
        Err(_panic) => Problem::internal("a handler panicked"),
    };
    let answer = write_problem(&incoming, &failed, &HeaderMap::new());
    let answer = send_off(&incoming, answer, None, None);
    Err(InternalError::from_response(failed, answer).into())
}

/// Sets the last headers and writes the log line with the route, not the path or query: paths contain ids,
/// queries contain names.
fn send_off(
    incoming: &Incoming,
    mut answer: HttpResponse<BoxBody>,
    route: Option<String>,
    caller: Option<Caller>,
) -> HttpResponse<BoxBody> {
    if incoming.stopping.as_ref().is_some_and(|stopping| stopping.has_begun()) {
        answer.head_mut().set_connection_type(ConnectionType::Close);
    }
    let headers = answer.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&incoming.id.0.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A handler sets `identity` to disable compression; it should not be sent (RFC 9110 §12.5.3).
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "identity") {
        headers.remove(header::CONTENT_ENCODING);
    }
    if let Some(metrics) = &incoming.metrics {
        let status = answer.status().as_u16();
        metrics.answered(incoming.method.as_str(), route.as_deref(), status, incoming.started.elapsed());
    }
    let size = match answer.body().size() {
        BodySize::Sized(size) => format!("{size}B"),
        BodySize::None => "0B".to_owned(),
        // Compressed while it is sent.
        BodySize::Stream => "-".to_owned(),
    };
    log::info!(
        target: "access",
        "{} {} {} {}us {} caller={} request={}",
        incoming.method,
        route.as_deref().unwrap_or("(no route)"),
        answer.status().as_u16(),
        incoming.started.elapsed().as_micros(),
        size,
        caller.map_or_else(|| "-".to_owned(), |caller| caller.0.to_string()),
        incoming.id.0,
    );
    answer
}

/// Turns an error answer of a handler or of the framework into problem+json.
fn dress(incoming: &Incoming, answer: HttpResponse<impl MessageBody + 'static>) -> HttpResponse<BoxBody> {
    let problem = match answer.error() {
        Some(error) => problem_of(error, answer.status()),
        None => Problem::new(code_of(answer.status())),
    };
    write_problem(incoming, &problem, answer.headers())
}

fn problem_of(error: &Error, status: StatusCode) -> Problem {
    match error.as_error::<Problem>() {
        Some(problem) => problem.clone(),
        None if status.is_server_error() => Problem::internal(error),
        None => Problem::new(code_of(status)),
    }
}

/// The code of an error of the framework, which has only a status.
fn code_of(status: StatusCode) -> Code {
    Code::ALL.iter().copied().find(|code| code.status() == status.as_u16()).unwrap_or(if status.is_server_error() {
        Code::INTERNAL
    } else {
        Code::MALFORMED_REQUEST
    })
}

fn write_problem(incoming: &Incoming, problem: &Problem, kept: &HeaderMap) -> HttpResponse<BoxBody> {
    let (locale, id) = (incoming.locale, incoming.id);
    if problem.code().status() >= 500 {
        log::error!("{problem} request={}", id.0);
    }
    let status = StatusCode::from_u16(problem.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let details = problem.details(locale, &incoming.path, &id.0.to_string());
    let mut answer = HttpResponse::build(status);
    if problem.closes() {
        answer.force_close();
    }
    if let Some(seconds) = problem.retry_after_seconds() {
        answer.insert_header((header::RETRY_AFTER, seconds));
    }
    if let Some(allow) = problem.allow() {
        answer.insert_header((header::ALLOW, allow.to_owned()));
    }
    if let Some(version) = problem.current_version() {
        answer.insert_header((header::ETAG, format!("\"{version}\"")));
    }
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    // Browsers need the CORS headers of errors, too.
    let is_kept = |name: &HeaderName| *name == header::VARY || name.as_str().starts_with("access-control-");
    for (name, value) in kept.iter().filter(|(name, _)| is_kept(name)) {
        answer.append_header((name.clone(), value.clone()));
    }
    answer.insert_header((header::CONTENT_LANGUAGE, locale.tag()));
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer.insert_header((header::CONTENT_TYPE, "application/problem+json"));
    match serde_json::to_vec(&details) {
        Ok(body) => answer.body(body),
        Err(_) => answer.finish(),
    }
}

/// Paths whose answers contain no personal data, and may be stored by private caches.
pub struct Impersonal(pub Vec<String>);

impl Impersonal {
    fn covers(&self, path: &str) -> bool {
        self.0
            .iter()
            .any(|known| path.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }
}

/// Sets `ETag` on reads (a record's version, else the hash of the answer), and answers 304 where
/// `If-None-Match` has it. It runs after the handler, so that a record out of scope is 404 before any tag
/// is compared.
pub async fn caching(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_read = request.method() == Method::GET;
    let is_impersonal = request.app_data::<Data<Impersonal>>().is_some_and(|known| known.covers(request.path()));
    let wanted = request.headers().get(header::IF_NONE_MATCH).cloned();
    if wanted.as_ref().is_some_and(|wanted| wanted.len() > TAGS_MAX) {
        return Err(Problem::new(Code::MALFORMED_REQUEST).into());
    }
    let response = next.call(request).await?;
    let (parts, answer) = response.into_parts();
    let mut answer = answer.map_into_boxed_body();
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("Authorization, Accept-Language"));
    if !answer.headers().contains_key(header::CACHE_CONTROL) {
        // No cache may store personal data; the app keeps its own copy.
        let cache = if is_read && is_impersonal { "private, no-cache" } else { "no-store" };
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    }
    if !is_read || answer.status() != StatusCode::OK {
        return Ok(ServiceResponse::new(parts, answer));
    }
    if !answer.headers().contains_key(header::ETAG) {
        let (head, body) = answer.into_parts();
        let body = to_bytes(body).await.map_err(|_body_error| Problem::internal("an answer could not be read"))?;
        answer = head.set_body(body.clone()).map_into_boxed_body();
        let digest = sha256(&body);
        let tag = format!("\"{}\"", base64url(digest.get(..12).unwrap_or_default()));
        if let Ok(value) = HeaderValue::from_str(&tag) {
            answer.headers_mut().insert(header::ETAG, value);
        }
    }
    let known = match (&wanted, answer.headers().get(header::ETAG)) {
        (Some(wanted), Some(tag)) => matches_tag(wanted, tag),
        _ => false,
    };
    if !known {
        return Ok(ServiceResponse::new(parts, answer));
    }
    let mut unchanged = HttpResponse::NotModified();
    for name in [header::ETAG, header::VARY, header::CACHE_CONTROL] {
        for value in answer.headers().get_all(&name) {
            unchanged.append_header((name.clone(), value.clone()));
        }
    }
    Ok(ServiceResponse::new(parts, unchanged.finish()))
}

/// Compares weakly, as `If-None-Match` requires (RFC 9110 §13.1.2).
fn matches_tag(wanted: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(wanted), Ok(tag)) = (wanted.to_str(), tag.to_str()) else { return false };
    wanted.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::{App, test, web};

    use super::*;

    async fn panicking() -> HttpResponse {
        panic!("as a handler never should")
    }

    #[actix_web::test]
    async fn a_panic_is_a_problem_and_not_the_end() {
        let app = App::new()
            .route("/panic", web::get().to(panicking))
            .route("/well", web::get().to(HttpResponse::Ok))
            .wrap(from_fn(envelope));
        let app = test::init_service(app).await;
        for _ in 0..3 {
            let failed = test::try_call_service(&app, test::TestRequest::get().uri("/panic").to_request()).await;
            let answer = failed.err().unwrap().error_response();
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(answer.headers().get(header::CONTENT_TYPE).unwrap(), "application/problem+json");
            let body = String::from_utf8(to_bytes(answer.into_body()).await.unwrap().to_vec()).unwrap();
            assert!(body.contains("\"internal\"") && !body.contains("never should"), "{body}");
        }
        let answer = test::call_service(&app, test::TestRequest::get().uri("/well").to_request()).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
}
