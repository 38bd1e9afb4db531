//! The callers of a transaction, and the entry function of each.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::sql;

/// The caller of a transaction.
#[derive(Debug, Clone)]
pub enum Entry {
    User {
        user: Uuid,
        session: Uuid,
        auth_version: i32,
        /// The generation of the refresh token issued with the access token; `None` without an access token.
        generation: Option<i32>,
        request: Uuid,
    },
    Key {
        id: Uuid,
        secret_hash: Vec<u8>,
        request: Uuid,
    },
    /// Public operations.
    Public {
        request: Uuid,
    },
    /// Loaders and jobs.
    System,
    /// A command of an operator, on behalf of a user without a session.
    Operator {
        user: Uuid,
        auth_version: i32,
        request: Uuid,
    },
}

/// Types that identify a caller.
pub trait Enters {
    fn entry(&self) -> Entry;
}

impl Enters for Entry {
    fn entry(&self) -> Entry {
        self.clone()
    }
}

// Results of the entry functions.
pub(super) const REFUSED: i16 = 0;
const ENTERED: i16 = 1;
pub(super) const FIRST_USE: i16 = 2;

impl Entry {
    /// The caller by which concurrent requests are limited; `None` for public operations. A key is counted by id
    /// and secret, because it is not verified yet: a request with a foreign id and a wrong secret must not use up
    /// the limit of that key.
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
