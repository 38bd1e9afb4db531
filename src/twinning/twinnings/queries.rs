use chrono::NaiveDate;
use diesel::dsl::{IntoBoxed, not};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Date, Uuid as SqlUuid};

use super::TwinningId;
use super::model::{NewTwinning, Twinning, TwinningChanges, TwinningFilter, TwinningSort, TwinningSuccession};
use crate::access::reach::Reach;
use crate::access::tx::{Tx, rows};
use crate::kernel::db::kept::Keep;
use crate::kernel::db::period::lasts_until;
use crate::kernel::db::schema::{organisations, programmes, twinnings};
use crate::kernel::http::problem::{FieldCode, FieldError, OnConstraint, Problem, Result, violates};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::kernel::value::json::Json;
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;
use crate::places::localities::problems::WRONG_LEVEL;
use crate::places::localities::range::place_in_range;
use crate::places::localities::within::{app_place_and_above, lies_within};
use crate::twinning::organisations::OrganisationId;
use crate::twinning::programmes::ProgrammeId;
use crate::twinning::references::app_programmes_below;
use crate::twinning::twinnings::model::{app_suspended, app_twinning_status};
use crate::twinning::twinnings::problems::{
    ITS_OWN_PLACE, LEAD_EXISTS, OUTSIDE_LOCALITY, OUTSIDE_ORGANISATION, OUTSIDE_PROGRAMME, PROGRAMME_ELSEWHERE,
    TWINNING_EXISTS,
};

/// The function with a parameter for each column of the new twinning.
mod succession {
    #![expect(clippy::too_many_arguments, reason = "one for each column of the new twinning")]
    use diesel::sql_types::{Bool, Date, Nullable, Text, Uuid as SqlUuid};

    diesel::define_sql_function! {
        /// Ends a twinning on the day before, and adds the one that continues it.
        fn app_succeed_twinning(
            former: SqlUuid, id: SqlUuid, begins: Date, programme: SqlUuid, organisation: SqlUuid, locality: SqlUuid, lead: Bool,
            decision_number: Nullable<Text>, decision_date: Nullable<Date>,
        ) -> Nullable<Text>;
    }
}
use self::succession::app_succeed_twinning;

/// The inner joins hide no twinning, because every signed-in user reads all programmes and organisations.
#[diesel::dsl::auto_type]
fn with_names() -> _ {
    twinnings::table
        .inner_join(programmes::table)
        .inner_join(organisations::table.on(organisations::id.eq(twinnings::organisation_id)))
}

pub fn find(tx: &mut Tx<'_>, id: TwinningId) -> Result<Twinning> {
    Ok(with_names().filter(twinnings::id.eq(id)).select(Twinning::as_select()).first(tx.conn)?)
}

pub fn list(tx: &mut Tx<'_>, filter: &TwinningFilter, keyset: Keyset<TwinningSort>) -> Result<Page<Twinning>> {
    let status = || app_twinning_status(twinnings::last_day, twinnings::suspensions);
    let reach = Reach::of_twinnings(tx.actor);
    let filtered = || {
        with_names()
            .filter(reach)
            .into_boxed()
            .when(filter.locality_id, |locality| twinnings::locality_id.eq(locality))
            .when(filter.within, |place| lies_within(twinnings::scope_path, place))
            .when(filter.stands_by, |place| twinnings::locality_id.eq_any(diesel::select(app_place_and_above(place))))
            .when(filter.organisation_id, |organisation| twinnings::organisation_id.eq(organisation))
            .when(filter.programme_id, |programme| {
                twinnings::programme_id.eq_any(diesel::select(app_programmes_below(programme)))
            })
            .when(filter.active_on, |day| {
                let lasts = twinnings::starts_on.le(day).and(lasts_until(twinnings::last_day, day));
                lasts.and(not(app_suspended(twinnings::suspensions, day)))
            })
            .when_any(&filter.status, |statuses| status().eq_any(statuses))
    };
    tx.page(keyset, filtered, rows)
}

sort_columns! { TwinningSort of twinnings as Twinning, in IntoBoxed<'a, with_names, Pg>: StartsOn = starts_on (NaiveDate) }

pub fn create(tx: &mut Tx<'_>, id: TwinningId, new: NewTwinning) -> Result<()> {
    let limits = Limits::of_new(tx, new.programme_id, new.organisation_id, new.locality_id, new.starts_on)?;
    limits.check((new.starts_on, "#/starts_on"), new.ends_on)?;
    let inserted = diesel::insert_into(twinnings::table).values((twinnings::id.eq(id), &new)).execute(tx.conn);
    unless_taken(inserted)
}

pub fn update(tx: &mut Tx<'_>, id: TwinningId, changes: TwinningChanges) -> Result<()> {
    let before = find(tx, id)?;
    if changes.starts_on.is_some() || changes.ends_on.is_some() {
        let limits = Limits::of(tx, before.programme_id, before.organisation_id, before.locality_id)?;
        let starts_on = changes.starts_on.unwrap_or(before.starts_on);
        limits.check((starts_on, "#/starts_on"), changes.ends_on.unwrap_or(before.ends_on))?;
    }
    let suspensions = changes.suspensions.as_deref().unwrap_or_default();
    for (index, suspension) in suspensions.iter().enumerate() {
        day::check_period(suspension.starts_on, suspension.ends_on, &format!("#/suspensions/{index}/ends_on"))?;
    }
    let suspensions = changes.suspensions.as_ref().map(|entries| twinnings::suspensions.eq(Json(entries)));
    match diesel::update(twinnings::table.find(id)).set((&changes, suspensions)).execute(tx.conn) {
        // A patch without fields changes nothing.
        Err(diesel::result::Error::QueryBuilderError(_)) => Ok(()),
        outcome => unless_taken(outcome),
    }
}

/// Ends a twinning on the day before, and adds the one that continues it. The caller holds the former locked.
pub fn succeed(tx: &mut Tx<'_>, former: TwinningId, id: TwinningId, new: TwinningSuccession) -> Result<()> {
    let before = find(tx, former)?;
    let programme = new.programme_id.unwrap_or(before.programme_id);
    let organisation = new.organisation_id.unwrap_or(before.organisation_id);
    let locality = new.locality_id.unwrap_or(before.locality_id);
    if (programme, organisation, locality) == (before.programme_id, before.organisation_id, before.locality_id) {
        return Err(Problem::field("#/organisation_id", FieldCode::REQUIRED));
    }
    day::check_past(new.on, tx.today, "#/on")?;
    if new.on <= before.starts_on {
        return Err(Problem::field("#/on", FieldCode::PERIOD_REVERSED));
    }
    Limits::of_new(tx, programme, organisation, locality, new.on)?.check((new.on, "#/on"), None)?;
    let (number, decided) = match (new.decision_number, new.decision_date) {
        (None, None) => (before.decision_number, before.decision_date),
        given => given,
    };
    let lead = new.lead.unwrap_or(before.lead);
    let succession = app_succeed_twinning(former, id, new.on, programme, organisation, locality, lead, number, decided);
    unless_taken(diesel::select(succession).execute(tx.conn))
}

fn unless_taken(written: QueryResult<usize>) -> Result<()> {
    match written {
        Err(error) if violates(&error, "twinnings_lead") => Err(Problem::new(LEAD_EXISTS)),
        written => written.map(drop).on_constraint("twinnings_key", || Problem::new(TWINNING_EXISTS)),
    }
}

/// The days between which the programme, the organisation and the place of a twinning are in force.
struct Limits {
    periods: [(Option<NaiveDate>, Option<NaiveDate>, FieldCode); 3],
    level: LocalityLevel,
}

impl Limits {
    /// For a twinning that begins on a day, with a place of a level and an area for which the programme is.
    fn of_new(
        tx: &mut Tx<'_>,
        programme: ProgrammeId,
        organisation: OrganisationId,
        locality: LocalityId,
        starts_on: NaiveDate,
    ) -> Result<Self> {
        let limits = Self::of(tx, programme, organisation, locality)?;
        if limits.level == LocalityLevel::Province {
            return Err(Problem::field("#/locality_id", WRONG_LEVEL));
        }
        check_reach(tx, programme, locality, starts_on)?;
        Ok(limits)
    }

    fn of(tx: &mut Tx<'_>, programme: ProgrammeId, organisation: OrganisationId, locality: LocalityId) -> Result<Self> {
        let programme: Option<(NaiveDate, Option<NaiveDate>)> = programmes::table
            .find(programme)
            .select((programmes::effective_on, programmes::ends_on))
            .first(tx.conn)
            .optional()?;
        let (effective_on, ends_on) =
            programme.ok_or_else(|| Problem::field("#/programme_id", FieldCode::NOT_FOUND))?;
        type Giver = (Option<NaiveDate>, Option<NaiveDate>, Option<LocalityId>);
        let giver: Option<Giver> = organisations::table
            .find(organisation)
            .select((organisations::valid_from, organisations::valid_to, organisations::place_id))
            .first(tx.conn)
            .optional()?;
        let (since, until, place) = giver.ok_or_else(|| Problem::field("#/organisation_id", FieldCode::NOT_FOUND))?;
        if place == Some(locality) {
            return Err(Problem::field("#/organisation_id", ITS_OWN_PLACE));
        }
        let place = place_in_range(tx.conn, locality, "#/locality_id")?;
        let periods = [
            (Some(effective_on), ends_on, OUTSIDE_PROGRAMME),
            (since, until, OUTSIDE_ORGANISATION),
            (place.valid_from, place.valid_to, OUTSIDE_LOCALITY),
        ];
        Ok(Self { periods, level: place.level })
    }

    /// Checks that the first and the last day lie in each period. An open end ends with the others.
    fn check(&self, (starts_on, first): (NaiveDate, &str), ends_on: Option<NaiveDate>) -> Result<()> {
        day::check_period(starts_on, ends_on, "#/ends_on")?;
        let outside = |day: Option<NaiveDate>, pointer: &str| {
            let wrong = self.periods.iter().find(|(from, to, _)| {
                day.is_some_and(|day| from.is_some_and(|from| day < from) || to.is_some_and(|to| day > to))
            });
            wrong.map(|(_, _, code)| FieldError::new(pointer, *code))
        };
        let errors = [outside(Some(starts_on), first), outside(ends_on, "#/ends_on")];
        Problem::check(errors.into_iter().flatten().collect())
    }
}

/// Checks that the place is the one of the programme or lies in it: in the tree of today, or of the first day.
fn check_reach(tx: &mut Tx<'_>, programme: ProgrammeId, place: LocalityId, day: NaiveDate) -> Result<()> {
    #[derive(QueryableByName)]
    struct Reach {
        #[diesel(sql_type = Bool)]
        reaches: bool,
    }
    // The place of a programme that the caller does not see is a village of another area, which contains no place of
    // the caller.
    let found: Option<Reach> = sql_query(
        "SELECT place.scope_path >= home.scope_path AND place.scope_path < left(home.scope_path, -1) || '/'
                OR app_ancestor(place.id, home.level, $3) IS NOT DISTINCT FROM home.id AS reaches
           FROM programmes p JOIN localities home ON home.id = p.locality_id JOIN localities place ON place.id = $2
          WHERE p.id = $1",
    )
    .bind::<SqlUuid, _>(programme)
    .bind::<SqlUuid, _>(place)
    .bind::<Date, _>(day)
    .kept()
    .get_result(tx.conn)
    .optional()?;
    if found.is_some_and(|found| found.reaches) {
        Ok(())
    } else {
        Err(Problem::field("#/programme_id", PROGRAMME_ELSEWHERE))
    }
}
