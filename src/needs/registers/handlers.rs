use actix_web::web::Json;
use ketnghia_macros::operation;

use super::model::{Register, RegisterReopening, RegisterSort};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::{CompleteRegisters, ReadHouseholds};
use crate::kernel::http::extract::{Id, NoBody, PathYear, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::page::Page;
use crate::kernel::list::{List, NoFilter};
use crate::places::localities::LocalityId;

/// List the registers of a village
///
/// Each year with a profile, an assessment or a register, and this year; the latest first. 404 for a place that is no village.
#[operation(get "/localities/{id}/registers")]
pub async fn list_registers(
    may: May<ReadHouseholds>,
    id: Id<LocalityId>,
    list: List<NoFilter, RegisterSort>,
) -> Result<Json<Page<Register>>> {
    may.list_of(id, list, queries::list).await
}

/// Complete the register of a year
///
/// By the commune. 409 `register_incomplete` with `counts`: proposals that wait (`proposed`), households that were poor or near-poor
/// at the end of the year before and have no confirmed assessment of the year (`unassessed`), or more `registered` than `households`.
/// Rates of the year are published from then on, and confirmations into it are 409 `register_complete`.
#[operation(post "/localities/{id}/registers/{year}/complete")]
pub async fn complete_register(
    may: May<CompleteRegisters>,
    id: Id<LocalityId>,
    year: PathYear,
    _: NoBody,
) -> Result<Json<Register>> {
    may.write(move |tx| queries::complete(tx, id.0, year.0)).await.map(Json)
}

/// Reopen the register of a year
#[operation(post "/localities/{id}/registers/{year}/reopen")]
pub async fn reopen_register(
    may: May<CompleteRegisters>,
    id: Id<LocalityId>,
    year: PathYear,
    input: Valid<RegisterReopening>,
) -> Result<Json<Register>> {
    may.write(move |tx| queries::reopen(tx, id.0, year.0, input.into_inner())).await.map(Json)
}
