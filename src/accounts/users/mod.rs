//! Users: the accounts of the offices below an official. An official never chooses a password: a one-time
//! password is generated, read out once, and replaced at the first sign-in.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;

use crate::access::resource::{Resource, routes};

pub const RESOURCE: Resource = Resource {
    tag: "users",
    counted: Some(("tài khoản", "accounts")),
    about: "Accounts of the offices below an official.",
    routes: routes! {
        list_users, create_user, find_user, update_user, delete_user, reset_user_password,
        deactivate_user, activate_user,
    },
    problems: problems::PROBLEMS,
    ..Resource::EMPTY
};
