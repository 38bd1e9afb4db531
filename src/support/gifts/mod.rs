//! Gifts (quà tặng): to a household, to one of its members, or to the whole village. The unit records a gift, the village
//! confirms or disputes it, the commune settles a dispute.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;
mod workflow;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A gift.
    GiftId of "gifts"
}

pub const RESOURCE: Resource = Resource {
    tag: "gifts",
    about: "Gifts to households and villages: recorded, confirmed, disputed and settled.",
    routes,
    field_problems: problems::FIELD_PROBLEMS,
    catalogues: || {
        vec![
            Catalogue { name: "gift_categories", items: model::GiftCategory::catalogue() },
            Catalogue { name: "gift_statuses", items: model::GiftStatus::catalogue() },
            Catalogue { name: "funding_sources", items: model::FundingSource::catalogue() },
        ]
    },
    steps: || workflow::STEPS.iter().map(|step| (*step).into()).collect(),
    ..Resource::EMPTY
};

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_gifts)
        .service(handlers::create_gift)
        .service(handlers::find_gift)
        .service(handlers::update_gift)
        .service(handlers::delete_gift)
        .service(handlers::confirm_gift)
        .service(handlers::dispute_gift)
        .service(handlers::settle_gift);
}
