use actix_web::web::Json;
use ketnghia_macros::operation;

use super::ApiKeyId;
use super::model::{ApiKey, ApiKeyFilter, ApiKeySort, ApiKeyWithSecret, NewApiKey};
use super::queries;
use crate::access::actor::{KEY_PREFIX, May};
use crate::access::calls::unless_in_use;
use crate::access::policy::permission::ManageApiKeys;
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;
use crate::kernel::secrets::{base64url, random, sha256};

/// List API keys
///
/// The keys of places in the caller's scope, without their secrets.
#[operation(get "/api-keys")]
pub async fn list_api_keys(
    may: May<ManageApiKeys>,
    list: List<ApiKeyFilter, ApiKeySort>,
) -> Result<Json<Page<ApiKey>>> {
    may.list(list, queries::list).await
}

/// Create an API key
///
/// For a dashboard: it reads the aggregates and the places of one locality, with counts under five hidden, and no
/// personal data. The key is returned only once.
#[operation(post "/api-keys")]
pub async fn create_api_key(may: May<ManageApiKeys>, new: Valid<NewApiKey>) -> Result<Created<ApiKeyWithSecret>> {
    let secret = random::<32>()?;
    let hash = sha256(&secret);
    let made = may.create(new, move |tx, id, new| queries::create(tx, id, new, &hash), queries::find).await?;
    Ok(match made {
        Created::New(key) => {
            let mut bytes = key.id.0.as_bytes().to_vec();
            bytes.extend_from_slice(&secret);
            let text = format!("{KEY_PREFIX}{}", base64url(&bytes));
            Created::New(ApiKeyWithSecret::new(key, Some(text)))
        }
        Created::Replayed(key) => Created::Replayed(ApiKeyWithSecret::new(key, None)),
    })
}

/// Find one API key
#[operation(get "/api-keys/{id}")]
pub async fn find_api_key(may: May<ManageApiKeys>, id: Id<ApiKeyId>) -> Result<Found<ApiKey>> {
    may.find(id, queries::find).await
}

/// Revoke an API key
///
/// It is refused from the next request on.
#[operation(delete "/api-keys/{id}")]
pub async fn revoke_api_key(may: May<ManageApiKeys>, id: Id<ApiKeyId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, unless_in_use).await
}
