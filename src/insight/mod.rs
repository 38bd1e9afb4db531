//! What it adds up to: numbers computed from the records the caller may see.

/// Data sets cut by place, organisation, time and kind.
pub mod aggregates;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] = &[aggregates::RESOURCE];
