//! The end of a village: it is dissolved, merges into another village, or is divided among several.

use chrono::NaiveDate;
use diesel::prelude::*;
use ketnghia_macros::input;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::LocalityId;
use super::model::LocalityLevel;
use super::problems::{ENDED, WRONG_LEVEL};
use super::sql::{
    app_accounts_of, app_active_households, app_end_village, app_move_households, app_records_outside,
    app_succeed_place, app_twinnings_until,
};
use super::versions::{self, lock_village, refuse_in_use};
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::schema::localities;
use crate::kernel::http::problem::{Code, Counts, FieldCode, FieldError, Problem, Result};
use crate::kernel::value::day;
use crate::kernel::value::enums::db_enum;

db_enum! {
    /// What becomes of the twinnings of a village or organisation that ends.
    pub enum EndedTwinnings {
        End = "end" ("Kết thúc", "End"),
        Succeed = "succeed" ("Tiếp tục với nơi hoặc đơn vị kế tục", "Go on with the successors"),
    }
}

/// The end of a village.
#[input]
pub struct LocalityEnd {
    /// Last day (inclusive), not after today.
    #[schema(example = "2026-06-30")]
    pub ends_on: NaiveDate,
    /// The villages that it merges into or is divided among; required with `twinnings` `succeed`.
    #[length(..=5)]
    #[serde(default)]
    pub successor_ids: Vec<LocalityId>,
    #[length(1..=300)]
    #[schema(example = "12/NQ-HĐND")]
    pub legal_basis: Option<String>,
    #[schema(example = "end")]
    pub twinnings: EndedTwinnings,
    /// Answer the numbers, and change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// What the end of a village touches.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LocalityEnded {
    /// Active households that live in the only successor from the next day on.
    #[schema(example = 12)]
    pub households_moved: i64,
    /// Active households that have to be moved to one of several successors (`/households?village_ended=true`).
    #[schema(example = 0)]
    pub households_to_assign: i64,
    /// Twinnings that lasted until that day.
    #[schema(example = 2)]
    pub twinnings: i64,
    /// Active accounts of the village, which read nothing until they are assigned to another place.
    #[schema(example = 1)]
    pub accounts: i64,
}

pub fn end(tx: &mut Tx<'_>, village: LocalityId, end: LocalityEnd) -> Result<LocalityEnded> {
    lock_village(tx, village)?;
    day::check_past(end.ends_on, tx.today, "#/ends_on")?;
    let (valid_from, valid_to): (Option<NaiveDate>, Option<NaiveDate>) =
        localities::table.find(village).select((localities::valid_from, localities::valid_to)).first(tx.conn)?;
    if valid_to.is_some() {
        return Err(Problem::new(Code::INVALID_TRANSITION));
    }
    if let Some(first) = valid_from {
        day::check_period(first, Some(end.ends_on), "#/ends_on")?;
    }
    check_successors(tx, village, &end)?;
    let successors: &[LocalityId] = match end.twinnings {
        EndedTwinnings::Succeed if end.successor_ids.is_empty() => {
            return Err(Problem::field("#/successor_ids", FieldCode::REQUIRED));
        }
        EndedTwinnings::Succeed => &end.successor_ids,
        EndedTwinnings::End => &[],
    };
    versions::refuse_renamed_after(tx, village, end.ends_on)?;
    let later = app_records_outside(village, None::<NaiveDate>, end.ends_on);
    refuse_in_use(diesel::select(later).get_result(tx.conn)?)?;
    let households = diesel::select(app_active_households(village)).get_result(tx.conn)?;
    if end.successor_ids.is_empty() && households > 0 {
        return Err(Problem::in_use(Counts::from([("households".to_owned(), households)])));
    }
    if let Some(begins) = end.ends_on.succ_opt() {
        diesel::select(app_succeed_place(village, successors, begins)).execute(tx.conn)?;
    }
    let basis = end.legal_basis.as_deref();
    diesel::select(app_end_village(village, end.ends_on, &end.successor_ids, basis)).execute(tx.conn)?;
    // The households of a village that ends today move when the tree day passes it.
    if end.ends_on < tx.today {
        diesel::select(app_move_households(vec![village])).execute(tx.conn)?;
    }
    let merges = end.successor_ids.len() == 1;
    Ok(LocalityEnded {
        households_moved: if merges { households } else { 0 },
        households_to_assign: if merges { 0 } else { households },
        twinnings: diesel::select(app_twinnings_until(village, end.ends_on)).get_result(tx.conn)?,
        accounts: diesel::select(app_accounts_of(village)).get_result(tx.conn)?,
    })
}

/// Checks that the successors are other villages of the caller's area that exist from the day after on.
fn check_successors(tx: &mut Tx<'_>, village: LocalityId, end: &LocalityEnd) -> Result<()> {
    type Row = (LocalityId, LocalityLevel, Option<NaiveDate>, Option<NaiveDate>);
    let known: Vec<Row> = localities::table
        .filter(localities::id.eq_any(&end.successor_ids).and(app_in_range(localities::scope_path)))
        .select((localities::id, localities::level, localities::valid_from, localities::valid_to))
        .load(tx.conn)?;
    let next = end.ends_on.succ_opt();
    let wrong = |index: usize, id: LocalityId| {
        let Some((_, level, valid_from, valid_to)) = known.iter().find(|place| place.0 == id) else {
            return Some(FieldCode::NOT_FOUND);
        };
        let begins_later = valid_from.is_some_and(|first| next.is_some_and(|next| first > next));
        match () {
            () if id == village => Some(FieldCode::CIRCULAR),
            () if end.successor_ids.iter().take(index).any(|other| *other == id) => Some(FieldCode::DUPLICATE),
            () if *level != LocalityLevel::Village => Some(WRONG_LEVEL),
            () if valid_to.is_some() || begins_later => Some(ENDED),
            () => None,
        }
    };
    let errors = end.successor_ids.iter().enumerate();
    let errors = errors.filter_map(|(index, id)| {
        wrong(index, *id).map(|code| FieldError::new(format!("#/successor_ids/{index}"), code))
    });
    Problem::check(errors.collect())
}
