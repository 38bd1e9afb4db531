use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Uuid as SqlUuid;
use uuid::Uuid;

use super::model::{
    HardshipList, HardshipListChanges, HardshipListFilter, HardshipListReason, HardshipListSort, NewHardshipItem,
    NewHardshipList,
};
use super::workflow::{HardshipListAction, HardshipListStep, StepColumns, allowed_actions, check_submitter};
use crate::access::UserId;
use crate::access::policy::Role;
use crate::access::reach::Reach;
use crate::access::sql::{app_own_accounts, app_share_maker, app_with_caller};
use crate::access::tx::{Tx, rows};
use crate::kernel::db::records;
use crate::kernel::db::schema::{hardship_items, hardship_lists, households};
use crate::kernel::http::problem::{FieldCode, FieldError, OnConstraint, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::kernel::value::id::RecordId;
use crate::needs::hardship_items::model::HardshipItem;
use crate::needs::hardship_items::queries::{is_listed, load as load_items};
use crate::needs::hardship_lists::problems::{ITEM_IN_USE, LIST_EXISTS, NO_HOUSEHOLD};
use crate::needs::households::HouseholdId;
use crate::needs::households::model::HouseholdStatus;
use crate::needs::households::problems::{HOUSEHOLD_ELSEWHERE, HOUSEHOLD_NOT_ACTIVE};
use crate::needs::households::queries::check_village;
use crate::needs::ids::{HardshipItemId, HardshipListId};
use crate::places::localities::LocalityId;
use crate::places::localities::queries::village_names;
use crate::places::localities::within::lies_within;

diesel::define_sql_function! {
    /// Whether a pledge or gift refers to an item of a hardship list.
    fn app_item_held(item: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

pub fn find(tx: &mut Tx<'_>, id: HardshipListId) -> Result<HardshipList> {
    load(tx, hardship_lists::table.find(id).into_boxed())?.pop().ok_or_else(Problem::not_found)
}

/// Adds items, village names and allowed actions; one query each for items and names.
fn load(tx: &mut Tx<'_>, query: hardship_lists::BoxedQuery<'_, Pg>) -> Result<Vec<HardshipList>> {
    let mut rows: Vec<HardshipList> = rows(tx, query)?;
    let ids: Vec<HardshipListId> = rows.iter().map(|row| row.id).collect();
    let villages: HashSet<LocalityId> = rows.iter().map(|row| row.village_id).collect();
    let names = village_names(tx, villages)?;
    let items = hardship_items::table
        .filter(hardship_items::list_id.eq_any(ids))
        .filter(is_listed())
        .order((hardship_items::priority, hardship_items::created_at, hardship_items::id))
        .into_boxed();
    let mut lines: HashMap<HardshipListId, Vec<HardshipItem>> = HashMap::new();
    for item in load_items(tx, items)? {
        lines.entry(item.list_id).or_default().push(item);
    }
    for row in &mut rows {
        row.village_name = names.get(&row.village_id).map(|village| village.name.clone()).unwrap_or_default();
        row.items = lines.remove(&row.id).unwrap_or_default();
        let own_submission = row.submitted_by == Some(UserId(tx.actor.id));
        row.allowed_actions = allowed_actions(row.status, row.approved_at.is_some(), own_submission, tx.actor);
        if !row.in_range {
            // The reason concerns the village and its commune only.
            row.return_reason = None;
        }
    }
    Ok(rows)
}

pub fn list(
    tx: &mut Tx<'_>,
    filter: &HardshipListFilter,
    keyset: Keyset<HardshipListSort>,
) -> Result<Page<HardshipList>> {
    let reach = Reach::of_village_records(tx.actor, HardshipListId::TABLE);
    let filtered = || {
        hardship_lists::table
            .filter(reach)
            .into_boxed()
            .when(filter.village_id, |village| hardship_lists::village_id.eq(village))
            .when(filter.within, |place| lies_within(hardship_lists::scope_path, place))
            .when(filter.household_id, |household| {
                let items = hardship_items::table.filter(hardship_items::household_id.eq(household));
                hardship_lists::id.eq_any(items.filter(is_listed()).select(hardship_items::list_id))
            })
            .when_any(&filter.year, |years| hardship_lists::year.eq_any(years))
            .when_any(&filter.status, |status| hardship_lists::status.eq_any(status))
    };
    tx.page(keyset, filtered, load)
}

sort_columns! { HardshipListSort of hardship_lists as HardshipList: CreatedAt = created_at (DateTime<Utc>) }

pub fn create(tx: &mut Tx<'_>, id: HardshipListId, new: NewHardshipList) -> Result<()> {
    check_village(tx, new.village_id)?;
    Problem::check(day::future_years([("#/year".to_owned(), new.year)], tx.today))?;
    let acted_for = if tx.actor.role() == Some(Role::VillageHead) { None } else { Some(new.village_id) };
    diesel::insert_into(hardship_lists::table)
        .values((
            hardship_lists::id.eq(id),
            hardship_lists::village_id.eq(new.village_id),
            hardship_lists::year.eq(new.year),
            hardship_lists::round.eq(new.round),
            hardship_lists::acted_by.eq(UserId(tx.actor.id)),
            hardship_lists::written_by.eq(vec![UserId(tx.actor.id)]),
            hardship_lists::on_behalf_of.eq(acted_for),
        ))
        .execute(tx.conn)
        .on_constraint("hardship_lists_round_key", || Problem::new(LIST_EXISTS))?;
    replace_items(tx, id, new.village_id, &new.items)
}

pub fn update(tx: &mut Tx<'_>, id: HardshipListId, changes: HardshipListChanges) -> Result<()> {
    let row = HardshipList::query().find(id).first(tx.conn)?;
    if !row.status.is_editable() {
        return Err(Problem::in_status(&row.status));
    }
    match &changes.items {
        Some(items) => {
            let author = hardship_lists::written_by.eq(app_with_caller(hardship_lists::written_by));
            diesel::update(hardship_lists::table.find(id)).set(author).execute(tx.conn)?;
            replace_items(tx, row.id, row.village_id, items)
        }
        None => Ok(()),
    }
}

/// Rejects the deletion of a list that is submitted or was ever approved.
pub fn check_deletable(_: &mut Tx<'_>, list: &HardshipList) -> Result<()> {
    if list.status.is_editable() && list.approved_at.is_none() { Ok(()) } else { Err(Problem::in_status(&list.status)) }
}

/// Replaces the items of a list. Items are matched by household: the item of a household that is listed again is updated.
fn replace_items(tx: &mut Tx<'_>, list: HardshipListId, village: LocalityId, items: &[NewHardshipItem]) -> Result<()> {
    use hardship_items as i;
    let known: HashMap<HouseholdId, HardshipItemId> =
        i::table.filter(i::list_id.eq(list)).select((i::household_id, i::id)).load(tx.conn)?.into_iter().collect();
    check_items(tx, village, items, &known)?;
    let listed: Vec<HouseholdId> = items.iter().map(|item| item.household_id).collect();
    let dropped = || i::table.filter(i::list_id.eq(list)).filter(i::household_id.ne_all(&listed));
    if diesel::select(exists(dropped().filter(app_item_held(i::id)))).get_result(tx.conn)? {
        return Err(Problem::new(ITEM_IN_USE));
    }
    // Units see the approved items until the next approval, so these are marked as dropped and not deleted.
    diesel::update(dropped().filter(i::approved)).set(i::dropped.eq(true)).execute(tx.conn)?;
    let never_approved = dropped().filter(i::approved.eq(false));
    records::delete_parts(diesel::delete(never_approved).execute(tx.conn), ITEM_IN_USE)?;
    let is_new = |item: &NewHardshipItem| !known.contains_key(&item.household_id);
    let ids: Vec<Option<Uuid>> = items.iter().map(|item| item.id.filter(|_| is_new(item))).collect();
    records::claim_listed(tx.conn, "hardship_items", list.into(), "items", &ids)?;
    let (kept, added): (Vec<_>, Vec<_>) = items.iter().partition(|item| known.contains_key(&item.household_id));
    for item in kept {
        diesel::update(i::table.filter(i::list_id.eq(list)).filter(i::household_id.eq(item.household_id)))
            .set((
                i::reasons.eq(&item.reasons),
                i::needs.eq(&item.needs),
                i::priority.eq(item.priority),
                i::note.eq(&item.note),
                i::dropped.eq(false),
            ))
            .execute(tx.conn)?;
    }
    let rows: Vec<_> = added
        .iter()
        .map(|item| {
            (
                i::id.eq(item.id.unwrap_or_else(Uuid::now_v7)),
                i::list_id.eq(list),
                i::village_id.eq(village),
                i::household_id.eq(item.household_id),
                i::reasons.eq(&item.reasons),
                i::needs.eq(&item.needs),
                i::priority.eq(item.priority),
                i::note.eq(&item.note),
            )
        })
        .collect();
    // The foreign key fails where another transaction deleted or merged a household after the check.
    diesel::insert_into(i::table)
        .values(rows)
        .execute(tx.conn)
        .on_constraint("hardship_items_household_id_fkey", || Problem::field("#/items", FieldCode::NOT_FOUND))?;
    Ok(())
}

/// Checks that each household is listed once, belongs to this village and is active.
fn check_items(
    tx: &mut Tx<'_>,
    village: LocalityId,
    items: &[NewHardshipItem],
    known: &HashMap<HouseholdId, HardshipItemId>,
) -> Result<()> {
    let ids: Vec<HouseholdId> = items.iter().map(|item| item.household_id).collect();
    let homes: HashMap<HouseholdId, (LocalityId, HouseholdStatus)> = households::table
        .filter(households::id.eq_any(ids))
        .select((households::id, (households::village_id, households::status)))
        .load(tx.conn)?
        .into_iter()
        .collect();
    let mut errors = Vec::new();
    let (mut seen, mut seen_ids) = (HashSet::new(), HashSet::new());
    for (index, item) in items.iter().enumerate() {
        let wrong = match homes.get(&item.household_id) {
            _ if !seen.insert(item.household_id) => Some(FieldCode::DUPLICATE),
            // The household of an existing item may have moved since, also out of the caller's scope.
            _ if known.contains_key(&item.household_id) => None,
            None => Some(FieldCode::NOT_FOUND),
            Some((home, _)) if *home != village => Some(HOUSEHOLD_ELSEWHERE),
            Some((_, status)) if *status != HouseholdStatus::Active => Some(HOUSEHOLD_NOT_ACTIVE),
            Some(_) => None,
        };
        let household = item.household_id;
        let error = |code| FieldError::of_id(format!("#/items/{index}/household_id"), code, household);
        errors.extend(wrong.map(error));
        let pointer = format!("#/items/{index}/id");
        match (item.id, known.get(&item.household_id)) {
            (Some(id), Some(there)) if there.0 != id => errors.push(FieldError::new(pointer, FieldCode::INVALID_VALUE)),
            (Some(id), None) if id.get_version_num() != 7 => errors.push(FieldError::new(pointer, FieldCode::NOT_V7)),
            (Some(id), _) if !seen_ids.insert(id) => errors.push(FieldError::new(pointer, FieldCode::DUPLICATE)),
            _ => {}
        }
    }
    Problem::check(errors)
}

pub fn take_step<R: Into<StepReason>>(
    tx: &mut Tx<'_>,
    id: HardshipListId,
    step: &HardshipListStep,
    reason: R,
) -> Result<()> {
    let row = HardshipList::query().find(id).first(tx.conn)?;
    step.after(row.status)?;
    let (submits, approves) = (step.action == HardshipListAction::Submit, step.action == HardshipListAction::Approve);
    let me = UserId(tx.actor.id);
    check_submitter(step, row.submitted_by == Some(me))?;
    if approves && may_be_own(tx, &row)? {
        records::set(tx.conn, "two_person", "doubt")?;
    }
    let items = hardship_items::table.filter(hardship_items::list_id.eq(id));
    let left = items.filter(hardship_items::dropped.eq(false));
    if submits && !diesel::select(exists(left)).get_result::<bool>(tx.conn)? {
        return Err(Problem::field("#/items", NO_HOUSEHOLD));
    }
    let now = records::now(tx.conn)?;
    let written = StepColumns::of(step, me, now, row.approved_at.is_none(), reason.into().0);
    diesel::update(hardship_lists::table.find(id)).set(&written).execute(tx.conn)?;
    if approves {
        // Twinned units see exactly these households from now on. An item that was dropped while the list was open stays
        // if it has got a pledge or gift since.
        let dropped = items.filter(hardship_items::dropped);
        diesel::update(dropped.filter(app_item_held(hardship_items::id)))
            .set(hardship_items::dropped.eq(false))
            .execute(tx.conn)?;
        diesel::delete(dropped).execute(tx.conn)?;
        sql_query(
            "UPDATE hardship_items SET approved = true, approved_state = jsonb_build_object(
               'reasons', reasons, 'needs', needs, 'priority', priority, 'note', note) WHERE list_id = $1",
        )
        .bind::<SqlUuid, _>(id)
        .execute(tx.conn)?;
    }
    Ok(())
}

/// The reason of a step, None for steps without a body.
pub struct StepReason(Option<String>);

impl From<()> for StepReason {
    fn from((): ()) -> Self {
        Self(None)
    }
}

impl From<HardshipListReason> for StepReason {
    fn from(input: HardshipListReason) -> Self {
        Self(Some(input.reason))
    }
}

/// Whether the submitter or an author of the list is the caller, possibly with another account, or has an account of the
/// same maker. An approval confirms no money, so it is not rejected: the audit marks it for review by the level above.
fn may_be_own(tx: &mut Tx<'_>, list: &HardshipList) -> Result<bool> {
    let authors: Vec<UserId> = list.submitted_by.iter().chain(&list.written_by).copied().collect();
    let (own, share_maker): (Vec<Uuid>, bool) =
        diesel::select((app_own_accounts(), app_share_maker(&authors))).get_result(tx.conn)?;
    Ok(share_maker || authors.iter().any(|author| own.contains(&author.0)))
}
