//! Aggregates computed from the records that the caller sees.

pub mod aggregates;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] = &[aggregates::RESOURCE];
