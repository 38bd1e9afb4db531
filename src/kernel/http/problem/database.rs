//! Errors of the database as problems.

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
            (Some("app_in_use"), _) => Self::new(Code::IN_USE),
            // The id is taken: by a record that the caller may not even see, or one that the server made.
            (Some(name), DatabaseErrorKind::UniqueViolation) if name.ends_with("_pkey") => Self::new(Code::ID_CONFLICT),
            // A row that would lie out of the caller's scope: it does not exist for them.
            _ if message.starts_with("new row violates row-level security") => Self::not_found(),
            (_, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand) => {
                Self::overloaded(error)
            }
            // A day or moment that PostgreSQL cannot keep, where no rule of a field caught it.
            _ if message.contains("out of range") => Self::invalid(vec![FieldError::storable("#")]),
            _ if is_passing(message) => Self::overloaded(error),
            _ => Self::internal(error),
        }
    }
}

/// Faults of the moment: time-outs, a database that shuts down or starts.
fn is_passing(message: &str) -> bool {
    const PASSING: [&str; 7] = [
        "deadlock detected",
        "canceling statement due to",
        "terminating connection",
        "the database system is",
        "server closed the connection",
        "connection to server",
        "no connection to the server",
    ];
    PASSING.iter().any(|start| message.starts_with(start))
}

/// True when the connection itself is gone, so that nothing of the transaction has happened.
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

/// Turns the violation of a named constraint into the problem that it means, where the query stands.
/// A constraint that nobody named is a fault of ours.
pub trait OnConstraint<T> {
    fn on_constraint(self, name: &str, problem: impl FnOnce() -> Problem) -> Result<T>;
}

impl<T> OnConstraint<T> for Result<T, DieselError> {
    fn on_constraint(self, name: &str, problem: impl FnOnce() -> Problem) -> Result<T> {
        self.map_err(|error| match &error {
            DieselError::DatabaseError(_, information) if information.constraint_name() == Some(name) => problem(),
            _ => error.into(),
        })
    }
}
