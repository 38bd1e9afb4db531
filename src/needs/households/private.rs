//! Phone and identity number: sealed in the database, opened for those whose policies let them see
//! the row at all.

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

/// What an ordinary answer shows: the phone, and four digits.
#[derive(Default)]
pub struct Shown {
    pub phone: Option<String>,
    pub last4: Option<String>,
    /// Fields that are kept and do not open.
    pub unreadable: Vec<String>,
}

/// Opens the fields of one household, and names those that do not open.
struct Opener<'a> {
    secrets: &'a Secrets,
    household: HouseholdId,
    unreadable: Vec<String>,
}

impl<'a> Opener<'a> {
    fn of(secrets: &'a Secrets, household: HouseholdId) -> Self {
        Self { secrets, household, unreadable: Vec::new() }
    }

    /// One damaged field does not hide the others, nor the list that it stands in.
    fn open(&mut self, field: &str, sealed: Option<Vec<u8>>) -> Option<String> {
        match self.secrets.open(self.household.0, field, &sealed?) {
            Ok(value) => Some(value),
            Err(Unreadable) => {
                log::error!(
                    "the sealed {field} of household {} does not open: damaged, or another key",
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

/// Everything, for a call that is audited.
pub fn reveal(conn: &mut PgConnection, secrets: &Secrets, id: HouseholdId) -> Result<HouseholdSecrets> {
    let row = PrivateRow::query().filter(table::household_id.eq(id)).first(conn).optional()?;
    let Some(row) = row else { return Ok(HouseholdSecrets::default()) };
    let mut opener = Opener::of(secrets, id);
    let (identity_number, phone) = (opener.open(IDENTITY_NUMBER, row.identity_number), opener.open(PHONE, row.phone));
    Ok(HouseholdSecrets { identity_number, phone, unreadable: opener.unreadable })
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
    // What does not open today may open with the right key: it is not merged away.
    if !(theirs.unreadable.is_empty() && own.unreadable.is_empty()) {
        return Err(Problem::new(Code::UNREADABLE));
    }
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

/// How many values each key has sealed.
pub fn sealed_by_key(conn: &mut PgConnection) -> Result<Vec<SealedBy>> {
    Ok(sql_query(
        "SELECT get_byte(field, 0) AS key, count(*) AS fields FROM household_private
           CROSS JOIN LATERAL unnest(ARRAY[phone, identity_number, identity_number_last4]) field
          WHERE field IS NOT NULL GROUP BY 1",
    )
    .load(conn)?)
}

/// One look at everything takes longer than a request's.
pub fn wait_long(conn: &mut PgConnection) -> Result<()> {
    diesel::select(set_config("statement_timeout", "30min", true)).execute(conn)?;
    Ok(())
}

/// Rows that are sealed anew in one transaction.
const AT_ONCE: i64 = 500;

/// What a batch came to, and the household that it ended with.
pub struct Batch {
    pub resealed: usize,
    pub unreadable: usize,
    pub last: HouseholdId,
}

/// Seals the next households behind one with the newest key; None when there are no more.
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

/// Makes anew by what equal identity numbers are found, with the oldest key of these.
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
