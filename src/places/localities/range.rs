//! Places that another record refers to: in the caller's range, and not ended.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::LocalityId;
use super::model::LocalityLevel;
use super::problems::ENDED;
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::schema::localities;
use crate::kernel::http::problem::{FieldCode, Problem, Result};

/// A place in the caller's range.
pub struct Place {
    pub level: LocalityLevel,
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Option<NaiveDate>,
}

/// Looks up a place in the caller's range. Other places are readable, but the caller may not write there, so they are
/// `not_found`.
pub fn place_in_range(conn: &mut PgConnection, id: LocalityId, pointer: &str) -> Result<Place> {
    let found: Option<(LocalityLevel, Option<NaiveDate>, Option<NaiveDate>, bool)> = localities::table
        .find(id)
        .select((localities::level, localities::valid_from, localities::valid_to, app_in_range(localities::scope_path)))
        .first(conn)
        .optional()?;
    match found {
        Some((level, valid_from, valid_to, true)) => Ok(Place { level, valid_from, valid_to }),
        _ => Err(Problem::field(pointer, FieldCode::NOT_FOUND)),
    }
}

/// Looks up a place in the caller's range that has not ended: the records of an ended place belong to its successors.
pub fn open_place_in_range(tx: &mut Tx<'_>, id: LocalityId, pointer: &str) -> Result<LocalityLevel> {
    let place = place_in_range(tx.conn, id, pointer)?;
    let has_ended = place.valid_to.is_some_and(|last_day| last_day < tx.today);
    if has_ended { Err(Problem::field(pointer, ENDED)) } else { Ok(place.level) }
}
