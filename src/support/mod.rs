//! Support: units visit and give, and the village confirms what arrived.

/// What was given, and what became of it.
pub mod gifts;
/// How much of something.
mod quantity;
/// Who may record what, for whom, where and for which day.
mod recording;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::enums::Catalogue;
use gifts::model::{FundingSource, GiftCategory, GiftStatus};

pub fn routes(api: &mut ServiceConfig) {
    gifts::routes(api);
}

pub fn catalogues() -> Vec<Catalogue> {
    vec![
        Catalogue { name: "gift_categories", items: GiftCategory::catalogue() },
        Catalogue { name: "gift_statuses", items: GiftStatus::catalogue() },
        Catalogue { name: "funding_sources", items: FundingSource::catalogue() },
    ]
}
