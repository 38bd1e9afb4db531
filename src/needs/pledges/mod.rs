//! Pledges: promises of units to help a listed household.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;
use crate::kernel::value::id::id;

id! {
    /// A pledge of a unit.
    PledgeId of "pledges"
}

pub const RESOURCE: Resource = Resource {
    tag: "pledges",
    about: "Promises of units to help a listed household.",
    routes,
    problems: problems::PROBLEMS,
    ..Resource::EMPTY
};

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::create_pledge).service(handlers::find_pledge).service(handlers::delete_pledge);
}
