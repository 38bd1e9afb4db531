//! Gifts (quà tặng): to a household, to one of its members, to many households, to the whole village, or to a commune. The unit
//! records a gift, the village confirms or disputes it, the commune settles a dispute.

pub mod bodies;
mod handlers;
pub mod model;
mod names;
/// Codes of problems.
pub mod problems;
pub mod queries;
pub mod recipients;
mod steps;
pub mod words;
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
    counted: Some(("quà", "gifts")),
    about: "Gifts to households and villages: recorded, confirmed, disputed and settled.",
    routes: routes! {
        list_gifts, create_gift, find_gift, update_gift, delete_gift, confirm_gift, dispute_gift,
        settle_gift, confirm_gifts, add_gift_recipients, remove_gift_recipient, link_gift, unlink_gift,
    },
    field_problems: problems::FIELD_PROBLEMS,
    catalogues: &[
        Catalogue { name: "gift_categories", items: words::GiftCategory::catalogue },
        Catalogue { name: "gift_statuses", items: words::GiftStatus::catalogue },
        Catalogue { name: "funding_sources", items: words::FundingSource::catalogue },
        Catalogue { name: "recipient_groups", items: words::RecipientGroup::catalogue },
    ],
    steps: || workflow::STEPS.iter().map(|step| (*step).into()).collect(),
    ..Resource::EMPTY
};
