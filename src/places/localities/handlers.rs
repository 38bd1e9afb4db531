use actix_web::web::Json;
use ketnghia_macros::operation;

use super::end::{self, LocalityEnd, LocalityEnded};
use super::flags::{self, LocalityFlag, LocalityFlagChanges, LocalityFlagSort, NewLocalityFlag};
use super::history::LocalityHistory;
use super::model::{ChildrenFilter, Locality, LocalityChanges, LocalityFilter, LocalitySort, NewLocality};
use super::versions::{self, LocalityVersion, LocalityVersionChanges, NewLocalityVersion};
use super::{LocalityFlagId, LocalityId, LocalityVersionId, history, queries, search};
use crate::access::actor::May;
use crate::access::policy::permission::{ReadLocalities, WriteFlags, WriteVillages};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, PartId, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::page::Page;
use crate::kernel::list::{List, NoFilter};

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

/// Add a version of a village
///
/// A village that is renamed, gets another code or kind, or moves to another commune, from a day on; also of earlier years, as
/// for the commune in which it lay. 409 `version_exists` if a version begins on that day already.
#[operation(post "/localities/{id}/versions")]
pub async fn create_locality_version(
    may: May<WriteVillages>,
    id: Id<LocalityId>,
    new: Valid<NewLocalityVersion>,
) -> Result<Created<LocalityVersion>> {
    may.create_in(id, new, versions::create, versions::find).await
}

/// Correct a version of a village
///
/// Its first day cannot be changed: delete it, and add another one.
#[operation(patch "/localities/{id}/versions/{version_id}")]
pub async fn update_locality_version(
    may: May<WriteVillages>,
    id: Id<LocalityId>,
    version: PartId<LocalityVersionId>,
    if_match: IfMatch,
    changes: Valid<LocalityVersionChanges>,
) -> Result<Found<LocalityVersion>> {
    may.change_part(id, version, if_match, changes, versions::update, versions::find_of).await
}

/// Delete a version of a village
///
/// The version before it lasts until its end. Without its first version the village begins with the next one.
#[operation(delete "/localities/{id}/versions/{version_id}")]
pub async fn delete_locality_version(
    may: May<WriteVillages>,
    id: Id<LocalityId>,
    version: PartId<LocalityVersionId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    may.delete_part(id, version, if_match, versions::delete, versions::find_of).await
}

/// End a village
///
/// It is dissolved, merges into one village, or is divided among up to five. With one successor its active households move there
/// on the next day; with several they stay until each is moved; without one it must have none left. Records keep the village,
/// and the head of the only successor confirms what is still recorded. 409 `in_use` where a record has a later day. `dry_run`
/// answers the numbers and changes nothing.
#[operation(post "/localities/{id}/end")]
pub async fn end_locality(
    may: May<WriteVillages>,
    id: Id<LocalityId>,
    if_match: IfMatch,
    end: Valid<LocalityEnd>,
) -> Result<Json<LocalityEnded>> {
    let rehearse = end.dry_run;
    may.take_once("end", id, if_match, end, rehearse, end::end, search::find).await
}

/// List the flags of a place
///
/// Past and present ones, with their decisions.
#[operation(get "/localities/{id}/flags")]
pub async fn list_locality_flags(
    may: May<ReadLocalities>,
    id: Id<LocalityId>,
    list: List<NoFilter, LocalityFlagSort>,
) -> Result<Json<Page<LocalityFlag>>> {
    may.list_of(id, list, flags::list).await
}

/// Add a flag to a place
///
/// To a village by its commune and above, to a commune or district by the officials above it. 409 `flag_exists` if the place has the
/// flag on one of the days already.
#[operation(post "/localities/{id}/flags")]
pub async fn create_locality_flag(
    may: May<WriteFlags>,
    id: Id<LocalityId>,
    new: Valid<NewLocalityFlag>,
) -> Result<Created<LocalityFlag>> {
    may.create_in(id, new, flags::create, flags::find).await
}

/// Change a flag of a place
///
/// Its days and its decision.
#[operation(patch "/localities/{id}/flags/{flag_id}")]
pub async fn update_locality_flag(
    may: May<WriteFlags>,
    id: Id<LocalityId>,
    flag: PartId<LocalityFlagId>,
    if_match: IfMatch,
    changes: Valid<LocalityFlagChanges>,
) -> Result<Found<LocalityFlag>> {
    may.change_part(id, flag, if_match, changes, flags::update, flags::find_of).await
}

/// Delete a flag of a place
///
/// One that was entered by mistake; for one that ended set its `to_on`.
#[operation(delete "/localities/{id}/flags/{flag_id}")]
pub async fn delete_locality_flag(
    may: May<WriteFlags>,
    id: Id<LocalityId>,
    flag: PartId<LocalityFlagId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    may.delete_part(id, flag, if_match, flags::delete, flags::find_of).await
}
