//! Visits (thăm hỏi) of a unit to a village, on a day, for a purpose; the gifts handed over are recorded in the same
//! request.

mod handlers;
pub mod model;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;

pub const RESOURCE: Resource = Resource {
    tag: "visits",
    counted: Some(("chuyến thăm", "visits")),
    about: "Visits of units to villages.",
    routes: routes![list_visits, create_visit, find_visit, update_visit, delete_visit],
    field_problems: super::problems::FIELD_PROBLEMS,
    catalogues: &[Catalogue { name: "visit_purposes", items: model::VisitPurpose::catalogue }],
    ..Resource::EMPTY
};
