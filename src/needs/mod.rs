//! Needs: the households of a village with their poverty, the hardship lists, and pledges of help.

/// Households on hardship lists, with their needs.
pub mod hardship_items;
/// Lists of the households of a village in special hardship, one for each round.
pub mod hardship_lists;
/// Poverty assessments of households.
pub mod household_assessments;
/// Consents of households to readers that are no state bodies.
pub mod household_consents;
/// Households of a village.
pub mod households;
/// Ids that resources of this area share.
pub mod ids;
/// Pledges of units to help a listed household.
pub mod pledges;
/// Poverty standards, as data.
pub mod poverty_standards;
/// Registers of villages, complete or not, by year.
pub mod registers;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] = &[
    households::RESOURCE,
    household_assessments::RESOURCE,
    poverty_standards::RESOURCE,
    registers::RESOURCE,
    household_consents::RESOURCE,
    hardship_lists::RESOURCE,
    hardship_items::RESOURCE,
    pledges::RESOURCE,
];
