//! Consents of households that organisations which are no state bodies read their sensitive fields (`access::withheld`).

mod handlers;
pub mod model;
mod problems;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A consent of a household.
    HouseholdConsentId of "household_consents"
}

pub const RESOURCE: Resource = Resource {
    tag: "household-consents",
    about: "Consents of households that organisations which are no state bodies read their sensitive fields.",
    routes: routes! {
        list_household_consents, create_household_consent, find_household_consent, withdraw_household_consent,
    },
    problems: problems::PROBLEMS,
    catalogues: &[Catalogue { name: "consent_proofs", items: model::ConsentProof::catalogue }],
    ..Resource::EMPTY
};
