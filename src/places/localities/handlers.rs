use actix_web::web::{Data, Json};
use actix_web::{delete, get, patch, post};

use super::model::{
    ChildrenFilter, Locality, LocalityChanges, LocalityFilter, LocalityHistory, LocalitySort, NewLocality, TABLE,
};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::{ReadLocalities, WriteVillages};
use crate::access::reach::reads_much;
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::Target;
use crate::kernel::extract::{Id, IfMatch, Query, Valid};
use crate::kernel::id::LocalityId;
use crate::kernel::page::{Page, keyset};
use crate::kernel::problem::Result;
use crate::kernel::secrets::Secrets;

/// List places
///
/// Provinces, districts and communes are seen by everybody, villages by those they concern. Without
/// `as_of` the places of today, in Vietnamese order.
#[utoipa::path(tag = "localities", security(("bearer" = ["localities:read"])), params(LocalityFilter), responses((status = 200, body = Page<Locality>)))]
#[get("/localities")]
pub async fn list_localities(
    may: May<ReadLocalities>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    filter: Query<LocalityFilter>,
) -> Result<Json<Page<Locality>>> {
    let Query(filter) = filter;
    let keyset = keyset!(filter, secrets, [level, parent_id, code, q, as_of, twinned], LocalitySort::FIELDS);
    let much = reads_much(&may.actor, &keyset, filter.q.is_some());
    db.look(&may.actor, much, move |conn| queries::list(conn, &filter, keyset, &secrets)).await.map(Json)
}

/// Add a village
///
/// To a commune of the caller's area. A commune that has ended is followed to its successor where that
/// is certain; where it was split, `current_parent_id` says where the village lies now, and without it
/// the village lies directly under its province.
#[utoipa::path(tag = "localities", security(("bearer" = ["villages:write"])), request_body = NewLocality, responses((status = 201, body = Locality)))]
#[post("/localities")]
pub async fn create_locality(
    may: May<WriteVillages>,
    db: Data<Db>,
    new: Valid<NewLocality>,
) -> Result<Created<Locality>> {
    db.create(&may.actor, TABLE, new, queries::create, queries::find).await
}

/// Find one place
///
/// As it is today, or was on its last day.
#[utoipa::path(tag = "localities", security(("bearer" = ["localities:read"])), params(("id" = LocalityId, Path)), responses((status = 200, body = Locality)))]
#[get("/localities/{id}")]
pub async fn find_locality(may: May<ReadLocalities>, db: Data<Db>, id: Id<LocalityId>) -> Result<Found<Locality>> {
    db.read(&may.actor, move |conn| queries::find(conn, id.0.into())).await.map(Found)
}

/// Change a village
///
/// Provinces, districts and communes are changed by law, not here: 403.
#[utoipa::path(tag = "localities", security(("bearer" = ["villages:write"])), params(("id" = LocalityId, Path)), request_body = LocalityChanges,
    responses((status = 200, body = Locality)))]
#[patch("/localities/{id}")]
pub async fn update_locality(
    may: May<WriteVillages>,
    db: Data<Db>,
    id: Id<LocalityId>,
    if_match: IfMatch,
    changes: Valid<LocalityChanges>,
) -> Result<Found<Locality>> {
    let target = Target::new(TABLE, id.0, if_match);
    db.change(&may.actor, target, queries::find, move |conn, id| queries::update(conn, id, &changes)).await
}

/// Delete a village
///
/// Only one that nothing was recorded in.
#[utoipa::path(tag = "localities", security(("bearer" = ["villages:write"])), params(("id" = LocalityId, Path)), responses((status = 204)))]
#[delete("/localities/{id}")]
pub async fn delete_locality(
    may: May<WriteVillages>,
    db: Data<Db>,
    id: Id<LocalityId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.delete(&may.actor, Target::new(TABLE, id.0, if_match), queries::find, queries::check_deletable).await
}

/// List the places in a place
///
/// Directly in it: the districts of a province, the communes of a district or province, the villages
/// of a commune.
#[utoipa::path(tag = "localities", security(("bearer" = ["localities:read"])), params(("id" = LocalityId, Path), ChildrenFilter),
    responses((status = 200, body = Page<Locality>)))]
#[get("/localities/{id}/children")]
pub async fn list_locality_children(
    may: May<ReadLocalities>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    id: Id<LocalityId>,
    filter: Query<ChildrenFilter>,
) -> Result<Json<Page<Locality>>> {
    let filter = filter.0.of(id.0);
    let keyset = keyset!(filter, secrets, [parent_id, as_of], LocalitySort::FIELDS);
    db.read(&may.actor, move |conn| {
        queries::find(conn, id.0.into())?;
        queries::list(conn, &filter, keyset, &secrets)
    })
    .await
    .map(Json)
}

/// The life of a place
///
/// What it was called and where it lay from day to day, what it came from and what it became.
#[utoipa::path(tag = "localities", security(("bearer" = ["localities:read"])), params(("id" = LocalityId, Path)),
    responses((status = 200, body = LocalityHistory)))]
#[get("/localities/{id}/history")]
pub async fn find_locality_history(
    may: May<ReadLocalities>,
    db: Data<Db>,
    id: Id<LocalityId>,
) -> Result<Json<LocalityHistory>> {
    db.read(&may.actor, move |conn| queries::history(conn, id.0.into())).await.map(Json)
}
