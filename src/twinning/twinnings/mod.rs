//! Twinnings (kết nghĩa) of an organisation with a village, commune or district, under a programme, for a period. The
//! officials above the place and above the organisation see them.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A twinning of an organisation with a place.
    TwinningId of "twinnings"
}

pub const RESOURCE: Resource = Resource {
    tag: "twinnings",
    about: "Twinnings (kết nghĩa) of organisations with villages, communes and districts.",
    routes,
    problems: problems::PROBLEMS,
    field_problems: problems::FIELD_PROBLEMS,
    catalogues: || vec![Catalogue { name: "twinning_statuses", items: model::TwinningStatus::catalogue() }],
    ..Resource::EMPTY
};

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_twinnings)
        .service(handlers::create_twinning)
        .service(handlers::find_twinning)
        .service(handlers::update_twinning)
        .service(handlers::delete_twinning);
}
