use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::{filter, input};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ApiKeyId;
use crate::access::UserId;
use crate::kernel::db::schema::api_keys;
use crate::kernel::http::answer::record;
use crate::kernel::list::sort::sorts;
use crate::places::localities::LocalityId;

/// A dashboard's key, without its secret.
#[derive(Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = api_keys)]
pub struct ApiKey {
    pub id: ApiKeyId,
    #[schema(example = "Bảng số liệu tỉnh Gia Lai")]
    pub name: String,
    /// The place whose aggregates it reads.
    pub locality_id: LocalityId,
    /// The last day of its validity; null: until it is revoked.
    pub expires_on: Option<NaiveDate>,
    pub created_by: Option<UserId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A key with its secret.
#[derive(Clone, Serialize, ToSchema)]
pub struct ApiKeyWithSecret {
    pub id: ApiKeyId,
    pub name: String,
    pub locality_id: LocalityId,
    pub expires_on: Option<NaiveDate>,
    pub created_by: Option<UserId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Returned only once; null when the request was a repetition. Send it as `Authorization: Bearer kn_…`.
    #[schema(example = "kn_AZOPPp1UfEO3xF0MOKmhEeX0cZ0nYH0q4bC3m7c0wQm3Jg7f5S1r2u9y8t6e4w2q")]
    pub key: Option<String>,
}

record!(ApiKey, ApiKeyWithSecret);

impl ApiKeyWithSecret {
    pub fn new(found: ApiKey, key: Option<String>) -> Self {
        Self {
            id: found.id,
            name: found.name,
            locality_id: found.locality_id,
            expires_on: found.expires_on,
            created_by: found.created_by,
            version: found.version,
            created_at: found.created_at,
            updated_at: found.updated_at,
            key,
        }
    }
}

/// A new API key.
#[input(api_keys)]
pub struct NewApiKey {
    /// UUIDv7 made by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    /// The name of the dashboard.
    #[length(1..=120)]
    #[schema(example = "Bảng số liệu tỉnh Gia Lai")]
    pub name: String,
    pub locality_id: LocalityId,
    pub expires_on: Option<NaiveDate>,
}

/// Filter of keys.
#[filter]
pub struct ApiKeyFilter {
    /// Keys of this place.
    pub locality_id: Option<LocalityId>,
}

sorts! {
    pub enum ApiKeySort { CreatedAt = "-created_at", Name = "name" }
}
