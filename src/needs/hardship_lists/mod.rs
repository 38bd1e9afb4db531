//! Hardship lists (danh sách hộ khó khăn): the village head makes one for each round, the commune approves or returns it,
//! and the twinned units read it after the first approval.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;
pub mod workflow;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;

pub const RESOURCE: Resource = Resource {
    tag: "hardship-lists",
    counted: Some(("danh sách", "lists")),
    about: "Lists of the households of a village in special hardship, one for each round.",
    routes: routes! {
        list_hardship_lists, create_hardship_list, find_hardship_list, update_hardship_list,
        delete_hardship_list, submit_hardship_list, approve_hardship_list, return_hardship_list,
        reopen_hardship_list, close_hardship_list,
    },
    problems: problems::PROBLEMS,
    catalogues: &[Catalogue { name: "hardship_list_statuses", items: workflow::HardshipListStatus::catalogue }],
    steps: || workflow::STEPS.iter().map(|step| (*step).into()).collect(),
    ..Resource::EMPTY
};
