//! What it adds up to: numbers computed from the records the caller may see.

/// Data sets cut by place, organisation, time and kind.
pub mod aggregates;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    aggregates::routes(api);
}
