use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Text, Uuid as SqlUuid};
use serde_json::json;
use uuid::Uuid;

use super::model::{HardshipItem, HardshipItemFilter, HardshipItemRow, HardshipItemSort, NewPledge, Pledge, PledgeRow};
use super::{HardshipItemId, PledgeId};
use crate::access::UserId;
use crate::access::reach::Reach;
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::{hardship_items, households, organisations, pledges};
use crate::kernel::http::problem::{Code, FieldError, OnConstraint, Problem, Result};
use crate::kernel::list::page::{Keyset, Page, seek};
use crate::kernel::list::when::When;
use crate::needs::hardship_items::problems;
use crate::needs::hardship_lists::workflow::HardshipListStatus;
use crate::needs::households::HouseholdId;
use crate::places::localities::LocalityId;
use crate::places::localities::queries::village_names;
use crate::twinning::organisations::OrganisationId;

pub fn find(tx: &mut Tx<'_>, id: HardshipItemId) -> Result<HardshipItem> {
    let row = HardshipItemRow::query().find(id).filter(is_listed()).first(tx.conn)?;
    complete(tx, vec![row])?.pop().ok_or_else(Problem::not_found)
}

/// A line that was left out of a list which is open again is gone for the village and its commune, and stands for
/// the units until the list is approved anew.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn is_listed() -> _ {
    diesel::dsl::not(hardship_items::dropped.and(app_in_range(hardship_items::scope_path)))
}

/// Adds the heads' and the places' names and the pledges: one query each.
pub fn complete(tx: &mut Tx<'_>, rows: Vec<HardshipItemRow>) -> Result<Vec<HardshipItem>> {
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
    let promised = PledgeRow::query()
        .filter(pledges::item_id.eq_any(ids))
        .order((pledges::created_at, pledges::id))
        .load(tx.conn)?;
    let mut promises: HashMap<HardshipItemId, Vec<Pledge>> = HashMap::new();
    for pledge in name_organisations(tx, promised)? {
        promises.entry(pledge.item_id).or_default().push(pledge);
    }
    let item = |row: HardshipItemRow| {
        let row = row.as_shown();
        let village = places.get(&row.village_id).cloned().unwrap_or_default();
        HardshipItem {
            id: row.id,
            list_id: row.list_id,
            village_id: row.village_id,
            village_name: village.name,
            commune_name: village.commune_name,
            household_id: row.household_id,
            household_head_name: heads.get(&row.household_id).cloned(),
            reasons: row.reasons,
            needs: row.needs,
            priority: row.priority,
            note: row.note,
            status: row.status,
            pledges: promises.remove(&row.id).unwrap_or_default(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    };
    Ok(rows.into_iter().map(item).collect())
}

fn name_organisations(tx: &mut Tx<'_>, rows: Vec<PledgeRow>) -> Result<Vec<Pledge>> {
    let ids: Vec<OrganisationId> = rows.iter().map(|row| row.organisation_id).collect();
    let names: HashMap<OrganisationId, String> = organisations::table
        .filter(organisations::id.eq_any(ids))
        .select((organisations::id, organisations::name))
        .load(tx.conn)?
        .into_iter()
        .collect();
    let pledge = |row: PledgeRow| Pledge {
        id: row.id,
        item_id: row.item_id,
        organisation_id: row.organisation_id,
        organisation_name: names.get(&row.organisation_id).cloned(),
        village_id: row.village_id,
        note: row.note,
        planned_on: row.planned_on,
        acted_by: row.acted_by,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(rows.into_iter().map(pledge).collect())
}

/// Items of lists that were approved, the oldest first: what was listed and got nothing stands on top.
pub fn list(
    tx: &mut Tx<'_>,
    filter: &HardshipItemFilter,
    keyset: Keyset<HardshipItemSort>,
) -> Result<Page<HardshipItem>> {
    let listed_before: Option<DateTime<Utc>> = match filter.unhelped_days {
        Some(days @ 0..=36_500) => Some(records::now(tx.conn)? - TimeDelta::days(i64::from(days))),
        Some(_) => return Err(Problem::invalid(vec![FieldError::range("?unhelped_days", 0, 36_500)])),
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
            .when_any(&filter.status, |statuses| hardship_items::status.eq_any(statuses))
            // A literal: the planner does not compare a parameter with the condition of the index of unhelped items.
            .when(listed_before, |before| {
                hardship_items::created_at.le(before).and(sql::<Bool>("hardship_items.status <> 'helped'"))
            })
    };
    let total = keyset.total(|| filtered().count().get_result(tx.conn))?;
    let query = filtered().select(HardshipItemRow::as_select());
    let HardshipItemSort::CreatedAt = keyset.field;
    let rows = seek!(query, keyset, DateTime<Utc>, hardship_items::created_at, hardship_items::id).load(tx.conn)?;
    let rows = complete(tx, rows)?;
    keyset.page(rows, total, tx.secrets, |item: &HardshipItem, HardshipItemSort::CreatedAt| {
        (json!(item.created_at), item.id.into())
    })
}

pub fn find_pledge(tx: &mut Tx<'_>, id: PledgeId) -> Result<Pledge> {
    let row = PledgeRow::query().find(id).first(tx.conn)?;
    name_organisations(tx, vec![row])?.pop().ok_or_else(Problem::not_found)
}

/// A twinned unit promises, on a list that stands approved.
pub fn create_pledge(tx: &mut Tx<'_>, item: HardshipItemId, id: PledgeId, new: NewPledge) -> Result<()> {
    let (list, village): (Uuid, Uuid) = hardship_items::table
        .find(item)
        .select((hardship_items::list_id, hardship_items::village_id))
        .first(tx.conn)?;
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = Text)]
        status: HardshipListStatus,
    }
    let held: Held = sql_query("SELECT app_hold_list($1) AS status").bind::<SqlUuid, _>(list).get_result(tx.conn)?;
    let organisation = tx.organisation()?.ok_or_else(|| Problem::new(Code::FORBIDDEN))?;
    if held.status != HardshipListStatus::Approved {
        return Err(Problem::new(Code::INVALID_TRANSITION));
    }
    diesel::insert_into(pledges::table)
        .values((
            pledges::id.eq(id),
            pledges::item_id.eq(item),
            pledges::organisation_id.eq(organisation),
            pledges::village_id.eq(village),
            pledges::note.eq(new.note),
            pledges::planned_on.eq(new.planned_on),
            pledges::acted_by.eq(UserId(tx.actor.id)),
        ))
        .execute(tx.conn)
        .on_constraint("pledges_organisation_key", || Problem::new(problems::PLEDGE_EXISTS))?;
    Ok(())
}
