use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;

use super::model::{
    Assessment, AssessmentChanges, AssessmentDecision, AssessmentFilter, AssessmentRound, AssessmentSort,
    AssessmentStatus, NewAssessment,
};
use super::problems::{ASSESSMENT_EXISTS, NOT_CONFIRMED, REGISTER_COMPLETE};
use super::rules::{self, Placed, Said};
use super::workflow::{self, AssessmentStep, StepColumns, StepInput};
use crate::access::UserId;
use crate::access::policy::Permission;
use crate::access::reach::Reach;
use crate::access::steps::{Verdicts, verdict_on};
use crate::access::tx::{Tx, rows};
use crate::kernel::db::records;
use crate::kernel::db::schema::household_assessments as table;
use crate::kernel::db::schema::{household_assessments, households};
use crate::kernel::http::problem::{Code, FieldCode, Problem, Result, violates};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::kernel::value::id::RecordId;
use crate::needs::households::HouseholdId;
use crate::needs::households::model::ProposedAssessment;
use crate::needs::households::poverty::{Indicator, PovertyCause, PovertyStatus};
use crate::needs::ids::AssessmentId;
use crate::needs::poverty_standards::{self, PovertyStandard};
use crate::places::localities::LocalityId;
use crate::places::localities::sql::app_is_urban;
use crate::places::localities::within::lies_within;

diesel::define_sql_function! {
    /// Whether the register of a year is complete in the village where the household lived then.
    fn app_in_complete_register(household: diesel::sql_types::Uuid, year: diesel::sql_types::Integer) -> diesel::sql_types::Bool;
}

pub fn find(tx: &mut Tx<'_>, id: AssessmentId) -> Result<Assessment> {
    load(tx, table::table.find(id).into_boxed())?.pop().ok_or_else(Problem::not_found)
}

pub fn find_all(tx: &mut Tx<'_>, ids: &[AssessmentId]) -> Result<Vec<Assessment>> {
    load(tx, table::table.filter(table::id.eq_any(ids)).into_boxed())
}

/// Adds names, warnings and actions, with one query for the households and one for the standards.
fn load(tx: &mut Tx<'_>, query: table::BoxedQuery<'_, Pg>) -> Result<Vec<Assessment>> {
    let mut found: Vec<Assessment> = rows(tx, query)?;
    let ids: HashSet<HouseholdId> = found.iter().map(|row| row.household_id).collect();
    let homes = households::table.filter(households::id.eq_any(ids));
    let homes: HashMap<HouseholdId, (LocalityId, String, bool)> = homes
        .select((households::id, (households::village_id, households::head_name, app_is_urban(households::village_id))))
        .load(tx.conn)?
        .into_iter()
        .collect();
    let scored = found.iter().any(|row| row.score_b1.is_some());
    let standards = if scored { poverty_standards::queries::all(tx.conn)? } else { Vec::new() };
    for row in &mut found {
        row.allowed_actions = workflow::allowed_actions(row, tx.actor);
        let Some((village, head, urban)) = homes.get(&row.household_id) else { continue };
        (row.village_id, row.household_head_name) = (Some(*village), head.clone());
        let standard = standards.iter().find(|standard: &&PovertyStandard| standard.code == row.standard);
        if let Some(lines) = standard.map(|standard| &standard.lines) {
            let line = if *urban { &lines.urban } else { &lines.rural };
            row.warnings = rules::warnings(row.score_b1, row.poverty_status, row.deprivations.len(), line);
        }
    }
    Ok(found)
}

pub fn list(tx: &mut Tx<'_>, filter: &AssessmentFilter, keyset: Keyset<AssessmentSort>) -> Result<Page<Assessment>> {
    let reach = Reach::of_household_parts(tx.actor, AssessmentId::TABLE);
    let filtered = || {
        table::table
            .filter(reach)
            .into_boxed()
            .when(filter.household_id, |household| table::household_id.eq(household))
            .when(filter.village_id, |village| {
                let here = households::table.filter(households::village_id.eq(village));
                table::household_id.eq_any(here.select(households::id))
            })
            .when(filter.within, |place| lies_within(table::scope_path, place))
            .when(filter.year, |year| table::round_year.eq(year))
            .when(filter.round_kind, |kind| table::round_kind.eq(kind))
            .when_any(&filter.status, |statuses| table::status.eq_any(statuses))
            .when_any(&filter.poverty_status, |statuses| table::poverty_status.eq_any(statuses))
            .when(filter.standard.as_ref(), |standard| table::standard.eq(standard))
    };
    tx.page(keyset, filtered, load)
}

sort_columns! {
    AssessmentSort of household_assessments as Assessment:
    AssessedOn = assessed_on (NaiveDate),
    UpdatedAt = updated_at (DateTime<Utc>),
}

/// Enters an assessment: confirmed by a caller who may confirm, else proposed.
pub fn create(tx: &mut Tx<'_>, id: AssessmentId, new: NewAssessment) -> Result<()> {
    let placed = place(tx, &new)?;
    rules::check_household(tx, new.household_id, placed.assessed_on)?;
    insert(tx, id, &new, &placed)
}

/// Checks day, round and standard, and returns them.
pub fn place(tx: &mut Tx<'_>, new: &NewAssessment) -> Result<Placed> {
    check_decision(tx, new.decision_date)?;
    let said = Said {
        assessed_on: new.assessed_on.unwrap_or(tx.today),
        round: new.round,
        standard: new.standard.as_ref(),
        deprivations: &new.deprivations,
    };
    rules::place(tx, &said)
}

/// Rejects a decision after today.
fn check_decision(tx: &Tx<'_>, decided_on: Option<NaiveDate>) -> Result<()> {
    decided_on.map_or(Ok(()), |decided_on| day::check_past(decided_on, tx.today, "#/decision_date"))
}

/// Inserts an assessment of an existing household.
pub fn insert(tx: &mut Tx<'_>, id: AssessmentId, new: &NewAssessment, placed: &Placed) -> Result<()> {
    let Placed { assessed_on, round, standard } = placed;
    let confirms = tx.actor.may(Permission::ConfirmAssessments);
    if let Some(corrected) = new.corrects_id {
        correct(tx, id, new.household_id, corrected)?;
    }
    if confirms {
        check_register(tx, new.household_id, round.year)?;
    }
    let me = UserId(tx.actor.id);
    let confirmed = if confirms { Some((me, records::now(tx.conn)?)) } else { None };
    let status = if confirms { AssessmentStatus::Confirmed } else { AssessmentStatus::Proposed };
    let record = (
        table::id.eq(id),
        new,
        table::assessed_on.eq(assessed_on),
        table::round_year.eq(round.year),
        table::round_kind.eq(round.kind),
        table::standard.eq(standard),
        table::status.eq(status),
        table::assessor_id.eq(me),
        table::confirmed_by.eq(confirmed.map(|(by, _)| by)),
        table::confirmed_at.eq(confirmed.map(|(_, at)| at)),
    );
    unique(diesel::insert_into(table::table).values(record).execute(tx.conn))
}

/// Makes room for a correction: the confirmed assessment counts no longer.
fn correct(tx: &mut Tx<'_>, id: AssessmentId, household: HouseholdId, corrected: AssessmentId) -> Result<()> {
    if !tx.actor.may(Permission::ConfirmAssessments) {
        return Err(Problem::new(Code::FORBIDDEN));
    }
    let wrong = |code| Err(Problem::field("#/corrects_id", code));
    let row = Assessment::query().find(corrected).filter(table::household_id.eq(household)).for_update();
    let Some(row) = row.first(tx.conn).optional()? else { return wrong(FieldCode::NOT_FOUND) };
    if row.status != AssessmentStatus::Confirmed || row.corrected_by_id.is_some() {
        return wrong(NOT_CONFIRMED);
    }
    check_register(tx, household, row.round.year)?;
    diesel::update(table::table.find(corrected)).set(table::corrected_by_id.eq(id)).execute(tx.conn)?;
    Ok(())
}

/// Rejects a confirmed assessment of a year whose register is complete.
fn check_register(tx: &mut Tx<'_>, household: HouseholdId, year: i32) -> Result<()> {
    let complete: bool = diesel::select(app_in_complete_register(household, year)).get_result(tx.conn)?;
    if complete { Err(Problem::new(REGISTER_COMPLETE)) } else { Ok(()) }
}

/// Maps a second assessment of a round to its problem.
fn unique(written: QueryResult<usize>) -> Result<()> {
    let rounds = ["household_assessments_annual_key", "household_assessments_regular_key"];
    written.map(drop).map_err(|error| {
        let exists = rounds.iter().any(|key| violates(&error, key));
        if exists { Problem::new(ASSESSMENT_EXISTS) } else { error.into() }
    })
}

pub fn update(tx: &mut Tx<'_>, id: AssessmentId, changes: AssessmentChanges) -> Result<()> {
    let before = find(tx, id)?;
    workflow::check_open(&before)?;
    check_decision(tx, changes.decision_date.flatten())?;
    let assessed_on = changes.assessed_on.unwrap_or(before.assessed_on);
    // Another day has its own round and standard, unless they are said.
    let stays = assessed_on == before.assessed_on;
    let said = Said {
        assessed_on,
        round: changes.round.or(Some(AssessmentRound { year: assessed_on.year(), ..before.round })),
        standard: changes.standard.as_ref().or(if stays { Some(&before.standard) } else { None }),
        deprivations: changes.deprivations.as_deref().unwrap_or(&before.deprivations),
    };
    let Placed { round, standard, .. } = rules::place(tx, &said)?;
    rules::check_household(tx, before.household_id, assessed_on)?;
    let placed = (
        table::assessed_on.eq(assessed_on),
        table::round_year.eq(round.year),
        table::round_kind.eq(round.kind),
        table::standard.eq(standard),
    );
    unique(diesel::update(table::table.find(id)).set((&changes, placed)).execute(tx.conn))
}

pub fn check_deletable(_: &mut Tx<'_>, assessment: &Assessment) -> Result<()> {
    workflow::check_open(assessment)
}

pub fn take_step<I: Into<StepInput>>(tx: &mut Tx<'_>, id: AssessmentId, step: &AssessmentStep, input: I) -> Result<()> {
    verdict_on(judge(tx, &[id], step)?, id)?;
    let input = input.into();
    if let StepInput::Decision(decision) = &input {
        check_decision(tx, decision.decision_date)?;
    }
    write_steps(tx, &[id], step, input)
}

/// Decides on many assessments with one decision; a wrong decision is wrong for all of them.
pub fn judge_all(
    tx: &mut Tx<'_>,
    ids: &[AssessmentId],
    step: &AssessmentStep,
    decision: &AssessmentDecision,
) -> Result<Verdicts> {
    check_decision(tx, decision.decision_date)?;
    judge(tx, ids, step)
}

/// Decides whether the caller can take a step on each of these assessments.
fn judge(tx: &mut Tx<'_>, ids: &[AssessmentId], step: &AssessmentStep) -> Result<Verdicts> {
    let found: Vec<Assessment> = Assessment::query().filter(table::id.eq_any(ids)).load(tx.conn)?;
    let mut verdicts: Verdicts = found.iter().map(|row| (row.id.into(), workflow::check_step(step, row))).collect();
    if step.to == AssessmentStatus::Confirmed {
        // The function waits for a register that is being completed, so it is asked about those that can be confirmed only.
        let possible =
            found.iter().map(|row| row.id).filter(|id| verdicts.get(&(*id).into()).is_some_and(Result::is_ok));
        let possible = table::table.filter(table::id.eq_any(possible));
        let registered = possible.filter(app_in_complete_register(table::household_id, table::round_year));
        for id in registered.select(table::id).load::<AssessmentId>(tx.conn)? {
            verdicts.insert(id.into(), Err(Problem::new(REGISTER_COMPLETE)));
        }
    }
    Ok(verdicts)
}

/// Takes a step on assessments, on each of which the caller can take it, with a decision that was checked.
pub fn write_steps<I: Into<StepInput>>(
    tx: &mut Tx<'_>,
    ids: &[AssessmentId],
    step: &AssessmentStep,
    input: I,
) -> Result<()> {
    let now = records::now(tx.conn)?;
    let written = StepColumns::of(step, input.into(), UserId(tx.actor.id), now);
    diesel::update(table::table.filter(table::id.eq_any(ids))).set(&written).execute(tx.conn)?;
    Ok(())
}

/// Returns the assessments of households that wait for a decision, by household; none for callers who see confirmed ones only.
pub fn proposed(tx: &mut Tx<'_>, of: &[HouseholdId]) -> Result<HashMap<HouseholdId, ProposedAssessment>> {
    let open = table::status.ne(AssessmentStatus::Confirmed).and(table::corrected_by_id.is_null());
    let waiting: Vec<(HouseholdId, ProposedAssessment)> = table::table
        .filter(table::household_id.eq_any(of))
        .filter(open)
        .order((table::assessed_on, table::created_at))
        .select((table::household_id, ProposedAssessment::as_select()))
        .load(tx.conn)?;
    Ok(waiting.into_iter().collect())
}

/// A stored assessment, for the comparison with an imported one.
#[derive(HasQuery)]
#[diesel(table_name = table)]
pub struct AssessmentRow {
    pub household_id: HouseholdId,
    #[diesel(embed)]
    pub round: AssessmentRound,
    pub poverty_status: PovertyStatus,
    pub deprivations: Vec<Indicator>,
    pub poverty_causes: Vec<PovertyCause>,
    pub decision_number: Option<String>,
    pub decision_date: Option<NaiveDate>,
    pub score_b1: Option<i32>,
    pub score_b2: Option<i32>,
    pub no_labour_capacity: Option<bool>,
    pub status: AssessmentStatus,
}

pub fn of_households(tx: &mut Tx<'_>, households: &[HouseholdId]) -> Result<Vec<AssessmentRow>> {
    let counting = table::household_id.eq_any(households).and(table::corrected_by_id.is_null());
    Ok(AssessmentRow::query().filter(counting).load(tx.conn)?)
}
