//! The state machine of assessments: statuses, steps, the relation of the caller, and the columns that a step writes.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{Assessment, AssessmentDecision, AssessmentReturn, AssessmentStatus};
use crate::access::UserId;
use crate::access::actor::Actor;
use crate::access::policy::Permission;
use crate::access::steps::Step;
use crate::kernel::db::schema::household_assessments;
use crate::kernel::http::problem::{Code, Problem, Result};

/// Actions on an assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssessmentAction {
    Update,
    Delete,
    Confirm,
    Return,
    Propose,
}

pub type AssessmentStep = Step<AssessmentStatus, AssessmentAction>;

pub const CONFIRM: AssessmentStep = Step {
    word: "confirm",
    action: AssessmentAction::Confirm,
    permission: Permission::ConfirmAssessments,
    one_version: true,
    from: &[AssessmentStatus::Proposed],
    to: AssessmentStatus::Confirmed,
};
pub const RETURN: AssessmentStep = Step {
    word: "return",
    action: AssessmentAction::Return,
    permission: Permission::ConfirmAssessments,
    one_version: false,
    from: &[AssessmentStatus::Proposed],
    to: AssessmentStatus::Returned,
};
pub const PROPOSE: AssessmentStep = Step {
    word: "propose",
    action: AssessmentAction::Propose,
    permission: Permission::WriteHouseholds,
    one_version: false,
    from: &[AssessmentStatus::Returned],
    to: AssessmentStatus::Proposed,
};

pub const STEPS: &[&AssessmentStep] = &[&CONFIRM, &RETURN, &PROPOSE];

/// Rejects an assessment outside the caller's area; one that another took the place of is decided.
pub fn check_step(step: &AssessmentStep, assessment: &Assessment) -> Result<()> {
    if !assessment.in_range {
        return Err(Problem::new(Code::FORBIDDEN));
    }
    if assessment.corrected_by_id.is_some() {
        return Err(Problem::new(Code::INVALID_TRANSITION));
    }
    step.after(assessment.status).map(drop)
}

/// Rejects a change or deletion of a confirmed assessment.
pub fn check_open(assessment: &Assessment) -> Result<()> {
    if !assessment.in_range {
        return Err(Problem::new(Code::FORBIDDEN));
    }
    if is_open(assessment) { Ok(()) } else { Err(Problem::new(Code::INVALID_TRANSITION)) }
}

fn is_open(assessment: &Assessment) -> bool {
    assessment.status != AssessmentStatus::Confirmed && assessment.corrected_by_id.is_none()
}

/// Returns the actions that the caller can take.
pub fn allowed_actions(assessment: &Assessment, actor: &Actor) -> Vec<AssessmentAction> {
    let mut actions = Step::offered(STEPS, assessment.status, |step| {
        actor.may(step.permission) && check_step(step, assessment).is_ok()
    });
    if actor.may(Permission::WriteHouseholds) && check_open(assessment).is_ok() {
        actions.extend([AssessmentAction::Update, AssessmentAction::Delete]);
    }
    actions
}

/// The input of a step.
pub enum StepInput {
    Decision(AssessmentDecision),
    Reason(String),
    Nothing,
}

impl From<AssessmentDecision> for StepInput {
    fn from(decision: AssessmentDecision) -> Self {
        Self::Decision(decision)
    }
}

impl From<AssessmentReturn> for StepInput {
    fn from(input: AssessmentReturn) -> Self {
        Self::Reason(input.reason)
    }
}

impl From<()> for StepInput {
    fn from((): ()) -> Self {
        Self::Nothing
    }
}

/// The columns that a step writes; None leaves a column as it is.
#[derive(AsChangeset)]
#[diesel(table_name = household_assessments)]
pub struct StepColumns {
    status: AssessmentStatus,
    return_reason: Option<String>,
    decision_number: Option<String>,
    pub decision_date: Option<NaiveDate>,
    confirmed_by: Option<UserId>,
    confirmed_at: Option<DateTime<Utc>>,
}

impl StepColumns {
    pub fn of(step: &AssessmentStep, input: StepInput, caller: UserId, now: DateTime<Utc>) -> Self {
        let confirms = step.action == AssessmentAction::Confirm;
        let (decision, return_reason) = match input {
            StepInput::Decision(decision) => (decision, None),
            StepInput::Reason(reason) => (AssessmentDecision::default(), Some(reason)),
            StepInput::Nothing => (AssessmentDecision::default(), None),
        };
        Self {
            status: step.to,
            return_reason,
            decision_number: decision.decision_number,
            decision_date: decision.decision_date,
            confirmed_by: confirms.then_some(caller),
            confirmed_at: confirms.then_some(now),
        }
    }
}
