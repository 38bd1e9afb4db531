use actix_web::web::Json;
use ketnghia_macros::operation;

use super::PledgeId;
use super::model::{NewPledge, Pledge, PledgeChanges, PledgeFilter, PledgeSort};
use super::queries;
use crate::access::actor::May;
use crate::access::calls::unless_in_use;
use crate::access::policy::permission::{ReadHardshipLists, WritePledges};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;
use crate::needs::ids::HardshipItemId;

/// Pledge to help a listed household
///
/// By a unit with a twinning with the village today, for an item of an approved list; the item becomes
/// `pledged`. A second pledge of a unit for an item is 409 `pledge_exists`, one for a closed list 409 `list_closed`.
#[operation(post "/hardship-items/{id}/pledges", tag = "pledges")]
pub async fn create_pledge(
    may: May<WritePledges>,
    item: Id<HardshipItemId>,
    new: Valid<NewPledge>,
) -> Result<Created<Pledge>> {
    may.create_in(item, new, queries::create, queries::find).await
}

/// List pledges
///
/// A unit sees its own, officials and village heads those in their places; the latest first.
#[operation(get "/pledges")]
pub async fn list_pledges(
    may: May<ReadHardshipLists>,
    list: List<PledgeFilter, PledgeSort>,
) -> Result<Json<Page<Pledge>>> {
    may.list(list, queries::list).await
}

/// Find one pledge
#[operation(get "/pledges/{id}")]
pub async fn find_pledge(may: May<ReadHardshipLists>, id: Id<PledgeId>) -> Result<Found<Pledge>> {
    may.find(id, queries::find).await
}

/// Change a pledge
///
/// By the unit that made it.
#[operation(patch "/pledges/{id}")]
pub async fn update_pledge(
    may: May<WritePledges>,
    id: Id<PledgeId>,
    if_match: IfMatch,
    changes: Valid<PledgeChanges>,
) -> Result<Found<Pledge>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Withdraw a pledge
///
/// By the unit that made it; the item is `open` again if it has no other pledge and no confirmed gift.
#[operation(delete "/pledges/{id}")]
pub async fn delete_pledge(may: May<WritePledges>, id: Id<PledgeId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, unless_in_use).await
}
