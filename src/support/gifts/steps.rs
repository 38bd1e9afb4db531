//! The steps of gifts: on one, and on many together.

use diesel::dsl::array_append;
use diesel::prelude::*;

use super::GiftId;
use super::bodies::{GiftDispute, GiftSettlement};
use super::model::Gift;
use super::queries::load;
use super::workflow::{GiftStep, Relation};
use crate::access::sql::app_share_maker;
use crate::access::steps::{Verdicts, verdict_on};
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::gifts;
use crate::kernel::http::problem::Result;

/// The columns that a step writes in addition to the status.
#[derive(Default, AsChangeset)]
#[diesel(table_name = gifts)]
pub struct StepNotes {
    dispute_reason: Option<String>,
    /// Some(None) clears the note: a new dispute has no settlement yet.
    settlement_note: Option<Option<String>>,
}

impl From<()> for StepNotes {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<GiftDispute> for StepNotes {
    fn from(dispute: GiftDispute) -> Self {
        Self { dispute_reason: Some(dispute.reason), settlement_note: Some(None) }
    }
}

impl From<GiftSettlement> for StepNotes {
    fn from(settlement: GiftSettlement) -> Self {
        Self { dispute_reason: None, settlement_note: Some(Some(settlement.note)) }
    }
}

pub fn take_step<N: Into<StepNotes>>(tx: &mut Tx<'_>, id: GiftId, step: &GiftStep, notes: N) -> Result<()> {
    verdict_on(judge_steps(tx, &[id], step)?, id)?;
    write_steps(tx, &[id], step, notes)
}

/// Decides whether the caller can take a step on each of these gifts.
pub fn judge_steps(tx: &mut Tx<'_>, ids: &[GiftId], step: &GiftStep) -> Result<Verdicts> {
    let found = load(tx, gifts::table.filter(gifts::id.eq_any(ids)).into_boxed())?;
    let judge = |(gift, relation): (Gift, Relation)| {
        (gift.id.into(), relation.may_take(step).and_then(|()| step.after(gift.status).map(drop)))
    };
    Ok(found.into_iter().map(judge).collect())
}

/// Takes a step on gifts, on each of which the caller can take it.
pub fn write_steps<N: Into<StepNotes>>(tx: &mut Tx<'_>, ids: &[GiftId], step: &GiftStep, notes: N) -> Result<()> {
    let notes = notes.into();
    let among = || gifts::table.filter(gifts::id.eq_any(ids));
    // A gift that one person may have both recorded and confirmed is marked for review by the level above.
    let doubtful: Vec<GiftId> = if step.one_version {
        let authors = array_append(gifts::written_by, gifts::acted_by);
        among().filter(app_share_maker(authors)).select(gifts::id).load(tx.conn)?
    } else {
        Vec::new()
    };
    let (doubtful, others): (Vec<GiftId>, Vec<GiftId>) = ids.iter().partition(|id| doubtful.contains(id));
    for (mark, ids) in [("doubt", doubtful), ("", others)].into_iter().filter(|(_, ids)| !ids.is_empty()) {
        records::set(tx.conn, "two_person", mark)?;
        let written = (&notes, gifts::status.eq(step.to));
        diesel::update(gifts::table.filter(gifts::id.eq_any(ids))).set(written).execute(tx.conn)?;
    }
    Ok(())
}
