//! Organisations: the givers. Every signed-in user reads their names; contact and headcounts are visible to the organisation
//! itself and the officials above it.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::{Part, Resource};
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// An organisation.
    OrganisationId of "organisations"
}

pub const RESOURCE: Resource = Resource {
    tag: "organisations",
    about: "Departments, companies, units, associations and places as givers.",
    routes,
    problems: problems::PROBLEMS,
    catalogues: || {
        vec![
            Catalogue { name: "organisation_kinds", items: model::OrganisationKind::catalogue() },
            Catalogue { name: "organisation_levels", items: model::OrganisationLevel::catalogue() },
        ]
    },
    parts: &[
        Part { table: "organisation_contacts", name: "contact" },
        Part { table: "organisation_headcounts", name: "headcounts" },
    ],
    ..Resource::EMPTY
};

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_organisations)
        .service(handlers::create_organisation)
        .service(handlers::find_organisation)
        .service(handlers::update_organisation)
        .service(handlers::delete_organisation);
}
