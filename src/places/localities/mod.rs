//! Localities: provinces, districts, communes and villages. The first three are loaded from the catalogue; villages are
//! added by their communes. The id of a place stays the same when its name, code or parent changes.

/// The end of a village.
pub mod end;
/// Dated flags of places.
pub mod flags;
mod handlers;
/// The history of a place.
pub mod history;
pub mod model;
/// Names of villages without the word of their kind.
pub mod names;
/// Codes of problems.
pub mod problems;
/// Counts of a village by year.
pub mod profiles;
pub mod queries;
/// Places that another record refers to.
pub mod range;
/// Queries for places with name, code and parent of a day.
pub mod search;
/// SQL functions for places.
pub mod sql;
/// Name, code, kind and parent of a village from day to day.
pub mod versions;
/// The filter `within`.
pub mod within;

use crate::access::resource::{Part, Resource, routes};
use crate::kernel::job::Job;
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;
use crate::places::tree::follow_the_day;

id! {
    /// A province, district, commune or village.
    LocalityId of "localities"
}
id! {
    /// Name, code, kind and parent of a place in a period.
    LocalityVersionId of "locality_versions"
}
id! {
    /// A flag of a place in a period.
    LocalityFlagId of "locality_flags"
}

pub const RESOURCE: Resource = Resource {
    tag: "localities",
    about: "Provinces, districts, communes and villages of every era.",
    routes: routes! {
        list_localities, create_locality, find_locality, update_locality, delete_locality,
        list_locality_children, find_locality_history, create_locality_version, update_locality_version,
        delete_locality_version, end_locality, list_locality_flags, create_locality_flag, update_locality_flag,
        delete_locality_flag,
    },
    problems: problems::PROBLEMS,
    field_problems: problems::FIELD_PROBLEMS,
    catalogues: &[
        Catalogue { name: "locality_levels", items: model::LocalityLevel::catalogue },
        Catalogue { name: "locality_kinds", items: model::LocalityKind::catalogue },
        Catalogue { name: "locality_flags", items: flags::LocalityFlagWord::catalogue },
    ],
    parts: &[
        Part { table: "village_profiles", name: "profiles" },
        Part { table: "locality_versions", name: "versions" },
        Part { table: "locality_flags", name: "flags" },
        Part { table: "locality_successions", name: "successions" },
    ],
    jobs: &[Job { name: "update the tree of places", run: |db, _| follow_the_day(db) }],
    impersonal: true,
    ..Resource::EMPTY
};
