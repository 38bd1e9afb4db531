//! Code without a domain: connections, errors, extractors, pages, patches, ids, the clock.

/// The clock of the service, which tests and demonstrations set.
pub mod clock;
/// The connection pool, transactions, and common parts of every write.
pub mod db;
/// Extractors, answers, errors and middleware.
pub mod http;
/// Jobs: work without a request.
pub mod job;
/// Lists: filter, paging, keyset pages.
pub mod list;
/// Vietnamese or English, by Accept-Language.
pub mod locale;
/// The lines of the log, written outside requests.
pub mod log_lines;
/// Metrics for Prometheus.
pub mod metrics;
/// Keys: encrypt personal fields and cursors, derive tokens.
pub mod secrets;
/// Concurrency limits for each caller.
pub mod shares;
/// Types of single values.
pub mod value;
