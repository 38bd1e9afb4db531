//! The state machine of hardship lists: statuses, steps, and the conditions of each.

use serde::Serialize;
use utoipa::ToSchema;

use crate::access::actor::Actor;
use crate::access::policy::Permission;
use crate::access::steps::Step;
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
        actor.may(step.permission) && !(step.action == HardshipListAction::Approve && own_submission)
    }));
    actions
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
