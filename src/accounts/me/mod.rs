//! The caller's own account, its password and its sessions.

mod handlers;
mod model;
/// Codes of problems.
pub mod problems;
mod queries;

use crate::access::resource::{Resource, routes};
pub use model::Account;
pub use queries::account;

pub const RESOURCE: Resource = Resource {
    routes: routes![find_me, change_password, list_sessions, end_session],
    field_problems: problems::FIELD_PROBLEMS,
    ..Resource::EMPTY
};
