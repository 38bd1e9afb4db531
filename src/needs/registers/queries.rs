use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Uuid as SqlUuid};
use serde_json::json;
use uuid::Uuid;

use super::model::{Register, RegisterReopening, RegisterSort};
use super::problems::REGISTER_INCOMPLETE;
use crate::access::UserId;
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::kept::Keep;
use crate::kernel::db::schema::{localities, village_profiles, village_registers as table};
use crate::kernel::http::problem::{Code, Problem, Result};
use crate::kernel::list::NoFilter;
use crate::kernel::list::page::{Keyset, Page};
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;
use crate::places::localities::profiles::show_register;

diesel::define_sql_function! {
    /// Waits for the confirmations of a village and year, and lets them wait.
    fn app_lock_register(village: SqlUuid, year: Integer) -> Nullable<Text>;
}

const EARLIEST: i32 = 1990;
/// Named, because a kept statement fails where a newer schema adds a column to its result.
const COLUMNS: &str = "year, complete, completed_on, completed_by, reopen_reason, households, minority_households, \
    registered, assessed, poor, near_poor";

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = Integer)]
    registered: i32,
    #[diesel(sql_type = Integer)]
    proposed: i32,
    #[diesel(sql_type = Integer)]
    unassessed: i32,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Returns the years with a profile, an assessment or a register, and this year.
pub fn list(
    tx: &mut Tx<'_>,
    village: LocalityId,
    _: &NoFilter,
    keyset: Keyset<RegisterSort>,
) -> Result<Page<Register>> {
    localities::table
        .find(village)
        .filter(localities::level.eq(LocalityLevel::Village))
        .select(localities::id)
        .first::<LocalityId>(tx.conn)?;
    let total = if keyset.count {
        let counted = sql_query("SELECT count(*) AS count FROM app_registers($1)").bind::<SqlUuid, _>(village.0);
        Some(counted.kept().get_result::<Count>(tx.conn)?.count)
    } else {
        None
    };
    let (compare, direction) = if keyset.descending { ("<", "DESC") } else { (">", "ASC") };
    let after: Option<i32> = keyset.after::<i32>()?.map(|(year, _)| year);
    let rows = sql_query(format!(
        "SELECT {COLUMNS} FROM app_registers($1) WHERE $2 IS NULL OR year {compare} $2 ORDER BY year {direction} LIMIT $3"
    ))
    .bind::<SqlUuid, _>(village.0)
    .bind::<Nullable<Integer>, _>(after)
    .bind::<BigInt, _>(keyset.limit + 1)
    .kept()
    .load(tx.conn)?;
    keyset.page(rows, total, tx.secrets, |row: &Register, RegisterSort::Year| (json!(row.year), Uuid::nil()))
}

fn find(tx: &mut Tx<'_>, village: LocalityId, year: i32) -> Result<Register> {
    let one = sql_query(format!("SELECT {COLUMNS} FROM app_registers($1) WHERE year = $2"));
    Ok(one.bind::<SqlUuid, _>(village.0).bind::<Integer, _>(year).kept().get_result(tx.conn)?)
}

/// Locks the register of a village of the caller's area: 404 for other places, and for years that have not begun.
fn lock(tx: &mut Tx<'_>, village: LocalityId, year: i32) -> Result<Option<Locked>> {
    let own = localities::table
        .find(village)
        .filter(localities::level.eq(LocalityLevel::Village))
        .filter(app_in_range(localities::scope_path));
    own.select(localities::id).first::<LocalityId>(tx.conn)?;
    if !(EARLIEST..=tx.today.year()).contains(&year) {
        return Err(Problem::not_found());
    }
    diesel::select(app_lock_register(village, year)).execute(tx.conn)?;
    let row = table::table.filter(table::village_id.eq(village)).filter(table::year.eq(year));
    Ok(row.select(Locked::as_select()).for_update().first(tx.conn).optional()?)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct Locked {
    id: Uuid,
    complete: bool,
    completed_by: Option<UserId>,
    reopened_by: Option<UserId>,
    reopen_reason: Option<String>,
}

/// Declares a year complete; a repetition by the same caller changes nothing.
pub fn complete(tx: &mut Tx<'_>, village: LocalityId, year: i32) -> Result<Register> {
    let me = Some(UserId(tx.actor.id));
    let known = lock(tx, village, year)?;
    if known.as_ref().is_some_and(|register| register.complete) {
        let repeated = known.is_some_and(|register| register.completed_by == me);
        return if repeated { find(tx, village, year) } else { Err(Problem::new(Code::INVALID_TRANSITION)) };
    }
    check(tx, village, year)?;
    let written = (table::complete.eq(true), table::completed_on.eq(tx.today), table::completed_by.eq(me));
    match known {
        Some(Locked { id, .. }) => diesel::update(table::table.find(id)).set(written).execute(tx.conn)?,
        None => {
            let key = (table::id.eq(Uuid::now_v7()), table::village_id.eq(village), table::year.eq(year));
            diesel::insert_into(table::table).values((key, written)).execute(tx.conn)?
        }
    };
    let register = find(tx, village, year)?;
    show_register(tx, village, year, register.poor.zip(register.near_poor))?;
    Ok(register)
}

/// Rejects a year with open proposals, with poor households that were not assessed again, or with more households than the
/// profile counts.
fn check(tx: &mut Tx<'_>, village: LocalityId, year: i32) -> Result<()> {
    let counted = sql_query("SELECT registered, proposed, unassessed FROM app_register_counts($1, $2)");
    let counts: Counts = counted.bind::<SqlUuid, _>(village.0).bind::<Integer, _>(year).kept().get_result(tx.conn)?;
    let profile = village_profiles::table.filter(village_profiles::village_id.eq(village));
    let profile = profile.filter(village_profiles::year.eq(year)).select(village_profiles::households);
    let households: Option<i32> = profile.first::<Option<i32>>(tx.conn).optional()?.flatten();
    let too_many = households.is_some_and(|households| counts.registered > households);
    if counts.proposed == 0 && counts.unassessed == 0 && !too_many {
        return Ok(());
    }
    let named = [
        ("proposed", Some(counts.proposed)),
        ("unassessed", Some(counts.unassessed)),
        ("registered", Some(counts.registered)),
        ("households", households),
    ];
    let counts = named.into_iter().filter_map(|(name, count)| Some((name.to_owned(), i64::from(count?))));
    Err(Problem::with_counts(REGISTER_INCOMPLETE, counts.collect()))
}

/// Opens a complete year again; a repetition by the same caller changes nothing.
pub fn reopen(tx: &mut Tx<'_>, village: LocalityId, year: i32, input: RegisterReopening) -> Result<Register> {
    let me = Some(UserId(tx.actor.id));
    let known = lock(tx, village, year)?.ok_or_else(|| Problem::new(Code::INVALID_TRANSITION))?;
    if !known.complete {
        let repeated = known.reopened_by == me && known.reopen_reason.as_deref() == Some(input.reason.as_str());
        return if repeated { find(tx, village, year) } else { Err(Problem::new(Code::INVALID_TRANSITION)) };
    }
    diesel::update(table::table.find(known.id))
        .set((
            table::complete.eq(false),
            table::completed_on.eq(None::<NaiveDate>),
            table::completed_by.eq(None::<UserId>),
            table::reopened_by.eq(me),
            table::reopen_reason.eq(input.reason),
        ))
        .execute(tx.conn)?;
    show_register(tx, village, year, None)?;
    find(tx, village, year)
}
