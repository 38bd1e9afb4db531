//! Support: units visit and give, and the village confirms what arrived.

/// What was given, and what became of it.
pub mod gifts;
/// How much of something.
mod quantity;
/// Who may record what, for whom, where and for which day.
mod recording;
/// A unit came to a village.
pub mod visits;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::value::enums::Catalogue;
use gifts::model::{FundingSource, GiftCategory, GiftStatus};
use visits::model::VisitPurpose;

pub fn routes(api: &mut ServiceConfig) {
    visits::routes(api);
    gifts::routes(api);
}

pub fn catalogues() -> Vec<Catalogue> {
    vec![
        Catalogue { name: "visit_purposes", items: VisitPurpose::catalogue() },
        Catalogue { name: "gift_categories", items: GiftCategory::catalogue() },
        Catalogue { name: "gift_statuses", items: GiftStatus::catalogue() },
        Catalogue { name: "funding_sources", items: FundingSource::catalogue() },
    ]
}
