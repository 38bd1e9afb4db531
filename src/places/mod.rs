//! Places: the catalogue of two eras, and the villages that communes add to it; and the catalogues of enumerations.

pub mod catalogues;
pub mod loader;
/// Provinces, districts, communes and villages.
pub mod localities;
pub mod locality_posts;
/// The day of the tree of places.
pub mod tree;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] = &[catalogues::RESOURCE, localities::RESOURCE, locality_posts::RESOURCE];
