//! Poverty standards (chuẩn nghèo): data of a period, with their indicators and lines. The next one is imported by an operator.

mod model;
pub mod queries;

pub use model::{Line, NewStandard, PovertyStandard, StandardCode, StandardIndicator, StandardLines};

use crate::access::resource::{Resource, StoredCatalogue};

pub const RESOURCE: Resource = Resource {
    stored_catalogues: &[StoredCatalogue { name: "poverty_standards", items: queries::catalogue }],
    ..Resource::EMPTY
};
