//! Two records of one household become one.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Uuid as SqlUuid;

use super::model::{Household, HouseholdStatus};
use super::{private, queries};
use crate::access::actor::Actor;
use crate::access::policy::Permission;
use crate::kernel::db::records::{self, Target};
use crate::kernel::db::schema::{household_merges, households};
use crate::kernel::db::sql::{app_household_decided, app_in_range};
use crate::kernel::id::{HouseholdId, UserId};
use crate::kernel::problem::{Code, FieldCode, Problem, Result};
use crate::kernel::secrets::Secrets;

/// Everything of the one goes over to the other, which is the answer.
pub fn merge(
    conn: &mut PgConnection,
    actor: &Actor,
    secrets: &Secrets,
    target: &Target,
    into: HouseholdId,
) -> Result<Household> {
    let id = HouseholdId(target.id);
    // Locked in one order, so that two who merge the same two the other way round do not wait in a circle.
    let there: Vec<HouseholdId> = households::table
        .filter(households::id.eq_any([id, into]))
        .filter(app_in_range(households::scope_path))
        .order(households::id)
        .select(households::id)
        .for_update()
        .load(conn)?;
    if !there.contains(&id) {
        let repeated = household_merges::table
            .find(id.0)
            .filter(household_merges::household_id.eq(into.0))
            .filter(household_merges::merged_by.eq(UserId(actor.id)));
        let repeated: bool = diesel::select(exists(repeated)).get_result(conn)?;
        return if repeated { queries::find(conn, secrets, into.0) } else { Err(Problem::not_found()) };
    }
    if id == into {
        return Err(Problem::field("#/into", FieldCode::Itself));
    }
    if !there.contains(&into) {
        return Err(Problem::field("#/into", FieldCode::NotFound));
    }
    records::honour(conn, target, |conn, id| queries::find(conn, secrets, id))?;
    check(conn, actor, id, into)?;
    records::set(conn, "step", "merge")?;
    // A sealed field is bound to its record: the database cannot carry it over.
    private::take_over(conn, secrets, id, into)?;
    sql_query("SELECT app_merge_households($1, $2)")
        .bind::<SqlUuid, _>(id.0)
        .bind::<SqlUuid, _>(into.0)
        .execute(conn)?;
    queries::find(conn, secrets, into.0)
}

/// What must not happen by a slip of the thumb, and what is the commune's to decide.
fn check(conn: &mut PgConnection, actor: &Actor, id: HouseholdId, into: HouseholdId) -> Result<()> {
    let status = |of: HouseholdId| households::table.find(of).select(households::status);
    let from: HouseholdStatus = status(id).first(conn)?;
    let to: HouseholdStatus = status(into).first(conn)?;
    if from == HouseholdStatus::Active && to != HouseholdStatus::Active {
        return Err(Problem::field("#/into", FieldCode::NotActive));
    }
    if private::numbers_differ(conn, id, into)? {
        return Err(Problem::field("#/into", FieldCode::DifferentIdentityNumber));
    }
    let decided: bool = diesel::select(app_household_decided(id)).get_result(conn)?;
    if decided && !actor.may(Permission::DecideHardshipLists) {
        return Err(Problem::new(Code::Decided));
    }
    Ok(())
}
