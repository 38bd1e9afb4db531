use chrono::NaiveDate;
use diesel::prelude::*;

use super::ProgrammeId;
use super::model::{NewProgramme, Programme, ProgrammeChanges, ProgrammeFilter, ProgrammeSort};
use crate::access::tx::{Tx, rows};
use crate::kernel::db::period::lasts_until;
use crate::kernel::db::records;
use crate::kernel::db::schema::programmes;
use crate::kernel::db::sql::app_matches;
use crate::kernel::http::problem::{Problem, Result, violates};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::places::localities::range::place_in_range;
use crate::places::localities::within::lies_within;
use crate::twinning::references::check_parent;
use crate::twinning::twinnings::problems::LEAD_EXISTS;

pub fn find(tx: &mut Tx<'_>, id: ProgrammeId) -> Result<Programme> {
    Ok(Programme::query().find(id).first(tx.conn)?)
}

pub fn list(tx: &mut Tx<'_>, filter: &ProgrammeFilter, keyset: Keyset<ProgrammeSort>) -> Result<Page<Programme>> {
    let matches = |q| app_matches(programmes::title, q).or(app_matches(programmes::number.assume_not_null(), q));
    let filtered = || {
        programmes::table
            .into_boxed()
            .when(filter.q.as_ref(), matches)
            .when_any(&filter.kind, |kinds| programmes::kind.eq_any(kinds))
            .when(filter.locality_id, |locality| programmes::locality_id.eq(locality))
            .when(filter.within, |place| lies_within(programmes::scope_path, place))
            .when(filter.parent_id, |parent| programmes::parent_id.assume_not_null().eq(parent))
            .when(filter.active_on, |day| programmes::effective_on.le(day).and(lasts_until(programmes::ends_on, day)))
    };
    tx.page(keyset, filtered, rows)
}

sort_columns! { ProgrammeSort of programmes as Programme: EffectiveOn = effective_on (NaiveDate), Title = title (String) }

pub fn create(tx: &mut Tx<'_>, id: ProgrammeId, new: NewProgramme) -> Result<()> {
    place_in_range(tx.conn, new.locality_id, "#/locality_id")?;
    if let Some(parent) = new.parent_id {
        check_parent(tx.conn, id, parent)?;
    }
    day::check_period(new.effective_on, new.ends_on, "#/ends_on")?;
    diesel::insert_into(programmes::table).values((programmes::id.eq(id), &new)).execute(tx.conn)?;
    Ok(())
}

pub fn update(tx: &mut Tx<'_>, id: ProgrammeId, changes: ProgrammeChanges) -> Result<()> {
    let before = find(tx, id)?;
    if let Some(locality) = changes.locality_id {
        place_in_range(tx.conn, locality, "#/locality_id")?;
    }
    if let Some(Some(parent)) = changes.parent_id {
        check_parent(tx.conn, id, parent)?;
    }
    day::check_period(
        changes.effective_on.unwrap_or(before.effective_on),
        changes.ends_on.unwrap_or(before.ends_on),
        "#/ends_on",
    )?;
    match diesel::update(programmes::table.find(id)).set(&changes).execute(tx.conn) {
        // A prolonged programme prolongs its twinnings.
        Err(error) if violates(&error, "twinnings_lead") => Err(Problem::new(LEAD_EXISTS)),
        outcome => records::apply(outcome),
    }
}
