//! Extractors, answers, errors and what surrounds a request.

/// Answers that tell their status by their type: found, created, changed, nothing to say.
pub mod answer;
/// The body of a request, read and parsed within limits.
pub mod body;
/// How many connections one address holds, and how long an answer waits for its reader.
pub mod connections;
/// The part of the document that no handler looks at.
pub mod contract;
/// Path ids, If-Match, lists in bodies.
pub mod extract;
/// What surrounds every request: its id, its log line, errors in one coat, tags for caches.
pub mod middleware;
/// Where a request comes from, and which proxy is believed.
pub mod peer;
/// The one error of the service, as RFC 9457.
pub mod problem;
/// The query of a URL.
pub mod query;
/// Lists as CSV for spreadsheets.
pub mod sheet;
