//! Accounts of people and keys of dashboards, their sign-in, and the audit of their actions.

/// Keys of dashboards.
pub mod api_keys;
/// Audit entries: actor, record and change.
pub mod audit;
/// Sign-in, refresh, sign-out.
pub mod auth;
/// The caller's own account.
pub mod me;
/// Password tries, counted in the database.
mod tries;
/// The accounts in an official's care.
pub mod users;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::value::enums::Catalogue;

pub fn routes(api: &mut ServiceConfig) {
    auth::routes(api);
    me::routes(api);
    users::routes(api);
    api_keys::routes(api);
    audit::routes(api);
}

pub fn catalogues() -> Vec<Catalogue> {
    vec![Catalogue { name: "audit_actions", items: audit::model::AuditAction::catalogue() }]
}
