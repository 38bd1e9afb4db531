//! History of a household: its assessments, and its changes with their authors.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::HouseholdId;
use super::model::HouseholdStatus;
use super::poverty::{Indicator, PovertyCause, PovertyStatus};
use crate::access::UserId;
use crate::access::tx::Tx;
use crate::kernel::db::kept::Keep;
use crate::kernel::db::schema::households;
use crate::kernel::http::problem::Result;
use crate::kernel::list::NoFilter;
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::needs::household_assessments::model::{AssessmentStatus, RoundKind};
use crate::places::localities::LocalityId;

db_enum! {
    /// Kinds of events in the history of a household.
    pub enum HouseholdHistoryKind {
        Registered = "registered" ("Được ghi vào sổ", "Registered"),
        Assessed = "assessed" ("Rà soát nghèo", "Assessed"),
        Moved = "moved" ("Chuyển thôn, làng", "Moved to another village"),
        StatusChanged = "status_changed" ("Chuyển đi, giải thể hoặc trở về", "Moved away, dissolved or came back"),
        Merged = "merged" ("Gộp từ hộ ghi trùng", "Another record of it was merged into it"),
        Changed = "changed" ("Thay đổi thông tin", "Changed"),
    }
}

/// An event of the history. `kind` determines the fields that have a value.
#[derive(Debug, Serialize, ToSchema, QueryableByName)]
pub struct HouseholdHistoryEntry {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub kind: HouseholdHistoryKind,
    /// The day of the assessment, or the first day of the status; otherwise the day of the record.
    #[diesel(sql_type = Date)]
    #[schema(example = "2026-11-20")]
    pub happened_on: NaiveDate,
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
    /// The record of the event: this household, or one that was merged into it.
    #[diesel(sql_type = SqlUuid)]
    pub household_id: HouseholdId,
    /// `assessed`: the year of the round.
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(example = 2026)]
    pub year: Option<i32>,
    /// `assessed`.
    #[diesel(sql_type = Nullable<Text>)]
    pub round_kind: Option<RoundKind>,
    /// `assessed`: units read confirmed ones only.
    #[diesel(sql_type = Nullable<Text>)]
    pub assessment_status: Option<AssessmentStatus>,
    /// `assessed`: another one took its place, so that it counts nowhere.
    #[diesel(sql_type = Nullable<Bool>)]
    pub corrected: Option<bool>,
    /// `assessed`.
    #[diesel(sql_type = Nullable<Text>)]
    pub poverty_status: Option<PovertyStatus>,
    /// `assessed`.
    #[diesel(sql_type = Array<Text>)]
    pub deprivations: Vec<Indicator>,
    /// `assessed`.
    #[diesel(sql_type = Array<Text>)]
    pub poverty_causes: Vec<PovertyCause>,
    /// `moved`: the former village; null if the caller does not see that village.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub from_village_id: Option<LocalityId>,
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "Sơn")]
    pub from_village_name: Option<String>,
    /// `registered` and `moved`: the village from then on.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub village_id: Option<LocalityId>,
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "Tung")]
    pub village_name: Option<String>,
    /// `status_changed`: the status before.
    #[diesel(sql_type = Nullable<Text>)]
    pub from_status: Option<HouseholdStatus>,
    /// `registered` and `status_changed`: the status from then on.
    #[diesel(sql_type = Nullable<Text>)]
    pub status: Option<HouseholdStatus>,
    /// `merged`: the deleted record.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub merged_household_id: Option<HouseholdId>,
    /// Names of the changed fields; empty for units.
    #[diesel(sql_type = Array<Text>)]
    #[schema(example = json!(["head_name", "phone"]))]
    pub fields: Vec<String>,
    /// The author of the change or the assessment; null for units.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor_id: Option<UserId>,
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "Rơ Mah Tung")]
    pub actor_name: Option<String>,
    /// Role of the author at that time.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "village_head")]
    pub actor_role: Option<String>,
}

sorts! {
    pub enum HouseholdHistorySort { HappenedOn = "-happened_on" }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

pub fn list(
    tx: &mut Tx<'_>,
    id: HouseholdId,
    _: &NoFilter,
    keyset: Keyset<HouseholdHistorySort>,
) -> Result<Page<HouseholdHistoryEntry>> {
    // A household that the caller does not see is answered 404, not as an empty history.
    households::table.find(id.0).select(households::id).first::<HouseholdId>(tx.conn)?;
    let total = if keyset.count {
        let counted: Count = sql_query("SELECT count(*) AS count FROM app_household_history($1)")
            .bind::<SqlUuid, _>(id.0)
            .kept()
            .get_result(tx.conn)?;
        Some(counted.count)
    } else {
        None
    };
    let (compare, direction) = if keyset.descending { ("<", "DESC") } else { (">", "ASC") };
    let (day, entry) = keyset.after::<NaiveDate>()?.unzip();
    let rows = sql_query(format!(
        "SELECT id, kind, happened_on, recorded_at, household_id, year, round_kind, poverty_status, deprivations, poverty_causes,
                assessment_status, corrected, from_village_id, from_village_name, village_id, village_name, from_status, status,
                merged_household_id, fields, actor_id, actor_name, actor_role
           FROM app_household_history($1) WHERE $2 IS NULL OR (happened_on, id) {compare} ($2, $3)
          ORDER BY happened_on {direction}, id {direction} LIMIT $4"
    ))
    .bind::<SqlUuid, _>(id.0)
    .bind::<Nullable<Date>, _>(day)
    .bind::<Nullable<SqlUuid>, _>(entry)
    .bind::<BigInt, _>(keyset.limit + 1)
    .kept()
    .load(tx.conn)?;
    keyset.page(rows, total, tx.secrets, |entry: &HouseholdHistoryEntry, HouseholdHistorySort::HappenedOn| {
        (json!(entry.happened_on), entry.id)
    })
}
