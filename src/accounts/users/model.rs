use chrono::{DateTime, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::ValidationError;

use crate::access::UserId;
use crate::access::policy::Role;
use crate::kernel::db::schema::users;
use crate::kernel::http::answer::record;
use crate::kernel::list::sort::sorts;
use crate::places::localities::LocalityId;
use crate::twinning::organisations::OrganisationId;

/// An account in the caller's scope.
#[derive(Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = users)]
pub struct User {
    pub id: UserId,
    #[schema(example = "langtung")]
    pub username: String,
    #[schema(example = "Rơ Mah Tung")]
    pub full_name: String,
    #[schema(example = "0905123456")]
    pub phone: Option<String>,
    pub role: Role,
    /// The place of the office; null for units.
    pub locality_id: Option<LocalityId>,
    /// The unit; null for officials and village heads.
    pub organisation_id: Option<OrganisationId>,
    pub active: bool,
    /// True until the one-time password is replaced.
    pub must_change_password: bool,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An account on whose behalf an operator acts. The entry function compares `auth_version` again, so that an office
/// that changed in between is refused.
#[derive(Clone, HasQuery)]
#[diesel(table_name = users)]
pub struct OperatedAccount {
    pub id: UserId,
    pub role: Role,
    pub active: bool,
    pub auth_version: i32,
}

/// An account with its new one-time password.
#[derive(Clone, Serialize, ToSchema)]
pub struct UserWithPassword {
    pub id: UserId,
    pub username: String,
    pub full_name: String,
    pub phone: Option<String>,
    pub role: Role,
    pub locality_id: Option<LocalityId>,
    pub organisation_id: Option<OrganisationId>,
    pub active: bool,
    pub must_change_password: bool,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Returned only once, valid for 7 days; null when the request was a repetition.
    #[schema(example = "k7dmq-x2v9a-ppw4t")]
    pub one_time_password: Option<String>,
}

record!(User, UserWithPassword);

impl UserWithPassword {
    pub fn new(user: User, one_time_password: Option<String>) -> Self {
        Self {
            id: user.id,
            username: user.username,
            full_name: user.full_name,
            phone: user.phone,
            role: user.role,
            locality_id: user.locality_id,
            organisation_id: user.organisation_id,
            active: user.active,
            must_change_password: user.must_change_password,
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
            one_time_password,
        }
    }
}

/// A new account. Roles of a place require `locality_id`, units require `organisation_id`.
#[input(users)]
pub struct NewUser {
    /// UUIDv7 made by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    /// Lower-case letters, digits, dot, dash and underscore.
    #[length(3..=64)]
    #[validate(custom(function = "plain_username"))]
    #[schema(pattern = "^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$", example = "lang.tung")]
    pub username: String,
    #[length(1..=120)]
    #[schema(example = "Rơ Mah Tung")]
    pub full_name: String,
    #[length(..=20)]
    #[schema(example = "0905123456")]
    pub phone: Option<String>,
    #[schema(example = "village_head")]
    pub role: Role,
    pub locality_id: Option<LocalityId>,
    pub organisation_id: Option<OrganisationId>,
}

/// Changes of an account. A change of role or place takes effect on its next request.
#[changes(users)]
pub struct UserChanges {
    #[length(1..=120)]
    #[schema(example = "Rơ Mah Tung")]
    pub full_name: Option<String>,
    #[length(..=20)]
    #[schema(example = "0905123456")]
    pub phone: Option<Option<String>>,
    pub role: Option<Role>,
    pub locality_id: Option<Option<LocalityId>>,
    pub organisation_id: Option<Option<OrganisationId>>,
}

fn plain_username(value: &str) -> Result<(), ValidationError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let inside = value.chars().all(|c| plain(c) || matches!(c, '.' | '_' | '-'));
    if inside && value.starts_with(plain) && value.ends_with(plain) {
        Ok(())
    } else {
        Err(ValidationError::new("invalid_value"))
    }
}

/// Filter of accounts.
#[filter]
pub struct UserFilter {
    /// Any of these roles.
    pub role: Vec<Role>,
    /// Offices of this place.
    pub locality_id: Option<LocalityId>,
    /// Accounts of this unit.
    pub organisation_id: Option<OrganisationId>,
    /// Part of the name or user name, ignoring case and diacritics.
    #[search]
    pub q: Option<String>,
}

sorts! {
    pub enum UserSort { Username = "username", CreatedAt = "created_at" }
}
