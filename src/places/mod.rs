//! Where: the catalogue of places in two eras, and the villages that communes add to it.

/// Every enumeration of the API with its labels.
pub mod catalogues;
/// Puts the catalogue of places into the database.
pub mod loader;
/// Provinces, districts, communes and villages.
pub mod localities;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::value::enums::Catalogue;
use localities::model::{LocalityKind, LocalityLevel};

pub fn routes(api: &mut ServiceConfig) {
    catalogues::routes(api);
    localities::routes(api);
}

pub fn catalogues() -> Vec<Catalogue> {
    vec![
        Catalogue { name: "locality_levels", items: LocalityLevel::catalogue() },
        Catalogue { name: "locality_kinds", items: LocalityKind::catalogue() },
        Catalogue { name: "ethnic_groups", items: catalogues::data::ethnic_groups() },
        Catalogue { name: "poverty_dimensions", items: catalogues::data::poverty_dimensions() },
        Catalogue { name: "rural_criteria", items: catalogues::data::rural_criteria() },
    ]
}
