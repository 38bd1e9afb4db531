use actix_web::web::Json;
use ketnghia_macros::operation;

use super::LocalityId;
use super::history::LocalityHistory;
use super::model::{ChildrenFilter, Locality, LocalityChanges, LocalityFilter, LocalitySort, NewLocality};
use super::{history, queries, search};
use crate::access::actor::May;
use crate::access::policy::permission::{ReadLocalities, WriteVillages};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;

/// List places
///
/// Provinces, districts and communes of the whole country, and villages in the caller's scope. Without
/// `as_of` the places of today, in Vietnamese order.
#[operation(get "/localities")]
pub async fn list_localities(
    may: May<ReadLocalities>,
    list: List<LocalityFilter, LocalitySort>,
) -> Result<Json<Page<Locality>>> {
    may.list(list, search::list).await
}

/// Add a village
///
/// To a commune of the caller's area. A commune that has ended is replaced by its successor where that
/// is certain; where it was split, `current_parent_id` is the present commune, and without it
/// the village is placed directly under its province.
#[operation(post "/localities")]
pub async fn create_locality(may: May<WriteVillages>, new: Valid<NewLocality>) -> Result<Created<Locality>> {
    may.create(new, queries::create, search::find).await
}

/// Find one place
///
/// With name, code and parent of today, or of its last day.
#[operation(get "/localities/{id}")]
pub async fn find_locality(may: May<ReadLocalities>, id: Id<LocalityId>) -> Result<Found<Locality>> {
    may.find(id, search::find).await
}

/// Change a village
///
/// Provinces, districts and communes change by law and with the catalogue: 403.
#[operation(patch "/localities/{id}")]
pub async fn update_locality(
    may: May<WriteVillages>,
    id: Id<LocalityId>,
    if_match: IfMatch,
    changes: Valid<LocalityChanges>,
) -> Result<Found<Locality>> {
    may.change(id, if_match, changes, queries::update, search::find).await
}

/// Delete a village
///
/// Only while no record refers to it.
#[operation(delete "/localities/{id}")]
pub async fn delete_locality(may: May<WriteVillages>, id: Id<LocalityId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, search::find, queries::check_deletable).await
}

/// List the places in a place
///
/// The direct children: the districts of a province, the communes of a district or province, the villages
/// of a commune.
#[operation(get "/localities/{id}/children")]
pub async fn list_locality_children(
    may: May<ReadLocalities>,
    id: Id<LocalityId>,
    list: List<ChildrenFilter, LocalitySort>,
) -> Result<Json<Page<Locality>>> {
    may.list_of(id, list, search::list_children).await
}

/// Read the history of a place
///
/// Names, codes and parents by period, predecessors and successors.
#[operation(get "/localities/{id}/history")]
pub async fn find_locality_history(may: May<ReadLocalities>, id: Id<LocalityId>) -> Result<Json<LocalityHistory>> {
    may.part(id, history::find_history).await
}
