//! Working groups (tổ công tác kết nghĩa), which an organisation or a place sets up to carry out twinnings.

mod handlers;
pub mod model;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A working group.
    WorkingGroupId of "working_groups"
}

pub const RESOURCE: Resource = Resource {
    tag: "working-groups",
    about: "Working groups (tổ công tác), steering committees and management boards that carry out twinnings.",
    routes: routes! {
        list_working_groups, create_working_group, find_working_group, update_working_group,
        delete_working_group,
    },
    catalogues: &[
        Catalogue { name: "working_group_kinds", items: model::WorkingGroupKind::catalogue },
        Catalogue { name: "working_group_parts", items: model::WorkingGroupPart::catalogue },
        Catalogue { name: "working_group_stages", items: model::WorkingGroupStage::catalogue },
    ],
    ..Resource::EMPTY
};
