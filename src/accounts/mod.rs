//! Accounts of people and keys of dashboards, their sign-in, and the audit of their actions.

/// Keys of dashboards.
pub mod api_keys;
/// Audit entries: actor, record and change.
pub mod audit;
/// Sign-in, refresh, sign-out.
pub mod auth;
/// The caller's own account.
pub mod me;
/// Counts of password tries.
mod tries;
/// The accounts of the offices below an official.
pub mod users;

use crate::access::resource::Resource;

/// The resources in the order of the document.
pub const RESOURCES: &[Resource] =
    &[auth::RESOURCE, me::RESOURCE, users::RESOURCE, api_keys::RESOURCE, audit::RESOURCE];
