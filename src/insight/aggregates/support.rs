//! Visits and gifts.

use super::data_set::{DataSet, answer};
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
    /// Distinct households that received a gift themselves or through a member.
    #[schema(example = 31)]
    households_helped: Households = "coalesce(sum(k.households), 0) + count(DISTINCT k.household_id)";
    /// Value of all support; at present that of the gifts.
    #[schema(example = 85_500_000)]
    value_vnd: Things = "coalesce(sum(k.value_vnd), 0)";
}

pub const SUPPORT: DataSet = DataSet {
    name: "support",
    measures: MEASURES,
    facts,
    derived: &[],
    width: 11,
    column,
    without: |question| if of_gifts(question) { &["visits"] } else { &[] },
    by_year: false,
    // The distinct households of twelve months do not add up to those of the year.
    totals_apart: |question, actor| summaries::serve(question, actor).is_some() && summaries::are_cut(question),
};

/// Whether the question has a grouping of gifts only: visits have neither category nor funding source.
fn of_gifts(question: &Question) -> bool {
    let of_gifts = |grouping: &AggregateGrouping| {
        matches!(grouping, AggregateGrouping::Category | AggregateGrouping::FundingSource)
    };
    question.groupings.iter().any(of_gifts)
}

/// A fact counts a household either by `household_id`, as distinct, or in the sum `households`.
fn facts(question: &Question, actor: &Actor) -> String {
    let facts = match summaries::serve(question, actor) {
        Some(period) => {
            let marked = recorded(question, actor, "village_id = marked.village_id AND");
            let marked = marked.iter().map(|records| summaries::of_marked(records));
            [summaries::facts(period, actor)].into_iter().chain(marked).collect::<Vec<_>>()
        }
        None => recorded(question, actor, ""),
    };
    let facts = facts.join(" UNION ALL ");
    if question.groupings.contains(&AggregateGrouping::Kind) {
        format!("SELECT f.*, giver.kind FROM ({facts}) f LEFT JOIN organisations giver ON giver.id = f.organisation_id")
    } else {
        format!("SELECT f.*, NULL::text AS kind FROM ({facts}) f")
    }
}

/// Returns the queries for single gifts and visits.
fn recorded(question: &Question, actor: &Actor, only: &str) -> Vec<String> {
    let reach = |table| Reach::of_gifts_and_visits(actor, table).sql();
    let asked = "($6::uuid IS NULL OR twinning_id IN (SELECT id FROM twinnings WHERE programme_id = $6)) \
                 AND ($5::uuid IS NULL OR organisation_id = $5)";
    let gifts = format!(
        "SELECT village_id, organisation_id, given_on AS day, category, funding_source, 0 AS visits, 1 AS gifts,
                (status = 'confirmed')::int AS confirmed, value_vnd, 0 AS households, household_id
           FROM gifts WHERE {only} {} AND status IN ('recorded', 'confirmed') AND given_on BETWEEN $1 AND $2 AND {asked}",
        reach("gifts")
    );
    let visits = format!(
        "SELECT village_id, organisation_id, visited_on AS day, NULL::text AS category, NULL::text AS funding_source, 1 AS visits,
                0 AS gifts, 0 AS confirmed, 0::bigint AS value_vnd, 0 AS households, NULL::uuid AS household_id
           FROM visits WHERE {only} {} AND visited_on BETWEEN $1 AND $2 AND {asked}",
        reach("visits")
    );
    if of_gifts(question) { vec![gifts] } else { vec![gifts, visits] }
}

fn column(grouping: AggregateGrouping) -> Option<&'static str> {
    match grouping {
        AggregateGrouping::Organisation => Some("facts.organisation_id"),
        AggregateGrouping::Month => Some("date_trunc('month', facts.day)"),
        AggregateGrouping::Quarter => Some("date_trunc('quarter', facts.day)"),
        AggregateGrouping::Year => Some("extract(year FROM facts.day)::int"),
        AggregateGrouping::Category => Some("facts.category"),
        AggregateGrouping::FundingSource => Some("facts.funding_source"),
        AggregateGrouping::Kind => Some("facts.kind"),
        _ => None,
    }
}
