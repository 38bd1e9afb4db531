use actix_web::web::Data;
use actix_web::{delete, get, post};

use super::model::{HardshipItem, HardshipItemFilter, HardshipItemSort, NewPledge, PLEDGES, Pledge};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::{ReadHardshipLists, WritePledges};
use crate::access::reach::reads_much;
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::Target;
use crate::kernel::extract::{Id, IfMatch, Query, Valid};
use crate::kernel::id::{HardshipItemId, PledgeId};
use crate::kernel::page::{Page, keyset};
use crate::kernel::problem::Result;
use crate::kernel::secrets::{Secrets, sha256};
use crate::kernel::sheet::{Accepts, Listed};

/// List listed households
///
/// Those of approved lists, the oldest first: with `unhelped_days=30`, who was listed a month ago and
/// got nothing. `Accept: text/csv` or `format=csv` gives the whole filtered list for Excel, without `limit`
/// and `cursor`; over 10,000 rows is 422 `too_many_rows`.
#[utoipa::path(tag = "hardship-items", security(("bearer" = ["hardship_lists:read"])), params(HardshipItemFilter),
    responses((status = 200, content((Page<HardshipItem> = "application/json"), (String = "text/csv")))))]
#[get("/hardship-items")]
pub async fn list_hardship_items(
    may: May<ReadHardshipLists>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    accepts: Accepts,
    filter: Query<HardshipItemFilter>,
) -> Result<Listed<HardshipItem>> {
    let Query(filter) = filter;
    let format = accepts.unless(filter.format);
    let keyset =
        keyset!(filter, secrets, [village_id, status, unhelped_days], HardshipItemSort::FIELDS).shaped(format)?;
    let actor = may.actor.clone();
    let much = reads_much(&may.actor, &keyset, false);
    let page = db.look(&may.actor, much, move |conn| queries::list(conn, &actor, &filter, keyset, &secrets)).await?;
    Listed::of(page, format)
}

/// Find one listed household
#[utoipa::path(tag = "hardship-items", security(("bearer" = ["hardship_lists:read"])),
    params(("id" = HardshipItemId, Path)), responses((status = 200, body = HardshipItem)))]
#[get("/hardship-items/{id}")]
pub async fn find_hardship_item(
    may: May<ReadHardshipLists>,
    db: Data<Db>,
    id: Id<HardshipItemId>,
) -> Result<Found<HardshipItem>> {
    db.read(&may.actor, move |conn| queries::find(conn, id.0.into())).await.map(Found)
}

/// Pledge to help a listed household
///
/// By a unit that is twinned with the village today, on a list that is approved; the item becomes
/// `pledged`. One pledge of a unit for an item: a second is 409 `pledge_exists`.
#[utoipa::path(tag = "pledges", security(("bearer" = ["pledges:write"])), params(("id" = HardshipItemId, Path)),
    request_body = NewPledge, responses((status = 201, body = Pledge)))]
#[post("/hardship-items/{id}/pledges")]
pub async fn create_pledge(
    may: May<WritePledges>,
    db: Data<Db>,
    item: Id<HardshipItemId>,
    new: Valid<NewPledge>,
) -> Result<Created<Pledge>> {
    let actor = may.actor.clone();
    // The same promise for another item is another request, though the bodies are equal.
    let mut new = new;
    new.hash = sha256(&[item.0.0.as_bytes().as_slice(), &new.hash].concat());
    db.create(
        &may.actor,
        PLEDGES,
        new,
        move |conn, id, new| queries::create_pledge(conn, &actor, item.0.into(), id, new),
        queries::find_pledge,
    )
    .await
}

/// Find one pledge
#[utoipa::path(tag = "pledges", security(("bearer" = ["hardship_lists:read"])), params(("id" = PledgeId, Path)),
    responses((status = 200, body = Pledge)))]
#[get("/pledges/{id}")]
pub async fn find_pledge(may: May<ReadHardshipLists>, db: Data<Db>, id: Id<PledgeId>) -> Result<Found<Pledge>> {
    db.read(&may.actor, move |conn| queries::find_pledge(conn, id.0.into())).await.map(Found)
}

/// Withdraw a pledge
///
/// By the unit that made it; the item is `open` again if no other pledge or confirmed gift stands.
#[utoipa::path(tag = "pledges", security(("bearer" = ["pledges:write"])), params(("id" = PledgeId, Path)),
    responses((status = 204)))]
#[delete("/pledges/{id}")]
pub async fn delete_pledge(
    may: May<WritePledges>,
    db: Data<Db>,
    id: Id<PledgeId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.delete(&may.actor, Target::new(PLEDGES, id.0, if_match), queries::find_pledge, |_, _| Ok(())).await
}
