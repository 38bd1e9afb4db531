//! Hardship lists (danh sách hộ khó khăn): the village head makes one for each round, the commune approves or returns it,
//! and the twinned units read it after the first approval.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;
pub mod workflow;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;
use crate::kernel::value::enums::Catalogue;

pub const RESOURCE: Resource = Resource {
    tag: "hardship-lists",
    about: "Lists of the households of a village in special hardship, one for each round.",
    routes,
    problems: problems::PROBLEMS,
    catalogues: || vec![Catalogue { name: "hardship_list_statuses", items: workflow::HardshipListStatus::catalogue() }],
    steps: || workflow::STEPS.iter().map(|step| (*step).into()).collect(),
    ..Resource::EMPTY
};

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_hardship_lists)
        .service(handlers::create_hardship_list)
        .service(handlers::find_hardship_list)
        .service(handlers::update_hardship_list)
        .service(handlers::delete_hardship_list)
        .service(handlers::submit_hardship_list)
        .service(handlers::approve_hardship_list)
        .service(handlers::return_hardship_list)
        .service(handlers::reopen_hardship_list)
        .service(handlers::close_hardship_list);
}
