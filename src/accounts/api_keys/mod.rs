//! API keys of dashboards: they read aggregates and places of one locality, and no personal data.

mod handlers;
pub mod model;
pub mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::access::resource::Resource;
use crate::kernel::value::id::id;

id! {
    /// A key of a dashboard.
    ApiKeyId of "api_keys"
}

pub const RESOURCE: Resource =
    Resource { tag: "api-keys", about: "Keys of third-party dashboards.", routes, ..Resource::EMPTY };

fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_api_keys)
        .service(handlers::create_api_key)
        .service(handlers::find_api_key)
        .service(handlers::revoke_api_key);
}
