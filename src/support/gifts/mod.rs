//! Gifts (quà tặng): to a household, to one of its members, or to the whole village. The unit records a gift, the village
//! confirms or disputes it, the commune settles a dispute.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;
mod workflow;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A gift.
    GiftId of "gifts"
}

pub const RESOURCE: Resource = Resource {
    tag: "gifts",
    about: "Gifts to households and villages: recorded, confirmed, disputed and settled.",
    routes: routes! {
        list_gifts, create_gift, find_gift, update_gift, delete_gift, confirm_gift, dispute_gift,
        settle_gift,
    },
    field_problems: problems::FIELD_PROBLEMS,
    catalogues: &[
        Catalogue { name: "gift_categories", items: model::GiftCategory::catalogue },
        Catalogue { name: "gift_statuses", items: model::GiftStatus::catalogue },
        Catalogue { name: "funding_sources", items: model::FundingSource::catalogue },
    ],
    steps: || workflow::STEPS.iter().map(|step| (*step).into()).collect(),
    ..Resource::EMPTY
};
