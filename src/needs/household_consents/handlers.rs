use actix_web::web::Json;
use ketnghia_macros::operation;

use super::HouseholdConsentId;
use super::model::{HouseholdConsent, HouseholdConsentFilter, HouseholdConsentSort, NewHouseholdConsent};
use super::queries;
use crate::access::actor::May;
use crate::access::policy::permission::{ReadConsents, WriteConsents};
use crate::kernel::http::answer::{Created, Found};
use crate::kernel::http::extract::{Id, IfMatch, NoBody, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;

/// List consents
///
/// Of the households of the caller's area, the latest first; also those that have expired or were withdrawn.
#[operation(get "/household-consents")]
pub async fn list_household_consents(
    may: May<ReadConsents>,
    list: List<HouseholdConsentFilter, HouseholdConsentSort>,
) -> Result<Json<Page<HouseholdConsent>>> {
    may.list(list, queries::list).await
}

/// Enter a consent
///
/// Of a household of the caller's area. From `given_on` until `expires_on` or its withdrawal, the organisation reads the sensitive
/// fields of the household; without `organisation_id` every organisation that sees the household does.
#[operation(post "/household-consents")]
pub async fn create_household_consent(
    may: May<WriteConsents>,
    new: Valid<NewHouseholdConsent>,
) -> Result<Created<HouseholdConsent>> {
    may.create(new, queries::create, queries::find).await
}

/// Find one consent
#[operation(get "/household-consents/{id}")]
pub async fn find_household_consent(
    may: May<ReadConsents>,
    id: Id<HouseholdConsentId>,
) -> Result<Found<HouseholdConsent>> {
    may.find(id, queries::find).await
}

/// Withdraw a consent
///
/// At once and for good; a new consent is entered anew. One that was withdrawn by another caller is 409 `invalid_transition`.
#[operation(post "/household-consents/{id}/withdraw")]
pub async fn withdraw_household_consent(
    may: May<WriteConsents>,
    id: Id<HouseholdConsentId>,
    if_match: IfMatch,
    body: NoBody,
) -> Result<Found<HouseholdConsent>> {
    may.act_once("withdraw", id, if_match, body, queries::withdraw, queries::find).await
}
