//! What is needed: the households of a village, how poor each is, and the lists of the hardest.

/// The listed households, and what was promised to them.
pub mod hardship_items;
/// The hardest households of a village, round by round.
pub mod hardship_lists;
/// The homes of a village.
pub mod households;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] =
    &[households::RESOURCE, hardship_lists::RESOURCE, hardship_items::RESOURCE, hardship_items::PLEDGES];
