use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::data_set::{Candidate, DataSet, Tree};
use super::margins::{self, Cells};
use super::model::{
    AggregateGrouping, AggregateQuery, Answer, AnswerRow, Detail, KeyPart, Names, Programmes, Question, RowKey,
};
use super::{places, summaries, suppression};
use crate::access::actor::Actor;
use crate::access::policy::Role;
use crate::access::withheld::withholds;
use crate::kernel::db::kept::Keep;
use crate::kernel::db::schema::tree_day;
use crate::kernel::db::sql::{app_now, set_config};
use crate::kernel::http::problem::Result;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Array<Nullable<Text>>)]
    cells: Cells,
    #[diesel(sql_type = Bool)]
    is_total: bool,
    #[diesel(sql_type = Array<Nullable<BigInt>>)]
    numbers: Vec<Option<i64>>,
}

/// Computes the answer of a data set.
pub fn answer(
    conn: &mut PgConnection,
    actor: &Actor,
    set: &DataSet,
    query: &AggregateQuery,
    question: &Question,
) -> Result<Answer> {
    // In one round trip, with custom plans until the end of the transaction.
    let facts = (tree_day::day, app_now(), set_config("plan_cache_mode", "auto", true));
    let (today, computed_at, _): (NaiveDate, DateTime<Utc>, String) = tree_day::table.select(facts).first(conn)?;
    let day = query.as_of.unwrap_or(today);
    if question.groupings.contains(&AggregateGrouping::District) {
        places::check_districts(conn, day)?;
    }
    if let Some(id) = query.within.filter(|_| question.for_key) {
        places::check_key_asks_nearby(conn, id.0, day)?;
    }
    let (within, level) = match query.within {
        Some(id) => places::find_within(conn, id.0, day)?.unzip(),
        None => (None, None),
    };
    let tree = if day == today { Tree::Stored } else { Tree::Dated };
    let of_key = if question.for_key { Some(places::detail_of_key(conn)?) } else { None };
    let of_places = level.map(Detail::of_level).into_iter().chain(of_key);
    let detail = match tree {
        Tree::Stored if summaries::serve_to(actor) => of_places.fold(question.detail, Detail::min),
        // The sums of communes and provinces are those of the tree of today, and other callers are counted from the records.
        _ => Detail::Place,
    };
    let question = &Question { detail, ..question.clone() };
    let mut load = |question: &Question| -> Result<Vec<Row>> {
        let query = sql_query(statement(set, question, actor, tree))
            .into_boxed::<Pg>()
            .bind::<Date, _>(question.from)
            .bind::<Date, _>(question.to)
            .bind::<Date, _>(day)
            .bind::<Nullable<SqlUuid>, _>(query.within.map(|id| id.0))
            .bind::<Nullable<SqlUuid>, _>(query.organisation_id.map(|id| id.0))
            .bind::<Nullable<SqlUuid>, _>(query.programme_id.map(|id| id.0));
        // By one grouping at most and without flags, which are part of the text, so that the texts that a connection keeps are few.
        let is_plain = question.groupings.len() <= 1 && question.flags.is_empty();
        let is_kept = is_plain && (set.of_sums)(question, actor);
        Ok(if is_kept { query.kept().load(conn)? } else { query.load(conn)? })
    };
    let (mut totals, mut rows): (Vec<Row>, Vec<Row>) = load(question)?.into_iter().partition(|row| row.is_total);
    let years_stand_alone = set.by_year && question.groupings.contains(&AggregateGrouping::Year);
    if years_stand_alone || (set.totals_apart)(question, actor) {
        totals = load(&Question { groupings: Vec::new(), ..question.clone() })?;
    }
    let undefined = (set.undefined)(question);
    let withheld = if set.sensitive.is_empty() || !withholds(conn, actor)? { &[] } else { set.sensitive };
    let is_null = |name| undefined.contains(&name) || withheld.contains(&name);
    let numbers = |row: &Row| -> Vec<Option<i64>> {
        let named = set.all_measures().zip(&row.numbers);
        named.map(|(measure, number)| number.filter(|_| !is_null(measure.name))).collect()
    };
    let of_nothing = || {
        let measures = set.all_measures();
        measures.map(|measure| measure.counted.of_nothing().filter(|_| !withheld.contains(&measure.name))).collect()
    };
    let mut totals = totals.first().map_or_else(of_nothing, numbers);

    let names = places::names(conn, rows.iter().map(|row| &row.cells), question, day)?;
    let programmes = places::programmes(conn, rows.iter().map(|row| &row.cells), question)?;
    rows.sort_by_cached_key(|row| order(&key(&row.cells, question, &names, &programmes)));
    let shown = rows.iter().map(|row| AnswerRow {
        key: key(&row.cells, question, &names, &programmes),
        numbers: numbers(row),
        suppressed: false,
    });
    let mut shown: Vec<AnswerRow> = shown.collect();
    let mut totals_suppressed = false;
    // By the numbers of all rows: an answer with fewer rows tells an API key nothing that the whole answer does not.
    let mut hidden = vec![false; shown.len()];
    if question.for_key {
        let above = places::above(conn, rows.iter().map(|row| &row.cells), question, day)?;
        let last_year = question.to.year().min(today.year()).to_string();
        let counts: Vec<Vec<i64>> = shown.iter().map(|row| set.households(&row.numbers)).collect();
        let total_counts = set.households(&totals);
        let cells: Vec<Cells> = rows.into_iter().map(|row| row.cells).collect();
        let years = years_stand_alone.then_some(last_year.as_str());
        let sums = margins::sums(&question.groupings, &cells, &above, total_counts.clone(), years);
        let found = suppression::hide(&counts, &total_counts, &sums);
        (hidden, totals_suppressed) = (found.rows, found.totals);
        if totals_suppressed {
            totals.fill(None);
        }
    }
    let mut suppressed = hidden.into_iter();
    shown.retain_mut(|row| {
        row.suppressed = suppressed.next().unwrap_or_default();
        let has_key = row.key.0.iter().all(|(_, part)| *part != KeyPart::Place(None));
        let candidate = Candidate { set, numbers: &row.numbers, has_key, suppressed: row.suppressed };
        let shows = (set.shows)(question, &candidate);
        row.numbers.truncate(set.measures.len());
        if row.suppressed {
            row.numbers.fill(None);
        }
        shows
    });
    totals.truncate(set.measures.len());
    Ok(Answer {
        dataset: set.name,
        within,
        from: question.from,
        to: question.to,
        as_of: day,
        computed_at,
        rows: shown,
        totals,
        totals_suppressed,
        of_listed: actor.role() == Some(Role::TwinningUnit),
    })
}

/// Returns one statement for rows and totals: facts joined with the places of their village, grouped by GROUPING SETS.
/// $1 from, $2 to, $3 day, $4 within, $5 organisation, $6 programme.
fn statement(set: &DataSet, question: &Question, actor: &Actor, tree: Tree) -> String {
    let mut facts = format!("recorded AS ({}), facts AS (SELECT * FROM recorded", (set.facts)(question, actor, tree));
    let tree = match tree {
        Tree::Stored => "SELECT * FROM app_places_of(ARRAY (SELECT DISTINCT village_id FROM facts))",
        Tree::Dated => "SELECT * FROM app_tree($3)",
    };
    let by_places_alone =
        !question.groupings.is_empty() && question.groupings.iter().all(|grouping| grouping.is_place());
    if let Some(width) = set.width.filter(|_| by_places_alone) {
        facts.push_str(&format!(
            " UNION ALL SELECT v.id{} FROM {} AND v.id NOT IN (SELECT village_id FROM recorded)",
            ", NULL".repeat(width),
            inhabited(question.detail)
        ));
    }
    facts.push(')');
    let columns: Vec<&str> = question.groupings.iter().map(|grouping| column(set, *grouping)).collect();
    let keys: String = columns.iter().enumerate().map(|(place, column)| format!("{column} AS key{place}, ")).collect();
    let names: Vec<String> = (0..columns.len()).map(|place| format!("k.key{place}")).collect();
    // Groups by the stored types; the conversion to text follows.
    let cells: Vec<String> =
        question.groupings.iter().zip(&names).map(|(grouping, name)| text(*grouping, name)).collect();
    let (names, cells) = (names.join(", "), cells.join(", "));
    let (is_total, sets) = match columns.len() {
        0 => ("true".to_owned(), "()".to_owned()),
        _ => ("grouping(k.key0) = 1".to_owned(), format!("({names}), ()")),
    };
    let measures: Vec<String> = set.all_measures().map(|measure| format!("({})::bigint", measure.sql)).collect();
    format!(
        "WITH {facts}, tree AS ({tree}), k AS (
           SELECT {keys}facts.*
             FROM facts JOIN tree ON tree.place_id = facts.village_id
            WHERE $4::uuid IS NULL OR $4 IN (tree.village_id, tree.commune_id, tree.district_id, tree.province_id))
         SELECT ARRAY[{cells}]::text[] AS cells, {is_total} AS is_total, ARRAY[{}] AS numbers
           FROM k GROUP BY GROUPING SETS ({sets})",
        measures.join(", ")
    )
}

/// Returns the places with an active household, `v`. LATERAL with LIMIT 1 reads one household of each; EXISTS would be planned as a join
/// with all of them.
fn inhabited(detail: Detail) -> String {
    const LIVED_IN: &str = "SELECT FROM households h WHERE h.status = 'active'";
    const IN_RANGE: &str = "v.scope_path >= (SELECT app_low()) AND v.scope_path < (SELECT app_high())";
    match detail {
        Detail::Place => format!(
            "localities v CROSS JOIN LATERAL ({LIVED_IN} AND h.village_id = v.id LIMIT 1) home
              WHERE v.level = 'village' AND ({IN_RANGE} OR v.id = ANY ((SELECT app_villages())::uuid[]))"
        ),
        // A village that lies in no commune or province of today stands for itself.
        Detail::Commune | Detail::Province => {
            let level = detail.word();
            format!(
                "localities v CROSS JOIN LATERAL (
                   {LIVED_IN} AND h.scope_path >= v.scope_path AND h.scope_path < left(v.scope_path, -1) || '/' LIMIT 1) home
                  WHERE (v.level = '{level}' AND v.{level}_id = v.id OR v.level = 'village' AND v.{level}_id IS NULL) AND {IN_RANGE}"
            )
        }
    }
}

fn column(set: &DataSet, grouping: AggregateGrouping) -> &'static str {
    match grouping {
        AggregateGrouping::Province => "tree.province_id",
        AggregateGrouping::District => "tree.district_id",
        AggregateGrouping::Commune => "tree.commune_id",
        AggregateGrouping::Village => "tree.village_id",
        // `Question::of` has refused groupings that the data set does not have.
        other => (set.column)(other).unwrap_or("NULL"),
    }
}

/// Returns the SQL that formats a key for the answer.
fn text(grouping: AggregateGrouping, key: &str) -> String {
    match grouping {
        AggregateGrouping::Month => format!("to_char({key}, 'YYYY-MM')"),
        AggregateGrouping::Quarter => format!("to_char({key}, 'YYYY-\"Q\"Q')"),
        _ => format!("{key}::text"),
    }
}

fn key(cells: &Cells, question: &Question, names: &Names, programmes: &Programmes) -> RowKey {
    let parts = question.groupings.iter().zip(cells).map(|(grouping, cell)| {
        let part = if *grouping == AggregateGrouping::Programme {
            let id = cell.as_deref().and_then(|id| id.parse::<Uuid>().ok());
            KeyPart::Programme(id.and_then(|id| programmes.get(&id).cloned()))
        } else if grouping.is_place() || *grouping == AggregateGrouping::Organisation {
            let id = cell.as_deref().and_then(|id| id.parse::<Uuid>().ok());
            KeyPart::Place(id.and_then(|id| names.get(&id).cloned()))
        } else {
            KeyPart::Word(cell.clone().unwrap_or_default())
        };
        (*grouping, part)
    });
    RowKey(parts.collect())
}

/// Sort key of a row: codes, names and words, so that equal answers are equal byte for byte.
fn order(key: &RowKey) -> Vec<(String, String, Uuid)> {
    let part = |part: &KeyPart| match part {
        KeyPart::Place(Some(place)) => (place.code.clone().unwrap_or_default(), place.name.clone(), place.id),
        KeyPart::Programme(Some(programme)) => {
            (programme.number.clone().unwrap_or_default(), programme.title.clone(), programme.id)
        }
        KeyPart::Place(None) | KeyPart::Programme(None) => ("~".to_owned(), String::new(), Uuid::nil()),
        KeyPart::Word(word) => (word.clone(), String::new(), Uuid::nil()),
    };
    key.0.iter().map(|(_, value)| part(value)).collect()
}
