//! Assessments (rà soát hộ nghèo): how poor a household was found in a year, one finding a year. What
//! was found before the system began is entered by import.

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

/// When a household was found to be as poor as is said, and by which decision; by default this year.
#[derive(Debug, Default, Deserialize, Validate)]
pub struct Finding {
    #[validate(range(min = 1990, max = 2200))]
    pub poverty_year: Option<i32>,
    #[validate(length(min = 1, max = 60))]
    pub decision_number: Option<String>,
}

impl Finding {
    /// Nobody is assessed for a year that has not come.
    pub fn year_by(&self, today: NaiveDate) -> Result<i32> {
        match self.poverty_year {
            None => Ok(today.year()),
            Some(year) if year <= today.year() => Ok(year),
            Some(_) => Err(Problem::field("#/poverty_year", FieldCode::IN_THE_FUTURE)),
        }
    }
}

/// What was found, of a household that is there.
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

/// What was found in a year.
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
    // A correction that names none does not lose the decision that was named before.
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

/// Writes the first assessment of a year; a trigger shows the latest one on the household.
pub fn enter(tx: &mut Tx<'_>, household: HouseholdId, found: &Assessment) -> Result<()> {
    diesel::insert_into(table::table).values(found.written(tx, household)).execute(tx.conn)?;
    Ok(())
}

/// The same, or corrects the one that is there. The caller holds the household locked. Not by ON CONFLICT: the
/// audit would tell of an assessment that was never made.
pub fn assess(tx: &mut Tx<'_>, household: HouseholdId, found: &Assessment) -> Result<()> {
    let known = table::table.filter(table::household_id.eq(household)).filter(table::year.eq(found.year));
    let corrected = diesel::update(known).set(found.written(tx, household)).execute(tx.conn)?;
    if corrected == 0 { enter(tx, household, found) } else { Ok(()) }
}

/// An assessment that is there.
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
    /// The fields in which a list says something else. What it leaves empty it does not say.
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

/// Whether a set is given and is another one.
pub fn says_otherwise<T: PartialEq>(given: &[T], known: &[T]) -> bool {
    let covers = |one: &[T], other: &[T]| other.iter().all(|value| one.contains(value));
    let same = covers(given, known) && covers(known, given);
    !given.is_empty() && !same
}

pub fn of_households(tx: &mut Tx<'_>, households: &[HouseholdId]) -> Result<Vec<AssessmentRow>> {
    Ok(AssessmentRow::query().filter(table::household_id.eq_any(households)).load(tx.conn)?)
}
