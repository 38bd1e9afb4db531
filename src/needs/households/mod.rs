//! Households: the homes of a village, entered by its head, and what each is short of. Phone and
//! identity number lie sealed in a table of their own (`private.rs`).

/// How poor a household was found, year by year.
pub mod assessments;
mod handlers;
pub mod history;
mod merge;
pub mod model;
pub mod private;
pub mod queries;
mod sheet;
/// Households that may be one.
pub mod warnings;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_households)
        .service(handlers::create_household)
        .service(handlers::find_household)
        .service(handlers::update_household)
        .service(handlers::delete_household)
        .service(handlers::reveal_household)
        .service(handlers::merge_household)
        .service(handlers::list_household_history);
}
