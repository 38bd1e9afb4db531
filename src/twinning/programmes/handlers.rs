use actix_web::web::{Data, Json};
use actix_web::{delete, get, patch, post};

use super::model::{NewProgramme, Programme, ProgrammeChanges, ProgrammeFilter, ProgrammeSort, TABLE};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::{ReadProgrammes, WriteProgrammes};
use crate::access::reach::reads_much;
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::Target;
use crate::kernel::extract::{Id, IfMatch, Query, Valid};
use crate::kernel::id::ProgrammeId;
use crate::kernel::page::{Page, keyset};
use crate::kernel::problem::Result;
use crate::kernel::secrets::Secrets;

/// List programmes
///
/// Public to everybody signed in; the newest first.
#[utoipa::path(tag = "programmes", security(("bearer" = ["programmes:read"])), params(ProgrammeFilter), responses((status = 200, body = Page<Programme>)))]
#[get("/programmes")]
pub async fn list_programmes(
    may: May<ReadProgrammes>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    filter: Query<ProgrammeFilter>,
) -> Result<Json<Page<Programme>>> {
    let Query(filter) = filter;
    let keyset = keyset!(filter, secrets, [q, kind, locality_id, active_on], ProgrammeSort::FIELDS);
    let much = reads_much(&may.actor, &keyset, filter.q.is_some());
    db.look(&may.actor, much, move |conn| queries::list(conn, &filter, keyset, &secrets)).await.map(Json)
}

/// Add a programme
///
/// For a place of the caller's area: communes have programmes of their own.
#[utoipa::path(tag = "programmes", security(("bearer" = ["programmes:write"])), request_body = NewProgramme, responses((status = 201, body = Programme)))]
#[post("/programmes")]
pub async fn create_programme(
    may: May<WriteProgrammes>,
    db: Data<Db>,
    new: Valid<NewProgramme>,
) -> Result<Created<Programme>> {
    db.create(&may.actor, TABLE, new, queries::create, queries::find).await
}

/// Find one programme
#[utoipa::path(tag = "programmes", security(("bearer" = ["programmes:read"])), params(("id" = ProgrammeId, Path)), responses((status = 200, body = Programme)))]
#[get("/programmes/{id}")]
pub async fn find_programme(may: May<ReadProgrammes>, db: Data<Db>, id: Id<ProgrammeId>) -> Result<Found<Programme>> {
    db.read(&may.actor, move |conn| queries::find(conn, id.0.into())).await.map(Found)
}

/// Change a programme
///
/// By the officials of its place or above.
#[utoipa::path(tag = "programmes", security(("bearer" = ["programmes:write"])), params(("id" = ProgrammeId, Path)), request_body = ProgrammeChanges,
    responses((status = 200, body = Programme)))]
#[patch("/programmes/{id}")]
pub async fn update_programme(
    may: May<WriteProgrammes>,
    db: Data<Db>,
    id: Id<ProgrammeId>,
    if_match: IfMatch,
    changes: Valid<ProgrammeChanges>,
) -> Result<Found<Programme>> {
    let target = Target::new(TABLE, id.0, if_match);
    db.change(&may.actor, target, queries::find, move |conn, id| queries::update(conn, id, &changes)).await
}

/// Delete a programme
///
/// Only one without twinnings and without programmes under it; otherwise give it an `ends_on`.
#[utoipa::path(tag = "programmes", security(("bearer" = ["programmes:write"])), params(("id" = ProgrammeId, Path)), responses((status = 204)))]
#[delete("/programmes/{id}")]
pub async fn delete_programme(
    may: May<WriteProgrammes>,
    db: Data<Db>,
    id: Id<ProgrammeId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.delete(&may.actor, Target::new(TABLE, id.0, if_match), queries::find, |_, _| Ok(())).await
}
