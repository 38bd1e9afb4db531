//! Warnings of possible duplicates among households; they do not reject a request.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};

use super::HouseholdId;
use super::bodies::HouseholdChanges;
use super::model::HouseholdWarning;
use crate::access::tx::Tx;
use crate::kernel::db::kept::Keep;
use crate::kernel::http::problem::Result;

#[derive(QueryableByName)]
struct Twin {
    #[diesel(sql_type = SqlUuid)]
    own: HouseholdId,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = SqlUuid)]
    id: HouseholdId,
}

impl Twin {
    fn warning(self) -> (HouseholdId, HouseholdWarning) {
        (self.own, HouseholdWarning { code: self.code, id: self.id })
    }
}

/// Returns the possible duplicates of a household among those that the caller sees.
pub fn of(tx: &mut Tx<'_>, id: HouseholdId) -> Result<Vec<HouseholdWarning>> {
    Ok(of_each(tx, &[id])?.into_iter().map(|(_, warning)| warning).collect())
}

/// Returns the possible duplicates of several households. An equal identity number of a household that the policies hide is
/// not reported, because its existence is confidential, too.
pub fn of_each(tx: &mut Tx<'_>, ids: &[HouseholdId]) -> Result<Vec<(HouseholdId, HouseholdWarning)>> {
    let twins: Vec<Twin> = sql_query(
        "SELECT wanted.id AS own, twin.code, twin.id FROM unnest($1) wanted(id)
          CROSS JOIN LATERAL (
         (SELECT 'same_identity_number' AS code, twin.household_id AS id
            FROM household_private own JOIN household_private twin ON twin.identity_number_index = own.identity_number_index
             AND twin.household_id <> own.household_id
           WHERE own.household_id = wanted.id ORDER BY twin.household_id LIMIT 10)
         UNION ALL
         (SELECT 'possible_duplicate', twin.id
            FROM households own JOIN households twin ON twin.village_id = own.village_id AND twin.id <> own.id
             AND twin.head_fold = own.head_fold AND twin.head_birth_year IS NOT DISTINCT FROM own.head_birth_year
           WHERE own.id = wanted.id ORDER BY twin.created_at, twin.id LIMIT 10)) twin",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .kept().load(tx.conn)?;
    Ok(twins.into_iter().map(Twin::warning).collect())
}

/// Returns the households in the caller's scope that have the identity number of one of these.
pub fn same_numbers(tx: &mut Tx<'_>, ids: &[HouseholdId]) -> Result<Vec<(HouseholdId, HouseholdWarning)>> {
    let twins: Vec<Twin> = sql_query(
        "SELECT own.household_id AS own, 'same_identity_number' AS code, twin.id
           FROM household_private own CROSS JOIN LATERAL (
         SELECT other.household_id AS id FROM household_private other
          WHERE other.identity_number_index = own.identity_number_index AND other.household_id <> own.household_id
          ORDER BY other.household_id LIMIT 10) twin
          WHERE own.household_id = ANY ($1)",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .kept()
    .load(tx.conn)?;
    Ok(twins.into_iter().map(Twin::warning).collect())
}

/// Whether a change can make a household a possible duplicate.
pub fn may_arise_from(changes: &HouseholdChanges) -> bool {
    changes.village_id.is_some()
        || changes.head_name.is_some()
        || changes.head_birth_year.is_some()
        || changes.head_birth_date.is_some()
        || changes.identity_number.is_some()
        || changes.members.is_some()
}
