use actix_web::web::Json;
use ketnghia_macros::operation;

use super::model::{
    HardshipList, HardshipListChanges, HardshipListFilter, HardshipListReason, HardshipListSort, NewHardshipList,
};
use super::{queries, workflow};
use crate::access::actor::May;
use crate::access::policy::permission::{DecideHardshipLists, ReadHardshipLists, WriteHardshipLists};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, NoBody, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;
use crate::needs::ids::HardshipListId;

/// List hardship lists
///
/// Village heads and officials see those of their area in every status, twinned units those that were approved at
/// least once, also after a close or reopening.
#[operation(get "/hardship-lists")]
pub async fn list_hardship_lists(
    may: May<ReadHardshipLists>,
    list: List<HardshipListFilter, HardshipListSort>,
) -> Result<Json<Page<HardshipList>>> {
    may.list(list, queries::list).await
}

/// Draw up a hardship list
///
/// A draft for one round of a year; a second list of the same village, year and round is 409
/// `list_exists`.
#[operation(post "/hardship-lists")]
pub async fn create_hardship_list(
    may: May<WriteHardshipLists>,
    new: Valid<NewHardshipList>,
) -> Result<Created<HardshipList>> {
    may.create(new, queries::create, queries::find).await
}

/// Find one hardship list
#[operation(get "/hardship-lists/{id}")]
pub async fn find_hardship_list(may: May<ReadHardshipLists>, id: Id<HardshipListId>) -> Result<Found<HardshipList>> {
    may.find(id, queries::find).await
}

/// Change a hardship list
///
/// While it is a draft or was returned; `items` replaces all. An item with a pledge or a gift cannot
/// be left out: 409 `item_in_use`.
#[operation(patch "/hardship-lists/{id}")]
pub async fn update_hardship_list(
    may: May<WriteHardshipLists>,
    id: Id<HardshipListId>,
    if_match: IfMatch,
    changes: Valid<HardshipListChanges>,
) -> Result<Found<HardshipList>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete a hardship list
///
/// Only one that was never approved and is not submitted.
#[operation(delete "/hardship-lists/{id}")]
pub async fn delete_hardship_list(
    may: May<WriteHardshipLists>,
    id: Id<HardshipListId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, queries::check_deletable).await
}

/// Submit a hardship list
///
/// To the commune, from `draft` or `returned`; an empty list is 422. A repetition by the same caller is 200, by
/// another one 409.
#[operation(post "/hardship-lists/{id}/submit")]
pub async fn submit_hardship_list(
    may: May<WriteHardshipLists>,
    id: Id<HardshipListId>,
    if_match: IfMatch,
    body: NoBody,
) -> Result<Found<HardshipList>> {
    may.take(&workflow::SUBMIT, id, if_match, body, queries::take_step, queries::find).await
}

/// Approve a hardship list
///
/// By the commune, for the version that was read (If-Match), but not by the account that submitted it (403
/// `own_submission`). From then on the twinned units see the list and its households. If the approver wrote a part of it
/// since the last approval, or one of the two accounts made or reset the other in the last days (`TWO_PERSON_DAYS`, 30),
/// the audit entry has `two_person: doubt`.
#[operation(post "/hardship-lists/{id}/approve")]
pub async fn approve_hardship_list(
    may: May<DecideHardshipLists>,
    id: Id<HardshipListId>,
    if_match: IfMatch,
    body: NoBody,
) -> Result<Found<HardshipList>> {
    may.take(&workflow::APPROVE, id, if_match, body, queries::take_step, queries::find).await
}

/// Return a hardship list
///
/// To the village, with a reason; it may be changed and submitted again.
#[operation(post "/hardship-lists/{id}/return")]
pub async fn return_hardship_list(
    may: May<DecideHardshipLists>,
    id: Id<HardshipListId>,
    if_match: IfMatch,
    body: Valid<HardshipListReason>,
) -> Result<Found<HardshipList>> {
    may.take(&workflow::RETURN, id, if_match, body, queries::take_step, queries::find).await
}

/// Reopen an approved hardship list
///
/// With a reason; the list becomes `returned`. Pledges stay, and so do items with a pledge or a gift.
#[operation(post "/hardship-lists/{id}/reopen")]
pub async fn reopen_hardship_list(
    may: May<DecideHardshipLists>,
    id: Id<HardshipListId>,
    if_match: IfMatch,
    body: Valid<HardshipListReason>,
) -> Result<Found<HardshipList>> {
    may.take(&workflow::REOPEN, id, if_match, body, queries::take_step, queries::find).await
}

/// Close an approved hardship list
///
/// At the end of the round; the units still see the list.
#[operation(post "/hardship-lists/{id}/close")]
pub async fn close_hardship_list(
    may: May<DecideHardshipLists>,
    id: Id<HardshipListId>,
    if_match: IfMatch,
    body: NoBody,
) -> Result<Found<HardshipList>> {
    may.take(&workflow::CLOSE, id, if_match, body, queries::take_step, queries::find).await
}
