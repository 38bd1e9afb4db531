//! Merge of two records of one household.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Uuid as SqlUuid;

use super::HouseholdId;
use super::model::{Household, HouseholdStatus};
use super::{private, queries};
use crate::access::UserId;
use crate::access::policy::Permission;
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::access::versions::honour_version;
use crate::kernel::db::records;
use crate::kernel::db::schema::{household_merges, households};
use crate::kernel::http::extract::IfMatch;
use crate::kernel::http::problem::{FieldCode, FieldError, Problem, Result};
use crate::needs::households::problems;
use crate::needs::households::queries::app_household_decided;

/// Moves the records of `id` to `into`, deletes `id`, and returns `into`.
pub fn merge(tx: &mut Tx<'_>, id: HouseholdId, if_match: &IfMatch, into: HouseholdId) -> Result<Household> {
    // Locked in the order of ids, so that a concurrent merge in the other direction causes no deadlock.
    let there: Vec<HouseholdId> = households::table
        .filter(households::id.eq_any([id, into]))
        .filter(app_in_range(households::scope_path))
        .order(households::id)
        .select(households::id)
        .for_update()
        .load(tx.conn)?;
    if !there.contains(&id) {
        let repeated = household_merges::table
            .find(id.0)
            .filter(household_merges::household_id.eq(into.0))
            .filter(household_merges::merged_by.eq(UserId(tx.actor.id)));
        let repeated: bool = diesel::select(exists(repeated)).get_result(tx.conn)?;
        return if repeated { queries::find(tx, into) } else { Err(Problem::not_found().about(id.0)) };
    }
    if id == into {
        return Err(Problem::field("#/into", problems::ITSELF));
    }
    if !there.contains(&into) {
        return Err(Problem::invalid(vec![FieldError::of_id("#/into", FieldCode::NOT_FOUND, into)]));
    }
    honour_version(tx, id, if_match, &queries::find)?;
    check(tx, id, into)?;
    records::set(tx.conn, "step", "merge")?;
    // A sealed field is bound to its record, so the fields are decrypted and sealed anew here, not in SQL.
    private::take_over(tx.conn, tx.secrets, id, into)?;
    sql_query("SELECT app_merge_households($1, $2)")
        .bind::<SqlUuid, _>(id.0)
        .bind::<SqlUuid, _>(into.0)
        .execute(tx.conn)?;
    queries::find(tx, into)
}

/// Rejects merges that are probably mistakes, and merges after a decision of the commune by other callers.
fn check(tx: &mut Tx<'_>, id: HouseholdId, into: HouseholdId) -> Result<()> {
    let status = |of: HouseholdId| households::table.find(of).select(households::status);
    let from: HouseholdStatus = status(id).first(tx.conn)?;
    let to: HouseholdStatus = status(into).first(tx.conn)?;
    if from == HouseholdStatus::Active && to != HouseholdStatus::Active {
        return Err(Problem::field("#/into", problems::NOT_ACTIVE));
    }
    if private::numbers_differ(tx.conn, id, into)? {
        return Err(Problem::field("#/into", problems::DIFFERENT_IDENTITY_NUMBER));
    }
    let decided: bool = diesel::select(app_household_decided(id)).get_result(tx.conn)?;
    if decided && !tx.actor.may(Permission::DecideHardshipLists) {
        return Err(Problem::new(problems::DECIDED));
    }
    Ok(())
}
