use actix_web::web::Json;
use ketnghia_macros::operation;

use super::TwinningId;
use super::model::{NewTwinning, Twinning, TwinningChanges, TwinningFilter, TwinningSort, TwinningSuccession};
use super::queries;
use crate::access::actor::May;
use crate::access::calls::unless_in_use;
use crate::access::policy::permission::{ReadTwinnings, WriteTwinnings};
use crate::access::tx::Tx;
use crate::access::versions::honour_version;
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;

/// List twinnings
///
/// Twinnings whose place or organisation is in the caller's area, and those of the caller's own organisation and of
/// its villages; the newest first.
#[operation(get "/twinnings")]
pub async fn list_twinnings(
    may: May<ReadTwinnings>,
    list: List<TwinningFilter, TwinningSort>,
) -> Result<Json<Page<Twinning>>> {
    may.list(list, queries::list).await
}

/// Add a twinning
///
/// With a village, commune or district of the caller's area. The organisation may be managed elsewhere;
/// with a commune or district it is twinned with all of its villages.
#[operation(post "/twinnings")]
pub async fn create_twinning(may: May<WriteTwinnings>, new: Valid<NewTwinning>) -> Result<Created<Twinning>> {
    may.create(new, queries::create, queries::find).await
}

/// Find one twinning
#[operation(get "/twinnings/{id}")]
pub async fn find_twinning(may: May<ReadTwinnings>, id: Id<TwinningId>) -> Result<Found<Twinning>> {
    may.find(id, queries::find).await
}

/// Change a twinning
///
/// Programme, organisation and place cannot be changed: `succeed` continues the twinning with others.
#[operation(patch "/twinnings/{id}")]
pub async fn update_twinning(
    may: May<WriteTwinnings>,
    id: Id<TwinningId>,
    if_match: IfMatch,
    changes: Valid<TwinningChanges>,
) -> Result<Found<Twinning>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete a twinning
///
/// Only while no visit or gift refers to it; otherwise set its `ends_on`.
#[operation(delete "/twinnings/{id}")]
pub async fn delete_twinning(may: May<WriteTwinnings>, id: Id<TwinningId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, unless_in_use).await
}

/// Continue a twinning with another party
///
/// For an organisation or place that was merged or renamed into another one, or a programme that was replaced. Ends the twinning on
/// the day before `on`, and adds one with `predecessor_id`, which is the answer. Visits and gifts stay with the former; one on that
/// day or later is 409 `in_use`.
#[operation(post "/twinnings/{id}/succeed")]
pub async fn succeed_twinning(
    may: May<WriteTwinnings>,
    id: Id<TwinningId>,
    if_match: IfMatch,
    new: Valid<TwinningSuccession>,
) -> Result<Created<Twinning>> {
    let succeed = move |tx: &mut Tx<'_>, former, id, new| {
        honour_version(tx, former, &if_match, &queries::find)?;
        queries::succeed(tx, former, id, new)
    };
    may.create_in(id, new, succeed, queries::find).await
}
