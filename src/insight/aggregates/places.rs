//! Looks up the places of a query and of its rows, as of the day of the tree.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Date, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::margins::{Above, Cells};
use super::model::{AggregateGrouping, AggregatePlace, AggregateProgramme, Detail, Names, Programmes, Question};
use crate::insight::aggregates::problems::NOT_FOR_KEYS;
use crate::kernel::db::kept::Keep;
use crate::kernel::db::schema::{localities, programmes};
use crate::kernel::http::problem::{FieldError, Problem, Result};
use crate::places::localities::model::LocalityLevel;
use crate::places::localities::problems::{ENDED, LOCALITY_ENDED, NO_DISTRICTS, SUCCEEDED_BY};

pub fn check_districts(conn: &mut PgConnection, day: NaiveDate) -> Result<()> {
    #[derive(QueryableByName)]
    struct Any {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let any: Any = sql_query(
        "SELECT EXISTS (SELECT FROM localities WHERE level = 'district'
            AND (valid_from IS NULL OR valid_from <= $1) AND (valid_to IS NULL OR valid_to >= $1)) AS found",
    )
    .bind::<Date, _>(day)
    .kept()
    .get_result(conn)?;
    if any.found { Ok(()) } else { Err(Problem::field("?group_by", NO_DISTRICTS)) }
}

/// Checks that `within` of an API key is its own place or one directly below it: with deeper places, three answers
/// together would reveal a suppressed row.
pub fn check_key_asks_nearby(conn: &mut PgConnection, id: Uuid, day: NaiveDate) -> Result<()> {
    #[derive(QueryableByName)]
    struct Nearby {
        #[diesel(sql_type = Bool)]
        nearby: bool,
    }
    let nearby: Option<Nearby> = sql_query(
        "SELECT coalesce(l.id = app_place() OR coalesce(v.parent_id, l.parent_id) = app_place(), false) AS nearby
           FROM localities l
           LEFT JOIN locality_versions v ON v.locality_id = l.id
            AND (v.valid_from IS NULL OR v.valid_from <= $2) AND (v.valid_to IS NULL OR v.valid_to >= $2)
          WHERE l.id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Date, _>(day)
    .kept()
    .get_result(conn)
    .optional()?;
    if nearby.is_some_and(|found| found.nearby) { Ok(()) } else { Err(Problem::field("?within", NOT_FOR_KEYS)) }
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    code: Option<String>,
    #[diesel(sql_type = Text)]
    name: String,
}

impl From<Named> for AggregatePlace {
    fn from(place: Named) -> Self {
        Self { id: place.id, code: place.code, name: place.name }
    }
}

diesel::define_sql_function! {
    /// The place of the caller, null for the country.
    fn app_place() -> Nullable<SqlUuid>;
}

/// Returns the widest sums that an API key may read: those of its place, and single places where it stands for none in the tree of today,
/// because it has ended.
pub fn detail_of_key(conn: &mut PgConnection) -> Result<Detail> {
    let stands = localities::commune_id.eq(localities::id.nullable());
    let stands = stands.or(localities::province_id.eq(localities::id.nullable())).assume_not_null();
    let own = localities::table.filter(localities::id.nullable().eq(app_place())).select((localities::level, stands));
    Ok(match own.first::<(LocalityLevel, bool)>(conn).optional()? {
        Some((level, true)) => Detail::of_level(level),
        Some((_, false)) => Detail::Place,
        None => Detail::Province,
    })
}

/// Looks up `within`. Rejects a place that does not exist on the day, with its successors; returns `None` for one that
/// the caller does not see.
pub fn find_within(
    conn: &mut PgConnection,
    id: Uuid,
    day: NaiveDate,
) -> Result<Option<(AggregatePlace, LocalityLevel)>> {
    #[derive(QueryableByName)]
    struct Within {
        #[diesel(embed)]
        place: Named,
        #[diesel(sql_type = Text)]
        level: LocalityLevel,
        #[diesel(sql_type = Bool)]
        exists_on_day: bool,
        #[diesel(sql_type = Nullable<Text>)]
        successors: Option<String>,
    }
    // The name is that of the day, like the names of the rows.
    let found: Option<Within> = sql_query(
        "SELECT l.id, coalesce(v.code, l.code) AS code, coalesce(v.name, l.name) AS name, l.level, v.id IS NOT NULL AS exists_on_day,
                (SELECT string_agg(n.name || ' (' || n.id || ')', ', ' ORDER BY n.name, n.id)
                   FROM locality_successions s JOIN localities n ON n.id = s.successor_id WHERE s.predecessor_id = l.id) AS successors
           FROM localities l
           LEFT JOIN locality_versions v ON v.locality_id = l.id
            AND (v.valid_from IS NULL OR v.valid_from <= $2) AND (v.valid_to IS NULL OR v.valid_to >= $2)
          WHERE l.id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Date, _>(day)
    .kept().get_result(conn)
    .optional()?;
    match found {
        Some(found) if !found.exists_on_day => {
            let error = match found.successors {
                Some(names) => FieldError::new("?within", SUCCEEDED_BY).with(names),
                None => FieldError::new("?within", ENDED),
            };
            Err(Problem::with_errors(LOCALITY_ENDED, vec![error]))
        }
        found => Ok(found.map(|found| (found.place.into(), found.level))),
    }
}

/// Returns the ids in one column of the rows, without duplicates.
fn ids<'a>(rows: impl Iterator<Item = &'a Cells>, position: usize) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = rows.filter_map(|cells| cells.get(position)?.as_deref()?.parse().ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Loads names and codes of the places (as of the day) and organisations in the rows.
pub fn names<'a>(
    conn: &mut PgConnection,
    rows: impl Iterator<Item = &'a Cells> + Clone,
    question: &Question,
    day: NaiveDate,
) -> Result<Names> {
    let mut names = Names::new();
    for (position, grouping) in question.groupings.iter().enumerate() {
        let sql = if grouping.is_place() {
            "SELECT id, code, name FROM app_place_labels($1, $2)"
        } else if *grouping == AggregateGrouping::Organisation {
            "SELECT id, NULL AS code, name FROM organisations WHERE id = ANY ($1) AND $2::date IS NOT NULL"
        } else {
            continue;
        };
        let found: Vec<Named> = sql_query(sql)
            .bind::<Array<SqlUuid>, _>(ids(rows.clone(), position))
            .bind::<Date, _>(day)
            .kept()
            .load(conn)?;
        names.extend(found.into_iter().map(|place| (place.id, place.into())));
    }
    Ok(names)
}

/// Loads the programmes in the rows.
pub fn programmes<'a>(
    conn: &mut PgConnection,
    rows: impl Iterator<Item = &'a Cells> + Clone,
    question: &Question,
) -> Result<Programmes> {
    let Some(position) = question.groupings.iter().position(|grouping| *grouping == AggregateGrouping::Programme)
    else {
        return Ok(Programmes::new());
    };
    type Row = (Uuid, Option<String>, String, Option<Uuid>);
    let found: Vec<Row> = programmes::table
        .filter(programmes::id.eq_any(ids(rows, position)))
        .select((programmes::id, programmes::number, programmes::title, programmes::parent_id))
        .load(conn)?;
    let named = |(id, number, title, parent_id)| (id, AggregateProgramme { id, number, title, parent_id });
    Ok(found.into_iter().map(named).collect())
}

/// Loads the places above those of the rows, on the day.
pub fn above<'a>(
    conn: &mut PgConnection,
    rows: impl Iterator<Item = &'a Cells> + Clone,
    question: &Question,
    day: NaiveDate,
) -> Result<Above> {
    #[derive(QueryableByName)]
    struct Lies {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        above_id: Uuid,
    }
    let places = question.groupings.iter().enumerate().filter(|(_, grouping)| grouping.is_place());
    let all: Vec<Uuid> = places.flat_map(|(position, _)| ids(rows.clone(), position)).collect();
    let found: Vec<Lies> = sql_query("SELECT id, above_id FROM app_places_above($1, $2)")
        .bind::<Array<SqlUuid>, _>(all)
        .bind::<Date, _>(day)
        .kept()
        .load(conn)?;
    let mut above = Above::new();
    for lies in found {
        above.entry(lies.id).or_default().push(lies.above_id);
    }
    Ok(above)
}
