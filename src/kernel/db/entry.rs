//! The callers of a transaction, and how each enters it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::sql;

/// Who enters a transaction.
#[derive(Debug, Clone)]
pub enum Entry {
    User {
        user: Uuid,
        session: Uuid,
        auth_version: i32,
        /// Of the refresh token that the access token came with; None where no access token was used.
        generation: Option<i32>,
        request: Uuid,
    },
    Key {
        id: Uuid,
        secret_hash: Vec<u8>,
        request: Uuid,
    },
    /// What needs no sign-in.
    Public {
        request: Uuid,
    },
    /// Loaders and jobs.
    System,
    /// An operator at the command line, in the name of a user who did not sign in.
    Operator {
        user: Uuid,
        auth_version: i32,
        request: Uuid,
    },
}

/// Whoever can enter.
pub trait Enters {
    fn entry(&self) -> Entry;
}

impl Enters for Entry {
    fn entry(&self) -> Entry {
        self.clone()
    }
}

/// How an entry went, as the entry functions tell it.
pub(super) const REFUSED: i16 = 0;
const ENTERED: i16 = 1;
pub(super) const FIRST_USE: i16 = 2;

impl Entry {
    /// Whose share of the database a request takes; None where nobody is signed in. A key is not looked up
    /// yet: counted by its secret, nobody uses up the share of another by naming its id.
    pub fn caller(&self) -> Option<Uuid> {
        match self {
            Self::User { user, .. } | Self::Operator { user, .. } => Some(*user),
            Self::Key { id, secret_hash, .. } => Some(Uuid::new_v5(id, secret_hash)),
            Self::Public { .. } | Self::System => None,
        }
    }

    pub(super) fn enter(&self, conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<i16> {
        match self {
            Self::User { session, auth_version, generation, request, .. } => {
                let generation = generation.unwrap_or(-1);
                diesel::select(sql::app_enter(session, auth_version, generation, now, request)).get_result(conn)
            }
            Self::Key { id, secret_hash, request } => {
                diesel::select(sql::app_enter_key(id, secret_hash, now, request)).get_result(conn)
            }
            Self::Public { request } => {
                diesel::select(sql::app_enter_public(now, request)).execute(conn).map(|_| ENTERED)
            }
            Self::System => diesel::select(sql::app_enter_system(now)).execute(conn).map(|_| ENTERED),
            Self::Operator { user, auth_version, request } => {
                diesel::select(sql::app_enter_as(user, auth_version, now, request)).get_result(conn)
            }
        }
    }
}
