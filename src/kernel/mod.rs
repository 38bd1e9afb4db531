//! What has no domain in it: connections, errors, extractors, pages, patches, ids, the clock.

/// Answers that tell their status by their type: found, created, changed, nothing to say.
pub mod answer;
/// The body of a request, read and parsed within limits.
pub mod body;
/// The clock of the service, which tests and demonstrations move.
pub mod clock;
/// How many connections one address holds, and how long an answer waits for its reader.
pub mod connections;
/// Which days a caller may name.
pub mod day;
/// The pool, entering a transaction, and what every write has in common.
pub mod db;
/// Enumerations that are text in the database, words in JSON and labels in two languages.
pub mod enums;
/// Queries, path ids, If-Match, and what the document says of an operation.
pub mod extract;
/// Ids as types, so that one record's id cannot be passed for another's.
pub mod id;
/// The query of a list: filter and paging.
pub mod list;
/// Vietnamese or English, by Accept-Language.
pub mod locale;
/// What Prometheus reads.
pub mod metrics;
/// What surrounds every request: its id, its log line, errors in one coat, tags for caches.
pub mod middleware;
/// Keyset pages.
pub mod page;
/// Absent, null and value in a merge patch.
pub mod patch;
/// Where a request comes from, and which proxy is believed.
pub mod peer;
/// The one error of the service, as RFC 9457.
pub mod problem;
/// Keys kept beside the database: sealing personal fields, authenticating cursors and tokens.
pub mod secrets;
/// What each caller may take of what all use.
pub mod shares;
/// Lists as CSV for spreadsheets.
pub mod sheet;
/// Text as people mean it: without case, diacritics and punctuation.
pub mod text;

pub use problem::{Problem, Result};
