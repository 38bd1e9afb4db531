use actix_web::web::Json;
use ketnghia_macros::operation;

use super::ProgrammeId;
use super::model::{NewProgramme, Programme, ProgrammeChanges, ProgrammeFilter, ProgrammeSort};
use super::queries;
use crate::access::actor::May;
use crate::access::calls::unless_in_use;
use crate::access::policy::permission::{ReadProgrammes, WriteProgrammes};
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;

/// List programmes
///
/// All programmes, for every signed-in user; the newest first.
#[operation(get "/programmes")]
pub async fn list_programmes(
    may: May<ReadProgrammes>,
    list: List<ProgrammeFilter, ProgrammeSort>,
) -> Result<Json<Page<Programme>>> {
    may.list(list, queries::list).await
}

/// Add a programme
///
/// For a place of the caller's area; communes have their own programmes.
#[operation(post "/programmes")]
pub async fn create_programme(may: May<WriteProgrammes>, new: Valid<NewProgramme>) -> Result<Created<Programme>> {
    may.create(new, queries::create, queries::find).await
}

/// Find one programme
#[operation(get "/programmes/{id}")]
pub async fn find_programme(may: May<ReadProgrammes>, id: Id<ProgrammeId>) -> Result<Found<Programme>> {
    may.find(id, queries::find).await
}

/// Change a programme
///
/// By the officials of its place or above.
#[operation(patch "/programmes/{id}")]
pub async fn update_programme(
    may: May<WriteProgrammes>,
    id: Id<ProgrammeId>,
    if_match: IfMatch,
    changes: Valid<ProgrammeChanges>,
) -> Result<Found<Programme>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete a programme
///
/// Only one without twinnings and without programmes under it; otherwise set its `ends_on`.
#[operation(delete "/programmes/{id}")]
pub async fn delete_programme(may: May<WriteProgrammes>, id: Id<ProgrammeId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, unless_in_use).await
}
