//! Sign-in, refresh and sign-out. A session is a sign-in on one device; its refresh tokens rotate.

mod device;
mod handlers;
mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;

pub use model::MAX_USERNAME;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;

pub const RESOURCE: Resource = Resource {
    tag: "access",
    about: "Sign-in, sessions and the caller's own account.",
    routes,
    problems: problems::PROBLEMS,
    ..Resource::EMPTY
};

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::sign_in).service(handlers::refresh_session).service(handlers::sign_out);
}
