use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::TwinningId;
use crate::kernel::db::schema::{organisations, programmes, twinnings};
use crate::kernel::http::answer::record;
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::kernel::value::json::Json;
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;
use crate::places::localities::sql::{app_place_level, app_place_name};
use crate::twinning::organisations::OrganisationId;
use crate::twinning::programmes::ProgrammeId;

diesel::define_sql_function! {
    /// The status of a twinning today.
    fn app_twinning_status(last_day: diesel::sql_types::Nullable<diesel::sql_types::Date>, suspensions: diesel::sql_types::Jsonb) -> diesel::sql_types::Text;
}
diesel::define_sql_function! {
    /// Whether a day lies in a suspension.
    fn app_suspended(suspensions: diesel::sql_types::Jsonb, day: diesel::sql_types::Date) -> diesel::sql_types::Bool;
}

db_enum! {
    /// Status of a twinning today.
    pub enum TwinningStatus {
        Active = "active" ("Đang kết nghĩa", "Active"),
        Ended = "ended" ("Đã kết thúc", "Ended"),
        Suspended = "suspended" ("Tạm dừng", "Suspended"),
    }
}

/// A time in which a twinning rests, and accepts no record.
#[input]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Suspension {
    /// First day (inclusive).
    #[schema(example = "2026-05-10")]
    pub starts_on: NaiveDate,
    /// Last day (inclusive); null: open.
    pub ends_on: Option<NaiveDate>,
    #[length(..=500)]
    #[schema(example = "Chờ sắp xếp lại đơn vị")]
    pub reason: Option<String>,
}

impl Suspension {
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.starts_on <= day && self.ends_on.is_none_or(|end| day <= end)
    }
}

/// A twinning (kết nghĩa) of an organisation with a place.
#[derive(Debug, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = twinnings)]
pub struct Twinning {
    pub id: TwinningId,
    pub programme_id: ProgrammeId,
    #[diesel(select_expression = programmes::title)]
    #[schema(example = "Kết nghĩa với các thôn, làng")]
    pub programme_title: String,
    pub organisation_id: OrganisationId,
    #[diesel(select_expression = organisations::name)]
    #[schema(example = "Văn phòng HĐND và UBND xã Ia Nan")]
    pub organisation_name: String,
    /// A village, commune or district; the last two with all their villages.
    pub locality_id: LocalityId,
    #[diesel(select_expression = app_place_name(twinnings::locality_id))]
    #[schema(example = "Tung")]
    pub locality_name: String,
    #[diesel(select_expression = app_place_level(twinnings::locality_id))]
    #[schema(example = "village")]
    pub locality_level: LocalityLevel,
    /// Leads (chủ trì) rather than takes part (phối hợp).
    pub lead: bool,
    #[schema(example = "12/QĐ-UBND")]
    pub decision_number: Option<String>,
    pub decision_date: Option<NaiveDate>,
    /// First day (inclusive).
    #[schema(example = "2025-07-01")]
    pub starts_on: NaiveDate,
    /// Last day (inclusive); null: open.
    pub ends_on: Option<NaiveDate>,
    /// The earliest end (inclusive) of the twinning, its programme, organisation and place; null: open.
    #[schema(example = "2026-12-31")]
    pub last_day: Option<NaiveDate>,
    #[diesel(deserialize_as = Json<Vec<Suspension>>)]
    pub suspensions: Vec<Suspension>,
    /// The twinning that this one continues with another organisation, place or programme.
    pub predecessor_id: Option<TwinningId>,
    /// `ended` after `last_day`, else `suspended` during a suspension, else `active`: as of today in Vietnam.
    #[diesel(select_expression = app_twinning_status(twinnings::last_day, twinnings::suspensions))]
    #[schema(example = "active")]
    pub status: TwinningStatus,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Twinning);

/// A twinning to be added.
#[input(twinnings)]
pub struct NewTwinning {
    /// UUIDv7 made by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    pub programme_id: ProgrammeId,
    /// Of any area, but not the place itself.
    pub organisation_id: OrganisationId,
    /// A village, commune or district of the caller's area.
    pub locality_id: LocalityId,
    /// Leads (chủ trì) rather than takes part (phối hợp).
    #[schema(example = true)]
    pub lead: bool,
    #[length(1..=100)]
    #[schema(example = "12/QĐ-UBND")]
    pub decision_number: Option<String>,
    pub decision_date: Option<NaiveDate>,
    /// First day (inclusive); within programme, organisation and place.
    #[schema(example = "2025-07-01")]
    pub starts_on: NaiveDate,
    /// Last day (inclusive); not before `starts_on`, within programme, organisation and place.
    pub ends_on: Option<NaiveDate>,
}

/// Changes of a twinning.
#[changes(twinnings)]
pub struct TwinningChanges {
    pub lead: Option<bool>,
    #[length(1..=100)]
    #[schema(example = "12/QĐ-UBND")]
    pub decision_number: Option<Option<String>>,
    pub decision_date: Option<Option<NaiveDate>>,
    /// Within programme, organisation and place; not after a visit or gift.
    pub starts_on: Option<NaiveDate>,
    /// Within programme, organisation and place; not before a visit or gift.
    pub ends_on: Option<Option<NaiveDate>>,
    /// Replaces all suspensions; no visit or gift lies in one.
    #[entries(..=20)]
    pub suspensions: Option<Vec<Suspension>>,
}

/// The succession of a twinning. At least one party is another one; those that are absent stay.
#[input]
pub struct TwinningSuccession {
    /// UUIDv7 made by the client for the new twinning, so that the request can be repeated.
    pub id: Option<Uuid>,
    /// First day of the new twinning, the day after the last one of the former; not after today.
    #[schema(example = "2026-07-01")]
    pub on: NaiveDate,
    /// Of any area.
    pub organisation_id: Option<OrganisationId>,
    /// A village, commune or district of the caller's area.
    pub locality_id: Option<LocalityId>,
    pub programme_id: Option<ProgrammeId>,
    /// By default as before.
    pub lead: Option<bool>,
    /// By default the decision of the former twinning, if `decision_date` is absent, too.
    #[length(1..=100)]
    #[schema(example = "45/QĐ-UBND")]
    pub decision_number: Option<String>,
    pub decision_date: Option<NaiveDate>,
}

/// Filters of the list of twinnings.
#[filter]
pub struct TwinningFilter {
    /// With this place itself, not with places in it.
    pub locality_id: Option<LocalityId>,
    /// With this place or one below it, in the tree of today.
    pub within: Option<LocalityId>,
    /// With this place or one above it, in the tree of today.
    pub stands_by: Option<LocalityId>,
    /// Of this organisation.
    pub organisation_id: Option<OrganisationId>,
    /// Under this programme or one below it.
    pub programme_id: Option<ProgrammeId>,
    /// Begun and not ended on this day (`last_day`), and not suspended.
    pub active_on: Option<NaiveDate>,
    /// Any of these, as of today.
    pub status: Vec<TwinningStatus>,
}

sorts! {
    pub enum TwinningSort { StartsOn = "-starts_on" }
}
