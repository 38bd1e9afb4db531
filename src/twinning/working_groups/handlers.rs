use ketnghia_macros::operation;

use super::WorkingGroupId;
use super::model::{NewWorkingGroup, WorkingGroup, WorkingGroupChanges, WorkingGroupFilter, WorkingGroupSort};
use super::queries;
use crate::access::actor::May;
use crate::access::calls::unless_in_use;
use crate::access::policy::permission::{ReadGroups, WriteGroups};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::SheetList;
use crate::kernel::list::sheet::Listed;

/// List working groups
///
/// Groups of the caller's organisation, of places and organisations of the caller's area, of programmes of the area,
/// and of villages that the caller's organisation is twinned with; the latest first. `GET /working-groups.csv`
/// returns the whole filtered list for Excel.
#[operation(get "/working-groups")]
pub async fn list_working_groups(
    may: May<ReadGroups>,
    list: SheetList<WorkingGroupFilter, WorkingGroupSort>,
) -> Result<Listed<WorkingGroup>> {
    may.sheet(list, queries::list).await
}

/// Add a working group
///
/// For the caller's own organisation, or for an organisation or a place of the caller's area.
#[operation(post "/working-groups")]
pub async fn create_working_group(may: May<WriteGroups>, new: Valid<NewWorkingGroup>) -> Result<Created<WorkingGroup>> {
    may.create(new, queries::create, queries::find).await
}

/// Find one working group
#[operation(get "/working-groups/{id}")]
pub async fn find_working_group(may: May<ReadGroups>, id: Id<WorkingGroupId>) -> Result<Found<WorkingGroup>> {
    may.find(id, queries::find).await
}

/// Change a working group
///
/// By its party and the officials above the party. Programme and party cannot be changed; `members` replaces all members.
#[operation(patch "/working-groups/{id}")]
pub async fn update_working_group(
    may: May<WriteGroups>,
    id: Id<WorkingGroupId>,
    if_match: IfMatch,
    changes: Valid<WorkingGroupChanges>,
) -> Result<Found<WorkingGroup>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete a working group
///
/// One that was entered by mistake; for one that was dissolved set its `ended_on`.
#[operation(delete "/working-groups/{id}")]
pub async fn delete_working_group(
    may: May<WriteGroups>,
    id: Id<WorkingGroupId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, unless_in_use).await
}
