use actix_web::web::{Data, Json};
use actix_web::{delete, get, patch, post};

use super::model::{NewOrganisation, Organisation, OrganisationChanges, OrganisationFilter, OrganisationSort, TABLE};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::{ReadOrganisations, WriteOrganisations};
use crate::access::reach::reads_much;
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::Target;
use crate::kernel::extract::{Id, IfMatch, Query, Valid};
use crate::kernel::id::OrganisationId;
use crate::kernel::page::{Page, keyset};
use crate::kernel::problem::Result;
use crate::kernel::secrets::Secrets;

/// List organisations
///
/// The public part for everybody: contact and headcounts are null and empty but for the organisation
/// itself and the officials over it. In Vietnamese order.
#[utoipa::path(tag = "organisations", security(("bearer" = ["organisations:read"])), params(OrganisationFilter), responses((status = 200, body = Page<Organisation>)))]
#[get("/organisations")]
pub async fn list_organisations(
    may: May<ReadOrganisations>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    filter: Query<OrganisationFilter>,
) -> Result<Json<Page<Organisation>>> {
    let Query(filter) = filter;
    let keyset = keyset!(filter, secrets, [q, kind, locality_id], OrganisationSort::FIELDS);
    let much = reads_much(&may.actor, &keyset, filter.q.is_some());
    db.look(&may.actor, much, move |conn| queries::list(conn, &filter, keyset, &secrets)).await.map(Json)
}

/// Add an organisation
///
/// Managed by a place of the caller's area. A village, commune or district that gives is an organisation
/// of kind `locality`: `place_id` names it, and its officials or head then act for it.
#[utoipa::path(tag = "organisations", security(("bearer" = ["organisations:write"])), request_body = NewOrganisation, responses((status = 201, body = Organisation)))]
#[post("/organisations")]
pub async fn create_organisation(
    may: May<WriteOrganisations>,
    db: Data<Db>,
    new: Valid<NewOrganisation>,
) -> Result<Created<Organisation>> {
    db.create(&may.actor, TABLE, new, queries::create, queries::find).await
}

/// Find one organisation
#[utoipa::path(tag = "organisations", security(("bearer" = ["organisations:read"])), params(("id" = OrganisationId, Path)), responses((status = 200, body = Organisation)))]
#[get("/organisations/{id}")]
pub async fn find_organisation(
    may: May<ReadOrganisations>,
    db: Data<Db>,
    id: Id<OrganisationId>,
) -> Result<Found<Organisation>> {
    db.read(&may.actor, move |conn| queries::find(conn, id.0.into())).await.map(Found)
}

/// Change an organisation
///
/// By the officials over it. `headcounts` replaces all years.
#[utoipa::path(tag = "organisations", security(("bearer" = ["organisations:write"])), params(("id" = OrganisationId, Path)), request_body = OrganisationChanges,
    responses((status = 200, body = Organisation)))]
#[patch("/organisations/{id}")]
pub async fn update_organisation(
    may: May<WriteOrganisations>,
    db: Data<Db>,
    id: Id<OrganisationId>,
    if_match: IfMatch,
    changes: Valid<OrganisationChanges>,
) -> Result<Found<Organisation>> {
    let target = Target::new(TABLE, id.0, if_match);
    db.change(&may.actor, target, queries::find, move |conn, id| queries::update(conn, id, &changes)).await
}

/// Delete an organisation
///
/// Only one without twinnings, accounts and attached organisations; otherwise give it a `valid_to`.
#[utoipa::path(tag = "organisations", security(("bearer" = ["organisations:write"])), params(("id" = OrganisationId, Path)), responses((status = 204)))]
#[delete("/organisations/{id}")]
pub async fn delete_organisation(
    may: May<WriteOrganisations>,
    db: Data<Db>,
    id: Id<OrganisationId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    db.delete(&may.actor, Target::new(TABLE, id.0, if_match), queries::find, |_, _| Ok(())).await
}
