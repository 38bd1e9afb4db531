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
    let names = [(PHONE, phone.is_some()), (IDENTITY_NUMBER, identity_number.is_some())];
    let changed: Vec<&str> = names.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    sql_query("SELECT app_audit_sealed($1, $2)")
        .bind::<SqlUuid, _>(id)
        .bind::<Array<Text>, _>(changed)
        .execute(conn)?;
    let seal = |field: &str, value: Option<&str>| value.map(|value| secrets.seal(id.0, field, value)).transpose();
    diesel::insert_into(table::table).values(table::household_id.eq(id)).on_conflict_do_nothing().execute(conn)?;
    let row = table::table.find(id);
    if let Some(phone) = phone {
        diesel::update(row).set(table::phone.eq(seal(PHONE, phone.as_deref())?)).execute(conn)?;
    }
    if let Some(number) = identity_number {
        let last4 = number.as_deref().and_then(|number| number.get(number.len().saturating_sub(4)..));
        diesel::update(row)
            .set((
                table::identity_number.eq(seal(IDENTITY_NUMBER, number.as_deref())?),
                table::identity_number_last4.eq(seal(LAST4, last4)?),
                table::identity_number_index.eq(number.as_deref().map(|number| secrets.blind_index(number))),
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

/// A sealed phone, to try a key on.
pub fn any_sealed_phone(conn: &mut PgConnection) -> Result<Option<(Uuid, Vec<u8>)>> {
    let row: Option<(HouseholdId, Option<Vec<u8>>)> = table::table
        .filter(table::phone.is_not_null())
        .select((table::household_id, table::phone))
        .first(conn)
        .optional()?;
    Ok(row.and_then(|(household, phone)| Some((household.0, phone?))))
}
