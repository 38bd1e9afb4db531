//! Hardship items: the listed households, what they need, and what units promised (pledges). An
//! item's status is typed by nobody: the database follows pledges and confirmed gifts.

mod handlers;
pub mod model;
pub mod queries;
mod sheet;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_hardship_items)
        .service(handlers::find_hardship_item)
        .service(handlers::create_pledge)
        .service(handlers::find_pledge)
        .service(handlers::delete_pledge);
}
