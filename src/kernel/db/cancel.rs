//! Ends the statement of a heavy question whose caller has left.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{Connections, PATIENCE, sql};
use crate::kernel::http::problem::Result;

/// Statements of a request that reads much are given up after this.
const WIDE_STATEMENT: &str = "3s";

/// The process of PostgreSQL that works for a request, while it does. Held while it is being ended: the
/// connection does not go to another request meanwhile.
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

/// Ends the work of a request that is dropped before it is done.
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
        // There are no more of these threads than requests in the wide lane.
        std::thread::spawn(move || {
            let process = backend.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(id) = *process else { return };
            // A process belongs to the login, which alone may end it.
            let sql = format!("RESET ROLE; SELECT pg_cancel_backend({id}); SET ROLE app");
            let outcome = aside
                .get_timeout(PATIENCE)
                .map_err(|error| error.to_string())
                .and_then(|mut conn| conn.batch_execute(&sql).map_err(|error| error.to_string()));
            if let Err(error) = outcome {
                log::warn!("a question that nobody waits for goes on: {error}");
            }
        });
    }
}
