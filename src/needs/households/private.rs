//! Phones and identity numbers of heads and members: encrypted ("sealed") in the database, and decrypted for callers to whom the
//! policies show the row.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Nullable, Text, Uuid as SqlUuid};
use diesel::upsert::excluded;
use uuid::Uuid;

use super::{HouseholdId, MemberId};
use crate::kernel::db::kept::Keep;
use crate::kernel::db::schema::{household_private as table, households};
use crate::kernel::http::problem::{Code, FieldCode, Problem, Result};
use crate::kernel::secrets::{Secrets, Unreadable};

use super::model::{HouseholdSecrets, MemberSecrets};

pub(super) const PHONE: &str = "phone";
pub(super) const IDENTITY_NUMBER: &str = "identity_number";
pub(super) const LAST4: &str = "identity_number_last4";
/// The field of the audit and of `unreadable` for the numbers of members.
pub const MEMBERS: &str = "members";

/// Members of a household that another one has, too: `kept_id` is null for a member that is its head.
#[derive(QueryableByName)]
struct SamePerson {
    #[diesel(sql_type = SqlUuid)]
    member_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    kept_id: Option<Uuid>,
}

#[derive(HasQuery)]
#[diesel(table_name = table)]
pub(super) struct PrivateRow {
    pub household_id: HouseholdId,
    /// The household, for its head, or a member.
    pub subject_id: Uuid,
    pub phone: Option<Vec<u8>>,
    pub identity_number: Option<Vec<u8>>,
    pub identity_number_last4: Option<Vec<u8>>,
}

/// The private fields of ordinary answers: the phone, and the last four digits of the identity number.
#[derive(Default)]
pub struct Shown {
    pub phone: Option<String>,
    pub last4: Option<String>,
    /// Names of fields that cannot be decrypted.
    pub unreadable: Vec<String>,
}

/// Decrypts the fields of one person, and collects the names of those that fail.
pub(super) struct Opener<'a> {
    secrets: &'a Secrets,
    subject: Uuid,
    pub unreadable: Vec<String>,
}

impl<'a> Opener<'a> {
    pub fn of(secrets: &'a Secrets, subject: Uuid) -> Self {
        Self { secrets, subject, unreadable: Vec::new() }
    }

    /// Returns None for a field that cannot be decrypted, so that the other fields and rows of a list are still answered.
    pub fn open(&mut self, field: &str, sealed: Option<Vec<u8>>) -> Option<String> {
        match self.secrets.open(self.subject, field, &sealed?) {
            Ok(value) => Some(value),
            Err(Unreadable) => {
                log::error!("the sealed {field} of {} cannot be decrypted: damaged, or another key", self.subject);
                self.unreadable.push(field.to_owned());
                None
            }
        }
    }
}

/// A household, and in it the id of the household, for its head, or of a member.
pub type Subject = (HouseholdId, Uuid);

/// Returns the fields of the heads and members of these households.
pub fn shown(conn: &mut PgConnection, secrets: &Secrets, ids: &[HouseholdId]) -> Result<HashMap<Subject, Shown>> {
    let rows = PrivateRow::query().filter(table::household_id.eq_any(ids)).load(conn)?;
    let show = |row: PrivateRow| {
        let mut opener = Opener::of(secrets, row.subject_id);
        let (phone, last4) = (opener.open(PHONE, row.phone), opener.open(LAST4, row.identity_number_last4));
        ((row.household_id, row.subject_id), Shown { phone, last4, unreadable: opener.unreadable })
    };
    Ok(rows.into_iter().map(show).collect())
}

/// Returns all fields in full; the caller writes the audit entry.
pub fn reveal(conn: &mut PgConnection, secrets: &Secrets, id: HouseholdId) -> Result<HouseholdSecrets> {
    let mut found = HouseholdSecrets::default();
    let rows = PrivateRow::query().filter(table::household_id.eq(id)).order(table::subject_id);
    for row in rows.load(conn)? {
        let mut opener = Opener::of(secrets, row.subject_id);
        let identity_number = opener.open(IDENTITY_NUMBER, row.identity_number);
        if row.subject_id == id.0 {
            (found.identity_number, found.phone) = (identity_number, opener.open(PHONE, row.phone));
            found.unreadable.append(&mut opener.unreadable);
        } else {
            found.members.push(MemberSecrets { id: MemberId(row.subject_id), identity_number });
            if !opener.unreadable.is_empty() && !found.unreadable.iter().any(|name| name == MEMBERS) {
                found.unreadable.push(MEMBERS.to_owned());
            }
        }
    }
    Ok(found)
}

diesel::define_sql_function! {
    fn app_audit_sealed(household: SqlUuid, fields: Array<Text>) -> Nullable<Text>;
}

/// Passes the names of the changed fields to the audit, without their values.
fn note(conn: &mut PgConnection, id: HouseholdId, changed: Vec<&str>) -> Result<()> {
    diesel::select(app_audit_sealed(id, changed)).execute(conn)?;
    Ok(())
}

/// The names of the given fields of a head.
fn names(phone: bool, identity_number: bool) -> Vec<&'static str> {
    let names = [(PHONE, phone), (IDENTITY_NUMBER, identity_number)];
    names.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
}

pub(super) type Sealed = Option<Vec<u8>>;

pub(super) fn sealed(secrets: &Secrets, id: Uuid, field: &str, value: Option<&str>) -> Result<Sealed> {
    value.map(|value| secrets.seal(id, field, value)).transpose()
}

/// Seals the number and its last four digits, and computes the keyed hash by which equal numbers are found.
fn sealed_number(secrets: &Secrets, id: Uuid, number: Option<&str>) -> Result<(Sealed, Sealed, Sealed)> {
    let last4 = number.and_then(|number| number.get(number.len().saturating_sub(4)..));
    Ok((
        sealed(secrets, id, IDENTITY_NUMBER, number)?,
        sealed(secrets, id, LAST4, last4)?,
        number.map(|number| secrets.blind_index(number)),
    ))
}

/// Seals the fields of the head of a new household with one statement; `write` first inserts a missing row.
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
    note(conn, id, names(phone.is_some(), identity_number.is_some()))?;
    let (number, last4, index) = sealed_number(secrets, id.0, identity_number)?;
    diesel::insert_into(table::table)
        .values((
            table::subject_id.eq(id.0),
            table::household_id.eq(id),
            table::phone.eq(sealed(secrets, id.0, PHONE, phone)?),
            table::identity_number.eq(number),
            table::identity_number_last4.eq(last4),
            table::identity_number_index.eq(index),
        ))
        .execute(conn)?;
    Ok(())
}

/// Seals changed fields of the head: None keeps a field, Some(None) clears it.
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
    note(conn, id, names(phone.is_some(), identity_number.is_some()))?;
    let head = (table::subject_id.eq(id.0), table::household_id.eq(id));
    diesel::insert_into(table::table).values(head).on_conflict_do_nothing().execute(conn)?;
    let row = table::table.find((id, id.0));
    if let Some(phone) = phone {
        diesel::update(row).set(table::phone.eq(sealed(secrets, id.0, PHONE, phone.as_deref())?)).execute(conn)?;
    }
    if let Some(number) = identity_number {
        let (number, last4, index) = sealed_number(secrets, id.0, number.as_deref())?;
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

/// Seals the numbers of members of a household; equal ones stay as they are.
pub fn write_members(
    conn: &mut PgConnection,
    secrets: &Secrets,
    household: HouseholdId,
    numbers: &[(Uuid, &str)],
) -> Result<()> {
    if numbers.is_empty() {
        return Ok(());
    }
    let known: Vec<(Uuid, Sealed)> = table::table
        .filter(table::household_id.eq(household))
        .filter(table::subject_id.eq_any(numbers.iter().map(|(member, _)| *member)))
        .select((table::subject_id, table::identity_number_index))
        .load(conn)?;
    let mut rows = Vec::new();
    for (member, number) in numbers {
        let (number, last4, index) = sealed_number(secrets, *member, Some(number))?;
        if known.contains(&(*member, index.clone())) {
            continue;
        }
        rows.push((
            table::subject_id.eq(*member),
            table::household_id.eq(household),
            table::identity_number.eq(number),
            table::identity_number_last4.eq(last4),
            table::identity_number_index.eq(index),
        ));
    }
    if rows.is_empty() {
        return Ok(());
    }
    note(conn, household, vec![MEMBERS])?;
    diesel::insert_into(table::table)
        .values(rows)
        .on_conflict((table::household_id, table::subject_id))
        .do_update()
        .set((
            table::identity_number.eq(excluded(table::identity_number)),
            table::identity_number_last4.eq(excluded(table::identity_number_last4)),
            table::identity_number_index.eq(excluded(table::identity_number_index)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Copies the fields of `from` that `into` does not have, for a merge: of the head, and of members whom both have.
pub fn take_over(conn: &mut PgConnection, secrets: &Secrets, from: HouseholdId, into: HouseholdId) -> Result<()> {
    let (theirs, own) = (reveal(conn, secrets, from)?, reveal(conn, secrets, into)?);
    // A field that cannot be decrypted now may be readable with the right key, so the merge is rejected.
    if !(theirs.unreadable.is_empty() && own.unreadable.is_empty()) {
        return Err(Problem::new(Code::UNREADABLE));
    }
    let same: Vec<SamePerson> = sql_query("SELECT member_id, kept_id FROM app_same_people($1, $2)")
        .bind::<SqlUuid, _>(from)
        .bind::<SqlUuid, _>(into)
        .kept()
        .load(conn)?;
    let number_of = |secrets: &HouseholdSecrets, id: Uuid| {
        let member = secrets.members.iter().find(|member| member.id.0 == id);
        member.and_then(|member| member.identity_number.clone())
    };
    let (mut taken, mut of_head) = (Vec::new(), None);
    for SamePerson { member_id, kept_id } in same {
        let Some(number) = number_of(&theirs, member_id) else { continue };
        match kept_id {
            Some(kept) if number_of(&own, kept).is_none() => taken.push((kept, number)),
            Some(_) => {}
            None => of_head = Some(number),
        }
    }
    // The head of the merged household may be another person.
    if of_head.is_none() && is_same_head(conn, from, into)? {
        of_head = theirs.identity_number;
    }
    let missing = |own: Option<String>, theirs: Option<String>| theirs.filter(|_| own.is_none()).map(Some);
    let (phone, number) = (missing(own.phone, theirs.phone), missing(own.identity_number, of_head));
    write(conn, secrets, into, phone.as_ref(), number.as_ref())?;
    let taken: Vec<(Uuid, &str)> = taken.iter().map(|(member, number)| (*member, number.as_str())).collect();
    write_members(conn, secrets, into, &taken)
}

/// Whether the heads of two households have the same folded name, and no different birth years.
fn is_same_head(conn: &mut PgConnection, one: HouseholdId, other: HouseholdId) -> Result<bool> {
    let heads: Vec<(String, Option<i32>)> = households::table
        .filter(households::id.eq_any([one, other]))
        .select((households::head_fold, households::head_birth_year))
        .load(conn)?;
    Ok(matches!(heads.as_slice(), [(name, year), (same, other)]
        if name == same && (year == other || year.is_none() || other.is_none())))
}

/// Rejects a number that two people of a household have; `members` are those of the request.
pub fn check_distinct(conn: &mut PgConnection, household: HouseholdId, members: &[Uuid]) -> Result<()> {
    let rows: Vec<(Uuid, Vec<u8>)> = table::table
        .filter(table::household_id.eq(household))
        .filter(table::identity_number_index.is_not_null())
        .select((table::subject_id, table::identity_number_index.assume_not_null()))
        .load(conn)?;
    let twice = |(subject, index): &&(Uuid, Vec<u8>)| {
        rows.iter().any(|(other, same)| other != subject && same == index) && *subject != household.0
    };
    // The last of them is named.
    let place_of = |subject: &Uuid| members.iter().position(|member| member == subject);
    let Some(place) = rows.iter().filter(twice).map(|(subject, _)| place_of(subject)).max() else { return Ok(()) };
    let pointer =
        place.map_or_else(|| "#/identity_number".to_owned(), |place| format!("#/members/{place}/identity_number"));
    Err(Problem::field(pointer, FieldCode::DUPLICATE))
}

/// A household with the keyed hash of its head's identity number.
#[derive(HasQuery)]
#[diesel(table_name = table)]
pub struct NumberRow {
    pub household_id: HouseholdId,
    pub identity_number_index: Option<Vec<u8>>,
}

/// Returns the rows of the heads of these households, and of all visible heads with one of these hashes.
pub fn numbers(conn: &mut PgConnection, households: &[HouseholdId], indexes: &[Vec<u8>]) -> Result<Vec<NumberRow>> {
    let heads = || NumberRow::query().filter(table::subject_id.eq(table::household_id));
    let mut found = heads().filter(table::household_id.eq_any(households)).load(conn)?;
    found.extend(heads().filter(table::identity_number_index.eq_any(indexes)).load(conn)?);
    Ok(found)
}

/// Whether the heads of both households have identity numbers, and different ones.
pub fn numbers_differ(conn: &mut PgConnection, one: HouseholdId, other: HouseholdId) -> Result<bool> {
    let known: Vec<Vec<u8>> = table::table
        .filter(table::household_id.eq_any([one, other]))
        .filter(table::subject_id.eq(table::household_id))
        .filter(table::identity_number_index.is_not_null())
        .select(table::identity_number_index.assume_not_null())
        .load(conn)?;
    Ok(matches!(known.as_slice(), [one, other] if one != other))
}
