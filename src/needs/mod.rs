//! What is needed: the households of a village, how poor each is, and the lists of the hardest.

/// The listed households and their needs.
pub mod hardship_items;
/// The hardest households of a village, round by round.
pub mod hardship_lists;
/// The homes of a village.
pub mod households;
/// Ids that resources of this area share.
pub mod ids;
/// The pledges of units.
pub mod pledges;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] =
    &[households::RESOURCE, hardship_lists::RESOURCE, hardship_items::RESOURCE, pledges::RESOURCE];
