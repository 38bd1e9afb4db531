//! Support: units visit and give, and the village confirms what arrived.

/// What was given, and what became of it.
pub mod gifts;
/// Codes of problems of visits and gifts.
pub mod problems;
/// How much of something.
mod quantity;
/// Who may record what, for whom, where and for which day.
mod recording;
/// A unit came to a village.
pub mod visits;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] = &[visits::RESOURCE, gifts::RESOURCE];
