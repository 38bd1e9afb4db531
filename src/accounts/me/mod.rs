//! The caller's own account, its password and its sessions.

mod handlers;
mod model;
/// Codes of problems.
pub mod problems;
mod queries;

pub use model::Account;
pub use queries::account;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;

pub const RESOURCE: Resource = Resource { routes, field_problems: problems::FIELD_PROBLEMS, ..Resource::EMPTY };

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::find_me)
        .service(handlers::change_password)
        .service(handlers::list_sessions)
        .service(handlers::end_session);
}
