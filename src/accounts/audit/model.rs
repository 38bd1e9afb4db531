use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;

db_enum! {
    /// What was done.
    pub enum AuditAction {
        Create = "create" ("Tạo", "Created"),
        Update = "update" ("Sửa", "Changed"),
        Delete = "delete" ("Xóa", "Deleted"),
        Read = "read" ("Xem đầy đủ", "Read in full"),
        Security = "security" ("An ninh", "Security"),
    }
}

db_enum! {
    /// What is doubted of two people.
    pub enum TwoPerson {
        Doubt = "doubt" ("Có thể do một người làm cả hai bước", "One person may have taken both steps"),
    }
}

/// Somebody did something to a record. Values of personal fields are never kept, only that they changed.
#[derive(QueryableByName, Serialize, ToSchema)]
pub struct AuditEvent {
    #[diesel(sql_type = BigInt)]
    #[schema(example = 48211)]
    pub id: i64,
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// The user; null when it was the system, or a failed sign-in.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor_id: Option<Uuid>,
    /// The role at that time, or `system`, `public` (before a sign-in), `key`.
    #[diesel(sql_type = Text)]
    #[schema(example = "village_head")]
    pub actor_role: String,
    /// As it was then, like name and office.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "langtung")]
    pub actor_username: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "Rơ Mah Tung")]
    pub actor_full_name: Option<String>,
    /// The place of the office; null for administrators and units.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor_locality_id: Option<Uuid>,
    /// The unit; null for officials and village heads.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor_organisation_id: Option<Uuid>,
    /// `doubt` where a step that takes two people may have been taken by one: an account that the other made or
    /// reset in the last days (`TWO_PERSON_DAYS`, 30) took it.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "doubt")]
    pub two_person: Option<TwoPerson>,
    /// The organisation that the actor acted for, where it is not its own.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub on_behalf_of: Option<Uuid>,
    /// As in the path of its resource, with `_` for `-`: `households`, `hardship_lists`, `users`.
    #[diesel(sql_type = Text)]
    #[schema(example = "households")]
    pub resource: String,
    #[diesel(sql_type = SqlUuid)]
    pub record_id: Uuid,
    /// Where a part of the record changed: `members`, `assessments`, `former_assessments`,
    /// `merges`, `contact`, `headcounts`, `profiles`, `versions`, `successions`.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "members")]
    pub part: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub part_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    pub action: AuditAction,
    /// The workflow step (`approve`, `confirm`), or what happened to an account (`sign_in_failed`).
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "approve")]
    pub step: Option<String>,
    /// The version check was overridden with `If-Match: *`.
    #[diesel(sql_type = Bool)]
    pub forced: bool,
    /// The X-Request-Id of the answer that the actor got.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub request_id: Option<Uuid>,
    /// The ordinary fields before; of a change, those that changed.
    #[diesel(sql_type = Nullable<Jsonb>)]
    #[schema(value_type = Option<Object>)]
    pub old_values: Option<Value>,
    /// The ordinary fields after; of a change, those that changed.
    #[diesel(sql_type = Nullable<Jsonb>)]
    #[schema(value_type = Option<Object>)]
    pub new_values: Option<Value>,
    /// The personal fields that were given or changed.
    #[diesel(sql_type = Array<Text>)]
    #[schema(example = json!(["head_name"]))]
    pub personal_fields: Vec<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub village_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub organisation_id: Option<Uuid>,
}

/// Which entries.
#[derive(Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Of this resource, in the word of the entries.
    #[param(example = "households")]
    pub resource: Option<String>,
    /// Of this record.
    pub id: Option<Uuid>,
    /// By this user.
    pub actor_id: Option<Uuid>,
    /// Only entries with this mark.
    #[param(value_type = Option<TwoPerson>, inline)]
    pub two_person: Option<TwoPerson>,
    /// On this day or after.
    pub from: Option<NaiveDate>,
    /// On this day or before.
    pub to: Option<NaiveDate>,
}

sorts! {
    pub enum AuditSort { At = "-at" }
}
