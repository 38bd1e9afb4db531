use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::model::{
    AggregateGrouping, AggregatePlace, AggregateQuery, KeyPart, Names, RowKey, SupportAggregate, SupportRow,
    SupportValues,
};
use super::question::Question;
use super::suppression;
use crate::kernel::db::records;
use crate::kernel::db::schema::tree_day;
use crate::kernel::problem::{Code, FieldCode, FieldError, Problem, Result};

/// The place a question is about, as it is on the day of the tree.
#[derive(QueryableByName)]
struct Within {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    code: Option<String>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    exists_on_day: bool,
    #[diesel(sql_type = Nullable<Text>)]
    successors: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    first: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    second: Option<String>,
    #[diesel(sql_type = Bool)]
    is_total: bool,
    #[diesel(sql_type = BigInt)]
    visits: i64,
    #[diesel(sql_type = BigInt)]
    gifts: i64,
    #[diesel(sql_type = BigInt)]
    gifts_confirmed: i64,
    #[diesel(sql_type = BigInt)]
    gift_value_vnd: i64,
    #[diesel(sql_type = BigInt)]
    households_helped: i64,
}

/// Visits and gifts, cut as the question says.
pub fn support(conn: &mut PgConnection, query: &AggregateQuery, question: &Question) -> Result<SupportAggregate> {
    let today: NaiveDate = tree_day::table.select(tree_day::day).first(conn)?;
    let day = query.as_of.unwrap_or(today);
    if question.groupings.contains(&AggregateGrouping::District) {
        check_districts(conn, day)?;
    }
    let within = match query.within {
        Some(id) => find_within(conn, id.0, day)?,
        None => None,
    };
    let only_gifts = question.groupings.iter().any(|grouping| grouping.is_of_gifts());
    let rows: Vec<Row> = sql_query(statement(question, day == today, only_gifts))
        .into_boxed::<Pg>()
        .bind::<Date, _>(question.from)
        .bind::<Date, _>(question.to)
        .bind::<Date, _>(day)
        .bind::<Nullable<SqlUuid>, _>(query.within.map(|id| id.0))
        .bind::<Nullable<SqlUuid>, _>(query.organisation_id.map(|id| id.0))
        .bind::<Nullable<SqlUuid>, _>(query.programme_id.map(|id| id.0))
        .load(conn)?;
    let names = names(conn, &rows, question, day)?;
    let mut totals = SupportValues::default();
    let mut shown = Vec::new();
    for row in rows {
        let values = values(&row, only_gifts);
        if row.is_total {
            totals = values;
        } else {
            shown.push(SupportRow { key: key(&row, question, &names), values, suppressed: false });
        }
    }
    shown.sort_by_key(|row| order(&row.key));
    let mut totals_suppressed = false;
    if question.for_key {
        suppression::suppress(&mut shown);
        totals_suppressed = suppression::suppress_totals(&mut totals);
    }
    Ok(SupportAggregate {
        dataset: "support".into(),
        within: within.map(|place| AggregatePlace { id: place.id, code: place.code, name: place.name }),
        from: question.from,
        to: question.to,
        as_of: day,
        computed_at: records::now(conn)?,
        rows: shown,
        totals,
        totals_suppressed,
    })
}

fn check_districts(conn: &mut PgConnection, day: NaiveDate) -> Result<()> {
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
    .get_result(conn)?;
    if any.found { Ok(()) } else { Err(Problem::field("?group_by", FieldCode::NoDistricts)) }
}

/// A place the caller sees; one that is not there on the day is refused with the places that followed it.
fn find_within(conn: &mut PgConnection, id: Uuid, day: NaiveDate) -> Result<Option<Within>> {
    let place: Option<Within> = sql_query(
        "SELECT l.id, l.code, l.name,
                (l.valid_from IS NULL OR l.valid_from <= $2) AND (l.valid_to IS NULL OR l.valid_to >= $2) AS exists_on_day,
                (SELECT string_agg(n.name || ' (' || n.id || ')', ', ' ORDER BY n.name)
                   FROM locality_successions s JOIN localities n ON n.id = s.successor_id WHERE s.predecessor_id = l.id) AS successors
           FROM localities l WHERE l.id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Date, _>(day)
    .get_result(conn)
    .optional()?;
    match place {
        Some(place) if !place.exists_on_day => {
            let error = match place.successors {
                Some(names) => FieldError::new("?within", FieldCode::SucceededBy).with(names),
                None => FieldError::new("?within", FieldCode::Ended),
            };
            Err(Problem::with_errors(Code::LocalityEnded, vec![error]))
        }
        place => Ok(place),
    }
}

/// One statement for rows and totals: facts, each with its village's places, grouped in two sets. The
/// stored places are those of the tree day; another day's come from the dated parents.
/// $1 from, $2 to, $3 day, $4 within, $5 organisation, $6 programme.
fn statement(question: &Question, of_tree_day: bool, only_gifts: bool) -> String {
    let tree = if of_tree_day {
        "SELECT * FROM app_places_of(ARRAY (SELECT DISTINCT village_id FROM facts WHERE $3::date IS NOT NULL))"
    } else {
        "SELECT * FROM app_tree($3)"
    };
    let twinned = "($6::uuid IS NULL OR twinning_id IN (SELECT id FROM twinnings WHERE programme_id = $6)) \
                   AND ($5::uuid IS NULL OR organisation_id = $5)";
    let gifts = format!(
        "SELECT village_id, organisation_id, given_on AS day, category, funding_source, 0 AS visit, 1 AS gift,
                (status = 'confirmed')::int AS confirmed, value_vnd, household_id
           FROM gifts WHERE status IN ('recorded', 'confirmed') AND given_on BETWEEN $1 AND $2 AND {twinned}"
    );
    let visits = format!(
        "UNION ALL SELECT village_id, organisation_id, visited_on, NULL, NULL, 1, 0, 0, 0, NULL
           FROM visits WHERE visited_on BETWEEN $1 AND $2 AND {twinned}"
    );
    // A place where people live is a row, also when it got nothing.
    let homes = "UNION ALL SELECT village_id, NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL
           FROM (SELECT DISTINCT village_id FROM households WHERE status = 'active') inhabited";
    let only_place = !question.groupings.is_empty() && question.groupings.iter().all(|grouping| grouping.is_place());
    let mut facts = gifts;
    if !only_gifts {
        facts.push_str(&visits);
    }
    if only_place {
        facts.push_str(homes);
    }
    let mut columns = question.groupings.iter().map(|grouping| column(*grouping));
    let (first, second) = (columns.next(), columns.next());
    let (sets, is_total) = match (first, second) {
        (None, _) => ("GROUP BY ()".to_owned(), "true"),
        (Some(_), None) => ("GROUP BY GROUPING SETS ((1), ())".to_owned(), "grouping(k.first) = 1"),
        (Some(_), Some(_)) => ("GROUP BY GROUPING SETS ((1, 2), ())".to_owned(), "grouping(k.first) = 1"),
    };
    let sets = sets.replace("(1, 2)", "(k.first, k.second)").replace("(1)", "(k.first)");
    let grouped_columns = match (first, second) {
        (None, _) => "NULL::text AS first, NULL::text AS second",
        (Some(_), None) => "k.first, NULL::text AS second",
        (Some(_), Some(_)) => "k.first, k.second",
    };
    format!(
        "WITH facts AS ({facts}), tree AS ({tree}), k AS (
           SELECT {} AS first, {} AS second, facts.*
             FROM facts JOIN tree ON tree.village_id = facts.village_id {}
            WHERE $4::uuid IS NULL OR $4 IN (tree.village_id, tree.commune_id, tree.district_id, tree.province_id))
         SELECT {grouped_columns}, {is_total} AS is_total,
                coalesce(sum(k.visit), 0)::bigint AS visits, coalesce(sum(k.gift), 0)::bigint AS gifts,
                coalesce(sum(k.confirmed), 0)::bigint AS gifts_confirmed, coalesce(sum(k.value_vnd), 0)::bigint AS gift_value_vnd,
                count(DISTINCT k.household_id) AS households_helped
           FROM k {sets}",
        first.unwrap_or("NULL::text"),
        second.unwrap_or("NULL::text"),
        if question.groupings.contains(&AggregateGrouping::Kind) {
            "LEFT JOIN organisations giver ON giver.id = facts.organisation_id"
        } else {
            ""
        },
    )
}

fn column(grouping: AggregateGrouping) -> &'static str {
    match grouping {
        AggregateGrouping::Province => "tree.province_id::text",
        AggregateGrouping::District => "tree.district_id::text",
        AggregateGrouping::Commune => "tree.commune_id::text",
        AggregateGrouping::Village => "tree.village_id::text",
        AggregateGrouping::Organisation => "facts.organisation_id::text",
        AggregateGrouping::Month => "to_char(facts.day, 'YYYY-MM')",
        AggregateGrouping::Quarter => "to_char(facts.day, 'YYYY-\"Q\"Q')",
        AggregateGrouping::Year => "to_char(facts.day, 'YYYY')",
        AggregateGrouping::Category => "facts.category",
        AggregateGrouping::FundingSource => "facts.funding_source",
        AggregateGrouping::Kind => "giver.kind",
    }
}

fn values(row: &Row, only_gifts: bool) -> SupportValues {
    SupportValues {
        visits: (!only_gifts).then_some(row.visits),
        gifts: Some(row.gifts),
        gifts_confirmed: Some(row.gifts_confirmed),
        gift_value_vnd: Some(row.gift_value_vnd),
        households_helped: Some(row.households_helped),
        value_vnd: Some(row.gift_value_vnd),
    }
}

/// Names and codes of the places (as of the day) and organisations in the rows.
fn names(conn: &mut PgConnection, rows: &[Row], question: &Question, day: NaiveDate) -> Result<Names> {
    #[derive(QueryableByName)]
    struct Named {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Nullable<Text>)]
        code: Option<String>,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let mut names = Names::new();
    for (position, grouping) in question.groupings.iter().enumerate() {
        let sql = if grouping.is_place() {
            "SELECT * FROM app_place_labels($1, $2)"
        } else if *grouping == AggregateGrouping::Organisation {
            "SELECT id, NULL AS code, name FROM organisations WHERE id = ANY ($1) AND $2::date IS NOT NULL"
        } else {
            continue;
        };
        let ids: Vec<Uuid> = rows.iter().filter_map(|row| cell(row, position)?.parse().ok()).collect();
        let found: Vec<Named> =
            sql_query(sql).bind::<diesel::sql_types::Array<SqlUuid>, _>(ids).bind::<Date, _>(day).load(conn)?;
        names.extend(found.into_iter().map(|n| (n.id, AggregatePlace { id: n.id, code: n.code, name: n.name })));
    }
    Ok(names)
}

fn cell(row: &Row, position: usize) -> Option<&str> {
    if position == 0 { row.first.as_deref() } else { row.second.as_deref() }
}

fn key(row: &Row, question: &Question, names: &Names) -> RowKey {
    let parts = question.groupings.iter().enumerate().map(|(position, grouping)| {
        let value = cell(row, position);
        let part = if grouping.is_place() || *grouping == AggregateGrouping::Organisation {
            KeyPart::Place(value.and_then(|id| names.get(&id.parse().ok()?).cloned()))
        } else {
            KeyPart::Word(value.unwrap_or_default().to_owned())
        };
        (*grouping, part)
    });
    RowKey(parts.collect())
}

/// Rows come in the order of their codes, names and words, so that equal answers are equal to the byte.
fn order(key: &RowKey) -> Vec<(String, String, Uuid)> {
    let part = |part: &KeyPart| match part {
        KeyPart::Place(Some(place)) => (place.code.clone().unwrap_or_default(), place.name.clone(), place.id),
        KeyPart::Place(None) => ("~".to_owned(), String::new(), Uuid::nil()),
        KeyPart::Word(word) => (word.clone(), String::new(), Uuid::nil()),
    };
    key.0.iter().map(|(_, value)| part(value)).collect()
}
