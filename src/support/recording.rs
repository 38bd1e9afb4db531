//! Checks that visits and gifts share: the twinning is in force on the day, the village is part of its place, and
//! the caller may record for the unit.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use validator::ValidationError;

use crate::access::policy::Permission;
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::schema::{localities, twinnings};
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::day;
use crate::places::localities::LocalityId;
use crate::places::localities::problems::WRONG_LEVEL;
use crate::places::localities::sql::app_ancestor;
use crate::support::problems::{
    NOT_YOUR_ORGANISATION, ORGANISATION_HAS_ACCOUNT, OUTSIDE_TWINNING, VILLAGE_OUTSIDE_TWINNING,
};
use crate::twinning::organisations::OrganisationId;
use crate::twinning::twinnings::TwinningId;

diesel::define_sql_function! {
    /// Whether an active account belongs to an organisation.
    fn app_has_account(organisation: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

/// Twinning, village and day of a visit or gift. The pointers name the fields of the body that contain them.
pub struct Occasion {
    pub twinning_id: TwinningId,
    pub village_id: LocalityId,
    pub day: NaiveDate,
    pub day_pointer: &'static str,
    pub village_pointer: &'static str,
}

/// The giving organisation, and the one that an official records for.
#[derive(Clone, Copy)]
pub struct Recording {
    pub organisation_id: OrganisationId,
    pub on_behalf_of: Option<OrganisationId>,
}

#[derive(HasQuery)]
#[diesel(table_name = twinnings)]
struct Terms {
    organisation_id: OrganisationId,
    locality_id: LocalityId,
    starts_on: NaiveDate,
    ends_on: Option<NaiveDate>,
    suspended: bool,
}

/// Checks that the caller may record a visit or gift. Returns the first error, because each check depends on the ones
/// before it.
pub fn check(tx: &mut Tx<'_>, occasion: &Occasion) -> Result<Recording> {
    let terms = terms(tx, occasion.twinning_id)?;
    let own = own_organisation(tx)? == Some(terms.organisation_id);
    let not_yours = || Problem::field("#/twinning_id", NOT_YOUR_ORGANISATION);
    if !own && !tx.actor.may(Permission::RecordForUnits) {
        return Err(not_yours());
    }
    check_day(tx.today, &terms, occasion)?;
    let village: Option<(String, bool)> = localities::table
        .find(occasion.village_id)
        .select((localities::level, app_in_range(localities::scope_path)))
        .first(tx.conn)
        .optional()?;
    let (level, in_range) = village.ok_or_else(|| Problem::field(occasion.village_pointer, FieldCode::NOT_FOUND))?;
    if level != "village" {
        return Err(Problem::field(occasion.village_pointer, WRONG_LEVEL));
    }
    check_village(tx, &terms, occasion)?;
    if own {
        return Ok(Recording { organisation_id: terms.organisation_id, on_behalf_of: None });
    }
    // A commune that is itself a giver sees the village in another commune, and records there for itself only.
    if !in_range {
        return Err(not_yours());
    }
    if diesel::select(app_has_account(terms.organisation_id)).get_result(tx.conn)? {
        return Err(Problem::field("#/twinning_id", ORGANISATION_HAS_ACCOUNT));
    }
    Ok(Recording { organisation_id: terms.organisation_id, on_behalf_of: Some(terms.organisation_id) })
}

/// Checks that a recorded visit or gift may have another day.
pub fn check_other_day(tx: &mut Tx<'_>, occasion: &Occasion) -> Result<()> {
    let terms = terms(tx, occasion.twinning_id)?;
    check_day(tx.today, &terms, occasion)?;
    check_village(tx, &terms, occasion)
}

/// Returns the organisation that the caller acts for, if any.
pub fn own_organisation(tx: &mut Tx<'_>) -> Result<Option<OrganisationId>> {
    Ok(tx.organisation()?.map(OrganisationId))
}

/// Maps a violated foreign key of `table` to a field error: the referenced record was deleted by a concurrent transaction
/// after the check. `pointer` returns the field of the body for a column.
pub fn gone(error: DieselError, table: &str, pointer: impl Fn(&str) -> String) -> Problem {
    let field = match &error {
        DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, information) => information
            .constraint_name()
            .and_then(|name| name.strip_prefix(table)?.strip_prefix('_')?.strip_suffix("_fkey")),
        _ => None,
    };
    match field {
        Some(field) => Problem::field(pointer(field), FieldCode::NOT_FOUND),
        None => error.into(),
    }
}

/// Clamps a day to the years 1 to 9999, between which the days of all records lie: `NaiveDate` has more years than `date`
/// of PostgreSQL.
pub fn comparable(day: NaiveDate) -> NaiveDate {
    match (NaiveDate::from_ymd_opt(1, 1, 1), NaiveDate::from_ymd_opt(9999, 12, 31)) {
        (Some(first), Some(last)) => day.clamp(first, last),
        _ => day,
    }
}

/// Rejects a moment that a timestamp cannot hold; the clock of a phone may otherwise be wrong.
pub fn storable(moment: &DateTime<Utc>) -> Result<(), ValidationError> {
    if (1..=9999).contains(&moment.year()) { Ok(()) } else { Err(ValidationError::new("invalid_value")) }
}

fn terms(tx: &mut Tx<'_>, twinning: TwinningId) -> Result<Terms> {
    let terms = Terms::query().filter(twinnings::id.eq(twinning)).first(tx.conn).optional()?;
    terms.ok_or_else(|| Problem::field("#/twinning_id", FieldCode::NOT_FOUND))
}

fn check_day(today: NaiveDate, terms: &Terms, occasion: &Occasion) -> Result<()> {
    day::check_past(occasion.day, today, occasion.day_pointer)?;
    let within = terms.starts_on <= occasion.day && terms.ends_on.is_none_or(|end| occasion.day <= end);
    if within && !terms.suspended { Ok(()) } else { Err(Problem::field(occasion.day_pointer, OUTSIDE_TWINNING)) }
}

/// Checks that the village is the twinned place, or belonged to it on that day.
fn check_village(tx: &mut Tx<'_>, terms: &Terms, occasion: &Occasion) -> Result<()> {
    if occasion.village_id == terms.locality_id {
        return Ok(());
    }
    // All places above villages are public, so a hidden place is a village, which has no places below it.
    let level: Option<String> =
        localities::table.find(terms.locality_id).select(localities::level).first(tx.conn).optional()?;
    let ancestor: Option<LocalityId> = match level {
        Some(level) if level != "village" => {
            diesel::select(app_ancestor(occasion.village_id, level, occasion.day)).get_result(tx.conn)?
        }
        _ => None,
    };
    if ancestor == Some(terms.locality_id) {
        Ok(())
    } else {
        Err(Problem::field(occasion.village_pointer, VILLAGE_OUTSIDE_TWINNING))
    }
}
