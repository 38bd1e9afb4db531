use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ProgrammeId;
use crate::kernel::db::schema::programmes;
use crate::kernel::http::answer::record;
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::places::localities::LocalityId;

db_enum! {
    /// Kind of document.
    pub enum ProgrammeKind {
        Directive = "directive" ("Chỉ thị", "Directive"),
        Decision = "decision" ("Quyết định", "Decision"),
        Plan = "plan" ("Kế hoạch", "Plan"),
        Campaign = "campaign" ("Cuộc vận động", "Campaign"),
        Conclusion = "conclusion" ("Kết luận", "Conclusion"),
    }
}

/// A directive, decision or plan on which twinnings are based.
#[derive(Debug, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = programmes)]
pub struct Programme {
    pub id: ProgrammeId,
    /// Number of the document; null when it is not known.
    #[schema(example = "18-CT/TU")]
    pub number: Option<String>,
    #[schema(example = "Kết nghĩa với các thôn, làng")]
    pub title: String,
    /// The issuing body.
    #[schema(example = "Đảng ủy xã Ia Nan")]
    pub issuer: Option<String>,
    #[schema(example = "plan")]
    pub kind: ProgrammeKind,
    pub issued_on: Option<NaiveDate>,
    /// First day (inclusive).
    #[schema(example = "2025-07-01")]
    pub effective_on: NaiveDate,
    /// Last day (inclusive); null: open.
    pub ends_on: Option<NaiveDate>,
    /// The place it is for.
    pub locality_id: LocalityId,
    /// The programme that it implements.
    pub parent_id: Option<ProgrammeId>,
    pub note: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Programme);

/// A programme to be added.
#[input(programmes)]
pub struct NewProgramme {
    /// UUIDv7 made by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    #[length(1..=100)]
    #[schema(example = "18-CT/TU")]
    pub number: Option<String>,
    #[length(1..=500)]
    #[schema(example = "Kết nghĩa với các thôn, làng")]
    pub title: String,
    #[length(1..=200)]
    #[schema(example = "Đảng ủy xã Ia Nan")]
    pub issuer: Option<String>,
    #[schema(example = "plan")]
    pub kind: ProgrammeKind,
    pub issued_on: Option<NaiveDate>,
    /// First day (inclusive).
    #[schema(example = "2025-07-01")]
    pub effective_on: NaiveDate,
    /// Last day (inclusive); not before `effective_on`.
    pub ends_on: Option<NaiveDate>,
    /// The place it is for; in the caller's area.
    pub locality_id: LocalityId,
    /// The programme that it implements.
    pub parent_id: Option<ProgrammeId>,
    #[length(1..=2000)]
    pub note: Option<String>,
}

/// Changes of a programme.
#[changes(programmes)]
pub struct ProgrammeChanges {
    #[length(1..=100)]
    #[schema(example = "18-CT/TU")]
    pub number: Option<Option<String>>,
    #[length(1..=500)]
    #[schema(example = "Kết nghĩa với các thôn, làng")]
    pub title: Option<String>,
    #[length(1..=200)]
    #[schema(example = "Đảng ủy xã Ia Nan")]
    pub issuer: Option<Option<String>>,
    pub kind: Option<ProgrammeKind>,
    pub issued_on: Option<Option<NaiveDate>>,
    pub effective_on: Option<NaiveDate>,
    pub ends_on: Option<Option<NaiveDate>>,
    /// In the caller's area.
    pub locality_id: Option<LocalityId>,
    pub parent_id: Option<Option<ProgrammeId>>,
    #[length(1..=2000)]
    pub note: Option<Option<String>>,
}

/// Filters of the list of programmes.
#[filter]
pub struct ProgrammeFilter {
    /// Part of the title or number, without case and diacritics.
    #[search]
    pub q: Option<String>,
    /// Any of these kinds.
    pub kind: Vec<ProgrammeKind>,
    /// For this place.
    pub locality_id: Option<LocalityId>,
    /// For this place or one below it, in the tree of today.
    pub within: Option<LocalityId>,
    /// Directly below this programme.
    pub parent_id: Option<ProgrammeId>,
    /// In force on this day.
    pub active_on: Option<NaiveDate>,
}

sorts! {
    pub enum ProgrammeSort { EffectiveOn = "-effective_on", Title = "title" }
}
