//! What is needed: the households of a village, how poor each is, and the lists of the hardest.

/// The listed households, and what was promised to them.
pub mod hardship_items;
/// The hardest households of a village, round by round.
pub mod hardship_lists;
/// The homes of a village.
pub mod households;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::value::enums::Catalogue;
use hardship_items::model::{HardshipItemStatus, HardshipNeed};
use hardship_lists::workflow::HardshipListStatus;
use households::history::HouseholdHistoryKind;
use households::model::{HardshipReason, HouseholdStatus, PovertyCause, PovertyStatus, Sex};

pub fn routes(api: &mut ServiceConfig) {
    households::routes(api);
    hardship_lists::routes(api);
    hardship_items::routes(api);
}

pub fn catalogues() -> Vec<Catalogue> {
    vec![
        Catalogue { name: "sexes", items: Sex::catalogue() },
        Catalogue { name: "household_statuses", items: HouseholdStatus::catalogue() },
        Catalogue { name: "household_history_kinds", items: HouseholdHistoryKind::catalogue() },
        Catalogue { name: "poverty_statuses", items: PovertyStatus::catalogue() },
        Catalogue { name: "poverty_causes", items: PovertyCause::catalogue() },
        Catalogue { name: "hardship_reasons", items: HardshipReason::catalogue() },
        Catalogue { name: "hardship_needs", items: HardshipNeed::catalogue() },
        Catalogue { name: "hardship_list_statuses", items: HardshipListStatus::catalogue() },
        Catalogue { name: "hardship_item_statuses", items: HardshipItemStatus::catalogue() },
    ]
}
