//! The caller's own account, and the password that belongs to it.

mod handlers;
mod model;
mod queries;

pub use model::Account;
pub use queries::find as account;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    api.service(handlers::find_me).service(handlers::change_password);
}
