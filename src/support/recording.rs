//! What every visit and gift rests on: a twinning that held on the day, a village within it, and a
//! caller who speaks for the unit.

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::access::UserId;
use crate::access::actor::Actor;
use crate::access::policy::Permission;
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::schema::{localities, twinnings};
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::places::localities::LocalityId;
use crate::places::localities::problems::WRONG_LEVEL;
use crate::places::localities::queries::app_ancestor;
use crate::support::problems::{
    NOT_YOUR_ORGANISATION, ORGANISATION_HAS_ACCOUNT, OUTSIDE_TWINNING, VILLAGE_OUTSIDE_TWINNING,
};
use crate::twinning::organisations::OrganisationId;
use crate::twinning::twinnings::TwinningId;

diesel::define_sql_function! {
    /// Whether somebody signs in for an organisation.
    fn app_has_account(organisation: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

/// Under which twinning something happened, where and when. The pointers name the fields of the body
/// that say so.
pub struct Occasion {
    pub twinning_id: TwinningId,
    pub village_id: LocalityId,
    pub day: NaiveDate,
    pub day_pointer: &'static str,
    pub village_pointer: &'static str,
}

/// Who gave, and whom the caller acts for if not for itself.
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

/// May the caller record this? The first thing that is wrong is the answer, for what follows rests
/// on it.
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
    // Another commune's village is seen by a commune that is itself a giver there: no more than that.
    if !in_range {
        return Err(not_yours());
    }
    if diesel::select(app_has_account(terms.organisation_id)).get_result(tx.conn)? {
        return Err(Problem::field("#/twinning_id", ORGANISATION_HAS_ACCOUNT));
    }
    Ok(Recording { organisation_id: terms.organisation_id, on_behalf_of: Some(terms.organisation_id) })
}

/// Can what was recorded have happened on another day?
pub fn check_other_day(tx: &mut Tx<'_>, occasion: &Occasion) -> Result<()> {
    let terms = terms(tx, occasion.twinning_id)?;
    check_day(tx.today, &terms, occasion)?;
    check_village(tx, &terms, occasion)
}

/// The organisation the caller acts for, if any.
pub fn own_organisation(tx: &mut Tx<'_>) -> Result<Option<OrganisationId>> {
    Ok(tx.organisation()?.map(OrganisationId))
}

/// Who recorded something, and everybody of the unit it was recorded for.
pub fn is_recorders_side(
    actor: &Actor,
    own: Option<OrganisationId>,
    acted_by: Option<UserId>,
    organisation: OrganisationId,
) -> bool {
    acted_by == Some(UserId(actor.id)) || own == Some(organisation)
}

/// What a record points at was there when it was asked for. Deleted by somebody else in the meantime,
/// it is not found: `table` names the constraint, `pointer` the field of the body.
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

/// A day for a comparison with days of records, all of which lie between these; the database knows
/// fewer years than JSON can say.
pub fn comparable(day: NaiveDate) -> NaiveDate {
    match (NaiveDate::from_ymd_opt(1, 1, 1), NaiveDate::from_ymd_opt(9999, 12, 31)) {
        (Some(first), Some(last)) => day.clamp(first, last),
        _ => day,
    }
}

/// A moment that a timestamp can hold; otherwise phones may be as wrong as they like.
pub fn is_storable(moment: &chrono::DateTime<chrono::Utc>) -> bool {
    (1..=9999).contains(&moment.year())
}

fn terms(tx: &mut Tx<'_>, twinning: TwinningId) -> Result<Terms> {
    let terms = Terms::query().filter(twinnings::id.eq(twinning)).first(tx.conn).optional()?;
    terms.ok_or_else(|| Problem::field("#/twinning_id", FieldCode::NOT_FOUND))
}

fn check_day(today: NaiveDate, terms: &Terms, occasion: &Occasion) -> Result<()> {
    if occasion.day > today {
        return Err(Problem::field(occasion.day_pointer, FieldCode::IN_THE_FUTURE));
    }
    let within = terms.starts_on <= occasion.day && terms.ends_on.is_none_or(|end| occasion.day <= end);
    if within && !terms.suspended { Ok(()) } else { Err(Problem::field(occasion.day_pointer, OUTSIDE_TWINNING)) }
}

/// The village is the twinned place, or lay in it on that day.
fn check_village(tx: &mut Tx<'_>, terms: &Terms, occasion: &Occasion) -> Result<()> {
    if occasion.village_id == terms.locality_id {
        return Ok(());
    }
    // Only villages may be hidden from the caller, and no village lies in another.
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
