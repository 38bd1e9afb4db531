use ketnghia_macros::operation;

use super::model::{LocalityPost, LocalityPostChanges, LocalityPostFilter, LocalityPostSort, NewLocalityPost};
use super::{LocalityPostId, queries};
use crate::access::actor::May;
use crate::access::calls::unless_in_use;
use crate::access::policy::permission::{ReadPosts, WritePosts};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::SheetList;
use crate::kernel::list::sheet::Listed;

/// List posts
///
/// Of the places in the caller's area. A unit sees the present holders of the villages and communes that it is twinned with
/// today, without `party_member`.
#[operation(get "/locality-posts")]
pub async fn list_locality_posts(
    may: May<ReadPosts>,
    list: SheetList<LocalityPostFilter, LocalityPostSort>,
) -> Result<Listed<LocalityPost>> {
    may.sheet(list, queries::list).await
}

/// Add a holder of a post
///
/// By the commune, and by the village head except for `village_head` and `party_cell_secretary`. Of these two and of
/// `militia_leader` a place has one holder a day: 409 `post_taken`.
#[operation(post "/locality-posts")]
pub async fn create_locality_post(may: May<WritePosts>, new: Valid<NewLocalityPost>) -> Result<Created<LocalityPost>> {
    may.create(new, queries::create, queries::find).await
}

/// Find one holder of a post
#[operation(get "/locality-posts/{id}")]
pub async fn find_locality_post(may: May<ReadPosts>, id: Id<LocalityPostId>) -> Result<Found<LocalityPost>> {
    may.find(id, queries::find).await
}

/// Change a holder of a post
///
/// By those who may add one. The place cannot be changed.
#[operation(patch "/locality-posts/{id}")]
pub async fn update_locality_post(
    may: May<WritePosts>,
    id: Id<LocalityPostId>,
    if_match: IfMatch,
    changes: Valid<LocalityPostChanges>,
) -> Result<Found<LocalityPost>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete a holder of a post
///
/// One that was entered by mistake; at the end of a term set its `to_on`.
#[operation(delete "/locality-posts/{id}")]
pub async fn delete_locality_post(
    may: May<WritePosts>,
    id: Id<LocalityPostId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, unless_in_use).await
}
