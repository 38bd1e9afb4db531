use actix_web::web::Json;
use ketnghia_macros::operation;

use super::model::{NewVisit, Visit, VisitChanges, VisitFilter, VisitSort};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::{ReadSupport, RecordSupport};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;
use crate::support::ids::VisitId;

/// List visits
///
/// Visits to the caller's places, and those of the caller's own organisation, each with its gifts; the latest
/// first.
#[operation(get "/visits")]
pub async fn list_visits(may: May<ReadSupport>, list: List<VisitFilter, VisitSort>) -> Result<Json<Page<Visit>>> {
    may.list(list, queries::list).await
}

/// Record a visit
///
/// Together with the gifts handed over: if one gift is wrong, its pointer (`#/gifts/2/value_vnd`) is in the answer
/// and nothing is written. Gifts take twinning, village and day from the visit. By the visiting unit, until
/// `LATE_ENTRY_DAYS` (90) after the last day of its twinning; by officials for any unit, from paper and without such
/// a limit (`entered_from: paper` where the unit has an account).
#[operation(post "/visits")]
pub async fn create_visit(may: May<RecordSupport>, new: Valid<NewVisit>) -> Result<Created<Visit>> {
    may.create(new, queries::create, queries::find).await
}

/// Find one visit
///
/// With its gifts in their current state.
#[operation(get "/visits/{id}")]
pub async fn find_visit(may: May<ReadSupport>, id: Id<VisitId>) -> Result<Found<Visit>> {
    may.find(id, queries::find).await
}

/// Change a visit
///
/// By its recorder and the visiting unit; other callers get 403. The day can be changed only while the
/// visit has no gifts (409 `in_use`); gifts are changed by their own operation.
#[operation(patch "/visits/{id}")]
pub async fn update_visit(
    may: May<RecordSupport>,
    id: Id<VisitId>,
    if_match: IfMatch,
    changes: Valid<VisitChanges>,
) -> Result<Found<Visit>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete a visit
///
/// By its recorder and the visiting unit, while it has no gifts (else 409 `in_use`).
#[operation(delete "/visits/{id}")]
pub async fn delete_visit(may: May<RecordSupport>, id: Id<VisitId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, queries::check_recorders_side).await
}
