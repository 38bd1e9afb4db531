//! Localities: provinces, districts, communes and villages. The first three come with the
//! catalogue; villages are added by their communes. Each keeps its id for life, whatever it is
//! called and wherever it lies.

mod handlers;
pub mod model;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_localities)
        .service(handlers::create_locality)
        .service(handlers::find_locality)
        .service(handlers::update_locality)
        .service(handlers::delete_locality)
        .service(handlers::list_locality_children)
        .service(handlers::find_locality_history);
}
