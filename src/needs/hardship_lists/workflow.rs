//! The state machine of hardship lists: statuses, steps, the relation of the caller, and the columns that a step writes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::UserId;
use crate::access::actor::Actor;
use crate::access::policy::Permission;
use crate::access::problems::OWN_SUBMISSION;
use crate::access::steps::Step;
use crate::kernel::db::schema::hardship_lists;
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::value::enums::db_enum;

db_enum! {
    /// Status of a hardship list.
    pub enum HardshipListStatus {
        Draft = "draft" ("Đang lập", "Draft"),
        Submitted = "submitted" ("Đã trình", "Submitted"),
        Returned = "returned" ("Bị trả lại", "Returned"),
        Approved = "approved" ("Đã duyệt", "Approved"),
        Closed = "closed" ("Đã đóng", "Closed"),
    }
}

/// Actions on a hardship list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HardshipListAction {
    Update,
    Delete,
    Submit,
    Approve,
    Return,
    Reopen,
    Close,
}

pub type HardshipListStep = Step<HardshipListStatus, HardshipListAction>;

pub const SUBMIT: HardshipListStep = Step {
    word: "submit",
    action: HardshipListAction::Submit,
    permission: Permission::WriteHardshipLists,
    one_version: false,
    from: &[HardshipListStatus::Draft, HardshipListStatus::Returned],
    to: HardshipListStatus::Submitted,
};
pub const APPROVE: HardshipListStep = Step {
    word: "approve",
    action: HardshipListAction::Approve,
    permission: Permission::DecideHardshipLists,
    one_version: true,
    from: &[HardshipListStatus::Submitted],
    to: HardshipListStatus::Approved,
};
pub const RETURN: HardshipListStep = Step {
    word: "return",
    action: HardshipListAction::Return,
    permission: Permission::DecideHardshipLists,
    one_version: false,
    from: &[HardshipListStatus::Submitted],
    to: HardshipListStatus::Returned,
};
pub const REOPEN: HardshipListStep = Step {
    word: "reopen",
    action: HardshipListAction::Reopen,
    permission: Permission::DecideHardshipLists,
    one_version: false,
    from: &[HardshipListStatus::Approved],
    to: HardshipListStatus::Returned,
};
pub const CLOSE: HardshipListStep = Step {
    word: "close",
    action: HardshipListAction::Close,
    permission: Permission::DecideHardshipLists,
    one_version: false,
    from: &[HardshipListStatus::Approved],
    to: HardshipListStatus::Closed,
};

pub const STEPS: &[&HardshipListStep] = &[&SUBMIT, &APPROVE, &RETURN, &REOPEN, &CLOSE];

impl HardshipListStatus {
    /// Whether the list may be changed: not while the commune reviews it, and not after the approval.
    pub fn is_editable(self) -> bool {
        matches!(self, Self::Draft | Self::Returned)
    }
}

/// Returns the actions that the caller may take now: by the status of the list, the permissions of the caller, and whether
/// the caller submitted the list.
pub fn allowed_actions(
    status: HardshipListStatus,
    was_approved: bool,
    own_submission: bool,
    actor: &Actor,
) -> Vec<HardshipListAction> {
    let mut actions = Vec::new();
    if status.is_editable() && actor.may(Permission::WriteHardshipLists) {
        actions.push(HardshipListAction::Update);
        if !was_approved {
            actions.push(HardshipListAction::Delete);
        }
    }
    actions.extend(Step::offered(STEPS, status, |step| {
        actor.may(step.permission) && check_submitter(step, own_submission).is_ok()
    }));
    actions
}

/// Rejects an approval by the submitter: two persons answer for a list.
pub fn check_submitter(step: &HardshipListStep, own_submission: bool) -> Result<()> {
    let approves_own = step.action == HardshipListAction::Approve && own_submission;
    if approves_own { Err(Problem::new(OWN_SUBMISSION)) } else { Ok(()) }
}

/// The columns that a step writes; None leaves a column as it is.
#[derive(AsChangeset)]
#[diesel(table_name = hardship_lists)]
pub struct StepColumns {
    pub status: HardshipListStatus,
    submitted_at: Option<DateTime<Utc>>,
    submitted_by: Option<UserId>,
    approved_at: Option<DateTime<Utc>>,
    approved_by: Option<UserId>,
    written_by: Option<Vec<UserId>>,
    return_reason: Option<String>,
}

impl StepColumns {
    /// `first_approval`: the list was never approved before. An approval ends the list of authors.
    pub fn of(
        step: &HardshipListStep,
        caller: UserId,
        now: DateTime<Utc>,
        first_approval: bool,
        return_reason: Option<String>,
    ) -> Self {
        let (submits, approves) =
            (step.action == HardshipListAction::Submit, step.action == HardshipListAction::Approve);
        Self {
            status: step.to,
            submitted_at: submits.then_some(now),
            submitted_by: submits.then_some(caller),
            approved_at: (approves && first_approval).then_some(now),
            approved_by: approves.then_some(caller),
            written_by: approves.then(Vec::new),
            return_reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HardshipListStatus::*;
    use super::*;

    #[test]
    fn each_step_starts_from_its_statuses_only() {
        let allowed = [
            (Draft, "submit", Submitted),
            (Returned, "submit", Submitted),
            (Submitted, "approve", Approved),
            (Submitted, "return", Returned),
            (Approved, "reopen", Returned),
            (Approved, "close", Closed),
        ];
        for status in HardshipListStatus::ALL {
            for step in STEPS {
                let expected = allowed.iter().find(|(from, word, _)| from == status && *word == step.word);
                assert_eq!(step.after(*status).ok(), expected.map(|(_, _, to)| *to), "{status:?} {}", step.word);
            }
        }
    }
}
