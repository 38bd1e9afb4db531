//! Jobs: work without a request, on the connection of the system. Resources contribute theirs by `RESOURCE`.

use crate::kernel::db::{Db, records, sealing};
use crate::kernel::http::problem::Result;
use crate::kernel::secrets::Secrets;

/// A job that each replica runs at start and periodically, in the order of the resources. Concurrent runs of several
/// replicas must be safe, and a failed job stops no other.
pub struct Job {
    /// The name in the log.
    pub name: &'static str,
    pub run: fn(&Db, &Secrets) -> Result<()>,
}

/// Jobs of records of all resources.
pub const JOBS: &[Job] = &[
    Job { name: "seal deleted records", run: sealing::seal_deletions },
    Job { name: "delete expired rows", run: |db, _| records::forget(db) },
];
