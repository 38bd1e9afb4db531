//! Runs the jobs that the kernel and the resources contribute.

use std::sync::mpsc;
use std::time::Duration;

use crate::access::resource::Resource;
use crate::access::tokens::Tokens;
use crate::kernel::db::Db;
use crate::kernel::job::{JOBS, Job};
use crate::kernel::secrets::Secrets;

/// The interval of the jobs.
const INTERVAL: Duration = Duration::from_secs(20);

/// Runs the jobs and reloads the keys periodically, until `told` is closed.
pub fn watch<'r>(
    resources: impl Iterator<Item = &'r Resource>,
    db: &Db,
    tokens: &Tokens,
    secrets: &Secrets,
    told: &mpsc::Receiver<()>,
) {
    let jobs: Vec<&Job> = JOBS.iter().chain(resources.flat_map(|resource| resource.jobs)).collect();
    loop {
        for job in &jobs {
            if let Err(problem) = (job.run)(db, secrets) {
                log::error!("the job \"{}\" failed: {problem}", job.name);
            }
        }
        let Err(mpsc::RecvTimeoutError::Timeout) = told.recv_timeout(INTERVAL) else { return };
        tokens.reload(db.clock.now());
    }
}
