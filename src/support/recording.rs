//! Checks that visits and gifts share: the twinning is in force on the day, the village is part of its place, and
//! the caller may record for the unit.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use validator::ValidationError;

use crate::access::policy::Permission;
use crate::access::sql::{app_acts_for, app_in_range};
use crate::access::tx::Tx;
use crate::kernel::db::later::Later;
use crate::kernel::db::records;
use crate::kernel::db::schema::{localities, twinnings};
use crate::kernel::http::problem::{FieldCode, FieldError, Problem, Result};
use crate::kernel::value::day;
use crate::kernel::value::enums::db_enum;
use crate::kernel::value::json::Json;
use crate::places::localities::LocalityId;
use crate::places::localities::problems::WRONG_LEVEL;
use crate::places::localities::sql::app_ancestor;
use crate::support::problems::{
    NOT_YOUR_ORGANISATION, ORGANISATION_HAS_ACCOUNT, OUTSIDE_TWINNING, VILLAGE_OUTSIDE_TWINNING,
};
use crate::twinning::organisations::OrganisationId;
use crate::twinning::twinnings::TwinningId;
use crate::twinning::twinnings::model::Suspension;

diesel::define_sql_function! {
    /// Days after the last day of a twinning in which the unit may record.
    fn app_late_entry_days() -> diesel::sql_types::Integer;
}
diesel::define_sql_function! {
    /// Adds the villages of late twinnings to those of the caller; returns the latter.
    fn app_name_late() -> diesel::sql_types::Text;
}
diesel::define_sql_function! {
    /// Whether an active account belongs to an organisation.
    fn app_has_account(organisation: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

db_enum! {
    /// How a visit or gift was entered.
    pub enum EnteredFrom {
        Unit = "unit" ("Đơn vị tự ghi", "By the unit"),
        Paper = "paper" ("Nhập từ giấy", "From paper, by an official"),
    }
}

#[expect(clippy::derivable_impls, reason = "db_enum! takes no attribute of a variant")]
impl Default for EnteredFrom {
    fn default() -> Self {
        Self::Unit
    }
}

impl From<Later> for EnteredFrom {
    fn from(_: Later) -> Self {
        Self::default()
    }
}

impl EnteredFrom {
    /// By the organisation for which an official recorded.
    pub fn of(on_behalf_of: Option<OrganisationId>) -> Self {
        if on_behalf_of.is_some() { Self::Paper } else { Self::Unit }
    }
}

/// Twinning, village and day of a visit or gift. The pointers name the fields of the body that contain them.
pub struct Occasion {
    pub twinning_id: TwinningId,
    pub place: SupportedPlace,
    pub day: NaiveDate,
    pub day_pointer: &'static str,
    pub place_pointer: &'static str,
}

/// The village of a visit or gift, or the commune itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupportedPlace {
    pub id: LocalityId,
    pub is_commune: bool,
}

impl SupportedPlace {
    /// Exactly one of both.
    pub fn of(village: Option<LocalityId>, commune: Option<LocalityId>) -> Result<Self> {
        match (village, commune) {
            (Some(id), None) => Ok(Self { id, is_commune: false }),
            (None, Some(id)) => Ok(Self { id, is_commune: true }),
            (Some(_), Some(_)) => Err(Problem::field("#/commune_id", FieldCode::EXCLUSIVE)),
            (None, None) => Err(Problem::field("#/village_id", FieldCode::REQUIRED)),
        }
    }

    pub fn pointer(self) -> &'static str {
        if self.is_commune { "#/commune_id" } else { "#/village_id" }
    }

    pub fn village(self) -> Option<LocalityId> {
        (!self.is_commune).then_some(self.id)
    }

    pub fn commune(self) -> Option<LocalityId> {
        self.is_commune.then_some(self.id)
    }
}

/// The giving organisation, and how its record is entered.
#[derive(Clone)]
pub struct Recording {
    pub organisation_id: OrganisationId,
    /// The organisation that an official records for.
    pub on_behalf_of: Option<OrganisationId>,
    naming: Naming,
}

/// The villages of the caller before `app_name_late` added those of its late twinnings.
#[derive(Clone)]
pub struct Naming(Option<String>);

impl Naming {
    /// Lets a unit name villages and listed households of a twinning that it no longer sees.
    fn begin(tx: &mut Tx<'_>, terms: &Terms) -> Result<Self> {
        let is_late = terms.own && !terms.is_active(tx.today);
        let before = if is_late { Some(diesel::select(app_name_late()).get_result(tx.conn)?) } else { None };
        Ok(Self(before))
    }

    /// Hides them again, before the answer is read.
    pub fn end(self, tx: &mut Tx<'_>) -> Result<()> {
        self.0.map_or(Ok(()), |before| records::set(tx.conn, "villages", &before))
    }
}

impl Recording {
    pub fn end(self, tx: &mut Tx<'_>) -> Result<()> {
        self.naming.end(tx)
    }
}

#[derive(HasQuery)]
#[diesel(table_name = twinnings)]
struct Terms {
    organisation_id: OrganisationId,
    locality_id: LocalityId,
    starts_on: NaiveDate,
    last_day: Option<NaiveDate>,
    #[diesel(deserialize_as = Json<Vec<Suspension>>)]
    suspensions: Vec<Suspension>,
    /// The giver is the organisation of the caller, or one that it succeeded: the accounts of a unit go over to its successor, and
    /// record late what it did before.
    #[diesel(select_expression = app_acts_for(twinnings::organisation_id))]
    own: bool,
    #[diesel(select_expression = app_late_entry_days())]
    late_entry_days: i32,
}

impl Terms {
    fn is_active(&self, day: NaiveDate) -> bool {
        let ended = self.last_day.is_some_and(|last| last < day);
        self.starts_on <= day && !ended && !self.suspensions.iter().any(|suspension| suspension.contains(day))
    }

    /// Rejects a record of the unit after the days in which it may record late.
    fn check_late(&self, today: NaiveDate) -> Result<()> {
        let until = |last: NaiveDate| last + TimeDelta::days(i64::from(self.late_entry_days));
        match self.last_day.map(|last| (last, until(last))) {
            Some((last, until)) if until < today => {
                let vi = format!("kết thúc ngày {last}, đơn vị ghi muộn được đến {until}");
                let en = format!("it ended on {last}, and the unit could record until {until}");
                Err(outside("#/twinning_id", vi, en))
            }
            _ => Ok(()),
        }
    }
}

/// Checks that the caller may record a visit or gift. Returns the first error, because each check depends on the ones
/// before it.
pub fn check(tx: &mut Tx<'_>, occasion: &Occasion, said: Option<EnteredFrom>) -> Result<Recording> {
    let terms = terms(tx, occasion.twinning_id)?;
    let own = terms.own;
    let not_yours = || Problem::field("#/twinning_id", NOT_YOUR_ORGANISATION);
    if !own && !tx.actor.may(Permission::RecordForUnits) {
        return Err(not_yours());
    }
    let is_official = tx.actor.may(Permission::RecordForUnits);
    if own && !is_official {
        terms.check_late(tx.today)?;
    }
    check_day(tx.today, &terms, occasion)?;
    let naming = Naming::begin(tx, &terms)?;
    let village: Option<(String, bool)> = localities::table
        .find(occasion.place.id)
        .select((localities::level, app_in_range(localities::scope_path)))
        .first(tx.conn)
        .optional()?;
    let (level, in_range) = village.ok_or_else(|| Problem::field(occasion.place_pointer, FieldCode::NOT_FOUND))?;
    if level != if occasion.place.is_commune { "commune" } else { "village" } {
        return Err(Problem::field(occasion.place_pointer, WRONG_LEVEL));
    }
    check_place(tx, &terms, occasion)?;
    // Officials of the place have no limit, also where their commune is the giver.
    if own && !in_range {
        terms.check_late(tx.today)?;
    }
    let organisation_id = terms.organisation_id;
    let on_behalf_of = (!own).then_some(organisation_id);
    if said.is_some_and(|said| said != EnteredFrom::of(on_behalf_of)) {
        return Err(Problem::field("#/entered_from", FieldCode::INVALID_VALUE));
    }
    if own {
        return Ok(Recording { organisation_id, on_behalf_of, naming });
    }
    // A commune that is itself a giver sees the village in another commune, and records there for itself only.
    if !in_range {
        return Err(not_yours());
    }
    if said.is_none() && diesel::select(app_has_account(organisation_id)).get_result(tx.conn)? {
        return Err(Problem::field("#/twinning_id", ORGANISATION_HAS_ACCOUNT));
    }
    Ok(Recording { organisation_id, on_behalf_of, naming })
}

/// Lets the unit of a recorded visit or gift name late what it changes, and checks the day, if it is another one.
pub fn change(tx: &mut Tx<'_>, occasion: &Occasion, is_another_day: bool) -> Result<Naming> {
    let terms = terms(tx, occasion.twinning_id)?;
    let naming = Naming::begin(tx, &terms)?;
    if is_another_day {
        check_day(tx.today, &terms, occasion)?;
        check_place(tx, &terms, occasion)?;
    }
    Ok(naming)
}

/// Lets the unit of a gift name late. Other callers need not see the twinning: a village head does not see that of the commune.
pub fn name(tx: &mut Tx<'_>, organisation: OrganisationId, twinning: TwinningId) -> Result<Naming> {
    if !diesel::select(app_acts_for(organisation)).get_result::<bool>(tx.conn)? {
        return Ok(Naming(None));
    }
    let terms = terms(tx, twinning)?;
    Naming::begin(tx, &terms)
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
    if terms.is_active(occasion.day) {
        return Ok(());
    }
    let (first, last) = (terms.starts_on, terms.last_day);
    let day = |day: NaiveDate| day.format("%d/%m/%Y");
    let vi = last.map_or_else(|| format!("từ {}", day(first)), |last| format!("từ {} đến {}", day(first), day(last)));
    let en = last.map_or_else(|| format!("from {first}"), |last| format!("from {first} to {last}"));
    let suspended = terms.suspensions.iter().any(|suspension| suspension.contains(occasion.day));
    let (vi, en) =
        if suspended { (vi + ", trừ thời gian tạm dừng", en + ", without its suspensions") } else { (vi, en) };
    Err(outside(occasion.day_pointer, vi, en))
}

fn outside(pointer: &str, vi: String, en: String) -> Problem {
    let mut error = FieldError::new(pointer, OUTSIDE_TWINNING);
    error.parameter = Some((vi, en));
    Problem::invalid(vec![error])
}

/// Checks that the village or commune is the twinned place, or belonged to it on that day.
fn check_place(tx: &mut Tx<'_>, terms: &Terms, occasion: &Occasion) -> Result<()> {
    if occasion.place.id == terms.locality_id {
        return Ok(());
    }
    // All places above villages are public, so a hidden place is a village, which has no places below it.
    let level: Option<String> =
        localities::table.find(terms.locality_id).select(localities::level).first(tx.conn).optional()?;
    let ancestor: Option<LocalityId> = match level {
        Some(level) if level != "village" => {
            diesel::select(app_ancestor(occasion.place.id, level, occasion.day)).get_result(tx.conn)?
        }
        _ => None,
    };
    if ancestor == Some(terms.locality_id) {
        Ok(())
    } else {
        Err(Problem::field(occasion.place_pointer, VILLAGE_OUTSIDE_TWINNING))
    }
}
