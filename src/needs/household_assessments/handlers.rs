use actix_web::web::Json;
use ketnghia_macros::operation;

use super::model::{
    Assessment, AssessmentBulkDecision, AssessmentChanges, AssessmentDecision, AssessmentFilter, AssessmentReturn,
    AssessmentSort, NewAssessment,
};
use super::{queries, workflow};
use crate::access::actor::May;
use crate::access::policy::permission::{ConfirmAssessments, ReadHouseholds, WriteHouseholds};
use crate::access::steps::BulkResults;
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, NoBody, Valid, ValidOrEmpty};
use crate::kernel::http::middleware::Addressee;
use crate::kernel::http::problem::Result;
use crate::kernel::list::SheetList;
use crate::kernel::list::sheet::Listed;
use crate::needs::ids::AssessmentId;

/// List assessments
///
/// Of the caller's places; units read the confirmed ones of the households that they see. The latest first.
/// `GET /household-assessments.csv` returns the whole filtered list for Excel.
#[operation(get "/household-assessments")]
pub async fn list_household_assessments(
    may: May<ReadHouseholds>,
    list: SheetList<AssessmentFilter, AssessmentSort>,
) -> Result<Listed<Assessment>> {
    may.sheet(list, queries::list).await
}

/// Assess a household
///
/// A village head proposes (`proposed`), what the commune enters is `confirmed`. One annual assessment in a year, one
/// regular on a day: 409 `assessment_exists`. Into a complete register the commune confirms nothing: 409
/// `register_complete`.
#[operation(post "/household-assessments")]
pub async fn create_household_assessment(
    may: May<WriteHouseholds>,
    new: Valid<NewAssessment>,
) -> Result<Created<Assessment>> {
    may.create(new, queries::create, queries::find).await
}

/// Confirm many assessments
///
/// At most 200, each like a single confirmation in the version that was read, all with one decision. One that cannot
/// be confirmed is `rejected` with its problem (`version_conflict`, `register_complete`, `not_found`, …), the others
/// are confirmed. A wrong decision is 422 for all.
#[operation(post "/household-assessments/confirm")]
pub async fn confirm_household_assessments(
    may: May<ConfirmAssessments>,
    bulk: Valid<AssessmentBulkDecision>,
    answer: Addressee,
) -> Result<Json<BulkResults>> {
    may.take_each(&workflow::CONFIRM, bulk, answer, queries::judge_all, queries::write_steps, queries::find_all).await
}

/// Find one assessment
#[operation(get "/household-assessments/{id}")]
pub async fn find_household_assessment(may: May<ReadHouseholds>, id: Id<AssessmentId>) -> Result<Found<Assessment>> {
    may.find(id, queries::find).await
}

/// Change an assessment
///
/// Until it is confirmed; afterwards the commune enters another one that corrects it (`corrects_id`). Another day
/// takes the standard in force on that day, unless one is sent.
#[operation(patch "/household-assessments/{id}")]
pub async fn update_household_assessment(
    may: May<WriteHouseholds>,
    id: Id<AssessmentId>,
    if_match: IfMatch,
    changes: Valid<AssessmentChanges>,
) -> Result<Found<Assessment>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete an assessment
///
/// Until it is confirmed.
#[operation(delete "/household-assessments/{id}")]
pub async fn delete_household_assessment(
    may: May<WriteHouseholds>,
    id: Id<AssessmentId>,
    if_match: IfMatch,
) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, queries::check_deletable).await
}

/// Confirm an assessment
///
/// By the commune, for the version that was read (If-Match). Into a complete register: 409 `register_complete`.
#[operation(post "/household-assessments/{id}/confirm")]
pub async fn confirm_household_assessment(
    may: May<ConfirmAssessments>,
    id: Id<AssessmentId>,
    if_match: IfMatch,
    decision: ValidOrEmpty<AssessmentDecision>,
) -> Result<Found<Assessment>> {
    may.take(&workflow::CONFIRM, id, if_match, decision.0, queries::take_step, queries::find).await
}

/// Return an assessment to the village
#[operation(post "/household-assessments/{id}/return")]
pub async fn return_household_assessment(
    may: May<ConfirmAssessments>,
    id: Id<AssessmentId>,
    if_match: IfMatch,
    reason: Valid<AssessmentReturn>,
) -> Result<Found<Assessment>> {
    may.take(&workflow::RETURN, id, if_match, reason, queries::take_step, queries::find).await
}

/// Propose a returned assessment again
#[operation(post "/household-assessments/{id}/propose")]
pub async fn propose_household_assessment(
    may: May<WriteHouseholds>,
    id: Id<AssessmentId>,
    if_match: IfMatch,
    body: NoBody,
) -> Result<Found<Assessment>> {
    may.take(&workflow::PROPOSE, id, if_match, body, queries::take_step, queries::find).await
}
