//! Gifts (quà tặng): to a household, to one of its members, or to the whole village. A unit records
//! what it gave, the village confirms or disputes it, the commune settles a dispute.

mod handlers;
pub mod model;
pub mod queries;
mod sheet;
mod workflow;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_gifts)
        .service(handlers::create_gift)
        .service(handlers::find_gift)
        .service(handlers::update_gift)
        .service(handlers::delete_gift)
        .service(handlers::confirm_gift)
        .service(handlers::dispute_gift)
        .service(handlers::settle_gift);
}
