//! Users: the accounts of the offices below an official. An official never chooses a password: a one-time
//! password is generated, read out once, and replaced at the first sign-in.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;

pub const RESOURCE: Resource = Resource {
    tag: "users",
    about: "Accounts of the offices below an official.",
    routes,
    problems: problems::PROBLEMS,
    ..Resource::EMPTY
};

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_users)
        .service(handlers::create_user)
        .service(handlers::find_user)
        .service(handlers::update_user)
        .service(handlers::delete_user)
        .service(handlers::reset_user_password)
        .service(handlers::deactivate_user)
        .service(handlers::activate_user);
}
