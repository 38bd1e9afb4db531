use ketnghia_macros::operation;

use super::model::{HardshipItem, HardshipItemFilter, HardshipItemSort};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::ReadHardshipLists;
use crate::kernel::http::answer::Found;
use crate::kernel::http::extract::Id;
use crate::kernel::http::problem::Result;
use crate::kernel::list::SheetList;
use crate::kernel::list::sheet::Listed;
use crate::needs::ids::HardshipItemId;

/// List listed households
///
/// Those of approved lists, the oldest first; with `unhelped_days=30` the households listed at least 30 days ago without
/// help. `GET /hardship-items.csv` returns the whole
/// filtered list for Excel.
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
