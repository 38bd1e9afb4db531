//! Programmes: the directives, decisions and plans on which twinnings are based. Every signed-in user reads them.

mod handlers;
pub mod model;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;
use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;

id! {
    /// A directive, decision or plan.
    ProgrammeId of "programmes"
}

pub const RESOURCE: Resource = Resource {
    tag: "programmes",
    about: "Directives, decisions and plans on which twinnings are based.",
    routes,
    catalogues: || vec![Catalogue { name: "programme_kinds", items: model::ProgrammeKind::catalogue() }],
    impersonal: true,
    ..Resource::EMPTY
};

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_programmes)
        .service(handlers::create_programme)
        .service(handlers::find_programme)
        .service(handlers::update_programme)
        .service(handlers::delete_programme);
}
