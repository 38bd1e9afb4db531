use actix_web::web::Json;
use ketnghia_macros::operation;

use super::HouseholdId;
use super::bodies::{HouseholdChanges, HouseholdMerge, NewHousehold};
use super::history::{self, HouseholdHistoryEntry, HouseholdHistorySort};
use super::model::{Household, HouseholdFilter, HouseholdSecrets, HouseholdSort};
use super::{merge, queries, warnings};
use crate::access::actor::May;
use crate::access::calls::unless_in_use;
use crate::access::policy::permission::{ReadHouseholds, RevealHouseholds, WriteHouseholds};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, NoBody, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::page::Page;
use crate::kernel::list::sheet::Listed;
use crate::kernel::list::{List, NoFilter, SheetList};

/// List households
///
/// Village heads see those of their village, officials those of their area, units those on approved lists of
/// their villages, without phone and identity number. `GET /households.csv` returns the whole
/// filtered list for Excel.
#[operation(get "/households")]
pub async fn list_households(
    may: May<ReadHouseholds>,
    list: SheetList<HouseholdFilter, HouseholdSort>,
) -> Result<Listed<Household>> {
    may.sheet(list, queries::list).await
}

/// Register a household
///
/// In a village of the caller's area. `poverty_status`, `deprivations` and `poverty_causes` are its first assessment:
/// proposed by a village head, so that the household shows none yet, and confirmed by the commune. A possible
/// duplicate is created nevertheless, and reported in `warnings`.
#[operation(post "/households")]
pub async fn create_household(may: May<WriteHouseholds>, new: Valid<NewHousehold>) -> Result<Created<Household>> {
    may.create(new, queries::create, queries::find_with_warnings).await
}

/// Find one household
#[operation(get "/households/{id}")]
pub async fn find_household(may: May<ReadHouseholds>, id: Id<HouseholdId>) -> Result<Found<Household>> {
    may.find(id, queries::find).await
}

/// Change a household
///
/// Poverty changes by an assessment of its own (`POST /household-assessments`). A member with gifts cannot be left
/// out: 409 `member_in_use`. A household that leaves gets the status `moved_away` or `dissolved`, and `active` when
/// it returns. `village_id` moves it to another village of the commune from `moved_on` on, with its history: counts
/// of earlier days keep it in the former village; on a move to another commune it is set to `moved_away` here and
/// registered anew there. Possible duplicates after the change are reported in `warnings`.
#[operation(patch "/households/{id}")]
pub async fn update_household(
    may: May<WriteHouseholds>,
    id: Id<HouseholdId>,
    if_match: IfMatch,
    changes: Valid<HouseholdChanges>,
) -> Result<Found<Household>> {
    let find = if warnings::may_arise_from(&changes) { queries::find_with_warnings } else { queries::find };
    may.change(id, if_match, changes, queries::update, find).await
}

/// Delete a household
///
/// Only one without listed items, visits and gifts; otherwise change its `status`.
#[operation(delete "/households/{id}")]
pub async fn delete_household(may: May<WriteHouseholds>, id: Id<HouseholdId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, unless_in_use).await
}

/// Read identity numbers and phone in full
///
/// For officials and the village head; each call creates an audit entry.
#[operation(post "/households/{id}/reveal")]
pub async fn reveal_household(
    may: May<RevealHouseholds>,
    id: Id<HouseholdId>,
    _: NoBody,
) -> Result<Json<HouseholdSecrets>> {
    may.write(move |tx| queries::reveal(tx, id.0).map_err(|problem| problem.about(id.0.into()))).await.map(Json)
}

/// Merge a household into another
///
/// For a household that was entered twice. Members, gifts, visits, listed items, pledges and assessments are moved to
/// `into`, which is the answer; the household in the path is deleted, and the history of `into` refers to it. Two
/// items on one list become one, and so do two pledges of one organisation for it. If both have a value, that of
/// `into` is kept: phone and identity number, an assessment of the same round (the other one stays in the history; a
/// confirmed one counts before a proposed one). Members are joined only where they are certainly the same person.
/// After an approval on a list, or an answer to a gift, only the commune merges (409 `decided`). Households with
/// different identity numbers are not merged. A repetition by the same caller is 200.
#[operation(post "/households/{id}/merge")]
pub async fn merge_household(
    may: May<WriteHouseholds>,
    id: Id<HouseholdId>,
    if_match: IfMatch,
    body: Valid<HouseholdMerge>,
) -> Result<Found<Household>> {
    may.write(move |tx| merge::merge(tx, id.0, &if_match, body.into)).await.map(Found)
}

/// Read the history of a household
///
/// Assessments by year, registration, moves, changes of status, merges and other changes, with the author and
/// the names of the changed fields, not their values. Units read assessments, moves, statuses and merges of the
/// households they see, without names of people.
#[operation(get "/households/{id}/history")]
pub async fn list_household_history(
    may: May<ReadHouseholds>,
    id: Id<HouseholdId>,
    list: List<NoFilter, HouseholdHistorySort>,
) -> Result<Json<Page<HouseholdHistoryEntry>>> {
    may.list_of(id, list, history::list).await
}
