use chrono::{DateTime, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::workflow::{HardshipListAction, HardshipListStatus};
use crate::access::UserId;
use crate::access::sql::app_in_range;
use crate::kernel::db::later::{Later, later};
use crate::kernel::db::schema::hardship_lists;
use crate::kernel::http::answer::record;
use crate::kernel::list::sort::sorts;
use crate::needs::hardship_items::model::{HardshipItem, HardshipNeed};
use crate::needs::households::HouseholdId;
use crate::needs::households::model::HardshipReason;
use crate::needs::ids::HardshipListId;
use crate::places::localities::LocalityId;

/// The hardest households of a village, of one round of a year.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = hardship_lists)]
pub struct HardshipList {
    pub id: HardshipListId,
    pub village_id: LocalityId,
    #[schema(example = "Tung")]
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub village_name: String,
    #[schema(example = 2026)]
    pub year: i32,
    #[schema(example = 1)]
    pub round: i32,
    pub status: HardshipListStatus,
    pub submitted_at: Option<DateTime<Utc>>,
    pub submitted_by: Option<UserId>,
    /// When it was first approved: from then on twinned units see it.
    pub approved_at: Option<DateTime<Utc>>,
    pub approved_by: Option<UserId>,
    /// Why it was sent back last; null for units.
    pub return_reason: Option<String>,
    /// By priority. Units see them as they were approved last, also while the list is open again.
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub items: Vec<HardshipItem>,
    /// What the caller may do now.
    #[schema(example = json!(["update", "submit"]))]
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub allowed_actions: Vec<HardshipListAction>,
    /// Who drew it up.
    pub acted_by: Option<UserId>,
    /// The village whose head an official acted for.
    pub on_behalf_of: Option<LocalityId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[serde(skip)]
    pub written_by: Vec<UserId>,
    #[serde(skip)]
    #[diesel(select_expression = app_in_range(hardship_lists::scope_path))]
    pub in_range: bool,
}

record!(HardshipList);

/// A household to be listed.
#[input]
#[derive(Debug, Clone, Serialize)]
pub struct NewHardshipItem {
    /// Of an item that is there already, or UUIDv7 made by the client.
    pub id: Option<Uuid>,
    /// Of the list's village; once on a list.
    pub household_id: HouseholdId,
    #[length(1..=11)]
    pub reasons: Vec<HardshipReason>,
    #[length(1..=10)]
    pub needs: Vec<HardshipNeed>,
    /// 1 (first) to 3.
    #[range(1..=3)]
    #[schema(example = 1)]
    pub priority: i16,
    #[length(..=1000)]
    pub note: Option<String>,
}

/// A list to be drawn up.
#[input]
pub struct NewHardshipList {
    /// UUIDv7 made by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    pub village_id: LocalityId,
    /// Not later than next year.
    #[range(1990..=2200)]
    #[schema(example = 2026)]
    pub year: i32,
    /// 1 by default.
    #[range(1..=12)]
    #[serde(default = "first_round")]
    #[schema(default = 1)]
    pub round: i32,
    /// May be empty until the list is submitted.
    #[entries(..=500)]
    pub items: Vec<NewHardshipItem>,
}

fn first_round() -> i32 {
    1
}

/// What changes of a list while it is a draft or was returned.
#[changes]
pub struct HardshipListChanges {
    /// Replaces all; one with a pledge or a gift cannot be left out.
    #[entries(..=500)]
    pub items: Option<Vec<NewHardshipItem>>,
}

/// Why a list goes back.
#[input]
pub struct HardshipListReason {
    #[length(1..=1000)]
    #[schema(example = "Bổ sung hộ bà H'Blơi, nhà vừa bị cháy")]
    pub reason: String,
}

/// Which lists.
#[filter]
pub struct HardshipListFilter {
    /// Of this village.
    pub village_id: Option<LocalityId>,
    /// Any of these years.
    pub year: Vec<i32>,
    /// Any of these.
    pub status: Vec<HardshipListStatus>,
}

sorts! {
    pub enum HardshipListSort { CreatedAt = "-created_at" }
}
