//! Catalogues: the enumerations of this API and the official lists it uses, with labels in both
//! languages, so that an app does not have to contain them.

pub mod data;
mod handlers;
mod model;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;
pub use model::Catalogues;

pub const RESOURCE: Resource = Resource {
    tag: "catalogues",
    about: "Every enumeration of this API with its labels; no sign-in.",
    routes: routes![list_catalogues, find_catalogue],
    catalogues: &[
        Catalogue { name: "ethnic_groups", items: data::ethnic_groups },
        Catalogue { name: "poverty_dimensions", items: data::poverty_dimensions },
        Catalogue { name: "rural_criteria", items: data::rural_criteria },
    ],
    impersonal: true,
    ..Resource::EMPTY
};
