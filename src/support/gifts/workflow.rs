//! Where a gift may go next, and who may take it there. No database in here.

use crate::kernel::db::records::StepCall;
use crate::kernel::http::extract::IfMatch;

use super::model::{GiftAction, GiftResolution, GiftStatus};
use crate::kernel::http::problem::{Code, FieldCode, FieldError, Problem, Result};

/// A step of the side that received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiftStep {
    Confirm,
    Dispute,
    Settle(GiftResolution),
}

impl GiftStep {
    /// Where money is answered for, the version that was read is named.
    pub fn call(self, if_match: IfMatch, hash: Vec<u8>) -> StepCall {
        StepCall { word: self.word(), if_match, needs_version: self.answers_for_money(), hash }
    }

    pub fn answers_for_money(self) -> bool {
        matches!(self, Self::Confirm | Self::Settle(_))
    }

    fn word(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Dispute => "dispute",
            Self::Settle(_) => "settle",
        }
    }

    /// The status a step leads to; none when it is impossible.
    pub fn from(self, status: GiftStatus) -> Option<GiftStatus> {
        match (status, self) {
            (GiftStatus::Recorded, Self::Confirm) => Some(GiftStatus::Confirmed),
            (GiftStatus::Recorded, Self::Dispute) => Some(GiftStatus::Disputed),
            (GiftStatus::Disputed, Self::Settle(GiftResolution::Delivered)) => Some(GiftStatus::Confirmed),
            (GiftStatus::Disputed, Self::Settle(GiftResolution::NotDelivered)) => Some(GiftStatus::NotDelivered),
            _ => None,
        }
    }
}

/// How a change is made: freely, or as a correction of what was already answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiftChange {
    Free,
    Correction,
}

/// How a caller stands to a gift.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing {
    /// The gift's village lies in the caller's range of places.
    pub in_range: bool,
    /// The caller recorded it.
    pub recorded_it: bool,
    /// The recorder made or reset the caller's account lately, or the caller the recorder's: two offices that may
    /// be one person's.
    pub recorder_may_be_caller: bool,
    /// The caller recorded it, or belongs to the unit that gave.
    pub recorders_side: bool,
    /// Permissions.
    pub confirms: bool,
    pub settles: bool,
    pub corrects: bool,
}

impl Standing {
    pub fn may_take(&self, step: GiftStep) -> Result<()> {
        let permitted = match step {
            GiftStep::Confirm | GiftStep::Dispute => self.confirms,
            GiftStep::Settle(_) => self.settles,
        };
        if !(permitted && self.in_range) {
            return Err(Problem::new(Code::Forbidden));
        }
        // To settle is to say that it arrived, or that it did not: nobody says so of their own gift.
        if self.recorded_it {
            return Err(Problem::new(Code::OwnSubmission));
        }
        if self.recorder_may_be_caller {
            let reason = FieldError::new("#", FieldCode::SamePerson);
            return Err(Problem::with_errors(Code::OwnSubmission, vec![reason]));
        }
        Ok(())
    }

    pub fn may_change(&self, status: GiftStatus) -> Result<GiftChange> {
        match status {
            GiftStatus::Recorded if self.recorders_side => Ok(GiftChange::Free),
            GiftStatus::Confirmed | GiftStatus::Disputed | GiftStatus::NotDelivered
                if self.corrects && self.in_range =>
            {
                Ok(GiftChange::Correction)
            }
            _ => Err(Problem::new(Code::Forbidden)),
        }
    }

    pub fn may_delete(&self, status: GiftStatus) -> Result<()> {
        if !self.recorders_side {
            return Err(Problem::new(Code::Forbidden));
        }
        if status == GiftStatus::Recorded { Ok(()) } else { Err(Problem::new(Code::InvalidTransition)) }
    }

    /// What the answer offers.
    pub fn allowed_actions(&self, status: GiftStatus) -> Vec<GiftAction> {
        let steps = [
            (GiftAction::Confirm, GiftStep::Confirm),
            (GiftAction::Dispute, GiftStep::Dispute),
            (GiftAction::Settle, GiftStep::Settle(GiftResolution::Delivered)),
        ];
        let mut actions: Vec<GiftAction> = steps
            .into_iter()
            .filter(|(_, step)| step.from(status).is_some() && self.may_take(*step).is_ok())
            .map(|(action, _)| action)
            .collect();
        if self.may_change(status).is_ok() {
            actions.push(GiftAction::Update);
        }
        if self.may_delete(status).is_ok() {
            actions.push(GiftAction::Delete);
        }
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [GiftStep; 4] = [
        GiftStep::Confirm,
        GiftStep::Dispute,
        GiftStep::Settle(GiftResolution::Delivered),
        GiftStep::Settle(GiftResolution::NotDelivered),
    ];

    fn head() -> Standing {
        Standing { in_range: true, confirms: true, ..Standing::default() }
    }

    fn official() -> Standing {
        Standing { in_range: true, confirms: true, settles: true, corrects: true, ..Standing::default() }
    }

    fn unit() -> Standing {
        Standing { recorders_side: true, recorded_it: true, ..Standing::default() }
    }

    #[test]
    fn only_what_was_recorded_is_confirmed_or_disputed_and_only_what_was_disputed_is_settled() {
        let ends = |status: GiftStatus| STEPS.map(|step| step.from(status));
        use GiftStatus::{Confirmed, Disputed, NotDelivered, Recorded};
        assert_eq!(ends(Recorded), [Some(Confirmed), Some(Disputed), None, None]);
        assert_eq!(ends(Disputed), [None, None, Some(Confirmed), Some(NotDelivered)]);
        assert_eq!(ends(Confirmed), [None; 4]);
        assert_eq!(ends(NotDelivered), [None; 4]);
    }

    #[test]
    fn nobody_judges_what_they_recorded() {
        let recorder = Standing { recorded_it: true, recorders_side: true, ..official() };
        for step in STEPS {
            assert_eq!(recorder.may_take(step).unwrap_err().code(), Code::OwnSubmission);
            assert!(official().may_take(step).is_ok());
        }
    }

    #[test]
    fn nobody_judges_through_an_account_that_they_made() {
        let made = Standing { recorder_may_be_caller: true, ..official() };
        for step in STEPS {
            assert_eq!(made.may_take(step).unwrap_err().code(), Code::OwnSubmission);
        }
        assert_eq!(made.allowed_actions(GiftStatus::Recorded), []);
        assert_eq!(made.allowed_actions(GiftStatus::Confirmed), [GiftAction::Update]);
    }

    #[test]
    fn the_giver_neither_confirms_nor_settles() {
        let giving_head = Standing { confirms: true, recorders_side: true, ..Standing::default() };
        for step in STEPS {
            assert_eq!(giving_head.may_take(step).unwrap_err().code(), Code::Forbidden);
            assert_eq!(unit().may_take(step).unwrap_err().code(), Code::Forbidden);
        }
        assert_eq!(head().may_take(STEPS[2]).unwrap_err().code(), Code::Forbidden, "a head settles nothing");
    }

    #[test]
    fn a_gift_is_changed_by_its_recorder_until_it_is_answered_and_by_the_commune_after() {
        assert_eq!(unit().may_change(GiftStatus::Recorded).unwrap(), GiftChange::Free);
        assert!(official().may_change(GiftStatus::Recorded).is_err());
        for status in [GiftStatus::Confirmed, GiftStatus::Disputed, GiftStatus::NotDelivered] {
            assert!(unit().may_change(status).is_err());
            assert!(head().may_change(status).is_err());
            assert_eq!(official().may_change(status).unwrap(), GiftChange::Correction);
            assert_eq!(unit().may_delete(status).unwrap_err().code(), Code::InvalidTransition);
        }
        assert!(unit().may_delete(GiftStatus::Recorded).is_ok());
        assert_eq!(official().may_delete(GiftStatus::Recorded).unwrap_err().code(), Code::Forbidden);
    }

    #[test]
    fn what_is_offered_can_be_done() {
        use GiftAction::{Confirm, Delete, Dispute, Settle, Update};
        assert_eq!(head().allowed_actions(GiftStatus::Recorded), [Confirm, Dispute]);
        assert_eq!(unit().allowed_actions(GiftStatus::Recorded), [Update, Delete]);
        assert_eq!(official().allowed_actions(GiftStatus::Disputed), [Settle, Update]);
        assert_eq!(official().allowed_actions(GiftStatus::Confirmed), [Update]);
        assert_eq!(unit().allowed_actions(GiftStatus::Confirmed), []);
    }
}
