//! Day, round and standard of an assessment, and its doubtful points.

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;

use super::model::{AssessmentRound, AssessmentWarning, RoundKind};
use super::problems::{NO_STANDARD, NOT_OF_STANDARD, NOT_VALID_ON_DAY, OUTSIDE_ROUND};
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::schema::households;
use crate::kernel::http::problem::{FieldCode, FieldError, Problem, Result};
use crate::kernel::value::day;
use crate::needs::households::HouseholdId;
use crate::needs::households::model::HouseholdStatus;
use crate::needs::households::poverty::{Indicator, PovertyStatus};
use crate::needs::households::problems::HOUSEHOLD_NOT_ACTIVE;
use crate::needs::poverty_standards::{self, Line, PovertyStandard, StandardCode};

/// First day of an assessment.
const EARLIEST: NaiveDate = match NaiveDate::from_ymd_opt(1990, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// What a body says of the time of an assessment.
pub struct Said<'a> {
    pub assessed_on: NaiveDate,
    pub round: Option<AssessmentRound>,
    pub standard: Option<&'a StandardCode>,
    pub deprivations: &'a [Indicator],
}

/// Day, round and code of the standard.
pub struct Placed {
    pub assessed_on: NaiveDate,
    pub round: AssessmentRound,
    pub standard: StandardCode,
}

/// Rejects a household that the caller does not see in its area, or that was not active on the day.
pub fn check_household(tx: &mut Tx<'_>, household: HouseholdId, assessed_on: NaiveDate) -> Result<()> {
    let here = households::table.find(household).filter(app_in_range(households::scope_path));
    let home: Option<(HouseholdStatus, Option<NaiveDate>)> =
        here.select((households::status, households::status_since)).first(tx.conn).optional()?;
    let (status, since) = home
        .ok_or_else(|| Problem::invalid(vec![FieldError::of_id("#/household_id", FieldCode::NOT_FOUND, household)]))?;
    if status.has_left(since, assessed_on) {
        return Err(Problem::field("#/assessed_on", HOUSEHOLD_NOT_ACTIVE));
    }
    Ok(())
}

/// Checks the day, and returns round and standard with their defaults.
pub fn place(tx: &mut Tx<'_>, said: &Said<'_>) -> Result<Placed> {
    day::check_past(said.assessed_on, tx.today, "#/assessed_on")?;
    if said.assessed_on < EARLIEST {
        return Err(Problem::field("#/assessed_on", FieldCode::INVALID_VALUE));
    }
    let year = said.assessed_on.year();
    let round = said.round.unwrap_or(AssessmentRound { year, kind: RoundKind::Regular });
    if round.year != year {
        return Err(Problem::field("#/round/year", OUTSIDE_ROUND));
    }
    let standard = standard(tx, said)?;
    let foreign = said.deprivations.iter().enumerate().filter(|(_, indicator)| !standard.has(indicator));
    let wrong = |(index, _)| FieldError::new(format!("#/deprivations/{index}"), NOT_OF_STANDARD);
    Problem::check(foreign.map(wrong).collect())?;
    Ok(Placed { assessed_on: said.assessed_on, round, standard: standard.code })
}

fn standard(tx: &mut Tx<'_>, said: &Said<'_>) -> Result<PovertyStandard> {
    let Some(code) = said.standard else {
        let known = poverty_standards::queries::in_force(tx, said.assessed_on)?;
        return known.ok_or_else(|| Problem::field("#/assessed_on", NO_STANDARD));
    };
    let wrong = |code| Problem::field("#/standard", code);
    let known = poverty_standards::queries::find(tx, code)?.ok_or_else(|| wrong(FieldCode::NOT_FOUND))?;
    if known.holds_on(said.assessed_on) { Ok(known) } else { Err(wrong(NOT_VALID_ON_DAY)) }
}

/// Warns where the points contradict the status: points below the line mean poor with three deprivations or more and near-poor with
/// fewer; other points mean neither.
pub fn warnings(
    score_b1: Option<i32>,
    status: PovertyStatus,
    deprivations: usize,
    line: &Line,
) -> Vec<AssessmentWarning> {
    let (Some(score), Some(line)) = (score_b1, line.score_b1) else { return Vec::new() };
    let agrees = if score < line {
        status == if deprivations >= 3 { PovertyStatus::Poor } else { PovertyStatus::NearPoor }
    } else {
        !matches!(status, PovertyStatus::Poor | PovertyStatus::NearPoor)
    };
    if agrees { Vec::new() } else { vec![AssessmentWarning { code: "points_disagree" }] }
}
