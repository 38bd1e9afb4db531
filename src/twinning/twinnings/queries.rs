use chrono::NaiveDate;
use diesel::dsl::IntoBoxed;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Date, Uuid as SqlUuid};

use super::TwinningId;
use super::model::{NewTwinning, Twinning, TwinningChanges, TwinningFilter, TwinningSort};
use crate::access::reach::Reach;
use crate::access::tx::{Tx, rows};
use crate::kernel::db::schema::{organisations, programmes, twinnings};
use crate::kernel::http::problem::{FieldCode, OnConstraint, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;
use crate::places::localities::problems::{ENDED, WRONG_LEVEL};
use crate::places::localities::range::{Place, place_in_range};
use crate::twinning::organisations::OrganisationId;
use crate::twinning::programmes::ProgrammeId;
use crate::twinning::twinnings::model::app_twinning_status;
use crate::twinning::twinnings::problems::{ITS_OWN_PLACE, OUTSIDE_PROGRAMME, PROGRAMME_ELSEWHERE, TWINNING_EXISTS};

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
    day::check_parameter("?active_on", filter.active_on)?;
    let lasts_until = |day| twinnings::ends_on.is_null().or(twinnings::ends_on.assume_not_null().ge(day));
    let status = || app_twinning_status(twinnings::suspended, twinnings::ends_on);
    let reach = Reach::of_twinnings(tx.actor);
    let filtered = || {
        with_names()
            .filter(reach)
            .into_boxed()
            .when(filter.locality_id, |locality| twinnings::locality_id.eq(locality))
            .when(filter.organisation_id, |organisation| twinnings::organisation_id.eq(organisation))
            .when(filter.programme_id, |programme| twinnings::programme_id.eq(programme))
            .when(filter.active_on, |day| {
                twinnings::suspended.eq(false).and(twinnings::starts_on.le(day)).and(lasts_until(day))
            })
            .when_any(&filter.status, |statuses| status().eq_any(statuses))
    };
    tx.page(keyset, filtered, rows)
}

sort_columns! { TwinningSort of twinnings as Twinning, in IntoBoxed<'a, with_names, Pg>: StartsOn = starts_on (NaiveDate) }

pub fn create(tx: &mut Tx<'_>, id: TwinningId, new: NewTwinning) -> Result<()> {
    check_programme(tx, new.programme_id, new.starts_on)?;
    check_organisation(tx, new.organisation_id, new.locality_id)?;
    let place = place_in_range(tx.conn, new.locality_id, "#/locality_id")?;
    if place.level == LocalityLevel::Province {
        return Err(Problem::field("#/locality_id", WRONG_LEVEL));
    }
    check_life(&place, new.starts_on, "#/locality_id")?;
    check_reach(tx, new.programme_id, new.locality_id, new.starts_on)?;
    day::check_period(new.starts_on, new.ends_on, "#/ends_on")?;
    diesel::insert_into(twinnings::table)
        .values((twinnings::id.eq(id), &new))
        .execute(tx.conn)
        .on_constraint("twinnings_key", || Problem::new(TWINNING_EXISTS))?;
    Ok(())
}

pub fn update(tx: &mut Tx<'_>, id: TwinningId, changes: TwinningChanges) -> Result<()> {
    let before = find(tx, id)?;
    if let Some(starts_on) = changes.starts_on {
        check_programme(tx, before.programme_id, starts_on)?;
        let place = place_in_range(tx.conn, before.locality_id, "#/starts_on")?;
        check_life(&place, starts_on, "#/starts_on")?;
    }
    day::check_period(
        changes.starts_on.unwrap_or(before.starts_on),
        changes.ends_on.unwrap_or(before.ends_on),
        "#/ends_on",
    )?;
    let outcome = diesel::update(twinnings::table.find(id)).set(&changes).execute(tx.conn);
    match outcome {
        // A patch without fields changes nothing.
        Err(diesel::result::Error::QueryBuilderError(_)) => Ok(()),
        outcome => outcome.map(drop).on_constraint("twinnings_key", || Problem::new(TWINNING_EXISTS)),
    }
}

fn check_programme(tx: &mut Tx<'_>, id: ProgrammeId, starts_on: NaiveDate) -> Result<()> {
    let period: Option<(NaiveDate, Option<NaiveDate>)> =
        programmes::table.find(id).select((programmes::effective_on, programmes::ends_on)).first(tx.conn).optional()?;
    let (effective_on, ends_on) = period.ok_or_else(|| Problem::field("#/programme_id", FieldCode::NOT_FOUND))?;
    if starts_on < effective_on || ends_on.is_some_and(|ends_on| starts_on > ends_on) {
        return Err(Problem::field("#/starts_on", OUTSIDE_PROGRAMME));
    }
    Ok(())
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
    .get_result(tx.conn)
    .optional()?;
    if found.is_some_and(|found| found.reaches) {
        Ok(())
    } else {
        Err(Problem::field("#/programme_id", PROGRAMME_ELSEWHERE))
    }
}

fn check_organisation(tx: &mut Tx<'_>, id: OrganisationId, locality: LocalityId) -> Result<()> {
    let place: Option<Option<LocalityId>> =
        organisations::table.find(id).select(organisations::place_id).first(tx.conn).optional()?;
    match place {
        None => Err(Problem::field("#/organisation_id", FieldCode::NOT_FOUND)),
        Some(place) if place == Some(locality) => Err(Problem::field("#/organisation_id", ITS_OWN_PLACE)),
        Some(_) => Ok(()),
    }
}

/// Checks that the place exists on the first day of the twinning.
fn check_life(place: &Place, starts_on: NaiveDate, pointer: &str) -> Result<()> {
    let too_early = place.valid_from.is_some_and(|from| starts_on < from);
    let too_late = place.valid_to.is_some_and(|to| starts_on > to);
    if too_early || too_late { Err(Problem::field(pointer, ENDED)) } else { Ok(()) }
}
