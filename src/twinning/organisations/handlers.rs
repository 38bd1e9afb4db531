use actix_web::web::Json;
use ketnghia_macros::operation;

use super::OrganisationId;
use super::model::{
    NewOrganisation, Organisation, OrganisationChanges, OrganisationFilter, OrganisationSort, OrganisationSuccession,
};
use super::queries;
use crate::access::actor::May;
use crate::access::calls::unless_in_use;
use crate::access::policy::permission::{ChangeOrganisations, ReadOrganisations, WriteOrganisations};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;

/// List organisations
///
/// Contact and headcounts are null and empty except for the organisation itself and the officials above it; the contact is also for
/// the officials and heads of its twinned places. In Vietnamese order.
#[operation(get "/organisations")]
pub async fn list_organisations(
    may: May<ReadOrganisations>,
    list: List<OrganisationFilter, OrganisationSort>,
) -> Result<Json<Page<Organisation>>> {
    may.list(list, queries::list).await
}

/// Add an organisation
///
/// Managed by a place of the caller's area. A village, commune or district as giver is an organisation
/// of kind `locality`: `place_id` names it, and its officials or its head then act for the organisation.
#[operation(post "/organisations")]
pub async fn create_organisation(
    may: May<WriteOrganisations>,
    new: Valid<NewOrganisation>,
) -> Result<Created<Organisation>> {
    may.create(new, queries::create, queries::find).await
}

/// Find one organisation
#[operation(get "/organisations/{id}")]
pub async fn find_organisation(may: May<ReadOrganisations>, id: Id<OrganisationId>) -> Result<Found<Organisation>> {
    may.find(id, queries::find).await
}

/// Change an organisation
///
/// By the officials above it; by the organisation itself its contact person, phone and e-mail address (other fields are
/// `read_only`). `headcounts` replaces all years.
#[operation(patch "/organisations/{id}")]
pub async fn update_organisation(
    may: May<ChangeOrganisations>,
    id: Id<OrganisationId>,
    if_match: IfMatch,
    changes: Valid<OrganisationChanges>,
) -> Result<Found<Organisation>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete an organisation
///
/// Only one without twinnings, accounts and attached organisations; otherwise set its `valid_to`.
#[operation(delete "/organisations/{id}")]
pub async fn delete_organisation(
    may: May<WriteOrganisations>,
    id: Id<OrganisationId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, unless_in_use).await
}

/// Let another organisation take over
///
/// Ends the organisation on the day before `on`. Its attached organisations, its accounts (unless `move_users` is false) and, with
/// `twinnings` `succeed`, its twinnings go over to the successor; one that the successor has already is only ended. Visits and gifts
/// stay with the organisation, and the successor reads them. One on that day or later is 409 `in_use`.
#[operation(post "/organisations/{id}/succeed")]
pub async fn succeed_organisation(
    may: May<WriteOrganisations>,
    id: Id<OrganisationId>,
    if_match: IfMatch,
    body: Valid<OrganisationSuccession>,
) -> Result<Found<Organisation>> {
    may.act_once("succeed", id, if_match, body, queries::succeed, queries::find).await
}
