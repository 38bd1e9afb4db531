//! The state machine of gifts: the statuses, the steps between them, and the relation of a caller to a gift that each
//! step, change and deletion needs.

use super::model::Gift;
use super::words::{GiftAction, GiftResolution, GiftStatus};
use crate::access::policy::{Office, Permission, Role};
use crate::access::problems;
use crate::access::steps::Step;
use crate::kernel::http::problem::{Code, FieldError, Problem, Result};

pub type GiftStep = Step<GiftStatus, GiftAction>;

pub const CONFIRM: GiftStep = Step {
    word: "confirm",
    action: GiftAction::Confirm,
    permission: Permission::ConfirmGifts,
    one_version: true,
    from: &[GiftStatus::Recorded],
    to: GiftStatus::Confirmed,
};
pub const DISPUTE: GiftStep = Step {
    word: "dispute",
    action: GiftAction::Dispute,
    permission: Permission::ConfirmGifts,
    one_version: false,
    from: &[GiftStatus::Recorded],
    to: GiftStatus::Disputed,
};
pub const SETTLE_AS_DELIVERED: GiftStep = Step {
    word: "settle",
    action: GiftAction::Settle,
    permission: Permission::SettleGifts,
    one_version: true,
    from: &[GiftStatus::Disputed],
    to: GiftStatus::Confirmed,
};
pub const SETTLE_AS_NOT_DELIVERED: GiftStep = Step { to: GiftStatus::NotDelivered, ..SETTLE_AS_DELIVERED };

pub const STEPS: &[&GiftStep] = &[&CONFIRM, &DISPUTE, &SETTLE_AS_DELIVERED, &SETTLE_AS_NOT_DELIVERED];

impl GiftResolution {
    pub fn step(self) -> &'static GiftStep {
        match self {
            Self::Delivered => &SETTLE_AS_DELIVERED,
            Self::NotDelivered => &SETTLE_AS_NOT_DELIVERED,
        }
    }
}

/// A change of a recorded gift, or the correction of one that was confirmed, disputed or settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiftChange {
    Free,
    Correction,
}

/// The relation of a caller to a gift.
#[derive(Debug, Clone, Copy)]
pub struct Relation {
    pub office: Office,
    /// The place of the gift lies in the caller's range.
    pub in_range: bool,
    pub recorded_it: bool,
    /// The caller recorded or corrected it.
    pub wrote_it: bool,
    /// The caller acts for the giving organisation, as one of its users or as an official or head of the place that it represents.
    pub gave_it: bool,
    /// The same for a giver that the caller's organisation succeeded.
    pub succeeds_giver: bool,
    /// One of the accounts of caller and recorder was lately created or reset by the other, so that both may be
    /// used by one person.
    pub recorder_may_be_caller: bool,
    /// The commune that would settle is the giver or the receiver.
    pub given_at_home: bool,
}

impl Relation {
    pub fn may_take(&self, step: &GiftStep) -> Result<()> {
        if !(self.office.may(step.permission) && self.in_range && self.answers_for(step)) {
            return Err(Problem::new(Code::FORBIDDEN));
        }
        // Confirming, disputing and settling state whether the gift arrived, which the recorders' side may not state.
        if self.wrote_it || self.gave_it || self.succeeds_giver {
            return Err(Problem::new(problems::OWN_SUBMISSION));
        }
        if self.recorder_may_be_caller {
            let reason = FieldError::new("#", problems::SAME_PERSON);
            return Err(Problem::with_errors(problems::OWN_SUBMISSION, vec![reason]));
        }
        Ok(())
    }

    /// The commune settles; where it is the giver or the receiver, a level above, too.
    fn answers_for(&self, step: &GiftStep) -> bool {
        let is_above = matches!(self.office, Office::User(Role::Province | Role::District));
        step.action != GiftAction::Settle || !is_above || self.given_at_home
    }

    pub fn may_change(&self, status: GiftStatus) -> Result<GiftChange> {
        match status {
            GiftStatus::Recorded if self.wrote_it || self.gave_it => Ok(GiftChange::Free),
            GiftStatus::Confirmed | GiftStatus::Disputed | GiftStatus::NotDelivered
                if self.office.may(Permission::CorrectGifts) && self.in_range =>
            {
                Ok(GiftChange::Correction)
            }
            _ => Err(Problem::new(Code::FORBIDDEN)),
        }
    }

    pub fn may_delete(&self, status: GiftStatus) -> Result<()> {
        if !(self.recorded_it || self.gave_it) {
            return Err(Problem::new(Code::FORBIDDEN));
        }
        if status == GiftStatus::Recorded { Ok(()) } else { Err(Problem::in_status(&status)) }
    }

    /// Whether the caller may add and remove recipients, and choose the listed items: the village and its commune at any time, the
    /// recorders' side while the gift is `recorded`.
    fn names(&self, status: GiftStatus) -> bool {
        let receives = self.in_range && matches!(self.office, Office::User(Role::Commune | Role::VillageHead));
        receives || status == GiftStatus::Recorded && (self.wrote_it || self.gave_it)
    }

    pub fn may_name(&self, gift: &Gift) -> Result<()> {
        if self.names(gift.status) { Ok(()) } else { Err(Problem::new(Code::FORBIDDEN)) }
    }

    /// Returns the actions that the caller can take on a gift.
    pub fn actions_on(&self, gift: &Gift) -> Vec<GiftAction> {
        let mut actions = self.allowed_actions(gift.status);
        // Other gifts have no names.
        if gift.household_id.is_none() && gift.village_id.is_some() && self.names(gift.status) {
            actions.push(GiftAction::Name);
        }
        actions
    }

    fn allowed_actions(&self, status: GiftStatus) -> Vec<GiftAction> {
        let mut actions = Step::offered(STEPS, status, |step| self.may_take(step).is_ok());
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
    use crate::access::policy::Role;

    fn outsider(role: Role) -> Relation {
        Relation {
            office: Office::User(role),
            in_range: false,
            recorded_it: false,
            wrote_it: false,
            gave_it: false,
            succeeds_giver: false,
            recorder_may_be_caller: false,
            given_at_home: false,
        }
    }

    fn head() -> Relation {
        Relation { in_range: true, ..outsider(Role::VillageHead) }
    }

    fn official() -> Relation {
        Relation { in_range: true, ..outsider(Role::Commune) }
    }

    fn unit() -> Relation {
        Relation { gave_it: true, recorded_it: true, wrote_it: true, ..outsider(Role::TwinningUnit) }
    }

    #[test]
    fn a_recorded_gift_is_confirmed_or_disputed_and_a_disputed_one_is_settled() {
        let ends = |status: GiftStatus| STEPS.iter().map(|step| step.after(status).ok()).collect::<Vec<_>>();
        use GiftStatus::{Confirmed, Disputed, NotDelivered, Recorded};
        assert_eq!(ends(Recorded), [Some(Confirmed), Some(Disputed), None, None]);
        assert_eq!(ends(Disputed), [None, None, Some(Confirmed), Some(NotDelivered)]);
        assert_eq!(ends(Confirmed), [None; 4]);
        assert_eq!(ends(NotDelivered), [None; 4]);
    }

    #[test]
    fn a_recorder_takes_no_step() {
        let recorder = Relation { recorded_it: true, wrote_it: true, ..official() };
        let corrector = Relation { wrote_it: true, ..official() };
        for step in STEPS {
            assert_eq!(recorder.may_take(step).unwrap_err().code(), problems::OWN_SUBMISSION);
            assert_eq!(corrector.may_take(step).unwrap_err().code(), problems::OWN_SUBMISSION);
            assert!(official().may_take(step).is_ok());
        }
        assert_eq!(corrector.may_change(GiftStatus::Recorded).unwrap(), GiftChange::Free);
        assert_eq!(corrector.may_delete(GiftStatus::Recorded).unwrap_err().code(), Code::FORBIDDEN);
    }

    #[test]
    fn an_account_that_the_recorder_made_takes_no_step() {
        let made = Relation { recorder_may_be_caller: true, ..official() };
        for step in STEPS {
            assert_eq!(made.may_take(step).unwrap_err().code(), problems::OWN_SUBMISSION);
        }
        assert_eq!(made.allowed_actions(GiftStatus::Recorded), []);
        assert_eq!(made.allowed_actions(GiftStatus::Confirmed), [GiftAction::Update]);
    }

    #[test]
    fn the_giver_neither_confirms_nor_settles() {
        let giving_head = Relation { gave_it: true, ..outsider(Role::VillageHead) };
        let giving_commune = Relation { gave_it: true, given_at_home: true, ..official() };
        for step in STEPS {
            assert_eq!(giving_head.may_take(step).unwrap_err().code(), Code::FORBIDDEN);
            assert_eq!(giving_commune.may_take(step).unwrap_err().code(), problems::OWN_SUBMISSION);
            assert_eq!(unit().may_take(step).unwrap_err().code(), Code::FORBIDDEN);
        }
        assert_eq!(
            head().may_take(&SETTLE_AS_DELIVERED).unwrap_err().code(),
            Code::FORBIDDEN,
            "a head settles nothing"
        );
    }

    #[test]
    fn a_level_above_settles_where_the_commune_gave() {
        for role in [Role::District, Role::Province] {
            let above = Relation { in_range: true, ..outsider(role) };
            assert_eq!(above.may_take(&SETTLE_AS_DELIVERED).unwrap_err().code(), Code::FORBIDDEN);
            let above = Relation { given_at_home: true, ..above };
            assert_eq!(above.allowed_actions(GiftStatus::Disputed), [GiftAction::Settle]);
            assert_eq!(above.allowed_actions(GiftStatus::Recorded), []);
        }
    }

    #[test]
    fn a_gift_is_changed_by_its_recorder_until_it_is_answered_and_by_the_commune_after() {
        assert_eq!(unit().may_change(GiftStatus::Recorded).unwrap(), GiftChange::Free);
        assert!(official().may_change(GiftStatus::Recorded).is_err());
        for status in [GiftStatus::Confirmed, GiftStatus::Disputed, GiftStatus::NotDelivered] {
            assert!(unit().may_change(status).is_err());
            assert!(head().may_change(status).is_err());
            assert_eq!(official().may_change(status).unwrap(), GiftChange::Correction);
            assert_eq!(unit().may_delete(status).unwrap_err().code(), Code::INVALID_TRANSITION);
        }
        assert!(unit().may_delete(GiftStatus::Recorded).is_ok());
        assert_eq!(official().may_delete(GiftStatus::Recorded).unwrap_err().code(), Code::FORBIDDEN);
    }

    #[test]
    fn an_offered_action_is_allowed() {
        use GiftAction::{Confirm, Delete, Dispute, Settle, Update};
        assert_eq!(head().allowed_actions(GiftStatus::Recorded), [Confirm, Dispute]);
        assert_eq!(unit().allowed_actions(GiftStatus::Recorded), [Update, Delete]);
        assert_eq!(official().allowed_actions(GiftStatus::Disputed), [Settle, Update]);
        assert_eq!(official().allowed_actions(GiftStatus::Confirmed), [Update]);
        assert_eq!(unit().allowed_actions(GiftStatus::Confirmed), []);
    }
}
