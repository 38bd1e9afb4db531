//! Sign-in, refresh and sign-out. A session is a sign-in on one device; its refresh tokens rotate.

mod device;
mod handlers;
mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;

use crate::access::resource::{Resource, routes};
pub use model::MAX_USERNAME;

pub const RESOURCE: Resource = Resource {
    tag: "access",
    about: "Sign-in, sessions and the caller's own account.",
    routes: routes![sign_in, refresh_session, sign_out],
    problems: problems::PROBLEMS,
    ..Resource::EMPTY
};
