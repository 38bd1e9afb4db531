use ketnghia_macros::operation;

use super::model::{HardshipItem, HardshipItemFilter, HardshipItemSort, NewPledge, Pledge};
use super::queries;
use super::{HardshipItemId, PledgeId};
use crate::access::actor::May;
use crate::access::calls::unless_in_use;
use crate::access::policy::permission::{ReadHardshipLists, WritePledges};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::http::sheet::Listed;
use crate::kernel::list::SheetList;
use crate::kernel::secrets::sha256;

/// List listed households
///
/// Those of approved lists, the oldest first: with `unhelped_days=30`, who was listed a month ago and
/// got nothing. `Accept: text/csv` or `format=csv` gives the whole filtered list for Excel, without `limit`
/// and `cursor`; over 10,000 rows is 422 `too_many_rows`.
#[operation(get "/hardship-items")]
pub async fn list_hardship_items(
    may: May<ReadHardshipLists>,
    list: SheetList<HardshipItemFilter, HardshipItemSort>,
) -> Result<Listed<HardshipItem>> {
    may.sheet(list, queries::list).await
}

/// Find one listed household
#[operation(get "/hardship-items/{id}")]
pub async fn find_hardship_item(may: May<ReadHardshipLists>, id: Id<HardshipItemId>) -> Result<Found<HardshipItem>> {
    may.find(id, queries::find).await
}

/// Pledge to help a listed household
///
/// By a unit that is twinned with the village today, on a list that is approved; the item becomes
/// `pledged`. One pledge of a unit for an item: a second is 409 `pledge_exists`.
#[operation(post "/hardship-items/{id}/pledges", tag = "pledges")]
pub async fn create_pledge(
    may: May<WritePledges>,
    item: Id<HardshipItemId>,
    new: Valid<NewPledge>,
) -> Result<Created<Pledge>> {
    // The same promise for another item is another request, though the bodies are equal.
    let mut new = new;
    new.hash = sha256(&[item.0.0.as_bytes().as_slice(), &new.hash].concat());
    may.create(new, move |tx, id, new| queries::create_pledge(tx, item.0, id, new), queries::find_pledge).await
}

/// Find one pledge
#[operation(get "/pledges/{id}")]
pub async fn find_pledge(may: May<ReadHardshipLists>, id: Id<PledgeId>) -> Result<Found<Pledge>> {
    may.find(id, queries::find_pledge).await
}

/// Withdraw a pledge
///
/// By the unit that made it; the item is `open` again if no other pledge or confirmed gift stands.
#[operation(delete "/pledges/{id}")]
pub async fn delete_pledge(may: May<WritePledges>, id: Id<PledgeId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, queries::find_pledge, unless_in_use).await
}
