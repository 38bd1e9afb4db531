use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::workflow::AssessmentAction;
use crate::access::UserId;
use crate::access::steps::{Bulk, BulkItem};
use crate::kernel::db::later::Later;
use crate::kernel::db::schema::household_assessments;
use crate::kernel::http::answer::{Sensitive, Shown, record};
use crate::kernel::http::body::canonical;
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::list::sheet::{Cell, SheetRow};
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::needs::households::HouseholdId;
use crate::needs::households::bodies::NewHousehold;
use crate::needs::households::poverty::{Indicator, PovertyCause, PovertyStatus};
use crate::needs::households::withheld::{drop_health, generalise_causes, names};
use crate::needs::ids::AssessmentId;
use crate::needs::poverty_standards::StandardCode;
use crate::places::localities::LocalityId;

db_enum! {
    /// Status of an assessment; only confirmed ones count.
    pub enum AssessmentStatus {
        Proposed = "proposed" ("Đề nghị", "Proposed"),
        Confirmed = "confirmed" ("Đã xác nhận", "Confirmed"),
        Returned = "returned" ("Bị trả lại", "Returned"),
    }
}

db_enum! {
    /// Kind of a round: the review at the end of the year, or one during the year.
    pub enum RoundKind {
        Annual = "annual" ("Rà soát định kỳ", "Annual review"),
        Regular = "regular" ("Rà soát thường xuyên", "Review during the year"),
    }
}

/// The round (đợt rà soát) of an assessment: one annual in a year, one regular on a day.
#[input]
#[derive(Debug, Clone, Copy, Serialize, Queryable, Selectable)]
#[diesel(table_name = household_assessments)]
pub struct AssessmentRound {
    /// The year of `assessed_on`.
    #[range(1990..=2200)]
    #[schema(example = 2026)]
    #[diesel(column_name = round_year)]
    pub year: i32,
    #[schema(example = "annual")]
    #[diesel(column_name = round_kind)]
    pub kind: RoundKind,
}

/// A doubt about an assessment; the request succeeded.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AssessmentWarning {
    /// `points_disagree`: status, points and number of deprivations do not fit together by the lines of the standard.
    #[schema(example = "points_disagree")]
    pub code: &'static str,
}

/// A poverty assessment of a household. Units see the confirmed ones of the households that they see.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = household_assessments)]
pub struct Assessment {
    pub id: AssessmentId,
    pub household_id: HouseholdId,
    /// Name of the head of the household.
    #[schema(example = "Rơ Mah H'Blơi")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub household_head_name: String,
    /// Where the household lives today.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub village_id: Option<LocalityId>,
    /// The day of the assessment.
    #[schema(example = "2026-11-20")]
    pub assessed_on: NaiveDate,
    #[diesel(embed)]
    pub round: AssessmentRound,
    pub standard: StandardCode,
    pub poverty_status: PovertyStatus,
    /// Indicators of the standard in which the household is deprived.
    pub deprivations: Vec<Indicator>,
    /// Causes of its poverty.
    pub poverty_causes: Vec<PovertyCause>,
    /// Points of part B1 of the form (income).
    #[schema(example = 120)]
    pub score_b1: Option<i32>,
    /// Points of part B2 of the form (deprivation).
    #[schema(example = 30)]
    pub score_b2: Option<i32>,
    /// Nobody in the household is able to work.
    pub no_labour_capacity: Option<bool>,
    /// Of the decision that recognises the result.
    #[schema(example = "12/QĐ-UBND")]
    pub decision_number: Option<String>,
    pub decision_date: Option<NaiveDate>,
    pub note: Option<String>,
    /// Names of fields that are null or generalised for an organisation that is no state body, as in the household.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub withheld: Vec<String>,
    pub status: AssessmentStatus,
    /// The commune's reason of a return.
    pub return_reason: Option<String>,
    /// The confirmed assessment whose place it takes.
    pub corrects_id: Option<AssessmentId>,
    /// The assessment that took its place, by a correction or in a merge: it counts nowhere.
    pub corrected_by_id: Option<AssessmentId>,
    /// The user who entered it.
    pub assessor_id: Option<UserId>,
    /// The official who confirmed it, or entered it as confirmed.
    pub confirmed_by: Option<UserId>,
    /// The time of the confirmation.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Doubts about it, for review.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub warnings: Vec<AssessmentWarning>,
    /// Actions that the caller can take now.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub allowed_actions: Vec<AssessmentAction>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[serde(skip)]
    #[diesel(select_expression = crate::access::sql::app_in_range(household_assessments::scope_path))]
    pub in_range: bool,
}

impl From<Later> for Option<LocalityId> {
    fn from(_: Later) -> Self {
        None
    }
}

record!(Assessment; sensitive);

impl Sensitive for Assessment {
    fn subject(&self) -> Uuid {
        self.household_id.into()
    }

    fn withhold(&mut self) {
        drop_health(&mut self.deprivations);
        generalise_causes(&mut self.poverty_causes);
        (self.no_labour_capacity, self.note) = (None, None);
        // The points and the doubts tell how many deprivations there are.
        self.score_b2 = None;
        self.warnings.clear();
        self.withheld =
            names(&["deprivations", "poverty_causes", "score_b2", "no_labour_capacity", "note", "warnings"]);
    }
}

impl Shown for Assessment {
    fn sensitive(&mut self) -> Vec<&mut dyn Sensitive> {
        vec![self]
    }
}

impl SheetRow for Assessment {
    const NAME: &'static str = "household_assessments";
    const COLUMNS: &'static str = "id household_id household_head_name village_id assessed_on round_year round_kind standard poverty_status deprivations \
        poverty_causes score_b1 score_b2 no_labour_capacity decision_number decision_date note status return_reason corrects_id \
        corrected_by_id confirmed_at created_at updated_at";

    fn special(&self, column: &str) -> Option<Cell> {
        match column {
            "round_year" => Some(i64::from(self.round.year).into()),
            "round_kind" => Some(self.round.kind.as_str().into()),
            _ => None,
        }
    }
}

/// A new assessment: a village head proposes it, what the commune enters is confirmed.
#[input(household_assessments)]
#[derive(Debug, Clone)]
pub struct NewAssessment {
    /// UUIDv7 generated by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    pub household_id: HouseholdId,
    /// From 1990-01-01 until today, the default; the household was active on that day.
    #[any_day]
    #[diesel(skip_insertion)]
    pub assessed_on: Option<NaiveDate>,
    /// By default regular, in the year of `assessed_on`.
    #[nested]
    #[diesel(skip_insertion)]
    pub round: Option<AssessmentRound>,
    /// By default the one in force on `assessed_on`.
    #[diesel(skip_insertion)]
    pub standard: Option<StandardCode>,
    pub poverty_status: PovertyStatus,
    /// Indicators of the standard.
    #[length(..=30)]
    #[serde(default)]
    pub deprivations: Vec<Indicator>,
    /// Causes of its poverty.
    #[length(..=12)]
    #[serde(default)]
    pub poverty_causes: Vec<PovertyCause>,
    /// Points of part B1 of the form (income).
    #[range(0..=1000)]
    #[schema(example = 120)]
    pub score_b1: Option<i32>,
    /// Points of part B2 of the form (deprivation).
    #[range(0..=1000)]
    #[schema(example = 30)]
    pub score_b2: Option<i32>,
    /// Nobody in the household is able to work.
    pub no_labour_capacity: Option<bool>,
    #[length(1..=60)]
    #[schema(example = "12/QĐ-UBND")]
    pub decision_number: Option<String>,
    pub decision_date: Option<NaiveDate>,
    #[length(..=1000)]
    pub note: Option<String>,
    /// A confirmed assessment of the household, whose place this one takes. For the commune.
    pub corrects_id: Option<AssessmentId>,
}

impl NewAssessment {
    /// The first assessment of a new household.
    pub fn first(household_id: HouseholdId, new: &NewHousehold) -> Self {
        let found = Self::of(household_id, new.poverty_status, &new.deprivations, &new.poverty_causes);
        Self { assessed_on: new.assessed_on, round: new.round, ..found }
    }

    /// An assessment with its result alone.
    pub fn of(
        household_id: HouseholdId,
        poverty_status: PovertyStatus,
        deprivations: &[Indicator],
        poverty_causes: &[PovertyCause],
    ) -> Self {
        Self {
            id: None,
            household_id,
            assessed_on: None,
            round: None,
            standard: None,
            poverty_status,
            deprivations: deprivations.to_vec(),
            poverty_causes: poverty_causes.to_vec(),
            score_b1: None,
            score_b2: None,
            no_labour_capacity: None,
            decision_number: None,
            decision_date: None,
            note: None,
            corrects_id: None,
        }
    }
}

/// Changes of an assessment that is not confirmed.
#[changes(household_assessments)]
pub struct AssessmentChanges {
    /// From 1990-01-01 until today; the household was active on that day.
    #[any_day]
    #[diesel(skip_update)]
    pub assessed_on: Option<NaiveDate>,
    #[nested]
    #[diesel(skip_update)]
    pub round: Option<AssessmentRound>,
    #[diesel(skip_update)]
    pub standard: Option<StandardCode>,
    pub poverty_status: Option<PovertyStatus>,
    /// Indicators of the standard; replaces all.
    #[length(..=30)]
    pub deprivations: Option<Vec<Indicator>>,
    /// Replaces all.
    #[length(..=12)]
    pub poverty_causes: Option<Vec<PovertyCause>>,
    /// Points of part B1 of the form (income).
    #[range(0..=1000)]
    pub score_b1: Option<Option<i32>>,
    /// Points of part B2 of the form (deprivation).
    #[range(0..=1000)]
    pub score_b2: Option<Option<i32>>,
    /// Nobody in the household is able to work.
    pub no_labour_capacity: Option<Option<bool>>,
    #[length(1..=60)]
    pub decision_number: Option<Option<String>>,
    pub decision_date: Option<Option<NaiveDate>>,
    #[length(..=1000)]
    pub note: Option<Option<String>>,
}

/// The decision by which the commune recognises assessments; what is left out stays.
#[input]
#[derive(Debug, Clone, Default, Serialize)]
pub struct AssessmentDecision {
    #[length(1..=60)]
    #[schema(example = "12/QĐ-UBND")]
    pub decision_number: Option<String>,
    pub decision_date: Option<NaiveDate>,
}

/// Assessments to be confirmed, each in the version that was read, with one decision.
#[input]
pub struct AssessmentBulkDecision {
    /// At most 200, each decided on for itself.
    #[entries(..=200)]
    pub items: Vec<BulkItem>,
    #[length(1..=60)]
    #[schema(example = "12/QĐ-UBND")]
    pub decision_number: Option<String>,
    pub decision_date: Option<NaiveDate>,
}

impl Bulk for AssessmentBulkDecision {
    type Input = AssessmentDecision;
    fn into_parts(self) -> Result<(Vec<BulkItem>, AssessmentDecision, Vec<u8>)> {
        let Self { items, decision_number, decision_date } = self;
        let decision = AssessmentDecision { decision_number, decision_date };
        let body = canonical::<AssessmentDecision>(serde_json::to_value(&decision).map_err(Problem::internal)?)?;
        Ok((items, decision, body))
    }
}

/// The reason of a return.
#[input]
pub struct AssessmentReturn {
    #[length(1..=1000)]
    #[schema(example = "Chưa có biên bản họp dân")]
    pub reason: String,
}

/// Filters of the list of assessments.
#[filter]
pub struct AssessmentFilter {
    /// Of this household.
    pub household_id: Option<HouseholdId>,
    /// Of households that live in this village today.
    pub village_id: Option<LocalityId>,
    /// In this place or below it, in the tree of today.
    pub within: Option<LocalityId>,
    /// Of rounds of this year.
    pub year: Option<i32>,
    /// Of rounds of this kind.
    pub round_kind: Option<RoundKind>,
    /// Any of these statuses.
    pub status: Vec<AssessmentStatus>,
    /// Any of these results.
    pub poverty_status: Vec<PovertyStatus>,
    /// By this standard.
    pub standard: Option<StandardCode>,
}

sorts! {
    pub enum AssessmentSort { AssessedOn = "-assessed_on", UpdatedAt = "updated_at" }
}
