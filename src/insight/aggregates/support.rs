//! Visits and gifts.

use super::data_set::{DataSet, Tree, always, answer};
use super::model::{AggregateGrouping, Question};
use super::summaries;
use crate::access::actor::Actor;
use crate::access::reach::Reach;

answer! {
    /// Sums of visits and gifts. `recorded` and `confirmed` gifts count, `disputed` and `not_delivered` ones do not.
    SupportAggregate, SupportRow, SupportValues, "support";
    /// Null when grouped by category or funding source, which only gifts have.
    #[schema(example = 12)]
    visits: Things = "coalesce(sum(k.visits), 0)";
    #[schema(example = 57)]
    gifts: Things = "coalesce(sum(k.gifts), 0)";
    /// Of these, confirmed by the village.
    #[schema(example = 51)]
    gifts_confirmed: Things = "coalesce(sum(k.confirmed), 0)";
    #[schema(example = 85_500_000)]
    gift_value_vnd: Things = "coalesce(sum(k.value_vnd), 0)";
    /// Distinct known households that received a gift themselves, through a member or among many.
    #[schema(example = 31)]
    households_helped: Households = "coalesce(sum(k.households), 0) + count(DISTINCT k.household_id)";
    /// `households_helped`, and the homes of gifts to many that are not named. The latter are not distinct: a home that received two
    /// such gifts counts twice.
    #[schema(example = 79)]
    households_reached: Households =
        "coalesce(sum(k.households), 0) + count(DISTINCT k.household_id) + coalesce(sum(k.unnamed), 0)";
    /// Money lent and not given: the value of gifts from `credit`, which no other value contains.
    #[schema(example = 10_000_000)]
    loans_arranged_vnd: Things = "coalesce(sum(k.loan_vnd), 0)";
    /// Value of all support; at present that of the gifts.
    #[schema(example = 85_500_000)]
    value_vnd: Things = "coalesce(sum(k.value_vnd), 0)";
}

pub const SUPPORT: DataSet = DataSet {
    name: "support",
    measures: MEASURES,
    unanswered: &[],
    most_groupings: 2,
    facts,
    derived: &[&[(1, "households_reached"), (-1, "households_helped")]],
    width: Some(15),
    column,
    undefined: |question| if of_gifts(question) { &["visits"] } else { &[] },
    sensitive: &[],
    by_year: false,
    // The distinct households of twelve months do not add up to those of the year, and rows of programmes overlap.
    totals_apart: |question, actor| {
        by_programme(question) || summaries::serve(question, actor).is_some() && summaries::are_cut(question)
    },
    of_sums: |question, actor| summaries::serve(question, actor).is_some(),
    shows: always,
};

/// Whether the question has a grouping of gifts only: visits have neither category nor funding source.
fn of_gifts(question: &Question) -> bool {
    let of_gifts = |grouping: &AggregateGrouping| {
        matches!(grouping, AggregateGrouping::Category | AggregateGrouping::FundingSource)
    };
    question.groupings.iter().any(of_gifts)
}

/// A fact counts a household either by `household_id`, as distinct, or in the sum `households`.
pub fn facts(question: &Question, actor: &Actor, _: Tree) -> String {
    let facts = match summaries::serve(question, actor) {
        Some(period) => {
            let marked =
                recorded(question, actor, "(village_id = marked.village_id OR locality_id = marked.village_id) AND");
            let marked = marked.iter().map(|records| summaries::of_marked(records));
            [summaries::facts(period, question.detail, actor)].into_iter().chain(marked).collect::<Vec<_>>()
        }
        None => recorded(question, actor, ""),
    };
    let facts = facts.join(" UNION ALL ");
    let (kind, giver) = match question.groupings.contains(&AggregateGrouping::Kind) {
        true => ("giver.kind", "LEFT JOIN organisations giver ON giver.id = f.organisation_id"),
        false => ("NULL::text AS kind", ""),
    };
    // A record is a fact of each programme above it, too, so that the totals are counted apart.
    let (programme, under) = match by_programme(question) {
        true => ("of.programme_id", "JOIN app_programmes_of_twinnings() of ON of.twinning_id = f.twinning_id"),
        false => ("NULL::uuid AS programme_id", ""),
    };
    format!("SELECT f.*, {kind}, {programme} FROM ({facts}) f {giver} {under}")
}

/// The condition of the organisation and the programme of the query, on gifts and visits.
pub const ASKED: &str = "($6::uuid IS NULL OR twinning_id IN (SELECT app_twinnings_under($6))) AND ($5::uuid IS NULL OR organisation_id = $5)";

fn by_programme(question: &Question) -> bool {
    question.groupings.contains(&AggregateGrouping::Programme)
}

/// Returns the queries for single gifts, the recipients of gifts to many, and visits. `only` restricts them to one place.
fn recorded(question: &Question, actor: &Actor, only: &str) -> Vec<String> {
    let reach = |table| Reach::of_gifts_and_visits(actor, table).sql();
    let of_gifts_too = format!(
        "FROM gifts WHERE {only} {} AND status IN ('recorded', 'confirmed') AND given_on BETWEEN $1 AND $2 AND {ASKED}",
        reach("gifts")
    );
    let place = "coalesce(village_id, locality_id) AS village_id, twinning_id, organisation_id";
    let gifts = format!(
        "SELECT {place}, given_on AS day, category, funding_source, 0 AS visits, 1 AS gifts,
                (status = 'confirmed')::int AS confirmed, CASE WHEN funding_source <> 'credit' THEN value_vnd ELSE 0 END AS value_vnd,
                CASE WHEN funding_source = 'credit' THEN value_vnd ELSE 0 END AS loan_vnd,
                coalesce(households_count - households_named, 0) AS unnamed, 0 AS households, household_id
           {of_gifts_too}"
    );
    // The function runs as the owner: a unit counts all names of its gifts, and reads those of households that it sees.
    let homes = format!(
        "SELECT {place}, given_on, category, funding_source, 0, 0, 0, 0::bigint, 0::bigint, 0, 0, app_recipient_homes(id)
           {of_gifts_too} AND household_id IS NULL AND households_named > 0"
    );
    let visits = format!(
        "SELECT {place}, visited_on AS day, NULL::text AS category, NULL::text AS funding_source, 1 AS visits,
                0 AS gifts, 0 AS confirmed, 0::bigint AS value_vnd, 0::bigint AS loan_vnd, 0 AS unnamed, 0 AS households,
                NULL::uuid AS household_id
           FROM visits WHERE {only} {} AND visited_on BETWEEN $1 AND $2 AND {ASKED}",
        reach("visits")
    );
    if of_gifts(question) { vec![gifts, homes] } else { vec![gifts, homes, visits] }
}

fn column(grouping: AggregateGrouping) -> Option<&'static str> {
    match grouping {
        AggregateGrouping::Organisation => Some("facts.organisation_id"),
        AggregateGrouping::Programme => Some("facts.programme_id"),
        AggregateGrouping::Month => Some("date_trunc('month', facts.day)"),
        AggregateGrouping::Quarter => Some("date_trunc('quarter', facts.day)"),
        AggregateGrouping::Year => Some("extract(year FROM facts.day)::int"),
        AggregateGrouping::Category => Some("facts.category"),
        AggregateGrouping::FundingSource => Some("facts.funding_source"),
        AggregateGrouping::Kind => Some("facts.kind"),
        _ => None,
    }
}
