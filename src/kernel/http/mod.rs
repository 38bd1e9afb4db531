//! Extractors, answers, errors and middleware.

/// Responses with one type for each status: found, created, no content.
pub mod answer;
/// The body of a request, read and parsed within limits.
pub mod body;
/// Limits of connections: their number for each address, and the time-out for unread answers.
pub mod connections;
/// Enforces the parts of the OpenAPI document that no handler checks.
pub mod contract;
/// Path ids, If-Match, lists in bodies.
pub mod extract;
/// Middleware of every request: request id, log line, errors as problem+json, entity tags.
pub mod middleware;
/// The address of the caller, and trusted proxies.
pub mod peer;
/// The error type of the service (RFC 9457).
pub mod problem;
/// The query of a URL.
pub mod query;
