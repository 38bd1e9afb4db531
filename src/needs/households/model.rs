use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::poverty::{Deprivation, PovertyCause, PovertyStatus};
use super::problems;
use super::{HouseholdId, MemberId};
use crate::access::UserId;
use crate::kernel::db::later::{Later, later};
use crate::kernel::db::schema::{household_members, households};
use crate::kernel::http::answer::record;
use crate::kernel::list::sort::sorts;
use crate::kernel::value::day;
use crate::kernel::value::enums::db_enum;
use crate::places::catalogues::data::is_ethnic_group;
use crate::places::localities::LocalityId;

db_enum! {
    /// Whether the household still lives there.
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
    /// Why a household's circumstances are especially hard.
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

/// Somebody of the household besides its head.
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
    /// To the head of the household.
    #[schema(example = "con")]
    pub relation: Option<String>,
    pub student: bool,
}

/// Something worth a second look; nothing was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HouseholdWarning {
    /// `possible_duplicate`: a household of this village has a head of the same name and birth year.
    /// `same_identity_number`: one that the caller sees has the same identity number.
    #[schema(example = "possible_duplicate")]
    pub code: String,
    /// The other household.
    pub id: HouseholdId,
}

/// A household, as its village and commune know it; units see it once it is on an approved list.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = households)]
pub struct Household {
    pub id: HouseholdId,
    pub village_id: LocalityId,
    #[schema(example = "Tung")]
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub village_name: String,
    /// Null for a village that no commune was assigned to.
    #[schema(example = "Ia Nan")]
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub commune_name: Option<String>,
    pub status: HouseholdStatus,
    /// Since when it is no longer active.
    pub status_since: Option<NaiveDate>,
    #[schema(example = "Rơ Mah H'Blơi")]
    pub head_name: String,
    pub head_sex: Option<Sex>,
    #[schema(example = 1968)]
    pub head_birth_year: Option<i32>,
    /// Of the head: 01 to 54, in the catalogue `ethnic_groups`.
    #[schema(example = "10")]
    pub ethnic_group: String,
    /// Of the latest assessment.
    pub poverty_status: PovertyStatus,
    /// The year of that assessment.
    #[schema(example = 2026)]
    pub poverty_year: i32,
    /// The indicators of Decree 07/2021 that it lacks.
    pub deprivations: Vec<Deprivation>,
    /// Why it is poor.
    pub poverty_causes: Vec<PovertyCause>,
    /// Why it is in special hardship; without a reason it is not.
    pub hardship_reasons: Vec<HardshipReason>,
    /// There are hardship reasons.
    pub special_hardship: bool,
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub members: Vec<HouseholdMember>,
    /// Null for units and administrators.
    #[schema(example = "0905123456")]
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub phone: Option<String>,
    /// The last four digits; the whole number by `reveal`. Null for units and administrators.
    #[schema(example = "4321")]
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub identity_number_last4: Option<String>,
    /// Of `phone` and `identity_number_last4`, what is kept and cannot be shown now: damaged, or the key is missing.
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub unreadable: Vec<String>,
    #[schema(example = "Xóm 2")]
    pub address: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub note: Option<String>,
    /// After a creation, and after a change of village, name, birth year or identity number; empty
    /// otherwise.
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub warnings: Vec<HouseholdWarning>,
    /// Who entered it.
    pub acted_by: Option<UserId>,
    /// The village whose head an official acted for.
    pub on_behalf_of: Option<LocalityId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Household);

/// Phone and identity number in full.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct HouseholdSecrets {
    #[schema(example = "062068001234")]
    pub identity_number: Option<String>,
    #[schema(example = "0905123456")]
    pub phone: Option<String>,
    /// Fields that are kept and cannot be shown now: damaged, or the key is missing. Tell the operator.
    pub unreadable: Vec<String>,
}

/// A member to be kept (with its id) or added.
#[input]
#[derive(Debug, Clone, Serialize)]
pub struct NewHouseholdMember {
    /// Of a member that is there already, or UUIDv7 made by the client.
    pub id: Option<Uuid>,
    #[length(1..=120)]
    #[schema(example = "Rơ Mah H'Lan")]
    pub name: String,
    pub sex: Option<Sex>,
    #[range(1890..=2200)]
    #[schema(example = 2013)]
    pub birth_year: Option<i32>,
    #[length(..=60)]
    #[schema(example = "con")]
    pub relation: Option<String>,
    #[serde(default)]
    pub student: bool,
}

/// A household to be registered.
#[input(households)]
pub struct NewHousehold {
    /// UUIDv7 made by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    pub village_id: LocalityId,
    #[length(1..=120)]
    #[schema(example = "Rơ Mah H'Blơi")]
    pub head_name: String,
    pub head_sex: Option<Sex>,
    #[range(1890..=2200)]
    #[schema(example = 1968)]
    pub head_birth_year: Option<i32>,
    /// Of the head: 01 to 54, in the catalogue `ethnic_groups`.
    #[validate(custom(function = "known_ethnic_group"))]
    #[schema(pattern = "^(0[1-9]|[1-4][0-9]|5[0-4])$", example = "10")]
    pub ethnic_group: String,
    /// Becomes the assessment of the current year.
    pub poverty_status: PovertyStatus,
    #[entries(..=30)]
    pub members: Vec<NewHouseholdMember>,
    /// The indicators of Decree 07/2021 that it lacks.
    #[length(..=12)]
    #[serde(default)]
    pub deprivations: Vec<Deprivation>,
    /// Why it is poor.
    #[length(..=11)]
    #[serde(default)]
    pub poverty_causes: Vec<PovertyCause>,
    /// Why it is in special hardship; without a reason it is not.
    #[length(..=11)]
    #[serde(default)]
    pub hardship_reasons: Vec<HardshipReason>,
    #[validate(custom(function = "phone_number"))]
    #[schema(pattern = "^\\+?[0-9][0-9 .-]{6,18}[0-9]$", example = "0905123456")]
    #[diesel(skip_insertion)]
    pub phone: Option<String>,
    /// 9 or 12 digits; kept sealed.
    #[validate(custom(function = "citizen_number"))]
    #[schema(pattern = "^([0-9]{9}|[0-9]{12})$", example = "062068001234")]
    #[diesel(skip_insertion)]
    pub identity_number: Option<String>,
    #[length(..=200)]
    #[schema(example = "Xóm 2")]
    pub address: Option<String>,
    #[range(-90.0..=90.0)]
    #[schema(example = 13.78)]
    pub latitude: Option<f64>,
    #[range(-180.0..=180.0)]
    #[schema(example = 107.47)]
    pub longitude: Option<f64>,
    #[length(..=2000)]
    pub note: Option<String>,
}

/// The household that another one turned out to be.
#[input]
pub struct HouseholdMerge {
    /// It stays; the one in the path goes.
    pub into: HouseholdId,
}

/// What changes of a household. Arrays replace; a member with gifts cannot be left out.
#[changes(households)]
pub struct HouseholdChanges {
    /// A move to another village of the caller's area. What was listed and given in the old village
    /// stays there.
    pub village_id: Option<LocalityId>,
    /// `active` again: it has come back.
    pub status: Option<HouseholdStatus>,
    /// Since when it is no longer active; today if it is left out when the status changes.
    #[validate(custom(function = "day::plausible"))]
    pub status_since: Option<Option<NaiveDate>>,
    #[length(1..=120)]
    #[schema(example = "Rơ Mah H'Blơi")]
    pub head_name: Option<String>,
    pub head_sex: Option<Option<Sex>>,
    #[range(1890..=2200)]
    #[schema(example = 1968)]
    pub head_birth_year: Option<Option<i32>>,
    #[validate(custom(function = "known_ethnic_group"))]
    #[schema(pattern = "^(0[1-9]|[1-4][0-9]|5[0-4])$", example = "10")]
    pub ethnic_group: Option<String>,
    /// Becomes the assessment of the current year.
    #[diesel(skip_update)]
    pub poverty_status: Option<PovertyStatus>,
    /// Of the assessment of the current year.
    #[length(..=12)]
    #[diesel(skip_update)]
    pub deprivations: Option<Vec<Deprivation>>,
    /// Of the assessment of the current year.
    #[length(..=11)]
    #[diesel(skip_update)]
    pub poverty_causes: Option<Vec<PovertyCause>>,
    #[length(..=11)]
    pub hardship_reasons: Option<Vec<HardshipReason>>,
    #[entries(..=30)]
    pub members: Option<Vec<NewHouseholdMember>>,
    #[validate(custom(function = "phone_number"))]
    #[schema(pattern = "^\\+?[0-9][0-9 .-]{6,18}[0-9]$", example = "0905123456")]
    #[diesel(skip_update)]
    pub phone: Option<Option<String>>,
    #[validate(custom(function = "citizen_number"))]
    #[schema(pattern = "^([0-9]{9}|[0-9]{12})$", example = "062068001234")]
    #[diesel(skip_update)]
    pub identity_number: Option<Option<String>>,
    #[length(..=200)]
    #[schema(example = "Xóm 2")]
    pub address: Option<Option<String>>,
    #[range(-90.0..=90.0)]
    #[schema(example = 13.78)]
    pub latitude: Option<Option<f64>>,
    #[range(-180.0..=180.0)]
    #[schema(example = 107.47)]
    pub longitude: Option<Option<f64>>,
    #[length(..=2000)]
    pub note: Option<Option<String>>,
}

fn known_ethnic_group(code: &str) -> Result<(), ValidationError> {
    if is_ethnic_group(code) { Ok(()) } else { Err(ValidationError::new("invalid_value")) }
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

/// Which households.
#[filter]
pub struct HouseholdFilter {
    /// Of this village.
    pub village_id: Option<LocalityId>,
    /// Any of these.
    pub poverty_status: Vec<PovertyStatus>,
    /// Any of these, by code.
    pub ethnic_group: Vec<String>,
    /// With hardship reasons, or without.
    pub special_hardship: Option<bool>,
    /// Any of these.
    pub status: Vec<HouseholdStatus>,
    /// Those another household of the village has the same head's name and birth year as, or those not.
    pub possible_duplicate: Option<bool>,
    /// Words or beginnings of words of the head's name, without case and diacritics: `y bl` finds Y Blơi.
    #[search]
    #[param(example = "y bl")]
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
