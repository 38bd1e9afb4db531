use actix_web::web::Json;
use ketnghia_macros::operation;

use super::GiftId;
use super::bodies::{GiftChanges, GiftDispute, GiftItem, GiftRecipients, GiftSettlement, NewGift};
use super::model::{Gift, GiftFilter, GiftSort};
use super::{names, queries, steps, workflow};
use crate::access::actor::May;
use crate::access::policy::permission::{ConfirmGifts, ReadSupport, RecordSupport, SettleGifts};
use crate::access::steps::{BulkResults, BulkStep};
use crate::access::tx::Tx;
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, NoBody, PartId, Valid};
use crate::kernel::http::middleware::Addressee;
use crate::kernel::http::problem::Result;
use crate::kernel::list::SheetList;
use crate::kernel::list::sheet::Listed;
use crate::needs::households::HouseholdId;

/// List gifts
///
/// Gifts in the caller's places, and those of the caller's own organisation; the latest first. `GET /gifts.csv`
/// returns the whole filtered list for Excel.
#[operation(get "/gifts")]
pub async fn list_gifts(may: May<ReadSupport>, list: SheetList<GiftFilter, GiftSort>) -> Result<Listed<Gift>> {
    may.sheet(list, queries::list).await
}

/// Record a gift
///
/// By the giving unit, until `LATE_ENTRY_DAYS` (90) after the last day of its twinning; by officials for any unit,
/// from paper and without such a limit (`entered_from: paper` where the unit has an account). A unit refers only to
/// households that it sees, which are those on approved lists; record a gift to others by `recipient_group` and
/// `households_count`, and the village adds their names. Send the gifts of a new visit inside it instead: one
/// request, in one transaction.
#[operation(post "/gifts")]
pub async fn create_gift(may: May<RecordSupport>, new: Valid<NewGift>) -> Result<Created<Gift>> {
    may.create(new, queries::create, queries::find).await
}

/// Find one gift
///
/// `allowed_actions` lists the steps and changes that the caller may make.
#[operation(get "/gifts/{id}")]
pub async fn find_gift(may: May<ReadSupport>, id: Id<GiftId>) -> Result<Found<Gift>> {
    may.find(id, queries::find).await
}

/// Change a gift
///
/// While it is `recorded`, its recorder and the giving unit may change it. After that only the commune may,
/// with a `reason`; the gift is then `recorded` again and waits for a new
/// confirmation. Other callers get 403.
#[operation(patch "/gifts/{id}")]
pub async fn update_gift(
    may: May<RecordSupport>,
    id: Id<GiftId>,
    if_match: IfMatch,
    changes: Valid<GiftChanges>,
) -> Result<Found<Gift>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete a gift
///
/// By its recorder and the giving unit, while it is `recorded`.
#[operation(delete "/gifts/{id}")]
pub async fn delete_gift(may: May<RecordSupport>, id: Id<GiftId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, queries::check_deletable).await
}

/// Confirm that a gift arrived
///
/// By the village that received it, or its commune, for the version that was read (If-Match). 403 `own_submission`
/// for the user who recorded or corrected it, for every user of the giving organisation and of the place that it
/// represents (a commune that gives in its own village), and if one of the two accounts was created or reset by the
/// other in the last days (`TWO_PERSON_DAYS`, 30). A listed item that the gift refers to becomes `helped`.
#[operation(post "/gifts/{id}/confirm")]
pub async fn confirm_gift(
    may: May<ConfirmGifts>,
    id: Id<GiftId>,
    if_match: IfMatch,
    body: NoBody,
) -> Result<Found<Gift>> {
    may.take(&workflow::CONFIRM, id, if_match, body, steps::take_step, queries::find).await
}

/// Dispute a gift
///
/// By the village for which it was recorded, or its commune; not by the side that recorded or gave it, as for a
/// confirmation (403 `own_submission`). The gift is not counted until the commune settles the dispute.
#[operation(post "/gifts/{id}/dispute")]
pub async fn dispute_gift(
    may: May<ConfirmGifts>,
    id: Id<GiftId>,
    if_match: IfMatch,
    body: Valid<GiftDispute>,
) -> Result<Found<Gift>> {
    may.take(&workflow::DISPUTE, id, if_match, body, steps::take_step, queries::find).await
}

/// Settle a dispute
///
/// By the commune, for the version that was read (If-Match): `delivered` confirms the gift; with `not_delivered` it
/// is not counted. Not by the side that recorded or gave it, as for a confirmation: where the commune is the giver or
/// the receiver, the district or the province settles.
#[operation(post "/gifts/{id}/settle")]
pub async fn settle_gift(
    may: May<SettleGifts>,
    id: Id<GiftId>,
    if_match: IfMatch,
    body: Valid<GiftSettlement>,
) -> Result<Found<Gift>> {
    may.take(body.resolution.step(), id, if_match, body, steps::take_step, queries::find).await
}

/// Confirm many gifts
///
/// At most 200, each like a single confirmation in the version that was read. One that cannot be confirmed is
/// `rejected` with its problem (`version_conflict`, `own_submission`, `not_found`, …), the others are confirmed;
/// `replayed`: the caller confirmed it before.
#[operation(post "/gifts/confirm")]
pub async fn confirm_gifts(
    may: May<ConfirmGifts>,
    bulk: Valid<BulkStep>,
    answer: Addressee,
) -> Result<Json<BulkResults>> {
    let judge = |tx: &mut Tx<'_>, ids: &[GiftId], step, (): &()| steps::judge(tx, ids, step);
    may.take_each(&workflow::CONFIRM, bulk, answer, judge, steps::confirm_all, queries::find_all).await
}

/// Add recipients to a gift
///
/// Known households of a gift to many or to the whole village: by the village and its commune at any time, by the
/// recorder and the giving unit while the gift is `recorded`. Its status stays. Not more than `households_count` (422
/// `more_than`).
#[operation(post "/gifts/{id}/recipients")]
pub async fn add_gift_recipients(
    may: May<RecordSupport>,
    id: Id<GiftId>,
    if_match: IfMatch,
    added: Valid<GiftRecipients>,
) -> Result<Found<Gift>> {
    may.act_with(id, if_match, added, names::add_recipients, queries::find).await
}

/// Remove a recipient of a gift
///
/// By those who may add one. `If-Match` is compared where it is sent.
#[operation(delete "/gifts/{id}/recipients/{household_id}")]
pub async fn remove_gift_recipient(
    may: May<RecordSupport>,
    id: Id<GiftId>,
    home: PartId<HouseholdId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    may.remove_part(id, home, if_match, names::remove_recipient, queries::find).await
}

/// Link a listed item
///
/// Makes the gift meet an approved item of a household that it names, in place of the one that the service chose. By
/// those who may add recipients; the status of the gift stays, and the item of a confirmed gift becomes `helped`.
#[operation(post "/gifts/{id}/link")]
pub async fn link_gift(
    may: May<RecordSupport>,
    id: Id<GiftId>,
    if_match: IfMatch,
    item: Valid<GiftItem>,
) -> Result<Found<Gift>> {
    may.act_with(id, if_match, item, names::link, queries::find).await
}

/// Unlink a listed item
///
/// The gift meets it no longer, and the service chooses no other for this household.
#[operation(post "/gifts/{id}/unlink")]
pub async fn unlink_gift(
    may: May<RecordSupport>,
    id: Id<GiftId>,
    if_match: IfMatch,
    item: Valid<GiftItem>,
) -> Result<Found<Gift>> {
    may.act_with(id, if_match, item, names::unlink, queries::find).await
}
