//! Programmes: the directives, decisions and plans on which twinnings are based. Every signed-in user reads them.

mod handlers;
pub mod model;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A directive, decision or plan.
    ProgrammeId of "programmes"
}

pub const RESOURCE: Resource = Resource {
    tag: "programmes",
    counted: Some(("chương trình", "programmes")),
    about: "Directives, decisions and plans on which twinnings are based.",
    routes: routes![list_programmes, create_programme, find_programme, update_programme, delete_programme],
    catalogues: &[Catalogue { name: "programme_kinds", items: model::ProgrammeKind::catalogue }],
    impersonal: true,
    ..Resource::EMPTY
};
