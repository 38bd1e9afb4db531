use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use uuid::Uuid;

use super::PledgeId;
use super::model::{NewPledge, Pledge, PledgeChanges, PledgeFilter, PledgeSort};
use super::problems::{LIST_CLOSED, PLEDGE_EXISTS};
use crate::access::UserId;
use crate::access::reach::Reach;
use crate::access::tx::{Tx, rows};
use crate::kernel::db::records;
use crate::kernel::db::schema::{hardship_items, hardship_lists, organisations, pledges};
use crate::kernel::http::problem::{Code, OnConstraint, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::id::RecordId;
use crate::needs::hardship_lists::workflow::HardshipListStatus;
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

/// Returns the pledges of the caller's organisation, and those in the caller's places.
pub fn list(tx: &mut Tx<'_>, filter: &PledgeFilter, keyset: Keyset<PledgeSort>) -> Result<Page<Pledge>> {
    let reach = Reach::of_gifts_and_visits_in(tx, PledgeId::TABLE)?;
    let filtered = || {
        pledges::table
            .filter(reach)
            .into_boxed()
            .when(filter.organisation_id, |organisation| pledges::organisation_id.eq(organisation))
            .when(filter.village_id, |village| pledges::village_id.eq(village))
            .when_any(&filter.item_status, |statuses| {
                let items = hardship_items::table.filter(hardship_items::status.eq_any(statuses));
                pledges::item_id.eq_any(items.select(hardship_items::id))
            })
    };
    tx.page(keyset, filtered, load)
}

fn load(tx: &mut Tx<'_>, query: pledges::BoxedQuery<'_, Pg>) -> Result<Vec<Pledge>> {
    let found = rows(tx, query)?;
    name_organisations(tx, found)
}

sort_columns! { PledgeSort of pledges as Pledge: CreatedAt = created_at (DateTime<Utc>) }

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
        let status = hardship_lists::table.find(list).select(hardship_lists::status).first(tx.conn).optional()?;
        return Err(match status {
            Some(HardshipListStatus::Closed) => Problem::new(LIST_CLOSED),
            Some(status) => Problem::in_status(&status),
            None => Problem::new(Code::INVALID_TRANSITION),
        });
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

pub fn update(tx: &mut Tx<'_>, id: PledgeId, changes: PledgeChanges) -> Result<()> {
    records::apply(diesel::update(pledges::table.find(id)).set(&changes).execute(tx.conn))
}
