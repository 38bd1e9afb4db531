use actix_web::web::{Data, Json};
use actix_web::{delete, get, patch, post};

use super::model::{NewTwinning, TABLE, Twinning, TwinningChanges, TwinningFilter, TwinningSort};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::{ReadTwinnings, WriteTwinnings};
use crate::access::reach::reads_much;
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::Target;
use crate::kernel::extract::{Id, IfMatch, Query, Valid};
use crate::kernel::id::TwinningId;
use crate::kernel::page::{Page, keyset};
use crate::kernel::problem::Result;
use crate::kernel::secrets::Secrets;

/// List twinnings
///
/// Those with one end in the caller's area, and those of the caller's own organisation and of the
/// villages it stands by; the newest first.
#[utoipa::path(tag = "twinnings", security(("bearer" = ["twinnings:read"])), params(TwinningFilter), responses((status = 200, body = Page<Twinning>)))]
#[get("/twinnings")]
pub async fn list_twinnings(
    may: May<ReadTwinnings>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    filter: Query<TwinningFilter>,
) -> Result<Json<Page<Twinning>>> {
    let Query(filter) = filter;
    let keyset =
        keyset!(filter, secrets, [locality_id, organisation_id, programme_id, active_on, status], TwinningSort::FIELDS);
    let actor = may.actor.clone();
    let much = reads_much(&may.actor, &keyset, false);
    db.look(&may.actor, much, move |conn| queries::list(conn, &actor, &filter, keyset, &secrets)).await.map(Json)
}

/// Add a twinning
///
/// With a village, commune or district of the caller's area. The organisation may come from anywhere;
/// with a commune or district it stands by all of its villages.
#[utoipa::path(tag = "twinnings", security(("bearer" = ["twinnings:write"])), request_body = NewTwinning, responses((status = 201, body = Twinning)))]
#[post("/twinnings")]
pub async fn create_twinning(
    may: May<WriteTwinnings>,
    db: Data<Db>,
    new: Valid<NewTwinning>,
) -> Result<Created<Twinning>> {
    db.create(&may.actor, TABLE, new, queries::create, queries::find).await
}

/// Find one twinning
#[utoipa::path(tag = "twinnings", security(("bearer" = ["twinnings:read"])), params(("id" = TwinningId, Path)), responses((status = 200, body = Twinning)))]
#[get("/twinnings/{id}")]
pub async fn find_twinning(may: May<ReadTwinnings>, db: Data<Db>, id: Id<TwinningId>) -> Result<Found<Twinning>> {
    db.read(&may.actor, move |conn| queries::find(conn, id.0.into())).await.map(Found)
}

/// Change a twinning
///
/// Programme, organisation and place stay: for another one, end this twinning and add a new one.
#[utoipa::path(tag = "twinnings", security(("bearer" = ["twinnings:write"])), params(("id" = TwinningId, Path)), request_body = TwinningChanges,
    responses((status = 200, body = Twinning)))]
#[patch("/twinnings/{id}")]
pub async fn update_twinning(
    may: May<WriteTwinnings>,
    db: Data<Db>,
    id: Id<TwinningId>,
    if_match: IfMatch,
    changes: Valid<TwinningChanges>,
) -> Result<Found<Twinning>> {
    let target = Target::new(TABLE, id.0, if_match);
    db.change(&may.actor, target, queries::find, move |conn, id| queries::update(conn, id, &changes)).await
}

/// Delete a twinning
///
/// Only one that nothing was recorded under; otherwise give it an `ends_on`.
#[utoipa::path(tag = "twinnings", security(("bearer" = ["twinnings:write"])), params(("id" = TwinningId, Path)), responses((status = 204)))]
#[delete("/twinnings/{id}")]
pub async fn delete_twinning(
    may: May<WriteTwinnings>,
    db: Data<Db>,
    id: Id<TwinningId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.delete(&may.actor, Target::new(TABLE, id.0, if_match), queries::find, |_, _| Ok(())).await
}
