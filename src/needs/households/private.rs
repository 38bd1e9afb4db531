//! Phone and identity number: sealed in the database, opened for those whose policies let them see
//! the row at all.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};

use uuid::Uuid;

use crate::kernel::db::schema::household_private as table;
use crate::kernel::id::HouseholdId;
use crate::kernel::problem::Result;
use crate::kernel::secrets::Secrets;

use super::model::HouseholdSecrets;

const PHONE: &str = "phone";
const IDENTITY_NUMBER: &str = "identity_number";
const LAST4: &str = "identity_number_last4";

#[derive(HasQuery)]
#[diesel(table_name = table)]
struct PrivateRow {
    household_id: HouseholdId,
    phone: Option<Vec<u8>>,
    identity_number: Option<Vec<u8>>,
    identity_number_last4: Option<Vec<u8>>,
}

/// What an ordinary answer shows: the phone, and four digits.
pub struct Shown {
    pub phone: Option<String>,
    pub last4: Option<String>,
}

pub fn shown(conn: &mut PgConnection, secrets: &Secrets, ids: &[HouseholdId]) -> Result<HashMap<HouseholdId, Shown>> {
    let rows = PrivateRow::query().filter(table::household_id.eq_any(ids)).load(conn)?;
    let mut shown = HashMap::new();
    for row in rows {
        let open = |field: &str, sealed: Option<Vec<u8>>| {
            sealed.map(|sealed| secrets.open(row.household_id.0, field, &sealed)).transpose()
        };
        let (phone, last4) = (open(PHONE, row.phone)?, open(LAST4, row.identity_number_last4)?);
        shown.insert(row.household_id, Shown { phone, last4 });
    }
    Ok(shown)
}

/// Everything, for a call that is audited.
pub fn reveal(conn: &mut PgConnection, secrets: &Secrets, id: HouseholdId) -> Result<HouseholdSecrets> {
    let row = PrivateRow::query().filter(table::household_id.eq(id)).first(conn).optional()?;
    let Some(row) = row else { return Ok(HouseholdSecrets { identity_number: None, phone: None }) };
    let open =
        |field: &str, sealed: Option<Vec<u8>>| sealed.map(|sealed| secrets.open(id.0, field, &sealed)).transpose();
    Ok(HouseholdSecrets {
        identity_number: open(IDENTITY_NUMBER, row.identity_number)?,
        phone: open(PHONE, row.phone)?,
    })
}

/// The audit names the fields, and never their values.
fn note(conn: &mut PgConnection, id: HouseholdId, phone: bool, identity_number: bool) -> Result<()> {
    let names = [(PHONE, phone), (IDENTITY_NUMBER, identity_number)];
    let changed: Vec<&str> = names.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    sql_query("SELECT app_audit_sealed($1, $2)")
        .bind::<SqlUuid, _>(id)
        .bind::<Array<Text>, _>(changed)
        .execute(conn)?;
    Ok(())
}

type Sealed = Option<Vec<u8>>;

fn sealed(secrets: &Secrets, id: HouseholdId, field: &str, value: Option<&str>) -> Result<Sealed> {
    value.map(|value| secrets.seal(id.0, field, value)).transpose()
}

/// The number, its last four digits, and the hash that finds it.
fn sealed_number(secrets: &Secrets, id: HouseholdId, number: Option<&str>) -> Result<(Sealed, Sealed, Sealed)> {
    let last4 = number.and_then(|number| number.get(number.len().saturating_sub(4)..));
    Ok((
        sealed(secrets, id, IDENTITY_NUMBER, number)?,
        sealed(secrets, id, LAST4, last4)?,
        number.map(|number| secrets.blind_index(number)),
    ))
}

/// Seals what is given of a household that was just made: one statement, where a change has to look what
/// is there.
pub fn insert(
    conn: &mut PgConnection,
    secrets: &Secrets,
    id: HouseholdId,
    phone: Option<&str>,
    identity_number: Option<&str>,
) -> Result<()> {
    if phone.is_none() && identity_number.is_none() {
        return Ok(());
    }
    note(conn, id, phone.is_some(), identity_number.is_some())?;
    let (number, last4, index) = sealed_number(secrets, id, identity_number)?;
    diesel::insert_into(table::table)
        .values((
            table::household_id.eq(id),
            table::phone.eq(sealed(secrets, id, PHONE, phone)?),
            table::identity_number.eq(number),
            table::identity_number_last4.eq(last4),
            table::identity_number_index.eq(index),
        ))
        .execute(conn)?;
    Ok(())
}

/// Seals what is given: None keeps, Some(None) clears.
pub fn write(
    conn: &mut PgConnection,
    secrets: &Secrets,
    id: HouseholdId,
    phone: Option<&Option<String>>,
    identity_number: Option<&Option<String>>,
) -> Result<()> {
    if phone.is_none() && identity_number.is_none() {
        return Ok(());
    }
    note(conn, id, phone.is_some(), identity_number.is_some())?;
    diesel::insert_into(table::table).values(table::household_id.eq(id)).on_conflict_do_nothing().execute(conn)?;
    let row = table::table.find(id);
    if let Some(phone) = phone {
        diesel::update(row).set(table::phone.eq(sealed(secrets, id, PHONE, phone.as_deref())?)).execute(conn)?;
    }
    if let Some(number) = identity_number {
        let (number, last4, index) = sealed_number(secrets, id, number.as_deref())?;
        diesel::update(row)
            .set((
                table::identity_number.eq(number),
                table::identity_number_last4.eq(last4),
                table::identity_number_index.eq(index),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// What one household's row does not say, another's may: for two that become one.
pub fn take_over(conn: &mut PgConnection, secrets: &Secrets, from: HouseholdId, into: HouseholdId) -> Result<()> {
    let (theirs, own) = (reveal(conn, secrets, from)?, reveal(conn, secrets, into)?);
    let missing = |own: Option<String>, theirs: Option<String>| theirs.filter(|_| own.is_none()).map(Some);
    let (phone, number) = (missing(own.phone, theirs.phone), missing(own.identity_number, theirs.identity_number));
    write(conn, secrets, into, phone.as_ref(), number.as_ref())
}

/// A household by the keyed hash of its identity number.
#[derive(HasQuery)]
#[diesel(table_name = table)]
pub struct NumberRow {
    pub household_id: HouseholdId,
    pub identity_number_index: Option<Vec<u8>>,
}

/// The identity numbers of these households, and the households that have one of these numbers.
pub fn numbers(conn: &mut PgConnection, households: &[HouseholdId], indexes: &[Vec<u8>]) -> Result<Vec<NumberRow>> {
    let mut found = NumberRow::query().filter(table::household_id.eq_any(households)).load(conn)?;
    found.extend(NumberRow::query().filter(table::identity_number_index.eq_any(indexes)).load(conn)?);
    Ok(found)
}

/// Whether both have an identity number, and not the same.
pub fn numbers_differ(conn: &mut PgConnection, one: HouseholdId, other: HouseholdId) -> Result<bool> {
    let known: Vec<Vec<u8>> = table::table
        .filter(table::household_id.eq_any([one, other]))
        .filter(table::identity_number_index.is_not_null())
        .select(table::identity_number_index.assume_not_null())
        .load(conn)?;
    Ok(matches!(known.as_slice(), [one, other] if one != other))
}

/// A sealed phone, to try a key on.
pub fn any_sealed_phone(conn: &mut PgConnection) -> Result<Option<(Uuid, Vec<u8>)>> {
    let row: Option<(HouseholdId, Option<Vec<u8>>)> = table::table
        .filter(table::phone.is_not_null())
        .select((table::household_id, table::phone))
        .first(conn)
        .optional()?;
    Ok(row.and_then(|(household, phone)| Some((household.0, phone?))))
}
