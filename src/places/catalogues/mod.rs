//! Catalogues: the enumerations of this API and the official lists it uses, with labels in both
//! languages, so that an app never hard-codes them.

/// The lists that come as files.
pub mod data;
mod handlers;
mod model;

pub use model::Catalogues;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_catalogues).service(handlers::find_catalogue);
}
