//! Where a hardship list may go next: the whole machine on one screen.

use serde::Serialize;
use utoipa::ToSchema;

use crate::access::actor::Actor;
use crate::access::policy::Permission;
use crate::kernel::db::records::StepCall;
use crate::kernel::http::extract::IfMatch;
use crate::kernel::value::enums::db_enum;

db_enum! {
    /// Where a hardship list stands.
    pub enum HardshipListStatus {
        Draft = "draft" ("Đang lập", "Draft"),
        Submitted = "submitted" ("Đã trình", "Submitted"),
        Returned = "returned" ("Bị trả lại", "Returned"),
        Approved = "approved" ("Đã duyệt", "Approved"),
        Closed = "closed" ("Đã đóng", "Closed"),
    }
}

/// What can be done with a list.
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

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HardshipListStep {
    Submit,
    Approve,
    Return,
    Reopen,
    Close,
}

impl HardshipListStep {
    const ALL: [Self; 5] = [Self::Submit, Self::Approve, Self::Return, Self::Reopen, Self::Close];

    /// An approval is one of the version that was read.
    pub fn call(self, if_match: IfMatch, hash: Vec<u8>) -> StepCall {
        StepCall { word: self.word(), if_match, needs_version: self == Self::Approve, hash }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Approve => "approve",
            Self::Return => "return",
            Self::Reopen => "reopen",
            Self::Close => "close",
        }
    }

    fn action(self) -> HardshipListAction {
        match self {
            Self::Submit => HardshipListAction::Submit,
            Self::Approve => HardshipListAction::Approve,
            Self::Return => HardshipListAction::Return,
            Self::Reopen => HardshipListAction::Reopen,
            Self::Close => HardshipListAction::Close,
        }
    }

    fn permission(self) -> Permission {
        match self {
            Self::Submit => Permission::WriteHardshipLists,
            _ => Permission::DecideHardshipLists,
        }
    }
}

impl HardshipListStatus {
    pub fn after(self, step: HardshipListStep) -> Option<Self> {
        match (self, step) {
            (Self::Draft | Self::Returned, HardshipListStep::Submit) => Some(Self::Submitted),
            (Self::Submitted, HardshipListStep::Approve) => Some(Self::Approved),
            (Self::Submitted, HardshipListStep::Return) | (Self::Approved, HardshipListStep::Reopen) => {
                Some(Self::Returned)
            }
            (Self::Approved, HardshipListStep::Close) => Some(Self::Closed),
            _ => None,
        }
    }

    /// Only a list that nobody is looking at may be changed.
    pub fn is_editable(self) -> bool {
        matches!(self, Self::Draft | Self::Returned)
    }
}

/// What the caller may do with a list now: by its status, their permissions and whose submission it is.
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
    let steps = HardshipListStep::ALL.iter().filter(|step| {
        status.after(**step).is_some()
            && actor.may(step.permission())
            && !(**step == HardshipListStep::Approve && own_submission)
    });
    actions.extend(steps.map(|step| step.action()));
    actions
}

#[cfg(test)]
mod tests {
    use super::HardshipListStatus::*;
    use super::HardshipListStep::*;
    use super::*;

    #[test]
    fn every_step_from_every_status() {
        let allowed = [
            (Draft, Submit, Submitted),
            (Returned, Submit, Submitted),
            (Submitted, Approve, Approved),
            (Submitted, Return, Returned),
            (Approved, Reopen, Returned),
            (Approved, Close, Closed),
        ];
        for status in HardshipListStatus::ALL {
            for step in HardshipListStep::ALL {
                let expected = allowed.iter().find(|(from, by, _)| from == status && *by == step).map(|(_, _, to)| *to);
                assert_eq!(status.after(step), expected, "{status:?} {step:?}");
            }
        }
    }
}
