use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::model::{HardshipItem, HardshipItemAction, HardshipItemFilter, HardshipItemSort, HardshipItemStatus};
use crate::access::policy::Permission;
use crate::access::reach::Reach;
use crate::access::sql::app_in_range;
use crate::access::tx::{Tx, rows};
use crate::kernel::db::records;
use crate::kernel::db::schema::{hardship_items, hardship_lists, households};
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::needs::hardship_lists::workflow::HardshipListStatus;
use crate::needs::households::HouseholdId;
use crate::needs::ids::{HardshipItemId, HardshipListId};
use crate::needs::pledges::queries::of_items;
use crate::places::localities::LocalityId;
use crate::places::localities::queries::village_names;
use crate::places::localities::within::lies_within;
use crate::twinning::organisations::OrganisationId;

pub fn find(tx: &mut Tx<'_>, id: HardshipItemId) -> Result<HardshipItem> {
    load(tx, hardship_items::table.find(id).filter(is_listed()).into_boxed())?.pop().ok_or_else(Problem::not_found)
}

/// Condition that hides items dropped from a reopened list, for the village and its officials; units see them until the
/// next approval.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn is_listed() -> _ {
    diesel::dsl::not(hardship_items::dropped.and(app_in_range(hardship_items::scope_path)))
}

/// Adds the names of household heads and places, the lists and the pledges, with one query each, and the actions.
pub fn load(tx: &mut Tx<'_>, query: hardship_items::BoxedQuery<'_, Pg>) -> Result<Vec<HardshipItem>> {
    let rows: Vec<HardshipItem> = rows(tx, query)?;
    let homes: Vec<HouseholdId> = rows.iter().map(|row| row.household_id).collect();
    let heads: HashMap<HouseholdId, String> = households::table
        .filter(households::id.eq_any(homes))
        .select((households::id, households::head_name))
        .load(tx.conn)?
        .into_iter()
        .collect();
    let villages: HashSet<LocalityId> = rows.iter().map(|row| row.village_id).collect();
    let places = village_names(tx, villages)?;
    let ids: Vec<HardshipItemId> = rows.iter().map(|row| row.id).collect();
    let mut promises = of_items(tx, &ids)?;
    let list_ids: HashSet<HardshipListId> = rows.iter().map(|row| row.list_id).collect();
    let lists: HashMap<HardshipListId, (HardshipListStatus, i32)> = hardship_lists::table
        .filter(hardship_lists::id.eq_any(list_ids))
        .select((hardship_lists::id, (hardship_lists::status, hardship_lists::year)))
        .load(tx.conn)?
        .into_iter()
        .collect();
    let may_pledge = tx.actor.may(Permission::WritePledges) && rows.iter().any(|row| row.is_twinned);
    let organisation = if may_pledge { tx.organisation()?.map(OrganisationId) } else { None };
    let complete = |item: HardshipItem| {
        let mut item = item.as_shown();
        let village = places.get(&item.village_id).cloned().unwrap_or_default();
        (item.village_name, item.commune_name) = (village.name, village.commune_name);
        item.household_head_name = heads.get(&item.household_id).cloned();
        item.pledges = promises.remove(&item.id).unwrap_or_default();
        (item.list_status, item.list_year) = lists.get(&item.list_id).copied().unzip();
        let awaits = item.is_twinned && item.list_status == Some(HardshipListStatus::Approved);
        let is_new = |own: OrganisationId| item.pledges.iter().all(|pledge| pledge.organisation_id != own);
        if awaits && organisation.is_some_and(is_new) {
            item.allowed_actions = vec![HardshipItemAction::Pledge];
        }
        item
    };
    Ok(rows.into_iter().map(complete).collect())
}

/// Returns items that were approved, the oldest first.
pub fn list(
    tx: &mut Tx<'_>,
    filter: &HardshipItemFilter,
    keyset: Keyset<HardshipItemSort>,
) -> Result<Page<HardshipItem>> {
    let listed_before: Option<DateTime<Utc>> = match filter.unhelped_days {
        Some(days) => Some(records::now(tx.conn)? - TimeDelta::days(i64::from(days))),
        None => None,
    };
    let reach = Reach::of_village_records(tx.actor, "hardship_items");
    let filtered = || {
        hardship_items::table
            .filter(reach)
            .filter(hardship_items::approved)
            .filter(is_listed())
            .into_boxed()
            .when(filter.village_id, |village| hardship_items::village_id.eq(village))
            .when(filter.within, |place| lies_within(hardship_items::scope_path, place))
            .when(filter.household_id, |household| hardship_items::household_id.eq(household))
            .when(filter.status.contains(&HardshipItemStatus::Open).then_some(()), |()| {
                hardship_items::status.ne(HardshipItemStatus::Open).or(sql::<Bool>(ON_APPROVED_LIST))
            })
            .when_any(&filter.status, |statuses| hardship_items::status.eq_any(statuses))
            // A literal: with a parameter the planner cannot prove the predicate of the partial index of unhelped items.
            .when(listed_before, |before| {
                hardship_items::created_at.le(before).and(sql::<Bool>("hardship_items.status <> 'helped'"))
            })
    };
    tx.page(keyset, filtered, load)
}

/// Help is still awaited: not on a closed list, nor on one that is open for changes.
const ON_APPROVED_LIST: &str =
    "EXISTS (SELECT FROM hardship_lists l WHERE l.id = hardship_items.list_id AND l.status = 'approved')";

sort_columns! { HardshipItemSort of hardship_items as HardshipItem: CreatedAt = created_at (DateTime<Utc>) }
