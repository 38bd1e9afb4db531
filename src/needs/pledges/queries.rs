use std::collections::HashMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::PledgeId;
use super::model::{NewPledge, Pledge};
use super::problems::PLEDGE_EXISTS;
use crate::access::UserId;
use crate::access::tx::Tx;
use crate::kernel::db::schema::{hardship_items, organisations, pledges};
use crate::kernel::http::problem::{Code, OnConstraint, Problem, Result};
use crate::needs::ids::HardshipItemId;
use crate::twinning::organisations::OrganisationId;

diesel::define_sql_function! {
    /// Locks a hardship list in share mode until the transaction ends; returns whether it is approved.
    fn app_hold_approved(list: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

pub fn find(tx: &mut Tx<'_>, id: PledgeId) -> Result<Pledge> {
    let row = Pledge::query().find(id).first(tx.conn)?;
    name_organisations(tx, vec![row])?.pop().ok_or_else(Problem::not_found)
}

/// Returns the pledges of items, the oldest first.
pub fn of_items(tx: &mut Tx<'_>, items: &[HardshipItemId]) -> Result<HashMap<HardshipItemId, Vec<Pledge>>> {
    let rows = Pledge::query()
        .filter(pledges::item_id.eq_any(items))
        .order((pledges::created_at, pledges::id))
        .load(tx.conn)?;
    let mut of_items: HashMap<HardshipItemId, Vec<Pledge>> = HashMap::new();
    for pledge in name_organisations(tx, rows)? {
        of_items.entry(pledge.item_id).or_default().push(pledge);
    }
    Ok(of_items)
}

fn name_organisations(tx: &mut Tx<'_>, mut rows: Vec<Pledge>) -> Result<Vec<Pledge>> {
    let ids: Vec<OrganisationId> = rows.iter().map(|row| row.organisation_id).collect();
    let names: HashMap<OrganisationId, String> = organisations::table
        .filter(organisations::id.eq_any(ids))
        .select((organisations::id, organisations::name))
        .load(tx.conn)?
        .into_iter()
        .collect();
    for row in &mut rows {
        row.organisation_name = names.get(&row.organisation_id).cloned();
    }
    Ok(rows)
}

/// Inserts a pledge. The list is locked, so that it cannot be reopened in between; policies check the twinning.
pub fn create(tx: &mut Tx<'_>, item: HardshipItemId, id: PledgeId, new: NewPledge) -> Result<()> {
    let (list, village): (Uuid, Uuid) = hardship_items::table
        .find(item)
        .select((hardship_items::list_id, hardship_items::village_id))
        .first(tx.conn)?;
    let is_approved: bool = diesel::select(app_hold_approved(list)).get_result(tx.conn)?;
    let organisation = tx.organisation()?.ok_or_else(|| Problem::new(Code::FORBIDDEN))?;
    if !is_approved {
        return Err(Problem::new(Code::INVALID_TRANSITION));
    }
    diesel::insert_into(pledges::table)
        .values((
            pledges::id.eq(id),
            pledges::item_id.eq(item),
            pledges::organisation_id.eq(organisation),
            pledges::village_id.eq(village),
            pledges::acted_by.eq(UserId(tx.actor.id)),
            &new,
        ))
        .execute(tx.conn)
        .on_constraint("pledges_organisation_key", || Problem::new(PLEDGE_EXISTS))?;
    Ok(())
}
