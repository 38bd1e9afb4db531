use actix_web::web::Data;
use actix_web::{delete, get, patch, post};

use super::model::{Gift, GiftChanges, GiftDispute, GiftFilter, GiftSettlement, GiftSort, NewGift, TABLE};
use super::queries::{self, StepNotes};
use super::workflow::GiftStep;
use crate::access::actor::May;
use crate::access::policy::permission::{ConfirmGifts, ReadSupport, RecordSupport, SettleGifts};
use crate::access::reach::reads_much;
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::Target;
use crate::kernel::extract::{Id, IfMatch, NoInput, Query, Step, Valid};
use crate::kernel::id::GiftId;
use crate::kernel::page::{Page, keyset};
use crate::kernel::problem::Result;
use crate::kernel::secrets::Secrets;
use crate::kernel::sheet::{Accepts, Listed};

/// List gifts
///
/// Of the caller's places, and those that the caller's own organisation gave; the latest first.
/// `Accept: text/csv` or `format=csv` gives the whole filtered list for Excel, without `limit` and
/// `cursor`; over 10,000 rows is 422 `too_many_rows`.
#[utoipa::path(tag = "gifts", security(("bearer" = ["support:read"])), params(GiftFilter), responses((status = 200, content((Page<Gift> = "application/json"), (String = "text/csv")))))]
#[get("/gifts")]
pub async fn list_gifts(
    may: May<ReadSupport>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    accepts: Accepts,
    filter: Query<GiftFilter>,
) -> Result<Listed<Gift>> {
    let Query(filter) = filter;
    let format = accepts.unless(filter.format);
    let keyset = keyset!(
        filter,
        secrets,
        [village_id, household_id, twinning_id, organisation_id, status, category, from, to],
        GiftSort::FIELDS
    )
    .shaped(format)?;
    let actor = may.actor.clone();
    let much = reads_much(&may.actor, &keyset, false);
    let page = db.look(&may.actor, much, move |conn| queries::list(conn, &actor, &filter, keyset, &secrets)).await?;
    Listed::of(page, format)
}

/// Record a gift
///
/// By the unit that gave; a commune records for units that have no account. A unit names only
/// households it sees, which are those on approved lists; anything else is a gift to the village, with
/// a note. With a visit, send the gifts inside it instead: one request, all or nothing.
#[utoipa::path(tag = "gifts", security(("bearer" = ["support:record"])), request_body = NewGift, responses((status = 201, body = Gift)))]
#[post("/gifts")]
pub async fn create_gift(may: May<RecordSupport>, db: Data<Db>, new: Valid<NewGift>) -> Result<Created<Gift>> {
    let (actor, reader) = (may.actor.clone(), may.actor.clone());
    let create = move |conn: &mut _, id, new| queries::create(conn, &actor, id, new);
    db.create(&may.actor, TABLE, new, create, move |conn, id| queries::find(conn, &reader, id)).await
}

/// Find one gift
///
/// `allowed_actions` says what the caller can do with it.
#[utoipa::path(tag = "gifts", security(("bearer" = ["support:read"])), params(("id" = GiftId, Path)), responses((status = 200, body = Gift)))]
#[get("/gifts/{id}")]
pub async fn find_gift(may: May<ReadSupport>, db: Data<Db>, id: Id<GiftId>) -> Result<Found<Gift>> {
    let actor = may.actor.clone();
    db.read(&may.actor, move |conn| queries::find(conn, &actor, id.0.into())).await.map(Found)
}

/// Change a gift
///
/// While it is `recorded`, those who recorded it and the unit that gave change it freely. After that
/// only the commune does, with a `reason`; the gift is then `recorded` again and waits for a new
/// confirmation. Anybody else is 403.
#[utoipa::path(tag = "gifts", security(("bearer" = ["support:record"])), params(("id" = GiftId, Path)), request_body = GiftChanges,
    responses((status = 200, body = Gift)))]
#[patch("/gifts/{id}")]
pub async fn update_gift(
    may: May<RecordSupport>,
    db: Data<Db>,
    id: Id<GiftId>,
    if_match: IfMatch,
    changes: Valid<GiftChanges>,
) -> Result<Found<Gift>> {
    let (actor, reader) = (may.actor.clone(), may.actor.clone());
    let find = move |conn: &mut _, id| queries::find(conn, &reader, id);
    let apply = move |conn: &mut _, id| queries::update(conn, &actor, id, changes.into_inner());
    db.change(&may.actor, Target::new(TABLE, id.0, if_match), find, apply).await
}

/// Delete a gift
///
/// By those who recorded it and the unit that gave, while it is `recorded`.
#[utoipa::path(tag = "gifts", security(("bearer" = ["support:record"])), params(("id" = GiftId, Path)), responses((status = 204)))]
#[delete("/gifts/{id}")]
pub async fn delete_gift(
    may: May<RecordSupport>,
    db: Data<Db>,
    id: Id<GiftId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    let (actor, reader) = (may.actor.clone(), may.actor.clone());
    let find = move |conn: &mut _, id| queries::find(conn, &reader, id);
    let check = move |conn: &mut _, gift: &Gift| queries::check_deletable(conn, &actor, gift);
    db.delete(&may.actor, Target::new(TABLE, id.0, if_match), find, check).await
}

/// Confirm that a gift arrived
///
/// By the village that received it, or its commune, and of the version that was read (If-Match); never by the
/// user who recorded it, nor through an account that the one made or reset for the other in the last days (`TWO_PERSON_DAYS`, 30;
/// 403 `own_submission`). A listed item that the gift points at is `helped` from now on.
#[utoipa::path(tag = "gifts", security(("bearer" = ["gifts:confirm"])), params(("id" = GiftId, Path)), responses((status = 200, body = Gift)))]
#[post("/gifts/{id}/confirm")]
pub async fn confirm_gift(
    may: May<ConfirmGifts>,
    db: Data<Db>,
    id: Id<GiftId>,
    if_match: IfMatch,
    body: Step<NoInput>,
) -> Result<Found<Gift>> {
    let actor = may.actor.clone();
    let call = GiftStep::Confirm.call(if_match, body.into_inner().hash);
    db.write(&may.actor, move |conn| {
        queries::take_step(conn, &actor, id.0.into(), GiftStep::Confirm, StepNotes::default(), &call)
    })
    .await
    .map(Found)
}

/// Dispute a gift
///
/// By the village that should have received it, or its commune. It is not counted until the commune
/// settles the dispute.
#[utoipa::path(tag = "gifts", security(("bearer" = ["gifts:confirm"])), params(("id" = GiftId, Path)), request_body = GiftDispute,
    responses((status = 200, body = Gift)))]
#[post("/gifts/{id}/dispute")]
pub async fn dispute_gift(
    may: May<ConfirmGifts>,
    db: Data<Db>,
    id: Id<GiftId>,
    if_match: IfMatch,
    body: Valid<GiftDispute>,
) -> Result<Found<Gift>> {
    let actor = may.actor.clone();
    let call = GiftStep::Dispute.call(if_match, body.hash.clone());
    db.write(&may.actor, move |conn| {
        let notes = StepNotes { dispute_reason: Some(body.reason.clone()), settlement_note: Some(None) };
        queries::take_step(conn, &actor, id.0.into(), GiftStep::Dispute, notes, &call)
    })
    .await
    .map(Found)
}

/// Settle a dispute
///
/// By the commune, of the version that was read (If-Match): `delivered` confirms the gift, `not_delivered` ends
/// it, and it is never counted. Not by the user who recorded it, as with confirming.
#[utoipa::path(tag = "gifts", security(("bearer" = ["gifts:settle"])), params(("id" = GiftId, Path)), request_body = GiftSettlement,
    responses((status = 200, body = Gift)))]
#[post("/gifts/{id}/settle")]
pub async fn settle_gift(
    may: May<SettleGifts>,
    db: Data<Db>,
    id: Id<GiftId>,
    if_match: IfMatch,
    body: Valid<GiftSettlement>,
) -> Result<Found<Gift>> {
    let actor = may.actor.clone();
    let step = GiftStep::Settle(body.resolution);
    let call = step.call(if_match, body.hash.clone());
    db.write(&may.actor, move |conn| {
        let notes = StepNotes { dispute_reason: None, settlement_note: Some(Some(body.note.clone())) };
        queries::take_step(conn, &actor, id.0.into(), step, notes, &call)
    })
    .await
    .map(Found)
}
