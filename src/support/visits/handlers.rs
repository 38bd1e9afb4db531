use actix_web::web::{Data, Json};
use actix_web::{delete, get, patch, post};

use super::model::{NewVisit, TABLE, Visit, VisitChanges, VisitFilter, VisitSort};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::{ReadSupport, RecordSupport};
use crate::access::reach::reads_much;
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::Target;
use crate::kernel::extract::{Id, IfMatch, Query, Valid};
use crate::kernel::id::VisitId;
use crate::kernel::page::{Page, keyset};
use crate::kernel::problem::Result;
use crate::kernel::secrets::Secrets;

/// List visits
///
/// To the caller's places, and those of the caller's own organisation, each with its gifts; the latest
/// first.
#[utoipa::path(tag = "visits", security(("bearer" = ["support:read"])), params(VisitFilter), responses((status = 200, body = Page<Visit>)))]
#[get("/visits")]
pub async fn list_visits(
    may: May<ReadSupport>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    filter: Query<VisitFilter>,
) -> Result<Json<Page<Visit>>> {
    let Query(filter) = filter;
    let keyset = keyset!(filter, secrets, [village_id, twinning_id, organisation_id, from, to], VisitSort::FIELDS);
    let actor = may.actor.clone();
    let much = reads_much(&may.actor, &keyset, false);
    db.look(&may.actor, much, move |conn| queries::list(conn, &actor, &filter, keyset, &secrets)).await.map(Json)
}

/// Record a visit
///
/// With the gifts that were handed over, all or nothing: one wrong gift, named by its pointer
/// (`#/gifts/2/value_vnd`), and nothing is written. Gifts take twinning, village and day from the
/// visit. By the unit that came; a commune records for units that have no account.
#[utoipa::path(tag = "visits", security(("bearer" = ["support:record"])), request_body = NewVisit, responses((status = 201, body = Visit)))]
#[post("/visits")]
pub async fn create_visit(may: May<RecordSupport>, db: Data<Db>, new: Valid<NewVisit>) -> Result<Created<Visit>> {
    let (actor, reader) = (may.actor.clone(), may.actor.clone());
    let create = move |conn: &mut _, id, new| queries::create(conn, &actor, id, new);
    db.create(&may.actor, TABLE, new, create, move |conn, id| queries::find(conn, &reader, id)).await
}

/// Find one visit
///
/// With its gifts as they stand now.
#[utoipa::path(tag = "visits", security(("bearer" = ["support:read"])), params(("id" = VisitId, Path)), responses((status = 200, body = Visit)))]
#[get("/visits/{id}")]
pub async fn find_visit(may: May<ReadSupport>, db: Data<Db>, id: Id<VisitId>) -> Result<Found<Visit>> {
    let actor = may.actor.clone();
    db.read(&may.actor, move |conn| queries::find(conn, &actor, id.0.into())).await.map(Found)
}

/// Change a visit
///
/// By whoever recorded it and the unit that came; anybody else is 403. The day changes only while the
/// visit has no gifts (409 `in_use`), which are changed on their own.
#[utoipa::path(tag = "visits", security(("bearer" = ["support:record"])), params(("id" = VisitId, Path)), request_body = VisitChanges,
    responses((status = 200, body = Visit)))]
#[patch("/visits/{id}")]
pub async fn update_visit(
    may: May<RecordSupport>,
    db: Data<Db>,
    id: Id<VisitId>,
    if_match: IfMatch,
    changes: Valid<VisitChanges>,
) -> Result<Found<Visit>> {
    let (actor, reader) = (may.actor.clone(), may.actor.clone());
    let find = move |conn: &mut _, id| queries::find(conn, &reader, id);
    let apply = move |conn: &mut _, id| queries::update(conn, &actor, id, &changes);
    db.change(&may.actor, Target::new(TABLE, id.0, if_match), find, apply).await
}

/// Delete a visit
///
/// By whoever recorded it and the unit that came, once it has no gifts (else 409 `in_use`).
#[utoipa::path(tag = "visits", security(("bearer" = ["support:record"])), params(("id" = VisitId, Path)), responses((status = 204)))]
#[delete("/visits/{id}")]
pub async fn delete_visit(
    may: May<RecordSupport>,
    db: Data<Db>,
    id: Id<VisitId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    let (actor, reader) = (may.actor.clone(), may.actor.clone());
    let find = move |conn: &mut _, id| queries::find(conn, &reader, id);
    let check = move |conn: &mut _, visit: &Visit| queries::check_recorders_side(conn, &actor, visit);
    db.delete(&may.actor, Target::new(TABLE, id.0, if_match), find, check).await
}
