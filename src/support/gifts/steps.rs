//! The steps of gifts: on one, and on many together.

use diesel::dsl::array_append;
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};

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

diesel::define_sql_function! {
    /// Confirms gifts, one after the other; the steps on the doubtful ones are marked.
    fn app_confirm_gifts(gifts: Array<SqlUuid>, doubtful: Array<SqlUuid>) -> Nullable<Text>;
}

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
    verdict_on(judge(tx, &[id], step)?, id)?;
    if !doubtful(tx, &[id], step)?.is_empty() {
        records::set(tx.conn, "two_person", "doubt")?;
    }
    diesel::update(gifts::table.find(id)).set((notes.into(), gifts::status.eq(step.to))).execute(tx.conn)?;
    Ok(())
}

/// Decides whether the caller can take a step on each of these gifts.
pub fn judge(tx: &mut Tx<'_>, ids: &[GiftId], step: &GiftStep) -> Result<Verdicts> {
    let found = load(tx, gifts::table.filter(gifts::id.eq_any(ids)).into_boxed())?;
    let judge = |(gift, relation): (Gift, Relation)| {
        (gift.id.into(), relation.may_take(step).and_then(|()| step.after(gift.status).map(drop)))
    };
    Ok(found.into_iter().map(judge).collect())
}

/// Confirms gifts, each of which the caller can confirm, in this order.
pub fn confirm_all(tx: &mut Tx<'_>, ids: &[GiftId], step: &GiftStep, (): ()) -> Result<()> {
    let doubtful = doubtful(tx, ids, step)?;
    diesel::select(app_confirm_gifts(ids, doubtful)).execute(tx.conn)?;
    Ok(())
}

/// Returns those of these gifts that one person may have both recorded and confirmed: the step is marked for review by the level above.
fn doubtful(tx: &mut Tx<'_>, ids: &[GiftId], step: &GiftStep) -> Result<Vec<GiftId>> {
    if !step.one_version {
        return Ok(Vec::new());
    }
    let authors = array_append(gifts::written_by, gifts::acted_by);
    let doubtful = gifts::table.filter(gifts::id.eq_any(ids)).filter(app_share_maker(authors));
    Ok(doubtful.select(gifts::id).load(tx.conn)?)
}
