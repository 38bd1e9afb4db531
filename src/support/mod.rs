//! Support: visits of units to villages, and gifts, which the village confirms.

pub mod gifts;
/// Ids that resources of this area share.
pub mod ids;
/// Codes of problems of visits and gifts.
pub mod problems;
mod quantity;
mod recording;
pub mod visits;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] = &[visits::RESOURCE, gifts::RESOURCE];
