//! Pledges: promises of units to help a listed household.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::id::id;

id! {
    /// A pledge of a unit.
    PledgeId of "pledges"
}

pub const RESOURCE: Resource = Resource {
    tag: "pledges",
    about: "Promises of units to help a listed household.",
    routes: routes![create_pledge, list_pledges, find_pledge, update_pledge, delete_pledge],
    problems: problems::PROBLEMS,
    ..Resource::EMPTY
};
