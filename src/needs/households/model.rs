use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::filter;
use serde::Serialize;
use utoipa::ToSchema;

use super::bodies::known_ethnic_groups;
use super::poverty::{Indicator, PovertyCause, PovertyStatus};
use super::{HouseholdId, MemberId};
use crate::access::UserId;
use crate::kernel::db::later::Later;
use crate::kernel::db::schema::{household_assessments, household_members, households};
use crate::kernel::http::answer::record;
use crate::kernel::list::sheet::SheetRow;
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::needs::household_assessments::model::AssessmentStatus;
use crate::needs::ids::AssessmentId;
use crate::needs::poverty_standards::StandardCode;
use crate::places::localities::LocalityId;

db_enum! {
    /// Status of a household: in the village, moved away, or dissolved.
    pub enum HouseholdStatus {
        Active = "active" ("Đang sinh sống", "Active"),
        MovedAway = "moved_away" ("Đã chuyển đi", "Moved away"),
        Dissolved = "dissolved" ("Không còn", "Dissolved"),
    }
}

impl HouseholdStatus {
    /// Whether a household with this status since a day is not active on another one.
    pub fn has_left(self, since: Option<NaiveDate>, day: NaiveDate) -> bool {
        self != Self::Active && since.is_none_or(|since| since <= day)
    }
}

db_enum! {
    /// Sex, as in the household register.
    pub enum Sex {
        Male = "male" ("Nam", "Male"),
        Female = "female" ("Nữ", "Female"),
    }
}

db_enum! {
    /// Reasons of the special hardship of a household.
    pub enum HardshipReason {
        ElderlyAlone = "elderly_alone" ("Người già neo đơn", "Elderly and alone"),
        Disabled = "disabled" ("Người khuyết tật", "Disabled"),
        SeriousIllness = "serious_illness" ("Bệnh hiểm nghèo", "Serious illness"),
        Orphan = "orphan" ("Trẻ mồ côi", "Orphan"),
        SingleParent = "single_parent" ("Đơn thân nuôi con", "Single parent"),
        TemporaryHouse = "temporary_house" ("Nhà tạm, dột nát", "Temporary house"),
        Disaster = "disaster" ("Bị thiên tai, hỏa hoạn", "Struck by disaster"),
        StudentHardship = "student_hardship" ("Học sinh có hoàn cảnh khó khăn", "Student in hardship"),
        MeritFamily = "merit_family" ("Gia đình có công", "Family of merit"),
        SocialProtection = "social_protection" ("Đối tượng bảo trợ xã hội", "Under social protection"),
        Other = "other" ("Khác", "Other"),
    }
}

/// A member of the household other than its head.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = household_members)]
pub struct HouseholdMember {
    pub id: MemberId,
    #[serde(skip)]
    pub household_id: HouseholdId,
    #[schema(example = "Rơ Mah H'Lan")]
    pub name: String,
    pub sex: Option<Sex>,
    #[schema(example = 2013)]
    pub birth_year: Option<i32>,
    /// Where it is known.
    pub birth_date: Option<NaiveDate>,
    /// 01 to 54, in the catalogue `ethnic_groups`; null where it was not entered or is withheld.
    pub ethnic_group: Option<String>,
    /// Relation to the head of the household.
    #[schema(example = "con")]
    pub relation: Option<String>,
    pub student: bool,
    /// The last four digits; `reveal` returns the whole number. Null for units and administrators.
    #[schema(example = "4321")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub identity_number_last4: Option<String>,
}

/// A possible duplicate, for review; the request succeeded.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HouseholdWarning {
    /// `possible_duplicate`: a household of this village has a head of the same name and birth year.
    /// `same_identity_number`: the head or a member of a household in the caller's scope has the same identity number.
    #[schema(example = "possible_duplicate")]
    pub code: String,
    /// The other household.
    pub id: HouseholdId,
}

/// An assessment that waits for the commune, or was returned to the village.
#[derive(Debug, Clone, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = household_assessments)]
pub struct ProposedAssessment {
    pub id: AssessmentId,
    pub poverty_status: PovertyStatus,
    /// The day of the assessment.
    #[schema(example = "2026-11-20")]
    pub assessed_on: NaiveDate,
    pub status: AssessmentStatus,
    pub version: i64,
}

impl From<Later> for Option<ProposedAssessment> {
    fn from(_: Later) -> Self {
        None
    }
}

/// Poverty of a household, by its latest confirmed assessment; null before the first one.
#[derive(Debug, Clone, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = households)]
pub struct HouseholdPoverty {
    pub poverty_status: Option<PovertyStatus>,
    /// The year of its round.
    #[schema(example = 2026)]
    pub poverty_year: Option<i32>,
    /// The day of that assessment.
    #[schema(example = "2026-11-20")]
    pub poverty_assessed_on: Option<NaiveDate>,
    pub poverty_standard: Option<StandardCode>,
    /// Indicators of the standard in which it is deprived.
    pub deprivations: Vec<Indicator>,
    /// Causes of its poverty.
    pub poverty_causes: Vec<PovertyCause>,
    /// The latest one that waits for the commune or was returned; null for units.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub proposed_assessment: Option<ProposedAssessment>,
}

/// A household. Units see it once it is on an approved list.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = households)]
pub struct Household {
    pub id: HouseholdId,
    pub village_id: LocalityId,
    #[schema(example = "Tung")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub village_name: String,
    /// First day in this village; null: it lived in no other one since its registration.
    pub moved_on: Option<NaiveDate>,
    /// Null for a village without a commune.
    #[schema(example = "Ia Nan")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub commune_name: Option<String>,
    pub status: HouseholdStatus,
    /// First day on which it is no longer active.
    pub status_since: Option<NaiveDate>,
    #[schema(example = "Rơ Mah H'Blơi")]
    pub head_name: String,
    pub head_sex: Option<Sex>,
    #[schema(example = 1968)]
    pub head_birth_year: Option<i32>,
    /// Birth date of the head, where it is known.
    pub head_birth_date: Option<NaiveDate>,
    /// Of the head: 01 to 54, in the catalogue `ethnic_groups`. Null only where it is withheld.
    #[schema(example = "10")]
    #[diesel(select_expression = households::ethnic_group.nullable())]
    pub ethnic_group: Option<String>,
    #[serde(flatten)]
    #[diesel(embed)]
    pub poverty: HouseholdPoverty,
    /// Reasons of special hardship; empty for a household without special hardship.
    pub hardship_reasons: Vec<HardshipReason>,
    /// True if `hardship_reasons` is not empty.
    pub special_hardship: bool,
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub members: Vec<HouseholdMember>,
    /// Null for units and administrators.
    #[schema(example = "0905123456")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub phone: Option<String>,
    /// The last four digits; `reveal` returns the whole number. Null for units and administrators.
    #[schema(example = "4321")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub identity_number_last4: Option<String>,
    /// Names of fields (`phone`, `identity_number_last4`, `members`) that are stored but cannot be decrypted: damaged, or the
    /// key is missing.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub unreadable: Vec<String>,
    #[schema(example = "Xóm 2")]
    pub address: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub note: Option<String>,
    /// Names of fields that are null or generalised for an organisation that is no state body: without a consent it
    /// reads no ethnic group (of members, too), position, note, nutrition and health insurance, and `other` in place
    /// of disability and illness. The same for every household, whatever its values; empty for other callers.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub withheld: Vec<String>,
    /// `same_identity_number` always; `possible_duplicate` after a creation, and after a change of village, name,
    /// birth year or identity number.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub warnings: Vec<HouseholdWarning>,
    /// The account that entered it.
    pub acted_by: Option<UserId>,
    /// The village whose head an official acted for.
    pub on_behalf_of: Option<LocalityId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Household; sensitive);

impl SheetRow for Household {
    const NAME: &'static str = "households";
    const COLUMNS: &'static str = "id village_id village_name commune_name moved_on status status_since head_name head_sex head_birth_year \
        head_birth_date ethnic_group poverty_status poverty_year poverty_assessed_on poverty_standard deprivations poverty_causes hardship_reasons \
        special_hardship members_count phone identity_number_last4 address latitude longitude note \
        created_at updated_at";
}

/// The columns of a household that an import compares.
#[derive(HasQuery)]
#[diesel(table_name = households)]
pub struct HouseholdRow {
    pub id: HouseholdId,
    pub village_id: LocalityId,
    pub status: HouseholdStatus,
    pub head_name: String,
    pub head_sex: Option<Sex>,
    pub head_birth_year: Option<i32>,
    pub head_birth_date: Option<NaiveDate>,
    pub ethnic_group: String,
    pub poverty_year: Option<i32>,
    pub hardship_reasons: Vec<HardshipReason>,
    pub address: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub note: Option<String>,
}

/// The identity number of a member in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberSecrets {
    pub id: MemberId,
    #[schema(example = "062068001234")]
    pub identity_number: Option<String>,
}

/// Phone and identity numbers in full.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct HouseholdSecrets {
    #[schema(example = "062068001234")]
    pub identity_number: Option<String>,
    #[schema(example = "0905123456")]
    pub phone: Option<String>,
    /// The members with an identity number.
    pub members: Vec<MemberSecrets>,
    /// Names of fields that are stored but cannot be decrypted: damaged, or the key is missing. The operator has to act.
    pub unreadable: Vec<String>,
}

/// Filters of the list of households.
#[filter]
pub struct HouseholdFilter {
    /// Households of this village.
    pub village_id: Option<LocalityId>,
    /// In this place or below it, in the tree of today.
    pub within: Option<LocalityId>,
    /// Any of these results of the latest confirmed assessment.
    pub poverty_status: Vec<PovertyStatus>,
    /// With an assessment of any of these statuses: `proposed` waits for the commune.
    pub assessment_status: Vec<AssessmentStatus>,
    /// Any of these ethnic groups, by code. `not_for_reader` for organisations that are no state bodies.
    #[validate(custom(function = "known_ethnic_groups"))]
    #[sensitive]
    pub ethnic_group: Vec<String>,
    /// With hardship reasons, or without.
    pub special_hardship: Option<bool>,
    /// Any of these statuses.
    pub status: Vec<HouseholdStatus>,
    /// `true`: households for which another household of the village has the same name and birth year of the head, or
    /// one in the caller's scope the same identity number, of the head or a member; `false`: the others.
    pub possible_duplicate: Option<bool>,
    /// `true`: households whose village has ended; those of them that are `active` wait to be moved to a successor.
    pub village_ended: Option<bool>,
    /// Words or prefixes of words of the head's name, without case and diacritics: `y bl` finds Y Blơi.
    #[search]
    pub q: Option<String>,
}

sorts! {
    pub enum HouseholdSort { HeadName = "head_name", CreatedAt = "created_at", UpdatedAt = "updated_at" }
}
