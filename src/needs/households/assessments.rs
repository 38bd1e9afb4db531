//! Assessments (rà soát hộ nghèo): the poverty status of a household, one for each year. Assessments from before the
//! introduction of the system are entered by import.

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;
use serde::Deserialize;
use uuid::Uuid;
use validator::Validate;

use super::HouseholdId;
use super::poverty::{Deprivation, PovertyCause, PovertyStatus};
use crate::access::UserId;
use crate::access::tx::Tx;
use crate::kernel::db::schema::household_assessments as table;
use crate::kernel::http::problem::{FieldCode, Problem, Result};

/// Year and decision of an assessment; by default the current year.
#[derive(Debug, Default, Deserialize, Validate)]
pub struct Finding {
    #[validate(range(min = 1990, max = 2200))]
    pub poverty_year: Option<i32>,
    #[validate(length(min = 1, max = 60))]
    pub decision_number: Option<String>,
}

impl Finding {
    /// Returns the year of the assessment; rejects future years.
    pub fn year_by(&self, today: NaiveDate) -> Result<i32> {
        match self.poverty_year {
            None => Ok(today.year()),
            Some(year) if year <= today.year() => Ok(year),
            Some(_) => Err(Problem::field("#/poverty_year", FieldCode::IN_THE_FUTURE)),
        }
    }
}

/// A new assessment of an existing household.
#[derive(Debug, Deserialize, Validate)]
pub struct NewAssessment {
    pub poverty_status: PovertyStatus,
    #[serde(default)]
    #[validate(length(max = 12))]
    pub deprivations: Vec<Deprivation>,
    #[serde(default)]
    #[validate(length(max = 11))]
    pub poverty_causes: Vec<PovertyCause>,
}

/// The assessment of a year.
#[derive(Clone, Copy)]
pub struct Assessment<'a> {
    pub year: i32,
    pub poverty_status: PovertyStatus,
    pub deprivations: &'a [Deprivation],
    pub poverty_causes: &'a [PovertyCause],
    pub decision_number: Option<&'a str>,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = table)]
struct Written<'a> {
    #[diesel(skip_update)]
    id: Uuid,
    #[diesel(skip_update)]
    household_id: Uuid,
    #[diesel(skip_update)]
    year: i32,
    poverty_status: PovertyStatus,
    deprivations: &'a [Deprivation],
    poverty_causes: &'a [PovertyCause],
    assessor_id: UserId,
    assessed_on: NaiveDate,
    // None keeps the stored decision in a correction.
    decision_number: Option<&'a str>,
}

impl<'a> Assessment<'a> {
    fn written(&self, tx: &Tx<'_>, household: HouseholdId) -> Written<'a> {
        Written {
            id: Uuid::now_v7(),
            household_id: household.into(),
            year: self.year,
            poverty_status: self.poverty_status,
            deprivations: self.deprivations,
            poverty_causes: self.poverty_causes,
            assessor_id: UserId(tx.actor.id),
            assessed_on: tx.today,
            decision_number: self.decision_number,
        }
    }
}

/// Inserts the first assessment of a year; a trigger copies the latest one to the household.
pub fn enter(tx: &mut Tx<'_>, household: HouseholdId, found: &Assessment) -> Result<()> {
    diesel::insert_into(table::table).values(found.written(tx, household)).execute(tx.conn)?;
    Ok(())
}

/// Updates the assessment of a year, or inserts it. The caller has locked the household. ON CONFLICT is not used, because
/// the audit trigger would record the insertion that did not happen.
pub fn assess(tx: &mut Tx<'_>, household: HouseholdId, found: &Assessment) -> Result<()> {
    let known = table::table.filter(table::household_id.eq(household)).filter(table::year.eq(found.year));
    let corrected = diesel::update(known).set(found.written(tx, household)).execute(tx.conn)?;
    if corrected == 0 { enter(tx, household, found) } else { Ok(()) }
}

/// A stored assessment.
#[derive(HasQuery)]
#[diesel(table_name = table)]
pub struct AssessmentRow {
    pub household_id: HouseholdId,
    pub year: i32,
    pub poverty_status: PovertyStatus,
    pub deprivations: Vec<Deprivation>,
    pub poverty_causes: Vec<PovertyCause>,
    pub decision_number: Option<String>,
}

impl AssessmentRow {
    /// Returns the fields in which an imported assessment differs. Empty fields of the import are not compared.
    pub fn differences(&self, found: &Assessment) -> Vec<&'static str> {
        let fields = [
            ("poverty_status", found.poverty_status != self.poverty_status),
            ("deprivations", says_otherwise(found.deprivations, &self.deprivations)),
            ("poverty_causes", says_otherwise(found.poverty_causes, &self.poverty_causes)),
            (
                "decision_number",
                found.decision_number.is_some() && found.decision_number != self.decision_number.as_deref(),
            ),
        ];
        fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
    }
}

/// Whether a set is not empty and differs from the known one.
pub fn says_otherwise<T: PartialEq>(given: &[T], known: &[T]) -> bool {
    let covers = |one: &[T], other: &[T]| other.iter().all(|value| one.contains(value));
    let same = covers(given, known) && covers(known, given);
    !given.is_empty() && !same
}

pub fn of_households(tx: &mut Tx<'_>, households: &[HouseholdId]) -> Result<Vec<AssessmentRow>> {
    Ok(AssessmentRow::query().filter(table::household_id.eq_any(households)).load(tx.conn)?)
}
