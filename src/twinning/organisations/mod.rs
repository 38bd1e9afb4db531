//! Organisations: who gives. Everybody signed in reads their public part; how to reach them and how
//! many posts they have is for themselves and the officials over them.

mod handlers;
pub mod model;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_organisations)
        .service(handlers::create_organisation)
        .service(handlers::find_organisation)
        .service(handlers::update_organisation)
        .service(handlers::delete_organisation);
}
