//! Organisations: the givers. Every signed-in user reads their names; contact and headcounts are visible to the organisation
//! itself and the officials above it, the contact also to its twinned places.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;

use crate::access::resource::{Part, Resource, routes};
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// An organisation.
    OrganisationId of "organisations"
}

pub const RESOURCE: Resource = Resource {
    tag: "organisations",
    counted: Some(("đơn vị", "organisations")),
    about: "Departments, companies, units, associations and places as givers.",
    routes: routes! {
        list_organisations, create_organisation, find_organisation, update_organisation,
        delete_organisation, succeed_organisation,
    },
    problems: problems::PROBLEMS,
    catalogues: &[
        Catalogue { name: "organisation_kinds", items: model::OrganisationKind::catalogue },
        Catalogue { name: "organisation_levels", items: model::OrganisationLevel::catalogue },
    ],
    parts: &[
        Part { table: "organisation_contacts", name: "contact" },
        Part { table: "organisation_headcounts", name: "headcounts" },
    ],
    ..Resource::EMPTY
};
