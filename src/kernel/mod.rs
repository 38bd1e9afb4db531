//! What has no domain in it: connections, errors, extractors, pages, patches, ids, the clock.

/// The clock of the service, which tests and demonstrations move.
pub mod clock;
/// The pool, entering a transaction, and what every write has in common.
pub mod db;
/// Extractors, answers, errors and what surrounds a request.
pub mod http;
/// Lists: filter, paging, keyset pages.
pub mod list;
/// Vietnamese or English, by Accept-Language.
pub mod locale;
/// What Prometheus reads.
pub mod metrics;
/// Keys kept beside the database: sealing personal fields, authenticating cursors and tokens.
pub mod secrets;
/// What each caller may take of what all use.
pub mod shares;
/// Types of single values.
pub mod value;
