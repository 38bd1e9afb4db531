use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use ketnghia_macros::filter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::sql::app_in_range;
use crate::kernel::db::later::Later;
use crate::kernel::db::schema::hardship_items;
use crate::kernel::http::answer::{Sensitive, Shown, record};
use crate::kernel::list::sheet::{Cell, SheetRow, joined};
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::needs::hardship_lists::workflow::HardshipListStatus;
use crate::needs::households::HouseholdId;
use crate::needs::households::model::HardshipReason;
use crate::needs::households::withheld::{generalise_reasons, names};
use crate::needs::ids::{HardshipItemId, HardshipListId};
use crate::needs::pledges::model::Pledge;
use crate::places::localities::LocalityId;

db_enum! {
    /// Kinds of need of a listed household.
    pub enum HardshipNeed {
        Food = "food" ("Lương thực", "Food"),
        Housing = "housing" ("Nhà ở", "Housing"),
        Livestock = "livestock" ("Con giống", "Livestock"),
        Tools = "tools" ("Công cụ sản xuất", "Tools"),
        Study = "study" ("Học tập", "Study"),
        Medical = "medical" ("Y tế", "Medical care"),
        Job = "job" ("Việc làm", "A job"),
        Sanitation = "sanitation" ("Vệ sinh", "Sanitation"),
        Cash = "cash" ("Tiền mặt", "Cash"),
        Other = "other" ("Khác", "Other"),
    }
}

db_enum! {
    /// Status of a listed household, derived from pledges and confirmed gifts.
    pub enum HardshipItemStatus {
        Open = "open" ("Chưa được giúp", "Open"),
        Pledged = "pledged" ("Đã có đơn vị nhận giúp", "Pledged"),
        Helped = "helped" ("Đã được giúp", "Helped"),
    }
}

/// The fields of an item at the last approval of its list.
#[derive(Clone, Serialize, Deserialize)]
pub struct ApprovedState {
    pub reasons: Vec<HardshipReason>,
    pub needs: Vec<HardshipNeed>,
    pub priority: i16,
    pub note: Option<String>,
}

impl HardshipItem {
    /// Returns the item with the fields of the last approval for callers outside its area: they see changes of a reopened
    /// list only after the next approval.
    pub fn as_shown(mut self) -> Self {
        let approved = self.approved_state.take().filter(|_| !self.in_range);
        if let Some(state) = approved.and_then(|state| serde_json::from_value::<ApprovedState>(state).ok()) {
            (self.reasons, self.needs, self.priority, self.note) =
                (state.reasons, state.needs, state.priority, state.note);
        }
        self
    }
}

/// Actions on a listed household.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HardshipItemAction {
    /// Pledge to help it.
    Pledge,
}

impl From<Later> for Option<HardshipListStatus> {
    fn from(_: Later) -> Self {
        None
    }
}

/// A household on a hardship list.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = hardship_items)]
pub struct HardshipItem {
    pub id: HardshipItemId,
    pub list_id: HardshipListId,
    /// Null where the caller does not see the list.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub list_status: Option<HardshipListStatus>,
    #[schema(example = 2026)]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub list_year: Option<i32>,
    pub village_id: LocalityId,
    #[schema(example = "Tung")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub village_name: String,
    /// Null for a village without a commune.
    #[schema(example = "Ia Nan")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub commune_name: Option<String>,
    pub household_id: HouseholdId,
    /// Null where the caller does not see the household.
    #[schema(example = "Rơ Mah H'Blơi")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub household_head_name: Option<String>,
    pub reasons: Vec<HardshipReason>,
    pub needs: Vec<HardshipNeed>,
    /// 1 (first) to 3.
    #[schema(example = 1)]
    pub priority: i16,
    pub note: Option<String>,
    /// Names of fields that are null or generalised for an organisation that is no state body, as in the household.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub withheld: Vec<String>,
    pub status: HardshipItemStatus,
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub pledges: Vec<Pledge>,
    /// Actions that the caller can take now.
    #[schema(example = json!(["pledge"]))]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub allowed_actions: Vec<HardshipItemAction>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[serde(skip)]
    pub approved_state: Option<Value>,
    #[serde(skip)]
    #[diesel(select_expression = app_in_range(hardship_items::scope_path))]
    pub in_range: bool,
    /// The caller's organisation is twinned with the village today.
    #[serde(skip)]
    #[diesel(select_expression = sql::<Bool>(TWINNED), select_expression_type = SqlLiteral<Bool>)]
    pub is_twinned: bool,
}

// A caller without an organisation has no villages: null.
const TWINNED: &str = "coalesce(hardship_items.village_id = ANY ((SELECT app_villages())::uuid[]), false)";

record!(HardshipItem; sensitive);

impl Sensitive for HardshipItem {
    fn subject(&self) -> Uuid {
        self.household_id.into()
    }

    fn withhold(&mut self) {
        generalise_reasons(&mut self.reasons);
        self.note = None;
        self.withheld = names(&["reasons", "note"]);
    }
}

impl Shown for HardshipItem {
    fn sensitive(&mut self) -> Vec<&mut dyn Sensitive> {
        vec![self]
    }
}

impl SheetRow for HardshipItem {
    const NAME: &'static str = "hardship_items";
    const COLUMNS: &'static str = "id list_id list_status list_year village_id village_name commune_name household_id household_head_name reasons needs \
        priority note status pledged_by created_at updated_at";

    fn special(&self, column: &str) -> Option<Cell> {
        let names = self.pledges.iter().filter_map(|pledge| pledge.organisation_name.as_deref());
        (column == "pledged_by").then(|| joined(names))
    }
}

/// Filters of the list of listed households.
#[filter]
pub struct HardshipItemFilter {
    /// Households of this village.
    pub village_id: Option<LocalityId>,
    /// In this place or below it, in the tree of today.
    pub within: Option<LocalityId>,
    /// This household.
    pub household_id: Option<HouseholdId>,
    /// Any of these statuses; `open` on an approved list only, so that help is still awaited.
    pub status: Vec<HardshipItemStatus>,
    /// Listed at least this number of days ago and not helped yet.
    #[range(0..=36_500)]
    pub unhelped_days: Option<i32>,
}

sorts! {
    pub enum HardshipItemSort { CreatedAt = "created_at" }
}
