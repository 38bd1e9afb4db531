//! Cancels the statement of an expensive read whose client has disconnected.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{Connections, PATIENCE, sql};
use crate::kernel::http::problem::Result;

/// `statement_timeout` of expensive reads.
const WIDE_STATEMENT: &str = "3s";

/// The backend process that runs a request's statements. The mutex is locked during the cancellation, so that
/// the connection does not return to the pool and another request's statement is not cancelled.
#[derive(Clone, Default)]
pub(super) struct Backend(Arc<Mutex<Option<i32>>>);

impl Backend {
    fn set(&self, process: Option<i32>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = process;
    }

    pub(super) fn work_in(&self, conn: &mut PgConnection) -> Result<()> {
        let limit = sql::set_config("statement_timeout", WIDE_STATEMENT, true);
        let (_, process): (String, i32) = diesel::select((limit, sql::pg_backend_pid())).get_result(conn)?;
        self.set(Some(process));
        Ok(())
    }

    pub(super) fn has_worked(&self) {
        self.set(None);
    }
}

/// Cancels the statement of a request that is dropped before it completes.
pub(super) struct CancelOnDrop {
    pub(super) aside: Connections,
    pub(super) backend: Backend,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        let (aside, backend) = (self.aside.clone(), self.backend.clone());
        let is_working = |backend: &Backend| backend.0.lock().is_ok_and(|process| process.is_some());
        if !is_working(&backend) {
            return;
        }
        // The number of these threads is bounded by the permits for expensive reads.
        std::thread::spawn(move || {
            let process = backend.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(id) = *process else { return };
            // pg_cancel_backend needs the role that logged in, not `app`.
            let sql = format!("RESET ROLE; SELECT pg_cancel_backend({id}); SET ROLE app");
            let outcome = aside
                .get_timeout(PATIENCE)
                .map_err(|error| error.to_string())
                .and_then(|mut conn| conn.batch_execute(&sql).map_err(|error| error.to_string()));
            if let Err(error) = outcome {
                log::warn!("the statement of a disconnected client was not cancelled: {error}");
            }
        });
    }
}
