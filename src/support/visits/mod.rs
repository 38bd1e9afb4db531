//! Visits (thăm hỏi) of a unit to a village, on a day, for a purpose; the gifts handed over are recorded in the same
//! request.

mod handlers;
pub mod model;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;
use crate::kernel::value::enums::Catalogue;

pub const RESOURCE: Resource = Resource {
    tag: "visits",
    about: "Visits of units to villages.",
    routes,
    field_problems: super::problems::FIELD_PROBLEMS,
    catalogues: || vec![Catalogue { name: "visit_purposes", items: model::VisitPurpose::catalogue() }],
    ..Resource::EMPTY
};

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_visits)
        .service(handlers::create_visit)
        .service(handlers::find_visit)
        .service(handlers::update_visit)
        .service(handlers::delete_visit);
}
