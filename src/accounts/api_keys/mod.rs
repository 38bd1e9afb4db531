//! API keys of dashboards: they read aggregates and places of one locality, and no personal data.

mod handlers;
pub mod model;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::id::id;

id! {
    /// A key of a dashboard.
    ApiKeyId of "api_keys"
}

pub const RESOURCE: Resource = Resource {
    tag: "api-keys",
    about: "Keys of third-party dashboards.",
    routes: routes![list_api_keys, create_api_key, find_api_key, revoke_api_key],
    ..Resource::EMPTY
};
