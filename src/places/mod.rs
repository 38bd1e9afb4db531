//! Where: the catalogue of places in two eras, and the villages that communes add to it.

/// Every enumeration of the API with its labels.
pub mod catalogues;
/// Puts the catalogue of places into the database.
pub mod loader;
/// Provinces, districts, communes and villages.
pub mod localities;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] = &[catalogues::RESOURCE, localities::RESOURCE];
