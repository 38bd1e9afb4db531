use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::access::UserId;
use crate::kernel::db::later::{Later, later};
use crate::kernel::db::schema::visits;
use crate::kernel::http::answer::record;
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::needs::households::HouseholdId;
use crate::places::localities::LocalityId;
use crate::places::localities::sql::app_village_name;
use crate::support::gifts::model::{Gift, NewVisitGift};
use crate::support::ids::VisitId;
use crate::support::recording;
use crate::twinning::organisations::OrganisationId;
use crate::twinning::twinnings::TwinningId;

db_enum! {
    /// Purpose of a visit.
    pub enum VisitPurpose {
        Holiday = "holiday" ("Thăm hỏi dịp lễ, Tết", "Holiday visit"),
        Survey = "survey" ("Khảo sát, nắm tình hình", "Survey"),
        Propaganda = "propaganda" ("Tuyên truyền, vận động", "Outreach"),
        Monitoring = "monitoring" ("Kiểm tra, giám sát", "Monitoring"),
        Handover = "handover" ("Bàn giao", "Handover"),
        Other = "other" ("Khác", "Other"),
    }
}

/// A visit of a unit to a village.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = visits)]
pub struct Visit {
    pub id: VisitId,
    pub twinning_id: TwinningId,
    /// The organisation of the twinning.
    pub organisation_id: OrganisationId,
    #[schema(example = "Văn phòng HĐND và UBND xã Ia Nan")]
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub organisation_name: String,
    pub village_id: LocalityId,
    #[schema(example = "Làng Tung")]
    #[diesel(select_expression = app_village_name(visits::village_id))]
    pub village_name: String,
    #[schema(example = "2026-11-18")]
    pub visited_on: NaiveDate,
    pub purpose: VisitPurpose,
    #[schema(example = "Ngày hội Đại đoàn kết 18/11")]
    pub occasion: Option<String>,
    /// Number of participants from the unit.
    #[schema(example = 6)]
    pub participants: i32,
    /// The visited households.
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub household_ids: Vec<HouseholdId>,
    pub findings: Option<String>,
    #[schema(example = 13.78)]
    pub latitude: Option<f64>,
    #[schema(example = 107.47)]
    pub longitude: Option<f64>,
    /// By the clock of the phone, as it was sent.
    pub recorded_at: Option<DateTime<Utc>>,
    /// The gifts handed over.
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub gifts: Vec<Gift>,
    /// The user who recorded it.
    pub acted_by: Option<UserId>,
    /// The unit that an official recorded it for.
    pub on_behalf_of: Option<OrganisationId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Visit);

/// A visit to be recorded, with the gifts handed over: all or nothing.
#[input(visits)]
pub struct NewVisit {
    /// UUIDv7 made by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    /// Of the caller's organisation; officials of a commune also of units that have no account.
    pub twinning_id: TwinningId,
    /// The twinned place, or a village that lay in it on that day.
    pub village_id: LocalityId,
    /// Within the twinning, not after today.
    #[schema(example = "2026-11-18")]
    pub visited_on: NaiveDate,
    pub purpose: VisitPurpose,
    #[length(..=200)]
    #[schema(example = "Ngày hội Đại đoàn kết 18/11")]
    pub occasion: Option<String>,
    /// Number of participants from the unit.
    #[range(1..=10_000)]
    #[schema(example = 6)]
    pub participants: i32,
    /// Households of the village that the caller sees, each once.
    #[length(..=500)]
    #[serde(default)]
    #[diesel(skip_insertion)]
    pub household_ids: Vec<HouseholdId>,
    #[length(..=5000)]
    #[schema(example = "Ba hộ cần nước sạch trước mùa khô")]
    pub findings: Option<String>,
    #[range(-90.0..=90.0)]
    #[schema(example = 13.78)]
    pub latitude: Option<f64>,
    #[range(-180.0..=180.0)]
    #[schema(example = 107.47)]
    pub longitude: Option<f64>,
    /// By the clock of the phone; stored as sent, without a check.
    #[validate(custom(function = "recording::storable"))]
    pub recorded_at: Option<DateTime<Utc>>,
    /// The gifts handed over, at most 200.
    #[entries(..=200)]
    pub gifts: Vec<NewVisitGift>,
}

/// Changes of a visit.
#[changes(visits)]
pub struct VisitChanges {
    /// Only while the visit has no gifts, because they have its day.
    #[schema(example = "2026-11-18")]
    pub visited_on: Option<NaiveDate>,
    pub purpose: Option<VisitPurpose>,
    #[length(..=200)]
    #[schema(example = "Ngày hội Đại đoàn kết 18/11")]
    pub occasion: Option<Option<String>>,
    #[range(1..=10_000)]
    #[schema(example = 6)]
    pub participants: Option<i32>,
    /// Replaces the whole list.
    #[length(..=500)]
    #[diesel(skip_update)]
    pub household_ids: Option<Vec<HouseholdId>>,
    #[length(..=5000)]
    #[schema(example = "Ba hộ cần nước sạch trước mùa khô")]
    pub findings: Option<Option<String>>,
    #[range(-90.0..=90.0)]
    #[schema(example = 13.78)]
    pub latitude: Option<Option<f64>>,
    #[range(-180.0..=180.0)]
    #[schema(example = 107.47)]
    pub longitude: Option<Option<f64>>,
}

/// Filters of the list of visits.
#[filter]
pub struct VisitFilter {
    /// To this village.
    pub village_id: Option<LocalityId>,
    /// Under this twinning.
    pub twinning_id: Option<TwinningId>,
    /// By this organisation.
    pub organisation_id: Option<OrganisationId>,
    /// On this day or later.
    pub from: Option<NaiveDate>,
    /// On this day or before.
    pub to: Option<NaiveDate>,
}

sorts! {
    pub enum VisitSort { VisitedOn = "-visited_on" }
}
