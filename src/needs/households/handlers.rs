use actix_web::web::{Data, Json};
use actix_web::{delete, get, patch, post};

use super::model::{
    Household, HouseholdChanges, HouseholdFilter, HouseholdSecrets, HouseholdSort, NewHousehold, TABLE,
};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::{ReadHouseholds, RevealHouseholds, WriteHouseholds};
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::Target;
use crate::kernel::extract::{Id, IfMatch, Query, Valid};
use crate::kernel::id::HouseholdId;
use crate::kernel::page::{Page, keyset};
use crate::kernel::problem::Result;
use crate::kernel::secrets::Secrets;
use crate::kernel::sheet::{Accepts, Listed};

/// List households
///
/// Village heads see those of their village, officials all below, units those on approved lists of
/// their villages, without phone and identity number. `Accept: text/csv` or `format=csv` gives the whole
/// filtered list for Excel, without `limit` and `cursor`; over 10,000 rows is 422 `too_many_rows`.
#[utoipa::path(tag = "households", security(("bearer" = ["households:read"])), params(HouseholdFilter),
    responses((status = 200, content((Page<Household> = "application/json"), (String = "text/csv")))))]
#[get("/households")]
pub async fn list_households(
    may: May<ReadHouseholds>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    accepts: Accepts,
    filter: Query<HouseholdFilter>,
) -> Result<Listed<Household>> {
    let Query(filter) = filter;
    let format = accepts.unless(filter.format);
    let sorts = &[
        ("head_name", HouseholdSort::HeadName),
        ("created_at", HouseholdSort::CreatedAt),
        ("updated_at", HouseholdSort::UpdatedAt),
    ];
    let keyset = keyset!(
        filter,
        secrets,
        [village_id, poverty_status, ethnic_group, special_hardship, status, possible_duplicate, q],
        sorts
    )
    .shaped(format)?;
    let page = db.read(&may.actor, move |conn| queries::list(conn, &filter, keyset, &secrets)).await?;
    Listed::of(page, format)
}

/// Register a household
///
/// In a village of the caller's area. `poverty_status` becomes the assessment of the current year. A
/// likely duplicate is created all the same, and named in `warnings`.
#[utoipa::path(tag = "households", security(("bearer" = ["households:write"])), request_body = NewHousehold,
    responses((status = 201, body = Household)))]
#[post("/households")]
pub async fn create_household(
    may: May<WriteHouseholds>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    new: Valid<NewHousehold>,
) -> Result<Created<Household>> {
    let (actor, keys) = (may.actor.clone(), secrets.clone());
    db.create(
        &may.actor,
        TABLE,
        new,
        move |conn, id, new| queries::create(conn, &actor, &keys, id, &new),
        move |conn, id| {
            let mut household = queries::find(conn, &secrets, id)?;
            household.warnings = queries::warnings(conn, id)?;
            Ok(household)
        },
    )
    .await
}

/// Find one household
#[utoipa::path(tag = "households", security(("bearer" = ["households:read"])), params(("id" = HouseholdId, Path)),
    responses((status = 200, body = Household)))]
#[get("/households/{id}")]
pub async fn find_household(
    may: May<ReadHouseholds>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    id: Id<HouseholdId>,
) -> Result<Found<Household>> {
    db.read(&may.actor, move |conn| queries::find(conn, &secrets, id.0.into())).await.map(Found)
}

/// Change a household
///
/// `poverty_status`, `deprivations` and `poverty_causes` write the assessment of the current year. A
/// member with gifts cannot be left out: 409 `member_in_use`.
#[utoipa::path(tag = "households", security(("bearer" = ["households:write"])), params(("id" = HouseholdId, Path)),
    request_body = HouseholdChanges, responses((status = 200, body = Household)))]
#[patch("/households/{id}")]
pub async fn update_household(
    may: May<WriteHouseholds>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    id: Id<HouseholdId>,
    if_match: IfMatch,
    changes: Valid<HouseholdChanges>,
) -> Result<Found<Household>> {
    let (actor, keys) = (may.actor.clone(), secrets.clone());
    db.change(
        &may.actor,
        Target::new(TABLE, id.0, if_match),
        move |conn, id| queries::find(conn, &secrets, id),
        move |conn, id| queries::update(conn, &actor, &keys, id, changes.into_inner()),
    )
    .await
}

/// Delete a household
///
/// Only one that is on no list and received nothing; otherwise change its `status`.
#[utoipa::path(tag = "households", security(("bearer" = ["households:write"])), params(("id" = HouseholdId, Path)),
    responses((status = 204)))]
#[delete("/households/{id}")]
pub async fn delete_household(
    may: May<WriteHouseholds>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    id: Id<HouseholdId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    let target = Target::new(TABLE, id.0, if_match);
    db.delete(&may.actor, target, move |conn, id| queries::find(conn, &secrets, id), |_, _| Ok(())).await
}

/// Read identity number and phone in full
///
/// For officials and the village head; every call is written to the audit.
#[utoipa::path(tag = "households", security(("bearer" = ["households:reveal"])), params(("id" = HouseholdId, Path)),
    responses((status = 200, body = HouseholdSecrets)))]
#[post("/households/{id}/reveal")]
pub async fn reveal_household(
    may: May<RevealHouseholds>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    id: Id<HouseholdId>,
) -> Result<Json<HouseholdSecrets>> {
    db.write(&may.actor, move |conn| queries::reveal(conn, &secrets, id.0.into())).await.map(Json)
}
