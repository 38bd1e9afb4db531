//! Hardship items: the households on hardship lists, with their needs and the pledges of units. Triggers derive the status
//! of an item from pledges and confirmed gifts.

mod handlers;
pub mod model;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;

pub const RESOURCE: Resource = Resource {
    tag: "hardship-items",
    counted: Some(("mục trong danh sách", "listed items")),
    about: "The households on hardship lists, with their needs and pledges.",
    routes: routes![list_hardship_items, find_hardship_item],
    catalogues: &[
        Catalogue { name: "hardship_needs", items: model::HardshipNeed::catalogue },
        Catalogue { name: "hardship_item_statuses", items: model::HardshipItemStatus::catalogue },
    ],
    ..Resource::EMPTY
};
