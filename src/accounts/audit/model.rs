use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use ketnghia_macros::filter;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::http::answer::Shown;
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;

db_enum! {
    /// The kind of an audit entry.
    pub enum AuditAction {
        Create = "create" ("Tạo", "Created"),
        Update = "update" ("Sửa", "Changed"),
        Delete = "delete" ("Xóa", "Deleted"),
        Read = "read" ("Xem đầy đủ", "Read in full"),
        Security = "security" ("An ninh", "Security"),
    }
}

db_enum! {
    /// A doubt about the two-person rule.
    pub enum TwoPerson {
        Doubt = "doubt" ("Có thể do một người làm cả hai bước", "One person may have taken both steps"),
    }
}

/// An action on a record. Values of personal fields are not stored, only their names.
#[derive(QueryableByName, Serialize, ToSchema)]
pub struct AuditEvent {
    #[diesel(sql_type = BigInt)]
    #[schema(example = 48211)]
    pub id: i64,
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// The user; null for the system and for a failed sign-in.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor_id: Option<Uuid>,
    /// The role at that time, or `system`, `public` (before a sign-in), `key`.
    #[diesel(sql_type = Text)]
    #[schema(example = "village_head")]
    pub actor_role: String,
    /// The user name at that time, like name and office.
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
    /// `doubt` where one person may have taken both steps that require two: one account created the other, or reset
    /// its password, within `TWO_PERSON_DAYS` (30).
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "doubt")]
    pub two_person: Option<TwoPerson>,
    /// The organisation on whose behalf the actor acted, where it is not its own.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub on_behalf_of: Option<Uuid>,
    /// The resource by its path, with `_` for `-`: `households`, `hardship_lists`, `users`.
    #[diesel(sql_type = Text)]
    #[schema(example = "households")]
    pub resource: String,
    #[diesel(sql_type = SqlUuid)]
    pub record_id: Uuid,
    /// The changed part of the record, by its name in the record where it has one: `members`, `headcounts`.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "members")]
    pub part: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub part_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    pub action: AuditAction,
    /// The workflow step (`approve`, `confirm`), or the event of an account (`sign_in_failed`).
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "approve")]
    pub step: Option<String>,
    /// The version check was overridden with `If-Match: *`.
    #[diesel(sql_type = Bool)]
    pub forced: bool,
    /// The X-Request-Id of the answer.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub request_id: Option<Uuid>,
    /// The fields before, except personal ones; for a change, only changed fields.
    #[diesel(sql_type = Nullable<Jsonb>)]
    #[schema(value_type = Option<Object>)]
    pub old_values: Option<Value>,
    /// The fields after, except personal ones; for a change, only changed fields.
    #[diesel(sql_type = Nullable<Jsonb>)]
    #[schema(value_type = Option<Object>)]
    pub new_values: Option<Value>,
    /// The names of the personal fields that were set or changed.
    #[diesel(sql_type = Array<Text>)]
    #[schema(example = json!(["head_name"]))]
    pub personal_fields: Vec<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub village_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub organisation_id: Option<Uuid>,
}

impl Shown for AuditEvent {}

/// Filter of entries.
#[filter]
pub struct AuditFilter {
    /// Of this resource, by the name in the entries.
    #[length(..=60)]
    pub resource: Option<String>,
    /// Of this record.
    pub id: Option<Uuid>,
    /// By this user.
    pub actor_id: Option<Uuid>,
    /// Only entries with this value.
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
