use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;

use super::HouseholdConsentId;
use super::model::{HouseholdConsent, HouseholdConsentFilter, HouseholdConsentSort, NewHouseholdConsent};
use super::problems::CONSENT_EXISTS;
use crate::access::UserId;
use crate::access::sql::app_in_range;
use crate::access::tx::{Tx, rows};
use crate::kernel::db::period::lasts_until;
use crate::kernel::db::records;
use crate::kernel::db::schema::{household_consents, households};
use crate::kernel::db::sql::app_now;
use crate::kernel::http::problem::{Code, FieldCode, FieldError, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::needs::households::HouseholdId;

pub fn find(tx: &mut Tx<'_>, id: HouseholdConsentId) -> Result<HouseholdConsent> {
    Ok(HouseholdConsent::query().filter(household_consents::id.eq(id)).first(tx.conn)?)
}

pub fn list(
    tx: &mut Tx<'_>,
    filter: &HouseholdConsentFilter,
    keyset: Keyset<HouseholdConsentSort>,
) -> Result<Page<HouseholdConsent>> {
    let filtered = || {
        let consents = household_consents::table.into_boxed();
        consents.when(filter.household_id, |household| household_consents::household_id.eq(household))
    };
    tx.page(keyset, filtered, rows)
}

sort_columns! {
    HouseholdConsentSort of household_consents as HouseholdConsent:
    GivenOn = given_on (NaiveDate),
    UpdatedAt = updated_at (DateTime<Utc>),
}

pub fn create(tx: &mut Tx<'_>, id: HouseholdConsentId, new: NewHouseholdConsent) -> Result<()> {
    // A place that gives also sees listed households of other places.
    let own = households::table.find(new.household_id).filter(app_in_range(households::scope_path));
    let own: Option<HouseholdId> = own.select(households::id).first(tx.conn).optional()?;
    let mut errors = Vec::new();
    if own.is_none() {
        errors.push(FieldError::of_id("#/household_id", FieldCode::NOT_FOUND, new.household_id));
    }
    errors.extend(records::unseen(tx.conn, new.organisation_id.map(|named| ("#/organisation_id".to_owned(), named)))?);
    Problem::check(errors)?;
    day::check_past(new.given_on, tx.today, "#/given_on")?;
    day::check_period(new.given_on, new.expires_on, "#/expires_on")?;
    // A second one would stay in force when the first is withdrawn.
    households::table.find(new.household_id).select(households::id).for_no_key_update().execute(tx.conn)?;
    let in_force = household_consents::table
        .filter(household_consents::household_id.eq(new.household_id))
        .filter(household_consents::organisation_id.is_not_distinct_from(new.organisation_id))
        .filter(household_consents::withdrawn_at.is_null())
        .filter(lasts_until(household_consents::expires_on, new.given_on));
    if diesel::select(exists(in_force)).get_result(tx.conn)? {
        return Err(Problem::new(CONSENT_EXISTS));
    }
    diesel::insert_into(household_consents::table)
        .values((household_consents::id.eq(id), household_consents::acted_by.eq(UserId(tx.actor.id)), &new))
        .execute(tx.conn)?;
    Ok(())
}

pub fn withdraw(tx: &mut Tx<'_>, id: HouseholdConsentId, (): ()) -> Result<()> {
    let given = household_consents::table.find(id).filter(household_consents::withdrawn_at.is_null());
    let withdrawn =
        diesel::update(given).set(household_consents::withdrawn_at.eq(app_now().nullable())).execute(tx.conn)?;
    if withdrawn == 0 { Err(Problem::new(Code::INVALID_TRANSITION)) } else { Ok(()) }
}
