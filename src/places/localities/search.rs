//! Queries for places with name, code and parent of a day: single places and lists.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Date, Text, Uuid as SqlUuid};
use serde_json::json;
use uuid::Uuid;

use super::LocalityId;
use super::model::{AsOf, ChildrenFilter, Locality, LocalityFilter, LocalityKind, LocalityRow, LocalitySort};
use crate::access::tx::Tx;
use crate::kernel::db::kept::Keep;
use crate::kernel::db::records;
use crate::kernel::db::schema::{locality_versions, locality_versions as versions, tree_day};
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::value::text::fold;

/// Selects a locality with the version of a day, or of the nearest day of its validity. `FROM` binds the day as `$1`.
const AS_ON: &str = "
    SELECT l.id, l.level, v.code, v.name, v.kind, v.parent_id, app_path(l.id, d.day) AS path, l.valid_from, l.valid_to,
           l.ethnic_groups, l.latitude, l.longitude, l.version, l.created_at, l.updated_at,
           (SELECT coalesce(jsonb_agg(DISTINCT f.flag), '[]') FROM locality_flags f
             WHERE f.locality_id = l.id AND (f.from_on IS NULL OR f.from_on <= d.day) AND (f.to_on IS NULL OR f.to_on >= d.day)) AS flags,
           CASE l.level WHEN 'village' THEN
             (SELECT coalesce(jsonb_agg(jsonb_build_object('code', 'possible_duplicate', 'id', twin.locality_id)), '[]')
                FROM (SELECT t.locality_id FROM locality_versions t
                       WHERE t.parent_id = v.parent_id AND t.name_fold = v.name_fold AND t.kind = v.kind AND t.locality_id <> l.id
                         AND (t.valid_from IS NULL OR t.valid_from <= d.day) AND (t.valid_to IS NULL OR t.valid_to >= d.day)
                       ORDER BY t.locality_id LIMIT 10) twin) ELSE '[]' END AS warnings,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('year', p.year, 'households', p.households, 'population', p.population,
                                                         'minority_households', p.minority_households, 'poor', p.poor,
                                                         'near_poor', p.near_poor) ORDER BY p.year DESC), '[]')
              FROM village_profiles p WHERE p.village_id = l.id) AS profiles";
const FROM: &str = "
      FROM localities l
     CROSS JOIN LATERAL (SELECT greatest(least($1::date, l.valid_to), l.valid_from) AS day) d
      JOIN locality_versions v ON v.locality_id = l.id
       AND (v.valid_from IS NULL OR v.valid_from <= d.day) AND (v.valid_to IS NULL OR v.valid_to >= d.day)";

pub fn tree_day_of(tx: &mut Tx<'_>) -> Result<NaiveDate> {
    Ok(tree_day::table.select(tree_day::day).first(tx.conn)?)
}

pub fn find(tx: &mut Tx<'_>, id: LocalityId) -> Result<Locality> {
    let day = tree_day_of(tx)?;
    let row: LocalityRow = sql_query(format!("{AS_ON} {FROM} WHERE l.id = $2"))
        .bind::<Date, _>(day)
        .bind::<SqlUuid, _>(id)
        .kept()
        .get_result(tx.conn)?;
    Locality::try_from(row).map_err(Problem::internal)
}

/// Returns pairs of one of these villages and another one of the same folded name and kind under the same parent today.
pub fn possible_duplicates(tx: &mut Tx<'_>, villages: &[LocalityId]) -> Result<Vec<(LocalityId, LocalityId)>> {
    let (own, other) = diesel::alias!(locality_versions as own, locality_versions as other);
    let same = (own.field(versions::parent_id).assume_not_null())
        .eq(other.field(versions::parent_id).assume_not_null())
        .and(own.field(versions::name_fold).eq(other.field(versions::name_fold)))
        .and(own.field(versions::kind).eq(other.field(versions::kind)))
        .and(own.field(versions::locality_id).ne(other.field(versions::locality_id)));
    let pairs = own
        .inner_join(other.on(same))
        .filter(own.field(versions::locality_id).eq_any(villages))
        .filter(own.field(versions::valid_to).is_null())
        .filter(other.field(versions::valid_to).is_null())
        .select((own.field(versions::locality_id), other.field(versions::locality_id)));
    Ok(pairs.load(tx.conn)?)
}

/// The WHERE clause of a statement, with its binds; the first bind is the day.
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

    /// Adds a condition, with `$` as the placeholder of the bind.
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
    let mut kind = None;
    if let Some(q) = &filter.q {
        // In the order in which they were typed: a leading kind is not part of the name.
        let typed: Vec<String> = fold(q).split(' ').map(str::to_owned).collect();
        let named = LocalityKind::of_words(&typed);
        kind = named.map(|(kind, _)| kind);
        let words = records::folded_words(tx.conn, &named.map_or_else(|| q.clone(), |(_, name)| name.join(" ")))?;
        if words.is_empty() {
            // A text of signs only has no words, and matches no place.
            conditions.sql.push_str(" AND false");
        }
        for word in words {
            let condition =
                "l.id IN (SELECT w.locality_id FROM locality_words w WHERE w.word >= $ AND w.word < $ || chr(1114111))";
            conditions.and(condition, Bind::Owned(word));
        }
    }
    if !filter.flag.is_empty() {
        conditions.and(
            "EXISTS (SELECT FROM locality_flags f WHERE f.locality_id = l.id AND f.flag = ANY ($) \
             AND (f.from_on IS NULL OR f.from_on <= d.day) AND (f.to_on IS NULL OR f.to_on >= d.day))",
            Bind::Texts(filter.flag.iter().map(|flag| flag.as_str()).collect()),
        );
    }
    if let Some(twinned) = filter.twinned {
        // By a function with the rights of its owner: a village head does not see twinnings of the whole commune.
        let operator = if twinned { "IN" } else { "NOT IN" };
        conditions.sql.push_str(&format!(" AND l.id {operator} (SELECT app_twinned_places($1))"));
    }
    if let Some(place) = filter.within {
        conditions.binds.push(Bind::Id(place.into()));
        conditions.sql.push_str(&format!(" AND l.id IN (SELECT app_places_below(${}, $1))", conditions.binds.len()));
    }
    let total = if keyset.count {
        let row: Count = conditions.query("SELECT count(*) AS count", "").get_result(tx.conn)?;
        Some(row.count)
    } else {
        None
    };
    let (compare, direction) = if keyset.descending { ("<", "DESC") } else { (">", "ASC") };
    // Places of the kind that was typed come first. The cursor begins with the place of a row in this order.
    let first = kind.map_or(String::new(), |kind: LocalityKind| {
        let word = if keyset.descending { "=" } else { "<>" };
        format!("(v.kind {word} '{}')::int::text || ", kind.as_str())
    });
    let sorted = format!("({first}v.name)");
    if let Some((name, id)) = keyset.after::<String>()? {
        conditions.binds.push(Bind::Owned(name));
        conditions.binds.push(Bind::Id(id));
        let (name, id) = (conditions.binds.len() - 1, conditions.binds.len());
        conditions.sql.push_str(&format!(" AND ({sorted}, l.id) {compare} (${name}, ${id})"));
    }
    conditions.binds.push(Bind::Number(keyset.limit + 1));
    let tail = format!("ORDER BY {sorted} {direction}, l.id {direction} LIMIT ${}", conditions.binds.len());
    let descending = keyset.descending;
    let key = move |place: &Locality, LocalitySort::Name| {
        let rank = kind.map(|kind| u8::from((place.kind == kind) == descending).to_string());
        (json!(rank.unwrap_or_default() + &place.name), place.id.into())
    };
    let rows: Vec<LocalityRow> = conditions.query(AS_ON, &tail).load(tx.conn)?;
    let rows: Vec<Locality> =
        rows.into_iter().map(Locality::try_from).collect::<Result<_, _>>().map_err(Problem::internal)?;
    keyset.page(rows, total, tx.secrets, key)
}

/// Returns the direct children of a place, and 404 if the caller does not see the place.
pub fn list_children(
    tx: &mut Tx<'_>,
    parent: LocalityId,
    filter: &ChildrenFilter,
    keyset: Keyset<LocalitySort>,
) -> Result<Page<Locality>> {
    find(tx, parent)?;
    list(tx, &filter.of(parent), keyset)
}
