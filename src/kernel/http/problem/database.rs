//! Converts errors of the database to problems.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::{Code, FieldError, Problem, Result};

impl From<DieselError> for Problem {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, information) = &error else {
            return match error {
                DieselError::NotFound => Self::not_found(),
                other => Self::internal(other),
            };
        };
        let message = information.message();
        match (information.constraint_name(), kind) {
            (Some("app_not_found"), _) => Self::not_found(),
            (Some("app_in_use"), _) => Self::in_use(
                information.details().and_then(|counts| serde_json::from_str(counts).ok()).unwrap_or_default(),
            ),
            // The id is taken, perhaps by a record that row-level security hides from the caller.
            (Some(name), DatabaseErrorKind::UniqueViolation) if name.ends_with("_pkey") => Self::new(Code::ID_CONFLICT),
            // The row would be out of the caller's scope: answered like a record that does not exist.
            _ if message.starts_with("new row violates row-level security") => Self::not_found(),
            (_, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand) => {
                Self::overloaded(error)
            }
            // A date or time that PostgreSQL cannot store and that no field rule rejected.
            _ if message.contains("out of range") => Self::invalid(vec![FieldError::storable("#")]),
            _ if is_passing(message) => Self::overloaded(error),
            _ => Self::internal(error),
        }
    }
}

/// Whether an error is transient: time-outs, deadlocks, a database that shuts down or starts.
fn is_passing(message: &str) -> bool {
    const PASSING: [&str; 8] = [
        "deadlock detected",
        "could not serialize access",
        "canceling statement due to",
        "terminating connection",
        "the database system is",
        "server closed the connection",
        "connection to server",
        "no connection to the server",
    ];
    PASSING.iter().any(|start| message.starts_with(start))
}

/// Whether the connection is closed, so that the transaction was not committed.
pub fn connection_is_gone(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _) => {
            true
        }
        DieselError::DatabaseError(_, information) => {
            let message = information.message();
            message.starts_with("server closed the connection")
                || message.starts_with("terminating connection")
                || message.starts_with("no connection to the server")
        }
        _ => false,
    }
}

/// Whether an error is the violation of a named constraint.
pub fn violates(error: &DieselError, name: &str) -> bool {
    matches!(error, DieselError::DatabaseError(_, information) if information.constraint_name() == Some(name))
}

/// Maps the violation of a named constraint to a problem, at the query. Any other constraint is an internal
/// error.
pub trait OnConstraint<T> {
    fn on_constraint(self, name: &str, problem: impl FnOnce() -> Problem) -> Result<T>;
}

impl<T> OnConstraint<T> for Result<T, DieselError> {
    fn on_constraint(self, name: &str, problem: impl FnOnce() -> Problem) -> Result<T> {
        self.map_err(|error| if violates(&error, name) { problem() } else { error.into() })
    }
}
