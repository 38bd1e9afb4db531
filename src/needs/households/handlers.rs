use actix_web::web::{Data, Json};
use actix_web::{delete, get, patch, post};

use super::history::{self, HouseholdHistoryEntry, HouseholdHistoryFilter, HouseholdHistorySort};
use super::model::{
    Household, HouseholdChanges, HouseholdFilter, HouseholdMerge, HouseholdSecrets, HouseholdSort, NewHousehold, TABLE,
};
use super::{merge, queries, warnings};
use crate::access::actor::May;
use crate::access::policy::permission::{ReadHouseholds, RevealHouseholds, WriteHouseholds};
use crate::access::reach::reads_much;
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::Target;
use crate::kernel::extract::{Id, IfMatch, NoInput, Query, Step, Valid};
use crate::kernel::id::HouseholdId;
use crate::kernel::page::{Keyset, Page, PageRequest, keyset};
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
    let keyset = keyset!(
        filter,
        secrets,
        [village_id, poverty_status, ethnic_group, special_hardship, status, possible_duplicate, q],
        HouseholdSort::FIELDS
    )
    .shaped(format)?;
    let actor = may.actor.clone();
    let much = reads_much(&may.actor, &keyset, filter.q.is_some());
    let page = db.look(&may.actor, much, move |conn| queries::list(conn, &actor, &filter, keyset, &secrets)).await?;
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
            household.warnings = warnings::of(conn, id)?;
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
/// member with gifts cannot be left out: 409 `member_in_use`. A household that leaves is `moved_away` or
/// `dissolved`; it comes back by `active`. `village_id` moves it to another village of the commune, with its
/// history; into another commune it is `moved_away` here and registered anew there. What looks like another
/// household afterwards is named in `warnings`.
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
    let look = warnings::may_arise_from(&changes);
    db.change(
        &may.actor,
        Target::new(TABLE, id.0, if_match),
        move |conn, id| {
            let mut household = queries::find(conn, &secrets, id)?;
            if look {
                household.warnings = warnings::of(conn, id)?;
            }
            Ok(household)
        },
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
    _: Step<NoInput>,
) -> Result<Json<HouseholdSecrets>> {
    db.write(&may.actor, move |conn| queries::reveal(conn, &secrets, id.0.into())).await.map(Json)
}

/// Merge a household into another
///
/// When the same home was entered twice. Members, gifts, visits, listed items, pledges and assessments go
/// over to `into`, which is the answer; the one in the path is deleted, and the history of `into` names it.
/// Two items on one list become one, and so do two pledges of one organisation for it. Where both say
/// something, `into` stands: phone and identity number, an assessment of the same year (the other one stays
/// in the history). Members are one person only where that is certain. What the commune has approved, or a
/// gift that was answered, moves by the commune alone (409 `decided`). Two households with different identity
/// numbers are two. The same caller sending it again gets 200.
#[utoipa::path(tag = "households", security(("bearer" = ["households:write"])), params(("id" = HouseholdId, Path)),
    request_body = HouseholdMerge, responses((status = 200, body = Household)))]
#[post("/households/{id}/merge")]
pub async fn merge_household(
    may: May<WriteHouseholds>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    id: Id<HouseholdId>,
    if_match: IfMatch,
    body: Valid<HouseholdMerge>,
) -> Result<Found<Household>> {
    let actor = may.actor.clone();
    let target = Target::new(TABLE, id.0, if_match);
    db.write(&may.actor, move |conn| merge::merge(conn, &actor, &secrets, &target, body.into)).await.map(Found)
}

/// Read the history of a household
///
/// Its assessments year by year, and when it was registered, moved, changed its status, was merged with
/// another record or changed otherwise: by whom, and which fields, never their values. Units read
/// assessments, moves, statuses and merges of the households they see, without names of people.
#[utoipa::path(tag = "households", security(("bearer" = ["households:read"])),
    params(("id" = HouseholdId, Path), HouseholdHistoryFilter), responses((status = 200, body = Page<HouseholdHistoryEntry>)))]
#[get("/households/{id}/history")]
pub async fn list_household_history(
    may: May<ReadHouseholds>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    id: Id<HouseholdId>,
    filter: Query<HouseholdHistoryFilter>,
) -> Result<Json<Page<HouseholdHistoryEntry>>> {
    let request = PageRequest {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        sort: filter.sort.as_deref(),
        count: filter.count,
        // A cursor of one household's history is none of another's.
        filter: format!("household_history {}", id.0),
    };
    let keyset = Keyset::new(request, &secrets, HouseholdHistorySort::FIELDS)?;
    db.read(&may.actor, move |conn| history::list(conn, id.0, keyset, &secrets)).await.map(Json)
}
