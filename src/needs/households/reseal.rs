//! Seals phones and identity numbers anew with another key, for the operator.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Binary, Bool, Integer, Uuid as SqlUuid};
use uuid::Uuid;

use super::HouseholdId;
use super::private::{IDENTITY_NUMBER, LAST4, Opener, PHONE, PrivateRow, Subject, sealed};
use crate::kernel::db::schema::household_private as table;
use crate::kernel::db::sealing::SealedBy;
use crate::kernel::db::sql::set_config;
use crate::kernel::http::problem::{Code, Problem, Result};
use crate::kernel::secrets::Secrets;

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

/// The counts of a batch, and its last row.
pub struct Batch {
    pub resealed: usize,
    pub unreadable: usize,
    pub last: Subject,
}

/// The row is after another one, in the order of the primary key.
fn is_after((household, subject): Subject) -> Box<dyn BoxableExpression<table::table, Pg, SqlType = Bool>> {
    Box::new(table::household_id.gt(household).or(table::household_id.eq(household).and(table::subject_id.gt(subject))))
}

/// Before every row.
const FIRST: Subject = (HouseholdId(Uuid::nil()), Uuid::nil());

/// Seals the next batch of rows, in the order of ids after `behind`, with the newest key; None at the end.
pub fn reseal(conn: &mut PgConnection, secrets: &Secrets, behind: Option<Subject>) -> Result<Option<Batch>> {
    let newest = i32::from(secrets.newest_key().unwrap_or_default());
    let older = diesel::dsl::sql::<Bool>("(get_byte(phone, 0) <> ")
        .bind::<Integer, _>(newest)
        .sql(" OR get_byte(identity_number, 0) <> ")
        .bind::<Integer, _>(newest)
        .sql(" OR get_byte(identity_number_last4, 0) <> ")
        .bind::<Integer, _>(newest)
        .sql(")");
    let rows = PrivateRow::query()
        .filter(older)
        .filter(is_after(behind.unwrap_or(FIRST)))
        .order((table::household_id, table::subject_id))
        .limit(AT_ONCE)
        .for_update()
        .load(conn)?;
    let Some(last) = rows.last().map(|row| (row.household_id, row.subject_id)) else { return Ok(None) };
    let mut batch = Batch { resealed: 0, unreadable: 0, last };
    for row in rows {
        let id = row.subject_id;
        let mut opener = Opener::of(secrets, id);
        let phone = opener.open(PHONE, row.phone);
        let number = opener.open(IDENTITY_NUMBER, row.identity_number);
        let last4 = opener.open(LAST4, row.identity_number_last4);
        if !opener.unreadable.is_empty() {
            batch.unreadable += 1;
            continue;
        }
        diesel::update(table::table.find((row.household_id, id)))
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
    let mut behind = FIRST;
    loop {
        let rows = PrivateRow::query()
            .filter(table::identity_number.is_not_null())
            .filter(is_after(behind))
            .order((table::household_id, table::subject_id))
            .limit(AT_ONCE)
            .load(conn)?;
        let Some(last) = rows.last() else { return Ok(()) };
        behind = (last.household_id, last.subject_id);
        let (mut households, mut ids, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let mut opener = Opener::of(secrets, row.subject_id);
            let Some(number) = opener.open(IDENTITY_NUMBER, row.identity_number) else {
                return Err(Problem::new(Code::UNREADABLE));
            };
            households.push(row.household_id.0);
            ids.push(row.subject_id);
            indexes.push(secrets.blind_index(&number));
        }
        sql_query(
            "UPDATE household_private p SET identity_number_index = made.anew
               FROM unnest($1, $2, $3) made(household_id, id, anew)
              WHERE p.household_id = made.household_id AND p.subject_id = made.id",
        )
        .bind::<Array<SqlUuid>, _>(households)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Binary>, _>(indexes)
        .execute(conn)?;
    }
}
