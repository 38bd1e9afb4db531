//! Hardship items: the listed households, what they need, and what units promised (pledges). An
//! item's status is typed by nobody: the database follows pledges and confirmed gifts.

mod handlers;
pub mod model;
/// Codes of problems.
pub mod problems;
pub mod queries;
mod sheet;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A household on such a list.
    HardshipItemId of "hardship_items"
}
id! {
    /// A pledge of a unit.
    PledgeId of "pledges"
}

pub const RESOURCE: Resource = Resource {
    tag: "hardship-items",
    about: "The listed households, and what was promised to them.",
    routes,
    problems: problems::PROBLEMS,
    catalogues: || {
        vec![
            Catalogue { name: "hardship_needs", items: model::HardshipNeed::catalogue() },
            Catalogue { name: "hardship_item_statuses", items: model::HardshipItemStatus::catalogue() },
        ]
    },
    ..Resource::EMPTY
};

/// Pledges, whose routes stand with those of the items.
pub const PLEDGES: Resource =
    Resource { tag: "pledges", about: "A unit promises to help a listed household.", ..Resource::EMPTY };

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_hardship_items)
        .service(handlers::find_hardship_item)
        .service(handlers::create_pledge)
        .service(handlers::find_pledge)
        .service(handlers::delete_pledge);
}
