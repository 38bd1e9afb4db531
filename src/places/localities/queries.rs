use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Date, Jsonb, Nullable, Text, Uuid as SqlUuid};
use serde_json::json;
use uuid::Uuid;

use super::LocalityId;
use super::model::{
    AsOf, ChildrenFilter, Locality, LocalityChanges, LocalityFilter, LocalityHistory, LocalityLevel, LocalityRow,
    LocalitySort, NewLocality, VillageName, VillageProfile,
};
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::{localities, locality_versions, tree_day, village_profiles};
use crate::kernel::db::sql::app_today;
use crate::kernel::http::problem::{Code, FieldCode, FieldError, OnConstraint, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::places::localities::problems;

diesel::define_sql_function! {
    /// The place of a level that a place lay in on a day.
    fn app_ancestor(place: SqlUuid, wanted_level: Text, day: Date) -> Nullable<SqlUuid>;
}

diesel::define_sql_function! {
    /// The level of a place that another record shows.
    fn app_place_level(place: SqlUuid) -> Text;
}

diesel::define_sql_function! {
    /// The name of a place that another record shows.
    fn app_place_name(place: SqlUuid) -> Text;
}

/// A locality as it was on a day, or on the nearest day it existed. `{day}` is a bind.
const AS_ON: &str = "
    SELECT l.id, l.level, v.code, v.name, v.kind, v.parent_id, app_path(l.id, d.day) AS path, l.valid_from, l.valid_to,
           l.ethnic_groups, l.border, l.extremely_difficult, l.upland, l.latitude, l.longitude, l.version, l.created_at, l.updated_at,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('year', p.year, 'households', p.households, 'population', p.population,
                                                         'minority_households', p.minority_households) ORDER BY p.year DESC), '[]')
              FROM village_profiles p WHERE p.village_id = l.id) AS profiles";
const FROM: &str = "
      FROM localities l
     CROSS JOIN LATERAL (SELECT greatest(least($1::date, l.valid_to), l.valid_from) AS day) d
      JOIN locality_versions v ON v.locality_id = l.id
       AND (v.valid_from IS NULL OR v.valid_from <= d.day) AND (v.valid_to IS NULL OR v.valid_to >= d.day)";

fn tree_day_of(tx: &mut Tx<'_>) -> Result<NaiveDate> {
    Ok(tree_day::table.select(tree_day::day).first(tx.conn)?)
}

pub fn find(tx: &mut Tx<'_>, id: LocalityId) -> Result<Locality> {
    let day = tree_day_of(tx)?;
    let row: LocalityRow = sql_query(format!("{AS_ON} {FROM} WHERE l.id = $2"))
        .bind::<Date, _>(day)
        .bind::<SqlUuid, _>(id)
        .get_result(tx.conn)?;
    Locality::try_from(row).map_err(Problem::internal)
}

/// The names of villages that records show, with their communes'.
pub fn village_names(
    tx: &mut Tx<'_>,
    ids: impl IntoIterator<Item = LocalityId>,
) -> Result<HashMap<LocalityId, VillageName>> {
    let communes = diesel::alias!(localities as communes);
    let ids: Vec<LocalityId> = ids.into_iter().collect();
    let rows: Vec<(LocalityId, String, Option<String>)> = localities::table
        .left_join(communes.on(communes.field(localities::id).nullable().eq(localities::commune_id)))
        .filter(localities::id.eq_any(ids))
        .select((localities::id, localities::name, communes.field(localities::name).nullable()))
        .load(tx.conn)?;
    Ok(rows.into_iter().map(|(id, name, commune_name)| (id, VillageName { name, commune_name })).collect())
}

/// The places that these ever lay in directly.
pub fn parents(tx: &mut Tx<'_>, ids: &[LocalityId]) -> Result<Vec<(LocalityId, LocalityId)>> {
    let versions = locality_versions::table
        .filter(locality_versions::locality_id.eq_any(ids))
        .filter(locality_versions::parent_id.is_not_null())
        .select((locality_versions::locality_id, locality_versions::parent_id.assume_not_null()));
    Ok(versions.load(tx.conn)?)
}

/// What these villages' communes counted, year by year.
pub fn profiles(tx: &mut Tx<'_>, villages: &[LocalityId]) -> Result<Vec<(LocalityId, VillageProfile)>> {
    let rows = village_profiles::table
        .filter(village_profiles::village_id.eq_any(villages))
        .select((village_profiles::village_id, VillageProfile::as_select()));
    Ok(rows.load(tx.conn)?)
}

/// A statement that grows by conditions with their binds.
struct Conditions<'f> {
    sql: String,
    binds: Vec<Bind<'f>>,
}

enum Bind<'f> {
    Day(NaiveDate),
    Id(Uuid),
    Text(&'f str),
    Owned(String),
    Texts(Vec<&'static str>),
    Number(i64),
}

impl<'f> Conditions<'f> {
    fn new(day: NaiveDate) -> Self {
        Self { sql: " WHERE true".into(), binds: vec![Bind::Day(day)] }
    }

    /// Adds a condition; `$` in it is the next bind.
    fn and(&mut self, condition: &str, bind: Bind<'f>) {
        self.binds.push(bind);
        self.sql.push_str(" AND ");
        self.sql.push_str(&condition.replace('$', &format!("${}", self.binds.len())));
    }

    fn query(&self, select: &str, tail: &str) -> BoxedSqlQuery<'_, Pg, diesel::query_builder::SqlQuery> {
        let mut query = sql_query(format!("{select} {FROM} {} {tail}", self.sql)).into_boxed::<Pg>();
        for bind in &self.binds {
            query = match bind {
                Bind::Day(day) => query.bind::<Date, _>(day),
                Bind::Id(id) => query.bind::<SqlUuid, _>(id),
                Bind::Text(text) => query.bind::<Text, _>(text),
                Bind::Owned(text) => query.bind::<Text, _>(text),
                Bind::Texts(texts) => query.bind::<Array<Text>, _>(texts),
                Bind::Number(number) => query.bind::<BigInt, _>(number),
            };
        }
        query
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

pub fn list(tx: &mut Tx<'_>, filter: &LocalityFilter, keyset: Keyset<LocalitySort>) -> Result<Page<Locality>> {
    let today = tree_day_of(tx)?;
    let as_of = filter.as_of.unwrap_or(AsOf::Day(today));
    let day = if let AsOf::Day(day) = as_of { day } else { today };
    let mut conditions = Conditions::new(day);
    if as_of != AsOf::All {
        conditions
            .sql
            .push_str(" AND (l.valid_from IS NULL OR l.valid_from <= $1) AND (l.valid_to IS NULL OR l.valid_to >= $1)");
    }
    if !filter.level.is_empty() {
        conditions.and("l.level = ANY ($)", Bind::Texts(filter.level.iter().map(|level| level.as_str()).collect()));
    }
    if let Some(parent) = filter.parent_id {
        conditions.and("v.parent_id = $", Bind::Id(parent.into()));
    }
    if let Some(code) = &filter.code {
        conditions.and("v.code = $", Bind::Text(code));
    }
    if let Some(q) = &filter.q {
        let words = records::folded_words(tx.conn, q)?;
        if words.is_empty() {
            // A search for nothing but signs finds nothing, not everything.
            conditions.sql.push_str(" AND false");
        }
        for word in words {
            let condition =
                "l.id IN (SELECT w.locality_id FROM locality_words w WHERE w.word >= $ AND w.word < $ || chr(1114111))";
            conditions.and(condition, Bind::Owned(word));
        }
    }
    if let Some(twinned) = filter.twinned {
        // Also by who stands by the whole commune, whose twinning a village head does not see.
        let truth = if twinned { "IS TRUE" } else { "IS NOT TRUE" };
        conditions.sql.push_str(&format!(
            " AND l.level = 'village' AND (l.id IN (SELECT app_twinned_places()) OR l.commune_id IN (SELECT app_twinned_places()) \
             OR l.district_id IN (SELECT app_twinned_places())) {truth}"
        ));
    }
    let total = if keyset.count {
        let row: Count = conditions.query("SELECT count(*) AS count", "").get_result(tx.conn)?;
        Some(row.count)
    } else {
        None
    };
    let (compare, direction) = if keyset.descending { ("<", "DESC") } else { (">", "ASC") };
    if let Some((name, id)) = keyset.after::<String>()? {
        conditions.binds.push(Bind::Owned(name));
        conditions.binds.push(Bind::Id(id));
        let (name, id) = (conditions.binds.len() - 1, conditions.binds.len());
        conditions.sql.push_str(&format!(" AND (v.name, l.id) {compare} (${name}, ${id})"));
    }
    conditions.binds.push(Bind::Number(keyset.limit + 1));
    let tail = format!("ORDER BY v.name {direction}, l.id {direction} LIMIT ${}", conditions.binds.len());
    let rows: Vec<LocalityRow> = conditions.query(AS_ON, &tail).load(tx.conn)?;
    let rows: Vec<Locality> =
        rows.into_iter().map(Locality::try_from).collect::<Result<_, _>>().map_err(Problem::internal)?;
    keyset.page(rows, total, tx.secrets, |place: &Locality, LocalitySort::Name| (json!(place.name), place.id.into()))
}

#[derive(QueryableByName)]
struct History {
    #[diesel(sql_type = Jsonb)]
    versions: serde_json::Value,
    #[diesel(sql_type = Jsonb)]
    predecessors: serde_json::Value,
    #[diesel(sql_type = Jsonb)]
    successors: serde_json::Value,
}

/// The places directly in one that the caller sees.
pub fn list_children(
    tx: &mut Tx<'_>,
    parent: LocalityId,
    filter: &ChildrenFilter,
    keyset: Keyset<LocalitySort>,
) -> Result<Page<Locality>> {
    find(tx, parent)?;
    list(tx, &filter.of(parent), keyset)
}

pub fn history(tx: &mut Tx<'_>, id: LocalityId) -> Result<LocalityHistory> {
    let succession = |other: &str, own: &str| {
        format!(
            "(SELECT coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'code', l.code, 'name', l.name, 'level', l.level,
                'effective_on', s.effective_on, 'extent', s.extent, 'certain', s.certain, 'legal_basis', s.legal_basis)
                ORDER BY s.effective_on, l.code), '[]')
                FROM locality_successions s JOIN localities l ON l.id = s.{other} WHERE s.{own} = $1)"
        )
    };
    let row: History = sql_query(format!(
        "SELECT (SELECT coalesce(jsonb_agg(jsonb_build_object('name', v.name, 'code', v.code, 'kind', v.kind, 'parent_id', v.parent_id,
                'path', app_path(v.locality_id, coalesce(v.valid_to, v.valid_from, app_today())),
                'valid_from', v.valid_from, 'valid_to', v.valid_to, 'legal_basis', v.legal_basis) ORDER BY v.valid_from NULLS FIRST), '[]')
                FROM locality_versions v WHERE v.locality_id = $1) AS versions,
            {} AS predecessors, {} AS successors
          FROM localities WHERE id = $1",
        succession("predecessor_id", "successor_id"),
        succession("successor_id", "predecessor_id")
    ))
    .bind::<SqlUuid, _>(id)
    .get_result(tx.conn)?;
    let read = |versions, predecessors, successors| -> Result<LocalityHistory, serde_json::Error> {
        Ok(LocalityHistory {
            id,
            versions: serde_json::from_value(versions)?,
            predecessors: serde_json::from_value(predecessors)?,
            successors: serde_json::from_value(successors)?,
        })
    };
    read(row.versions, row.predecessors, row.successors).map_err(Problem::internal)
}

pub fn create(tx: &mut Tx<'_>, id: LocalityId, new: NewLocality) -> Result<()> {
    let today = tx.today;
    if new.valid_from.is_some_and(|day| day > today) {
        return Err(Problem::field("#/valid_from", FieldCode::IN_THE_FUTURE));
    }
    check_parent(tx, new.parent_id, "#/parent_id", new.current_parent_id.is_some())?;
    if let Some(parent) = new.current_parent_id {
        check_current_parent(tx, parent)?;
    }
    let timeline = timeline(tx, new.parent_id, new.valid_from, new.current_parent_id)?;
    let on_day = |day: NaiveDate| {
        timeline
            .iter()
            .find(|part| part.valid_from.is_none_or(|from| from <= day) && part.valid_to.is_none_or(|to| to >= day))
    };
    let current = on_day(tree_day_of(tx)?)
        .or(timeline.last())
        .ok_or_else(|| Problem::field("#/valid_from", FieldCode::INVALID_VALUE))?
        .parent_id;
    diesel::insert_into(localities::table)
        .values((
            localities::id.eq(id),
            localities::level.eq(LocalityLevel::Village),
            localities::name.eq(&new.name),
            localities::kind.eq(new.kind),
            localities::code.eq(&new.code),
            localities::parent_id.eq(current),
            localities::valid_from.eq(new.valid_from),
            localities::ethnic_groups.eq(&new.ethnic_groups),
            localities::border.eq(new.border),
            localities::extremely_difficult.eq(new.extremely_difficult),
            localities::upland.eq(new.upland),
            localities::latitude.eq(new.latitude),
            localities::longitude.eq(new.longitude),
        ))
        .execute(tx.conn)?;
    let versions: Vec<_> = timeline
        .iter()
        .map(|part| {
            (
                locality_versions::id.eq(Uuid::now_v7()),
                locality_versions::locality_id.eq(id),
                locality_versions::name.eq(&new.name),
                locality_versions::kind.eq(new.kind),
                locality_versions::code.eq(&new.code),
                locality_versions::parent_id.eq(part.parent_id),
                locality_versions::valid_from.eq(part.valid_from),
                locality_versions::valid_to.eq(part.valid_to),
            )
        })
        .collect();
    diesel::insert_into(locality_versions::table).values(versions).execute(tx.conn)?;
    replace_profiles(tx, id, &new.profiles)
}

/// A village lies, or lay, in a commune of the caller's area. With its present commune given, the
/// former one may lie anywhere.
fn check_parent(tx: &mut Tx<'_>, parent: LocalityId, pointer: &str, elsewhere: bool) -> Result<()> {
    let place: Option<(LocalityLevel, bool)> = localities::table
        .find(parent)
        .select((localities::level, app_in_range(localities::scope_path)))
        .first(tx.conn)
        .optional()?;
    match place {
        Some((LocalityLevel::Commune, in_range)) if in_range || elsewhere => Ok(()),
        Some((_, true)) => Err(Problem::field(pointer, problems::WRONG_LEVEL)),
        _ => Err(Problem::field(pointer, FieldCode::NOT_FOUND)),
    }
}

fn check_current_parent(tx: &mut Tx<'_>, parent: LocalityId) -> Result<()> {
    check_parent(tx, parent, "#/current_parent_id", false)?;
    let ended: Option<bool> =
        localities::table.find(parent).select(localities::valid_to.lt(app_today().nullable())).first(tx.conn)?;
    if ended == Some(true) { Err(Problem::field("#/current_parent_id", problems::ENDED)) } else { Ok(()) }
}

#[derive(QueryableByName)]
struct Lying {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    parent_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Date>)]
    valid_from: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    valid_to: Option<NaiveDate>,
}

fn timeline(
    tx: &mut Tx<'_>,
    parent: LocalityId,
    from: Option<NaiveDate>,
    current: Option<LocalityId>,
) -> Result<Vec<Lying>> {
    let query = sql_query("SELECT * FROM app_timeline($1, $2, $3)")
        .bind::<SqlUuid, _>(parent)
        .bind::<Nullable<Date>, _>(from)
        .bind::<Nullable<SqlUuid>, _>(current);
    Ok(query.load(tx.conn)?)
}

pub fn update(tx: &mut Tx<'_>, id: LocalityId, changes: LocalityChanges) -> Result<()> {
    let level: LocalityLevel = localities::table.find(id).select(localities::level).first(tx.conn)?;
    if level != LocalityLevel::Village {
        return Err(Problem::new(Code::FORBIDDEN));
    }
    records::apply(diesel::update(localities::table.find(id)).set(&changes).execute(tx.conn))?;
    // A correction of name, kind or code is one of the version in force.
    let in_force = locality_versions::table
        .filter(locality_versions::locality_id.eq(id))
        .filter(locality_versions::valid_to.is_null());
    if changes.name.is_some() || changes.kind.is_some() || changes.code.is_some() {
        let (name, kind, code): (String, super::model::LocalityKind, Option<String>) =
            localities::table.find(id).select((localities::name, localities::kind, localities::code)).first(tx.conn)?;
        let corrected =
            (locality_versions::name.eq(name), locality_versions::kind.eq(kind), locality_versions::code.eq(code));
        diesel::update(in_force).set(corrected).execute(tx.conn)?;
    }
    if let Some(parent) = changes.current_parent_id {
        check_current_parent(tx, parent)?;
        move_village(tx, id, parent)?;
    }
    if let Some(profiles) = &changes.profiles {
        replace_profiles(tx, id, profiles)?;
        records::touch(tx.conn, id)?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct InForce {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Bool)]
    replace: bool,
}

/// A village that was not assigned to a commune yet has lain in it all along; another one moves today.
fn move_village(tx: &mut Tx<'_>, id: LocalityId, parent: LocalityId) -> Result<()> {
    let in_force: InForce = sql_query(
        "SELECT v.id, (p.level <> 'commune' OR coalesce(v.valid_from >= app_today(), false)) AS replace
           FROM locality_versions v JOIN localities p ON p.id = v.parent_id
          WHERE v.locality_id = $1 AND v.valid_to IS NULL",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(tx.conn)?;
    if in_force.replace {
        sql_query("UPDATE locality_versions SET parent_id = $2 WHERE id = $1")
            .bind::<SqlUuid, _>(in_force.id)
            .bind::<SqlUuid, _>(parent)
            .execute(tx.conn)?;
    } else {
        sql_query("UPDATE locality_versions SET valid_to = app_today() - 1 WHERE id = $1")
            .bind::<SqlUuid, _>(in_force.id)
            .execute(tx.conn)?;
        sql_query(
            "INSERT INTO locality_versions (id, locality_id, name, code, kind, parent_id, valid_from)
             SELECT $1, locality_id, name, code, kind, $3, app_today() FROM locality_versions WHERE id = $2",
        )
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<SqlUuid, _>(in_force.id)
        .bind::<SqlUuid, _>(parent)
        .execute(tx.conn)?;
    }
    let moved = diesel::update(localities::table.find(id)).set(localities::parent_id.eq(parent)).execute(tx.conn);
    records::apply(moved)
}

fn replace_profiles(tx: &mut Tx<'_>, village: LocalityId, profiles: &[VillageProfile]) -> Result<()> {
    let mut errors = Vec::new();
    for (index, profile) in profiles.iter().enumerate() {
        if profiles.iter().take(index).any(|other| other.year == profile.year) {
            errors.push(FieldError::new(format!("#/profiles/{index}/year"), FieldCode::DUPLICATE));
        }
        if let (Some(minority), Some(households)) = (profile.minority_households, profile.households)
            && minority > households
        {
            errors.push(
                FieldError::new(format!("#/profiles/{index}/minority_households"), FieldCode::MORE_THAN)
                    .with("households"),
            );
        }
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    diesel::delete(village_profiles::table.filter(village_profiles::village_id.eq(village))).execute(tx.conn)?;
    let rows: Vec<_> = profiles
        .iter()
        .map(|profile| {
            (
                village_profiles::id.eq(Uuid::now_v7()),
                village_profiles::village_id.eq(village),
                village_profiles::year.eq(profile.year),
                village_profiles::households.eq(profile.households),
                village_profiles::population.eq(profile.population),
                village_profiles::minority_households.eq(profile.minority_households),
            )
        })
        .collect();
    diesel::insert_into(village_profiles::table)
        .values(rows)
        .execute(tx.conn)
        .on_constraint("village_profiles_village_year_key", || Problem::field("#/profiles", FieldCode::DUPLICATE))?;
    Ok(())
}

/// Only villages are deleted; the catalogue's places end by a reorganisation.
pub fn check_deletable(_: &mut Tx<'_>, place: &Locality) -> Result<()> {
    if place.level == LocalityLevel::Village { Ok(()) } else { Err(Problem::new(Code::FORBIDDEN)) }
}
