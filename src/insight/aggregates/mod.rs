//! Aggregates: one question form for every data set. Row-level security decides what is counted; for
//! dashboards' keys small counts are hidden (`suppression.rs`).

mod csv;
mod handlers;
pub mod model;
pub mod queries;
pub mod question;
pub mod suppression;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    api.service(handlers::find_support_aggregate);
}
