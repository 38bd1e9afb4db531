//! Twinnings (kết nghĩa) of an organisation with a village, commune or district, under a programme, for a period. The
//! officials above the place and above the organisation see them.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A twinning of an organisation with a place.
    TwinningId of "twinnings"
}

pub const RESOURCE: Resource = Resource {
    tag: "twinnings",
    counted: Some(("quan hệ kết nghĩa", "twinnings")),
    about: "Twinnings (kết nghĩa) of organisations with villages, communes and districts.",
    routes: routes! {
        list_twinnings, create_twinning, find_twinning, update_twinning, delete_twinning, succeed_twinning,
    },
    problems: problems::PROBLEMS,
    field_problems: problems::FIELD_PROBLEMS,
    catalogues: &[Catalogue { name: "twinning_statuses", items: model::TwinningStatus::catalogue }],
    ..Resource::EMPTY
};
