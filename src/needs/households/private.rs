//! Phone and identity number: encrypted ("sealed") in the database, and decrypted for callers to whom the policies show
//! the row.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Binary, Bool, Integer, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::HouseholdId;
use crate::kernel::db::schema::household_private as table;
use crate::kernel::db::sealing::SealedBy;
use crate::kernel::db::sql::set_config;
use crate::kernel::http::problem::{Code, Problem, Result};
use crate::kernel::secrets::{Secrets, Unreadable};

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

/// The private fields of ordinary answers: the phone, and the last four digits of the identity number.
#[derive(Default)]
pub struct Shown {
    pub phone: Option<String>,
    pub last4: Option<String>,
    /// Names of fields that cannot be decrypted.
    pub unreadable: Vec<String>,
}

/// Decrypts the fields of one household, and collects the names of those that fail.
struct Opener<'a> {
    secrets: &'a Secrets,
    household: HouseholdId,
    unreadable: Vec<String>,
}

impl<'a> Opener<'a> {
    fn of(secrets: &'a Secrets, household: HouseholdId) -> Self {
        Self { secrets, household, unreadable: Vec::new() }
    }

    /// Returns None for a field that cannot be decrypted, so that the other fields and rows of a list are still answered.
    fn open(&mut self, field: &str, sealed: Option<Vec<u8>>) -> Option<String> {
        match self.secrets.open(self.household.0, field, &sealed?) {
            Ok(value) => Some(value),
            Err(Unreadable) => {
                log::error!(
                    "the sealed {field} of household {} cannot be decrypted: damaged, or another key",
                    self.household.0
                );
                self.unreadable.push(field.to_owned());
                None
            }
        }
    }
}

pub fn shown(conn: &mut PgConnection, secrets: &Secrets, ids: &[HouseholdId]) -> Result<HashMap<HouseholdId, Shown>> {
    let rows = PrivateRow::query().filter(table::household_id.eq_any(ids)).load(conn)?;
    let show = |row: PrivateRow| {
        let mut opener = Opener::of(secrets, row.household_id);
        let (phone, last4) = (opener.open(PHONE, row.phone), opener.open(LAST4, row.identity_number_last4));
        (row.household_id, Shown { phone, last4, unreadable: opener.unreadable })
    };
    Ok(rows.into_iter().map(show).collect())
}

/// Returns both fields in full; the caller writes the audit entry.
pub fn reveal(conn: &mut PgConnection, secrets: &Secrets, id: HouseholdId) -> Result<HouseholdSecrets> {
    let row = PrivateRow::query().filter(table::household_id.eq(id)).first(conn).optional()?;
    let Some(row) = row else { return Ok(HouseholdSecrets::default()) };
    let mut opener = Opener::of(secrets, id);
    let (identity_number, phone) = (opener.open(IDENTITY_NUMBER, row.identity_number), opener.open(PHONE, row.phone));
    Ok(HouseholdSecrets { identity_number, phone, unreadable: opener.unreadable })
}

/// Passes the names of the changed fields to the audit, without their values.
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

/// Seals the number and its last four digits, and computes the keyed hash by which equal numbers are found.
fn sealed_number(secrets: &Secrets, id: HouseholdId, number: Option<&str>) -> Result<(Sealed, Sealed, Sealed)> {
    let last4 = number.and_then(|number| number.get(number.len().saturating_sub(4)..));
    Ok((
        sealed(secrets, id, IDENTITY_NUMBER, number)?,
        sealed(secrets, id, LAST4, last4)?,
        number.map(|number| secrets.blind_index(number)),
    ))
}

/// Seals the fields of a new household with one statement; `write` first inserts a missing row.
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

/// Seals changed fields: None keeps a field, Some(None) clears it.
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

/// Copies the fields of `from` that `into` does not have, for a merge.
pub fn take_over(conn: &mut PgConnection, secrets: &Secrets, from: HouseholdId, into: HouseholdId) -> Result<()> {
    let (theirs, own) = (reveal(conn, secrets, from)?, reveal(conn, secrets, into)?);
    // A field that cannot be decrypted now may be readable with the right key, so the merge is rejected.
    if !(theirs.unreadable.is_empty() && own.unreadable.is_empty()) {
        return Err(Problem::new(Code::UNREADABLE));
    }
    let missing = |own: Option<String>, theirs: Option<String>| theirs.filter(|_| own.is_none()).map(Some);
    let (phone, number) = (missing(own.phone, theirs.phone), missing(own.identity_number, theirs.identity_number));
    write(conn, secrets, into, phone.as_ref(), number.as_ref())
}

/// A household with the keyed hash of its identity number.
#[derive(HasQuery)]
#[diesel(table_name = table)]
pub struct NumberRow {
    pub household_id: HouseholdId,
    pub identity_number_index: Option<Vec<u8>>,
}

/// Returns the rows of these households, and of all visible households with one of these hashes.
pub fn numbers(conn: &mut PgConnection, households: &[HouseholdId], indexes: &[Vec<u8>]) -> Result<Vec<NumberRow>> {
    let mut found = NumberRow::query().filter(table::household_id.eq_any(households)).load(conn)?;
    found.extend(NumberRow::query().filter(table::identity_number_index.eq_any(indexes)).load(conn)?);
    Ok(found)
}

/// Whether both households have identity numbers, and different ones.
pub fn numbers_differ(conn: &mut PgConnection, one: HouseholdId, other: HouseholdId) -> Result<bool> {
    let known: Vec<Vec<u8>> = table::table
        .filter(table::household_id.eq_any([one, other]))
        .filter(table::identity_number_index.is_not_null())
        .select(table::identity_number_index.assume_not_null())
        .load(conn)?;
    Ok(matches!(known.as_slice(), [one, other] if one != other))
}

/// Counts the sealed values by key.
pub fn sealed_by_key(conn: &mut PgConnection) -> Result<Vec<SealedBy>> {
    Ok(sql_query(
        "SELECT get_byte(field, 0) AS key, count(*) AS fields FROM household_private
           CROSS JOIN LATERAL unnest(ARRAY[phone, identity_number, identity_number_last4]) field
          WHERE field IS NOT NULL GROUP BY 1",
    )
    .load(conn)?)
}

/// Raises the statement timeout of the transaction to 30 minutes, for statements over all rows.
pub fn wait_long(conn: &mut PgConnection) -> Result<()> {
    diesel::select(set_config("statement_timeout", "30min", true)).execute(conn)?;
    Ok(())
}

/// Rows that are sealed anew in one batch.
const AT_ONCE: i64 = 500;

/// The counts of a batch, and its last household.
pub struct Batch {
    pub resealed: usize,
    pub unreadable: usize,
    pub last: HouseholdId,
}

/// Seals the next batch of households, in the order of ids after `behind`, with the newest key; None at the end.
pub fn reseal(conn: &mut PgConnection, secrets: &Secrets, behind: Option<HouseholdId>) -> Result<Option<Batch>> {
    let newest = i32::from(secrets.newest_key().unwrap_or_default());
    let older = diesel::dsl::sql::<Bool>("(get_byte(phone, 0) <> ")
        .bind::<Integer, _>(newest)
        .sql(" OR get_byte(identity_number, 0) <> ")
        .bind::<Integer, _>(newest)
        .sql(" OR get_byte(identity_number_last4, 0) <> ")
        .bind::<Integer, _>(newest)
        .sql(")");
    let behind = behind.map_or(Uuid::nil(), |id| id.0);
    let rows = PrivateRow::query()
        .filter(older)
        .filter(table::household_id.gt(behind))
        .order(table::household_id)
        .limit(AT_ONCE)
        .for_update()
        .load(conn)?;
    let Some(last) = rows.last().map(|row| row.household_id) else { return Ok(None) };
    let mut batch = Batch { resealed: 0, unreadable: 0, last };
    for row in rows {
        let id = row.household_id;
        let mut opener = Opener::of(secrets, id);
        let phone = opener.open(PHONE, row.phone);
        let number = opener.open(IDENTITY_NUMBER, row.identity_number);
        let last4 = opener.open(LAST4, row.identity_number_last4);
        if !opener.unreadable.is_empty() {
            batch.unreadable += 1;
            continue;
        }
        diesel::update(table::table.find(id))
            .set((
                table::phone.eq(sealed(secrets, id, PHONE, phone.as_deref())?),
                table::identity_number.eq(sealed(secrets, id, IDENTITY_NUMBER, number.as_deref())?),
                table::identity_number_last4.eq(sealed(secrets, id, LAST4, last4.as_deref())?),
            ))
            .execute(conn)?;
        batch.resealed += 1;
    }
    Ok(Some(batch))
}

/// Recomputes the keyed hashes of all identity numbers, with the oldest key of `secrets`.
pub fn rebuild_index(conn: &mut PgConnection, secrets: &Secrets) -> Result<()> {
    let mut behind = Uuid::nil();
    loop {
        let numbered = PrivateRow::query().filter(table::identity_number.is_not_null());
        let rows =
            numbered.filter(table::household_id.gt(behind)).order(table::household_id).limit(AT_ONCE).load(conn)?;
        let Some(last) = rows.last() else { return Ok(()) };
        behind = last.household_id.0;
        let (mut ids, mut indexes) = (Vec::new(), Vec::new());
        for row in rows {
            let mut opener = Opener::of(secrets, row.household_id);
            let Some(number) = opener.open(IDENTITY_NUMBER, row.identity_number) else {
                return Err(Problem::new(Code::UNREADABLE));
            };
            ids.push(row.household_id.0);
            indexes.push(secrets.blind_index(&number));
        }
        sql_query(
            "UPDATE household_private p SET identity_number_index = made.anew
               FROM unnest($1, $2) made(id, anew) WHERE p.household_id = made.id",
        )
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Binary>, _>(indexes)
        .execute(conn)?;
    }
}
