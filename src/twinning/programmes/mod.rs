//! Programmes: the directives, decisions and plans that twinnings rest on. They are public to
//! everybody signed in.

mod handlers;
pub mod model;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_programmes)
        .service(handlers::create_programme)
        .service(handlers::find_programme)
        .service(handlers::update_programme)
        .service(handlers::delete_programme);
}
