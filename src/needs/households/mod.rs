//! Households of a village, entered by its head, with members, poverty and hardship reasons. Phone and identity number
//! are encrypted in a separate table (`private.rs`).

/// Bodies of requests.
pub mod bodies;
mod handlers;
pub mod history;
mod merge;
pub mod model;
/// Enumerations of poverty: status, causes, indicators.
pub mod poverty;
pub mod private;
/// Codes of problems.
pub mod problems;
pub mod queries;
/// Key rotation of the sealed fields.
pub mod reseal;
/// Possible duplicates.
pub mod warnings;
/// Sensitive fields.
pub mod withheld;

use crate::access::resource::{Part, Resource, routes};
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A household of a village.
    HouseholdId of "households"
}
id! {
    /// A member of a household.
    MemberId of "household_members"
}

pub const RESOURCE: Resource = Resource {
    tag: "households",
    counted: Some(("hộ", "households")),
    about: "Households of a village.",
    routes: routes! {
        list_households, create_household, find_household, update_household, delete_household,
        reveal_household, merge_household, list_household_history,
    },
    problems: problems::PROBLEMS,
    field_problems: problems::FIELD_PROBLEMS,
    catalogues: &[
        Catalogue { name: "sexes", items: model::Sex::catalogue },
        Catalogue { name: "household_statuses", items: model::HouseholdStatus::catalogue },
        Catalogue { name: "household_history_kinds", items: history::HouseholdHistoryKind::catalogue },
        Catalogue { name: "poverty_statuses", items: poverty::PovertyStatus::catalogue },
        Catalogue { name: "poverty_causes", items: poverty::PovertyCause::official_catalogue },
        Catalogue { name: "hardship_reasons", items: model::HardshipReason::catalogue },
    ],
    parts: &[
        Part { table: "household_members", name: "members" },
        Part { table: "household_assessments", name: "assessments" },
        Part { table: "household_merges", name: "merges" },
    ],
    ..Resource::EMPTY
};
