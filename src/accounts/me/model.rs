use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use ketnghia_macros::input;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::policy::Role;
use crate::kernel::http::answer::Shown;
use crate::kernel::list::sort::sorts;

/// The caller's account.
#[derive(Serialize, ToSchema)]
pub struct Account {
    pub id: Uuid,
    #[schema(example = "langtung")]
    pub username: String,
    #[schema(example = "Rơ Mah Tung")]
    pub full_name: String,
    pub role: Role,
    /// The place of the office; null for administrators and units.
    pub locality: Option<AccountLocality>,
    /// The unit; null for officials and village heads.
    pub organisation: Option<AccountOrganisation>,
    /// The permissions of the account, by the names in the operations; empty while its place has ended and no
    /// other was assigned.
    #[schema(example = json!(["households:read", "households:write"]))]
    pub permissions: Vec<String>,
    /// True until the one-time password is replaced: only `/me` and `/me/password` are available.
    pub must_change_password: bool,
}

/// The place of an office.
#[derive(Serialize, ToSchema)]
pub struct AccountLocality {
    pub id: Uuid,
    #[schema(example = "23884")]
    pub code: Option<String>,
    #[schema(example = "Ia Nan")]
    pub name: String,
    #[schema(pattern = "^(province|district|commune|village)$", example = "commune")]
    pub level: String,
    /// Its last day, if it has ended.
    pub valid_to: Option<NaiveDate>,
}

/// The unit of an account.
#[derive(Serialize, ToSchema)]
pub struct AccountOrganisation {
    pub id: Uuid,
    #[schema(example = "Văn phòng HĐND và UBND xã Ia Nan")]
    pub name: String,
}

/// A change of the own password.
#[input]
pub struct PasswordChange {
    #[length(1..=128)]
    #[schema(format = Password, example = "abcde-fghjk-mnpqr")]
    pub current_password: String,
    /// 8 to 128 characters of any kind, not easy to guess.
    #[length(8..=128)]
    #[schema(format = Password, example = "ba con trâu trắng")]
    pub new_password: String,
}

/// A device on which the caller is signed in.
#[derive(QueryableByName, Serialize, ToSchema)]
pub struct Session {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The name given at the sign-in.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "Điện thoại của làng")]
    pub device_name: Option<String>,
    /// The time of the sign-in.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// The time of the last refresh.
    #[diesel(sql_type = Timestamptz)]
    pub refreshed_at: DateTime<Utc>,
    /// True for the session of this request.
    #[diesel(sql_type = Bool)]
    pub current: bool,
}

impl Shown for Session {}

sorts! {
    pub enum SessionSort { RefreshedAt = "-refreshed_at" }
}
