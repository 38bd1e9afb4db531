//! Places and organisations with what they have and what they lack: a row for each, also where every number is zero.

use super::data_set::{Candidate, Counted, DataSet, Measure, Tree, answer};
use super::model::{AggregateGrouping, CoverageLack, Question};
use super::{summaries, support};
use crate::access::actor::Actor;
use crate::access::policy::Role;
use crate::access::reach::Reach;

answer! {
    /// Days are until `to`, counts of visits, gifts and lists in the period, the others on `to`.
    CoverageAggregate, CoverageRow, CoverageValues, "coverage", days {
        /// The last visit until `to`, also before `from`; null without one.
        #[schema(example = "2026-11-18")]
        last_visit_on = "max(k.last_visit) - DATE '1970-01-01'";
        /// The last visit with the purpose `holiday` until `to`.
        #[schema(example = "2026-02-10")]
        last_holiday_visit_on = "max(k.last_holiday) - DATE '1970-01-01'";
        /// The last gift that counts (`recorded`, `confirmed`) until `to`.
        #[schema(example = "2026-11-18")]
        last_gift_on = "max(k.last_gift) - DATE '1970-01-01'";
    };
    /// Visits in the period.
    #[schema(example = 3)]
    visits: Things = "coalesce(sum(k.visits), 0)";
    #[schema(example = 12)]
    gifts: Things = "coalesce(sum(k.gifts), 0)";
    /// Without gifts from `credit`.
    #[schema(example = 18_000_000)]
    gift_value_vnd: Things = "coalesce(sum(k.value_vnd), 0)";
    /// As in `support`.
    #[schema(example = 60)]
    households_reached: Households =
        "coalesce(sum(k.households), 0) + count(DISTINCT k.household_id) + coalesce(sum(k.unnamed), 0)";
    /// Approved and closed hardship lists of the years of the period; of an organisation: of its villages.
    #[schema(example = 1)]
    lists: Things = "coalesce(sum(k.lists), 0)";
    /// Listed households without a pledge and without a confirmed gift on `to`; of an organisation: in its villages. Null for API keys.
    #[schema(example = 9)]
    open_items: Households = "coalesce(sum(k.open), 0)";
    /// Active on `to`, with the place itself or with one above it, also where the caller does not see the latter; totals: with
    /// any place in scope, or one above.
    #[schema(example = 1)]
    twinnings: Things = "count(DISTINCT k.twinning_id)";
    /// Villages with an active twinning on `to`, by themselves or through a place above.
    #[schema(example = 1)]
    twinned_villages: Things = "coalesce(sum(k.twinned), 0)";
}

pub const COVERAGE: DataSet = DataSet {
    name: "coverage",
    measures: MEASURES,
    unanswered: &[
        // With it the same rows are suppressed as in `support`: together the two would tell more than each alone.
        Measure {
            name: "households_helped",
            counted: Counted::Households,
            sql: "coalesce(sum(k.households), 0) + count(DISTINCT k.household_id)",
        },
        Measure { name: "in_scope", counted: Counted::Things, sql: "coalesce(sum(k.in_scope), 0)" },
        Measure { name: "flagged", counted: Counted::Things, sql: "coalesce(sum(k.flagged), 0)" },
    ],
    most_groupings: 1,
    facts,
    derived: &[&[(1, "households_reached"), (-1, "households_helped")]],
    width: None,
    column: |grouping| (grouping == AggregateGrouping::Organisation).then_some("facts.organisation_id"),
    undefined: |question| if question.for_key { &["open_items"] } else { &[] },
    sensitive: &[],
    by_year: false,
    // Rows of places have the twinnings of the places above them, and not those of the places in them. Organisations share villages.
    totals_apart: |question, _| level(question).is_some_and(|level| level != AggregateGrouping::Village),
    of_sums: |question, actor| {
        summaries::serve(question, actor).is_some() && summaries::knows_last_days(question, actor)
    },
    shows,
};

/// The only grouping.
fn level(question: &Question) -> Option<AggregateGrouping> {
    question.groupings.first().copied()
}

fn shows(question: &Question, row: &Candidate<'_>) -> bool {
    let is_in_scope = row.number("in_scope") > 0;
    if !question.flags.is_empty() && row.number("flagged") == 0 {
        return false;
    }
    if question.without.is_empty() {
        return is_in_scope || ["visits", "gifts", "lists"].iter().any(|name| row.number(name) > 0);
    }
    let lacks = |lack: &CoverageLack| {
        let of = match lack {
            CoverageLack::Visit => "visits",
            CoverageLack::Gift => "gifts",
            CoverageLack::List => "lists",
            CoverageLack::Twinning => "twinnings",
        };
        row.number(of) == 0
    };
    is_in_scope && row.has_key && (row.suppressed || question.without.iter().any(lacks))
}

/// The columns of the facts: the value of a fact that is about something else, and the aggregate of equal facts, None for a key. The
/// cast saves a tenth of the time: a sum of `bigint` is `numeric`.
const COLUMNS: [(&str, &str, Option<&str>); 16] = [
    ("organisation_id", "NULL::uuid", None),
    ("visits", "0", Some("sum(f.visits)::int")),
    ("gifts", "0", Some("sum(f.gifts)::int")),
    ("value_vnd", "0", Some("sum(f.value_vnd)")),
    ("unnamed", "0", Some("sum(f.unnamed)")),
    ("households", "0", Some("sum(f.households)::int")),
    ("household_id", "NULL::uuid", None),
    ("last_visit", "NULL::date", Some("max(f.last_visit)")),
    ("last_holiday", "NULL::date", Some("max(f.last_holiday)")),
    ("last_gift", "NULL::date", Some("max(f.last_gift)")),
    ("lists", "0", Some("sum(f.lists)::int")),
    ("open", "0", Some("sum(f.open)::int")),
    ("twinning_id", "NULL::uuid", None),
    ("twinned", "0", Some("sum(f.twinned)::int")),
    ("in_scope", "0", Some("sum(f.in_scope)::int")),
    ("flagged", "0", Some("sum(f.flagged)::int")),
];

/// Returns a query of facts of one kind: `place` is the column of the place, `with` the columns that it has.
fn of_kind(place: &str, with: &[(&str, &str)], from: &str) -> String {
    let value = |(name, nothing, _): &(&str, &str, Option<&str>)| {
        let has = with.iter().find(|(column, _)| column == name);
        format!("{} AS {name}", has.map_or(*nothing, |(_, sql)| *sql))
    };
    let values: Vec<String> = COLUMNS.iter().map(value).collect();
    format!("SELECT {place} AS village_id, {} FROM {from}", values.join(", "))
}

fn facts(question: &Question, actor: &Actor, tree: Tree) -> String {
    let by_unit = level(question) == Some(AggregateGrouping::Organisation);
    let supported = format!("({}) s", support::facts(question, actor, tree));
    let same = ["organisation_id", "visits", "gifts", "value_vnd", "unnamed", "households", "household_id"];
    let kinds = [
        of_kind("s.village_id", &same.map(|name| (name, name)), &supported),
        of_kind(
            "l.village_id",
            &["organisation_id", "last_visit", "last_holiday", "last_gift"].map(|name| (name, name)),
            &format!("({}) l", last_days(question, actor)),
        ),
        of_kind("x.village_id", &[("organisation_id", "x.organisation_id"), ("lists", "1")], &lists(question, actor)),
        of_kind(
            "x.village_id",
            &[("organisation_id", "x.organisation_id"), ("open", "1")],
            &open_items(question, actor),
        ),
        of_kind(
            "t.place_id",
            &[("organisation_id", "t.organisation_id"), ("twinning_id", "t.twinning_id")],
            &format!("standing t WHERE t.active AND t.depth <= {}", depth(question)),
        ),
        of_kind(
            "t.village_id",
            &[("organisation_id", "t.organisation_id"), ("twinned", "1")],
            &format!("({}) t", twinned(by_unit)),
        ),
        match level(question) {
            Some(AggregateGrouping::Organisation) => of_kind(
                "t.place_id",
                &[("organisation_id", "t.organisation_id"), ("in_scope", "1")],
                "(SELECT DISTINCT ON (organisation_id) organisation_id, place_id FROM standing) t",
            ),
            Some(AggregateGrouping::Village) => {
                of_kind("p.place_id", &[("in_scope", "1")], "places p WHERE p.village_id IS NOT NULL")
            }
            _ => of_kind("p.place_id", &[("in_scope", "1")], "places p"),
        },
    ];
    let kinds: Vec<String> = kinds.into_iter().chain(flagged(question)).collect();
    let value =
        |(name, _, sum): &(&str, &str, Option<&str>)| sum.map_or(format!("f.{name}"), |sum| format!("{sum} AS {name}"));
    let values: Vec<String> = COLUMNS.iter().map(value).collect();
    format!(
        "WITH places AS MATERIALIZED ({}), standing AS MATERIALIZED ({})
         SELECT f.village_id, {} FROM ({}) f GROUP BY f.village_id, f.organisation_id, f.household_id, f.twinning_id",
        places(actor, tree),
        standing(actor, by_unit),
        values.join(", "),
        kinds.join(" UNION ALL ")
    )
}

/// Returns the query of the villages and communes in scope on the day, with the places above them.
fn places(actor: &Actor, tree: Tree) -> String {
    let (place, columns) = match tree {
        Tree::Stored => (
            "localities l",
            "l.id AS place_id, CASE l.level WHEN 'village' THEN l.id END AS village_id, l.commune_id, l.district_id, l.province_id",
        ),
        Tree::Dated => (
            "app_tree($3) t JOIN localities l ON l.id = t.place_id",
            "t.place_id, t.village_id, t.commune_id, t.district_id, t.province_id",
        ),
    };
    let scope = match actor.role() {
        Some(Role::TwinningUnit) => "l.id = ANY ((SELECT app_villages())::uuid[])",
        _ => "l.scope_path >= (SELECT app_low()) AND l.scope_path < (SELECT app_high())",
    };
    format!(
        "SELECT p.* FROM (
           SELECT {columns} FROM {place}
            WHERE l.level IN ('village', 'commune') AND {scope}
              AND (l.valid_from IS NULL OR l.valid_from <= $3) AND (l.valid_to IS NULL OR l.valid_to >= $3)) p
          WHERE $4::uuid IS NULL OR $4 IN (p.village_id, p.commune_id, p.district_id, p.province_id)"
    )
}

/// Returns the facts of places below a place of a row that has one of the flags on the day of the tree.
fn flagged(question: &Question) -> Option<String> {
    let level = level(question).filter(|level| level.is_place() && !question.flags.is_empty())?.word();
    let words: Vec<String> = question.flags.iter().map(|flag| format!("'{}'", flag.as_str())).collect();
    let places = format!(
        "places p WHERE p.{level}_id IN (
           SELECT g.locality_id FROM locality_flags g
            WHERE g.flag IN ({}) AND (g.from_on IS NULL OR g.from_on <= $3) AND (g.to_on IS NULL OR g.to_on >= $3))",
        words.join(", ")
    );
    Some(of_kind("p.place_id", &[("flagged", "1")], &places))
}

/// Returns the query of the twinnings that stand by these places: with themselves, or with a place above. A unit has only its own row.
fn standing(actor: &Actor, by_unit: bool) -> String {
    let first_day = if by_unit { "$1" } else { "$2" };
    let whose = match actor.role() {
        Some(Role::TwinningUnit) if by_unit => "AND t.organisation_id = (SELECT app_organisation())",
        _ => "",
    };
    // A join for each level: one join with the four places of each place reads four times as many rows.
    let levels = [("village_id", 4), ("commune_id", 3), ("district_id", 2), ("province_id", 1)];
    let ids = levels.map(|(column, _)| format!("SELECT DISTINCT {column} FROM places WHERE {column} IS NOT NULL"));
    let at_level = |(column, depth)| {
        format!(
            "SELECT p.place_id, p.village_id, t.twinning_id, t.organisation_id, t.active, {depth} AS depth
               FROM places p JOIN ties t ON t.locality_id = p.{column}"
        )
    };
    format!(
        "WITH ties AS MATERIALIZED (
           SELECT * FROM app_standing(ARRAY ({}), {first_day}, $2) t
            WHERE ($5::uuid IS NULL OR t.organisation_id = $5)
              AND ($6::uuid IS NULL OR t.twinning_id IN (SELECT app_twinnings_under($6))) {whose})
         {}",
        ids.join(" UNION ALL "),
        levels.map(at_level).join(" UNION ALL ")
    )
}

/// The lowest level at which a twinning stands by the place of a row.
fn depth(question: &Question) -> u8 {
    match level(question) {
        Some(AggregateGrouping::Province) => 1,
        Some(AggregateGrouping::District) => 2,
        Some(AggregateGrouping::Commune) => 3,
        _ => 4,
    }
}

/// Returns the query of the villages with an active twinning, once, or once for each organisation.
fn twinned(by_unit: bool) -> &'static str {
    if by_unit {
        "SELECT DISTINCT village_id, organisation_id FROM standing WHERE active AND village_id IS NOT NULL"
    } else {
        "SELECT DISTINCT village_id, NULL::uuid AS organisation_id FROM standing WHERE active AND village_id IS NOT NULL"
    }
}

/// Returns the records of villages, `x`; of organisations, those of their villages. `records` selects the village of each. UNNEST, because
/// the planner expects one record of the many conditions of the policies, and would compare each with each village.
fn of_villages(question: &Question, records: &str) -> String {
    let by_unit = level(question) == Some(AggregateGrouping::Organisation);
    if by_unit || question.of_some_givers {
        format!(
            "(SELECT r.village_id, o.organisation_id
                FROM unnest(ARRAY ({records})) r(village_id) JOIN ({}) o ON o.village_id = r.village_id) x",
            twinned(by_unit)
        )
    } else {
        format!("(SELECT r.village_id, NULL::uuid AS organisation_id FROM ({records}) r) x")
    }
}

/// A list has no day: it belongs to its year.
fn lists(question: &Question, actor: &Actor) -> String {
    let reach = Reach::of_village_records(actor, "l").sql();
    let lists = format!(
        "SELECT l.village_id FROM hardship_lists l
          WHERE {reach} AND l.status IN ('approved', 'closed')
            AND l.year BETWEEN extract(year FROM $1)::int AND extract(year FROM $2)::int"
    );
    of_villages(question, &lists)
}

/// The status of an item is that of today; for an earlier day it follows from the gifts and pledges until then.
fn open_items(question: &Question, actor: &Actor) -> String {
    let reach = Reach::of_village_records(actor, "i").sql();
    let listed = format!(
        "SELECT i.id, i.village_id, i.status FROM hardship_items i
          WHERE {reach} AND i.approved AND NOT (i.dropped AND app_in_range(i.scope_path))"
    );
    let open = if question.to >= question.today {
        // Help is awaited on approved lists only, as in `/hardship-items?status=open`. When a list was closed is not stored. IS TRUE keeps
        // a look-up in a hash table, where the planner, which expects one item, would look up the list of each item in its table.
        format!(
            "SELECT village_id FROM ({listed} AND i.status = 'open'
               AND (i.list_id IN (SELECT l.id FROM hardship_lists l WHERE {lists} AND l.status = 'approved')) IS TRUE) open",
            lists = Reach::of_village_records(actor, "l").sql()
        )
    } else {
        format!(
            "WITH listed AS MATERIALIZED (
               {listed} AND (i.created_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date <= $2 AND i.list_id IN (
                 SELECT l.id FROM hardship_lists l WHERE (l.approved_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date <= $2))
             SELECT village_id FROM listed
              WHERE status = 'open'
                 OR id NOT IN (SELECT app_items_met(ARRAY (SELECT id FROM listed WHERE status <> 'open'), $2))"
        )
    };
    of_villages(question, &open)
}

/// Returns the query of the last days of each place: from the sums of years where they answer the question.
fn last_days(question: &Question, actor: &Actor) -> String {
    let by_unit = level(question) == Some(AggregateGrouping::Organisation);
    if by_unit || !summaries::knows_last_days(question, actor) {
        return recorded(actor, by_unit, "");
    }
    let marked = recorded(actor, by_unit, "(village_id = marked.village_id OR locality_id = marked.village_id) AND");
    format!("{} UNION ALL {}", summaries::last_days(question.detail, actor), summaries::of_marked(&marked))
}

fn recorded(actor: &Actor, by_unit: bool, only: &str) -> String {
    let reach = |table| Reach::of_gifts_and_visits(actor, table).sql();
    let organisation = if by_unit { "organisation_id" } else { "NULL::uuid" };
    let asked = support::ASKED;
    format!(
        "SELECT coalesce(village_id, locality_id) AS village_id, {organisation} AS organisation_id, max(visited_on) AS last_visit,
                max(visited_on) FILTER (WHERE purpose = 'holiday') AS last_holiday, NULL::date AS last_gift
           FROM visits WHERE {only} {} AND visited_on <= $2 AND {asked} GROUP BY 1, 2
          UNION ALL
         SELECT coalesce(village_id, locality_id), {organisation}, NULL, NULL, max(given_on)
           FROM gifts WHERE {only} {} AND status IN ('recorded', 'confirmed') AND given_on <= $2 AND {asked} GROUP BY 1, 2",
        reach("visits"),
        reach("gifts")
    )
}
