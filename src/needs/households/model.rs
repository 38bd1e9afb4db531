use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::ValidationError;

use super::poverty::{Indicator, PovertyCause, PovertyStatus};
use super::problems;
use super::{HouseholdId, MemberId};
use crate::access::UserId;
use crate::kernel::db::later::Later;
use crate::kernel::db::schema::{household_assessments, household_members, households};
use crate::kernel::http::answer::record;
use crate::kernel::list::sheet::SheetRow;
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::needs::household_assessments::model::{AssessmentRound, AssessmentStatus};
use crate::needs::ids::AssessmentId;
use crate::needs::poverty_standards::StandardCode;
use crate::places::catalogues::data::is_ethnic_group;
use crate::places::localities::LocalityId;

db_enum! {
    /// Status of a household: in the village, moved away, or dissolved.
    pub enum HouseholdStatus {
        Active = "active" ("Đang sinh sống", "Active"),
        MovedAway = "moved_away" ("Đã chuyển đi", "Moved away"),
        Dissolved = "dissolved" ("Không còn", "Dissolved"),
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
}

/// A possible duplicate, for review; the request succeeded.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HouseholdWarning {
    /// `possible_duplicate`: a household of this village has a head of the same name and birth year.
    /// `same_identity_number`: a household in the caller's scope has the same identity number.
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
    /// Names of fields (`phone`, `identity_number_last4`) that are stored but cannot be decrypted: damaged, or the key is
    /// missing.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub unreadable: Vec<String>,
    #[schema(example = "Xóm 2")]
    pub address: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub note: Option<String>,
    /// Names of fields that are null or generalised for an organisation that is no state body: without a consent it reads no ethnic
    /// group (of members, too), position, note, nutrition and health insurance, and `other` in place of disability and illness. The same for every
    /// household, whatever its values; empty for other callers.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub withheld: Vec<String>,
    /// `same_identity_number` always; `possible_duplicate` after a creation, and after a change of village, name, birth year or
    /// identity number.
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

/// Phone and identity number in full.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct HouseholdSecrets {
    #[schema(example = "062068001234")]
    pub identity_number: Option<String>,
    #[schema(example = "0905123456")]
    pub phone: Option<String>,
    /// Names of fields that are stored but cannot be decrypted: damaged, or the key is missing. The operator has to act.
    pub unreadable: Vec<String>,
}

/// A member to keep or change (with its id), or to add.
#[input]
#[derive(Debug, Clone, Serialize)]
pub struct NewHouseholdMember {
    /// Id of an existing member, or a UUIDv7 generated by the client.
    pub id: Option<Uuid>,
    #[length(1..=120)]
    #[schema(example = "Rơ Mah H'Lan")]
    pub name: String,
    pub sex: Option<Sex>,
    #[range(1890..=2200)]
    #[schema(example = 2013)]
    pub birth_year: Option<i32>,
    /// Decides the birth year.
    pub birth_date: Option<NaiveDate>,
    #[validate(custom(function = "known_ethnic_group"))]
    #[schema(pattern = "^(0[1-9]|[1-4][0-9]|5[0-4])$", max_length = 2, example = "10")]
    pub ethnic_group: Option<String>,
    #[length(..=60)]
    #[schema(example = "con")]
    pub relation: Option<String>,
    #[serde(default)]
    pub student: bool,
}

/// A new household.
#[input(households)]
#[derive(Clone)]
pub struct NewHousehold {
    /// UUIDv7 generated by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    pub village_id: LocalityId,
    #[length(1..=120)]
    #[schema(example = "Rơ Mah H'Blơi")]
    pub head_name: String,
    pub head_sex: Option<Sex>,
    #[range(1890..=2200)]
    #[schema(example = 1968)]
    pub head_birth_year: Option<i32>,
    /// Decides the birth year.
    pub head_birth_date: Option<NaiveDate>,
    /// Of the head: 01 to 54, in the catalogue `ethnic_groups`.
    #[validate(custom(function = "known_ethnic_group"))]
    #[schema(pattern = "^(0[1-9]|[1-4][0-9]|5[0-4])$", max_length = 2, example = "10")]
    pub ethnic_group: String,
    /// Of its first assessment: proposed by a village head, confirmed by the commune.
    #[diesel(skip_insertion)]
    pub poverty_status: PovertyStatus,
    /// Of the first assessment: from 1990-01-01 until today, the default.
    #[any_day]
    #[diesel(skip_insertion)]
    pub assessed_on: Option<NaiveDate>,
    /// Of the first assessment: by default regular, in the year of `assessed_on`.
    #[nested]
    #[diesel(skip_insertion)]
    pub round: Option<AssessmentRound>,
    #[entries(..=30)]
    pub members: Vec<NewHouseholdMember>,
    /// Of the first assessment: indicators of the standard in force on that day.
    #[length(..=30)]
    #[serde(default)]
    #[diesel(skip_insertion)]
    pub deprivations: Vec<Indicator>,
    /// Of the first assessment.
    #[length(..=12)]
    #[serde(default)]
    #[diesel(skip_insertion)]
    pub poverty_causes: Vec<PovertyCause>,
    /// Reasons of special hardship; empty for a household without special hardship.
    #[length(..=11)]
    #[serde(default)]
    pub hardship_reasons: Vec<HardshipReason>,
    #[validate(custom(function = "phone_number"))]
    #[schema(pattern = "^\\+?[0-9][0-9 .-]{6,18}[0-9]$", max_length = 21, example = "0905123456")]
    #[diesel(skip_insertion)]
    pub phone: Option<String>,
    /// 9 or 12 digits; stored encrypted.
    #[validate(custom(function = "citizen_number"))]
    #[schema(pattern = "^([0-9]{9}|[0-9]{12})$", max_length = 12, example = "062068001234")]
    #[diesel(skip_insertion)]
    pub identity_number: Option<String>,
    #[length(..=200)]
    #[schema(example = "Xóm 2")]
    pub address: Option<String>,
    #[range(6.0..=24.0)]
    #[schema(example = 13.78)]
    pub latitude: Option<f64>,
    #[range(102.0..=118.0)]
    #[schema(example = 107.47)]
    pub longitude: Option<f64>,
    #[length(..=2000)]
    pub note: Option<String>,
}

impl NewHousehold {
    /// Sets the birth years of birth dates.
    pub fn decide_birth_years(&mut self) {
        decide_birth_year(self.head_birth_date, &mut self.head_birth_year);
        decide_members(&mut self.members);
    }
}

fn decide_birth_year(date: Option<NaiveDate>, year: &mut Option<i32>) {
    *year = date.map(|date| date.year()).or(*year);
}

fn decide_members(members: &mut [NewHouseholdMember]) {
    for member in members {
        decide_birth_year(member.birth_date, &mut member.birth_year);
    }
}

/// The target of a merge.
#[input]
pub struct HouseholdMerge {
    /// The household that remains; the one in the path is deleted.
    pub into: HouseholdId,
}

/// Changes of a household. An array replaces the previous one; a member with gifts cannot be left out.
#[changes(households)]
pub struct HouseholdChanges {
    /// Moves the household to another village of the caller's area. Its items and gifts in the former village
    /// stay there.
    pub village_id: Option<LocalityId>,
    /// First day in the village: today by default when `village_id` changes. Alone, it corrects the day of the last move.
    #[any_day]
    pub moved_on: Option<NaiveDate>,
    /// `active` for a household that has returned.
    pub status: Option<HouseholdStatus>,
    /// First day on which it is no longer active; today by default when the status changes.
    pub status_since: Option<Option<NaiveDate>>,
    #[length(1..=120)]
    #[schema(example = "Rơ Mah H'Blơi")]
    pub head_name: Option<String>,
    pub head_sex: Option<Option<Sex>>,
    #[range(1890..=2200)]
    #[schema(example = 1968)]
    pub head_birth_year: Option<Option<i32>>,
    /// Decides the birth year.
    pub head_birth_date: Option<Option<NaiveDate>>,
    #[validate(custom(function = "known_ethnic_group"))]
    #[schema(pattern = "^(0[1-9]|[1-4][0-9]|5[0-4])$", max_length = 2, example = "10")]
    pub ethnic_group: Option<String>,
    #[length(..=11)]
    pub hardship_reasons: Option<Vec<HardshipReason>>,
    #[entries(..=30)]
    pub members: Option<Vec<NewHouseholdMember>>,
    #[validate(custom(function = "phone_number"))]
    #[schema(pattern = "^\\+?[0-9][0-9 .-]{6,18}[0-9]$", max_length = 21, example = "0905123456")]
    #[diesel(skip_update)]
    pub phone: Option<Option<String>>,
    #[validate(custom(function = "citizen_number"))]
    #[schema(pattern = "^([0-9]{9}|[0-9]{12})$", max_length = 12, example = "062068001234")]
    #[diesel(skip_update)]
    pub identity_number: Option<Option<String>>,
    #[length(..=200)]
    #[schema(example = "Xóm 2")]
    pub address: Option<Option<String>>,
    #[range(6.0..=24.0)]
    #[schema(example = 13.78)]
    pub latitude: Option<Option<f64>>,
    #[range(102.0..=118.0)]
    #[schema(example = 107.47)]
    pub longitude: Option<Option<f64>>,
    #[length(..=2000)]
    pub note: Option<Option<String>>,
}

impl HouseholdChanges {
    /// Sets the birth years of birth dates. Another year without a date removes the known date.
    pub fn decide_birth_years(&mut self, before: &Household) {
        if let Some(Some(date)) = self.head_birth_date {
            self.head_birth_year = Some(Some(date.year()));
        } else if self.head_birth_date.is_none()
            && let (Some(year), Some(known)) = (self.head_birth_year, before.head_birth_date)
            && year != Some(known.year())
        {
            self.head_birth_date = Some(None);
        }
        decide_members(self.members.as_deref_mut().unwrap_or_default());
    }
}

fn known_ethnic_group(code: &str) -> Result<(), ValidationError> {
    if is_ethnic_group(code) { Ok(()) } else { Err(ValidationError::new("invalid_value")) }
}

fn known_ethnic_groups(codes: &[String]) -> Result<(), ValidationError> {
    codes.iter().try_for_each(|code| known_ethnic_group(code))
}

fn phone_number(number: &str) -> Result<(), ValidationError> {
    let local = number.strip_prefix('+').unwrap_or(number);
    let digit = |c: char| c.is_ascii_digit();
    let right = (8..=20).contains(&local.len())
        && local.chars().all(|c| digit(c) || matches!(c, ' ' | '.' | '-'))
        && local.starts_with(digit)
        && local.ends_with(digit);
    if right { Ok(()) } else { Err(problems::PHONE_NUMBER.into()) }
}

fn citizen_number(number: &str) -> Result<(), ValidationError> {
    let right = matches!(number.len(), 9 | 12) && number.bytes().all(|byte| byte.is_ascii_digit());
    if right { Ok(()) } else { Err(problems::IDENTITY_NUMBER.into()) }
}

/// Filters of the list of households.
#[filter]
pub struct HouseholdFilter {
    /// Households of this village.
    pub village_id: Option<LocalityId>,
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
    /// `true`: households for which another household of the village has the same name and birth year of the head, or one in the
    /// caller's scope the same identity number; `false`: the others.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_rubbish() {
        assert!(phone_number("0905 123 456").is_ok() && phone_number("+84905123456").is_ok());
        assert!(
            phone_number("12").is_err()
                && phone_number("090512345x").is_err()
                && phone_number("+ 84905123456").is_err()
        );
        assert!(citizen_number("062068001234").is_ok() && citizen_number("230123456").is_ok());
        assert!(citizen_number("06206800123").is_err() && citizen_number("06206800123４").is_err());
    }
}
