//! Working groups (tổ công tác kết nghĩa), which an organisation or a place sets up within a programme to carry out the
//! twinning. Read by the party, its officials, the officials of the programme, and the units twinned with the village.

mod handlers;
pub mod model;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A working group.
    WorkingGroupId of "working_groups"
}

pub const RESOURCE: Resource = Resource {
    tag: "working-groups",
    about: "Working groups (tổ công tác), steering committees and management boards that carry out twinnings.",
    routes,
    catalogues: || {
        vec![
            Catalogue { name: "working_group_kinds", items: model::WorkingGroupKind::catalogue() },
            Catalogue { name: "working_group_parts", items: model::WorkingGroupPart::catalogue() },
            Catalogue { name: "working_group_stages", items: model::WorkingGroupStage::catalogue() },
        ]
    },
    ..Resource::EMPTY
};

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_working_groups)
        .service(handlers::create_working_group)
        .service(handlers::find_working_group)
        .service(handlers::update_working_group)
        .service(handlers::delete_working_group);
}
