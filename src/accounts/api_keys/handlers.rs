use actix_web::web::{Data, Json};
use actix_web::{delete, get, post};
use uuid::Uuid;

use super::model::{ApiKey, ApiKeyFilter, ApiKeySort, ApiKeyWithSecret, NewApiKey, TABLE};
use super::queries;
use crate::access::actor::{KEY_PREFIX, May};
use crate::access::policy::permission::ManageApiKeys;
use crate::access::reach::reads_much;
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::Target;
use crate::kernel::extract::{Id, IfMatch, Query, Valid};
use crate::kernel::page::{Page, keyset};
use crate::kernel::problem::Result;
use crate::kernel::secrets::{Secrets, base64url, random, sha256};

/// List API keys
///
/// The keys of places in the caller's scope, without their secrets.
#[utoipa::path(tag = "api-keys", security(("bearer" = ["api_keys:manage"])), params(ApiKeyFilter), responses((status = 200, body = Page<ApiKey>)))]
#[get("/api-keys")]
pub async fn list_api_keys(
    may: May<ManageApiKeys>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    filter: Query<ApiKeyFilter>,
) -> Result<Json<Page<ApiKey>>> {
    let Query(filter) = filter;
    let keyset = keyset!(filter, secrets, [locality_id], ApiKeySort::FIELDS);
    let much = reads_much(&may.actor, &keyset, false);
    db.look(&may.actor, much, move |conn| queries::list(conn, &filter, keyset, &secrets)).await.map(Json)
}

/// Create an API key
///
/// For a dashboard: it reads the aggregates and the places of one locality, counts under five hidden,
/// and no person. The key is shown this once.
#[utoipa::path(tag = "api-keys", security(("bearer" = ["api_keys:manage"])), request_body = NewApiKey,
    responses((status = 201, body = ApiKeyWithSecret)))]
#[post("/api-keys")]
pub async fn create_api_key(
    may: May<ManageApiKeys>,
    db: Data<Db>,
    new: Valid<NewApiKey>,
) -> Result<Created<ApiKeyWithSecret>> {
    let secret = random::<32>()?;
    let hash = sha256(&secret);
    let made = db
        .create(&may.actor, TABLE, new, move |conn, id, new| queries::create(conn, id, new, &hash), queries::find)
        .await?;
    Ok(match made {
        Created::New(key) => {
            let mut bytes = key.id.as_bytes().to_vec();
            bytes.extend_from_slice(&secret);
            let text = format!("{KEY_PREFIX}{}", base64url(&bytes));
            Created::New(ApiKeyWithSecret::new(key, Some(text)))
        }
        Created::Replayed(key) => Created::Replayed(ApiKeyWithSecret::new(key, None)),
    })
}

/// Find one API key
#[utoipa::path(tag = "api-keys", security(("bearer" = ["api_keys:manage"])), params(("id" = Uuid, Path)), responses((status = 200, body = ApiKey)))]
#[get("/api-keys/{id}")]
pub async fn find_api_key(may: May<ManageApiKeys>, db: Data<Db>, id: Id<Uuid>) -> Result<Found<ApiKey>> {
    db.read(&may.actor, move |conn| queries::find(conn, id.0)).await.map(Found)
}

/// Revoke an API key
///
/// It is refused from the next request on.
#[utoipa::path(tag = "api-keys", security(("bearer" = ["api_keys:manage"])), params(("id" = Uuid, Path)), responses((status = 204)))]
#[delete("/api-keys/{id}")]
pub async fn revoke_api_key(
    may: May<ManageApiKeys>,
    db: Data<Db>,
    id: Id<Uuid>,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.delete(&may.actor, Target::new(TABLE, id.0, if_match), queries::find, |_, _| Ok(())).await
}
