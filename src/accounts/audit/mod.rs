//! The audit: actor, action and record of every change. Triggers write it in the transaction of the change
//! (`app_track` in `schema/records.sql`), no role may change it, and officials read the entries of their area.

mod handlers;
pub mod model;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;

pub const RESOURCE: Resource = Resource {
    tag: "audit-events",
    about: "Audit entries: actor, action and record.",
    routes: routes![list_audit_events],
    catalogues: &[Catalogue { name: "audit_actions", items: model::AuditAction::catalogue }],
    ..Resource::EMPTY
};
