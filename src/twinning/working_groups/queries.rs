use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;

use super::WorkingGroupId;
use super::model::{
    NewWorkingGroup, WorkingGroup, WorkingGroupChanges, WorkingGroupFilter, WorkingGroupMember, WorkingGroupSort,
};
use crate::access::UserId;
use crate::access::policy::Permission;
use crate::access::tx::{Tx, rows};
use crate::kernel::db::period::lasts_until;
use crate::kernel::db::records::{self, unseen};
use crate::kernel::db::schema::working_groups;
use crate::kernel::http::answer::RecordAction;
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::kernel::value::json::Json;
use crate::twinning::organisations::OrganisationId;
use crate::twinning::references::check_party;

pub fn find(tx: &mut Tx<'_>, id: WorkingGroupId) -> Result<WorkingGroup> {
    load(tx, working_groups::table.find(id).into_boxed())?.pop().ok_or_else(Problem::not_found)
}

fn load(tx: &mut Tx<'_>, query: working_groups::BoxedQuery<'_, Pg>) -> Result<Vec<WorkingGroup>> {
    let mut groups: Vec<WorkingGroup> = rows(tx, query)?;
    let may = tx.actor.may(Permission::WriteGroups);
    for group in &mut groups {
        group.allowed_actions = RecordAction::offered(may && group.may_write);
    }
    Ok(groups)
}

pub fn list(
    tx: &mut Tx<'_>,
    filter: &WorkingGroupFilter,
    keyset: Keyset<WorkingGroupSort>,
) -> Result<Page<WorkingGroup>> {
    let filtered = || {
        working_groups::table
            .into_boxed()
            .when(filter.programme_id, |programme| working_groups::programme_id.eq(programme))
            .when(filter.organisation_id, |organisation| working_groups::organisation_id.eq(organisation))
            .when(filter.locality_id, |locality| working_groups::locality_id.eq(locality))
            .when_any(&filter.kind, |kinds| working_groups::kind.eq_any(kinds))
            .when(filter.active_on, |day| {
                working_groups::established_on.le(day).and(lasts_until(working_groups::ended_on, day))
            })
    };
    tx.page(keyset, filtered, load)
}

sort_columns! {
    WorkingGroupSort of working_groups as WorkingGroup:
    EstablishedOn = established_on (NaiveDate),
    UpdatedAt = updated_at (DateTime<Utc>),
}

pub fn create(tx: &mut Tx<'_>, id: WorkingGroupId, new: NewWorkingGroup) -> Result<()> {
    Problem::check(unseen(tx.conn, [("#/programme_id".to_owned(), new.programme_id)])?)?;
    check_party(tx, new.organisation_id, new.locality_id)?;
    check_days(tx, new.established_on, new.ended_on)?;
    check_members(tx, &new.members, &[])?;
    let record = (working_groups::id.eq(id), working_groups::acted_by.eq(UserId(tx.actor.id)), &new);
    let members = working_groups::members.eq(Json(&new.members));
    diesel::insert_into(working_groups::table).values((record, members)).execute(tx.conn)?;
    Ok(())
}

pub fn update(tx: &mut Tx<'_>, id: WorkingGroupId, changes: WorkingGroupChanges) -> Result<()> {
    let before = find(tx, id)?;
    let established_on = changes.established_on.unwrap_or(before.established_on);
    check_days(tx, established_on, changes.ended_on.unwrap_or(before.ended_on))?;
    if let Some(members) = &changes.members {
        check_members(tx, members, &before.members)?;
    }
    let members = changes.members.as_ref().map(|members| working_groups::members.eq(Json(members)));
    records::apply(diesel::update(working_groups::table.find(id)).set((&changes, members)).execute(tx.conn))
}

fn check_days(tx: &Tx<'_>, established_on: NaiveDate, ended_on: Option<NaiveDate>) -> Result<()> {
    day::check_past(established_on, tx.today, "#/established_on")?;
    day::check_period(established_on, ended_on, "#/ended_on")
}

/// Checks the organisations and accounts of members. The caller's account is accepted, and the ids of `before`, which
/// another caller may have named or whose records were deleted since.
fn check_members(tx: &mut Tx<'_>, members: &[WorkingGroupMember], before: &[WorkingGroupMember]) -> Result<()> {
    let at = |index: usize, field: &str| format!("#/members/{index}/{field}");
    let named = || members.iter().enumerate();
    let known: HashSet<OrganisationId> = before.iter().filter_map(|member| member.organisation_id).collect();
    let units = named().filter_map(|(index, member)| Some((at(index, "organisation_id"), member.organisation_id?)));
    let mut errors = unseen(tx.conn, units.filter(|(_, unit)| !known.contains(unit)))?;
    let known: HashSet<UserId> =
        before.iter().filter_map(|member| member.user_id).chain([UserId(tx.actor.id)]).collect();
    let users = named().filter_map(|(index, member)| Some((at(index, "user_id"), member.user_id?)));
    errors.extend(unseen(tx.conn, users.filter(|(_, user)| !known.contains(user)))?);
    Problem::check(errors)
}
