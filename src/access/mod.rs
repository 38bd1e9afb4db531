//! Who comes in, and what they may do.

/// Who is asking: from the Authorization header to the entry into a transaction.
pub mod actor;
/// Keys of dashboards.
pub mod api_keys;
/// Who did what to which record.
pub mod audit;
/// Sign-in, refresh, sign-out.
pub mod auth;
/// Wrong passwords, counted.
pub mod guesses;
/// How many requests one caller may make.
pub mod limits;
/// The caller's own account.
pub mod me;
/// Argon2id on a bounded pool.
pub mod passwords;
/// Role by permission, on one page.
pub mod policy;
/// The rows a list looks at.
pub mod reach;
/// Access tokens.
pub mod tokens;
/// The accounts in an official's care.
pub mod users;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::enums::Catalogue;

pub fn routes(api: &mut ServiceConfig) {
    auth::routes(api);
    me::routes(api);
    users::routes(api);
    api_keys::routes(api);
    audit::routes(api);
}

pub fn catalogues() -> Vec<Catalogue> {
    vec![
        Catalogue { name: "roles", items: policy::Role::catalogue() },
        Catalogue { name: "audit_actions", items: audit::model::AuditAction::catalogue() },
    ]
}
