use actix_web::web::Json;
use actix_web::{delete, get, patch, post};

use super::model::{NewProgramme, Programme, ProgrammeChanges, ProgrammeFilter, ProgrammeSort};
use super::queries;
use crate::access::actor::May;
use crate::access::calls::unless_in_use;
use crate::access::policy::permission::{ReadProgrammes, WriteProgrammes};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::page::Page;
use crate::kernel::list::{List, Paging};
use crate::kernel::value::id::ProgrammeId;

/// List programmes
///
/// Public to everybody signed in; the newest first.
#[utoipa::path(tag = "programmes", security(("bearer" = ["programmes:read"])), params(ProgrammeFilter, Paging<ProgrammeSort>), responses((status = 200, body = Page<Programme>)))]
#[get("/programmes")]
pub async fn list_programmes(
    may: May<ReadProgrammes>,
    list: List<ProgrammeFilter, ProgrammeSort>,
) -> Result<Json<Page<Programme>>> {
    may.list(list, queries::list).await
}

/// Add a programme
///
/// For a place of the caller's area: communes have programmes of their own.
#[utoipa::path(tag = "programmes", security(("bearer" = ["programmes:write"])), request_body = NewProgramme, responses((status = 201, body = Programme)))]
#[post("/programmes")]
pub async fn create_programme(may: May<WriteProgrammes>, new: Valid<NewProgramme>) -> Result<Created<Programme>> {
    may.create(new, queries::create, queries::find).await
}

/// Find one programme
#[utoipa::path(tag = "programmes", security(("bearer" = ["programmes:read"])), params(("id" = ProgrammeId, Path)), responses((status = 200, body = Programme)))]
#[get("/programmes/{id}")]
pub async fn find_programme(may: May<ReadProgrammes>, id: Id<ProgrammeId>) -> Result<Found<Programme>> {
    may.find(id, queries::find).await
}

/// Change a programme
///
/// By the officials of its place or above.
#[utoipa::path(tag = "programmes", security(("bearer" = ["programmes:write"])), params(("id" = ProgrammeId, Path)), request_body = ProgrammeChanges,
    responses((status = 200, body = Programme)))]
#[patch("/programmes/{id}")]
pub async fn update_programme(
    may: May<WriteProgrammes>,
    id: Id<ProgrammeId>,
    if_match: IfMatch,
    changes: Valid<ProgrammeChanges>,
) -> Result<Found<Programme>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete a programme
///
/// Only one without twinnings and without programmes under it; otherwise give it an `ends_on`.
#[utoipa::path(tag = "programmes", security(("bearer" = ["programmes:write"])), params(("id" = ProgrammeId, Path)), responses((status = 204)))]
#[delete("/programmes/{id}")]
pub async fn delete_programme(may: May<WriteProgrammes>, id: Id<ProgrammeId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, unless_in_use).await
}
