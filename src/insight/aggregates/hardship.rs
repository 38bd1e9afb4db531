//! Households on hardship lists, by the status of their items.

use super::data_set::{DataSet, Tree, always, answer, never, nothing};
use super::model::{AggregateGrouping, Question};
use crate::access::actor::Actor;
use crate::access::reach::Reach;

answer! {
    /// Counts of approved and closed hardship lists. An item is a household on one list.
    HardshipAggregate, HardshipRow, HardshipValues, "hardship";
    #[schema(example = 3)]
    lists: Things = "count(DISTINCT k.list_id)";
    /// Households on these lists; one that is on two of them counts twice.
    #[schema(example = 31)]
    items: Households = "count(k.item_id)";
    /// Items without a pledge and without a confirmed gift.
    #[schema(example = 12)]
    open: Households = "count(k.item_id) FILTER (WHERE k.status = 'open')";
    /// Items that a unit has pledged to help.
    #[schema(example = 7)]
    pledged: Households = "count(k.item_id) FILTER (WHERE k.status = 'pledged')";
    /// Items that a confirmed gift refers to.
    #[schema(example = 12)]
    helped: Households = "count(k.item_id) FILTER (WHERE k.status = 'helped')";
    /// Distinct households on these lists.
    #[schema(example = 28)]
    households: Households = "count(DISTINCT k.household_id)";
}

pub const HARDSHIP: DataSet = DataSet {
    name: "hardship",
    measures: MEASURES,
    unanswered: &[],
    most_groupings: 2,
    facts,
    // Households on two lists.
    derived: &[&[(1, "items"), (-1, "households")]],
    width: Some(5),
    column: |grouping| (grouping == AggregateGrouping::Year).then_some("facts.year"),
    undefined: nothing,
    sensitive: &[],
    by_year: false,
    totals_apart: never,
    of_sums: never,
    shows: always,
};

/// Selects lists by their year, because a list has no day.
fn facts(_: &Question, actor: &Actor, _: Tree) -> String {
    let reach = Reach::of_village_records(actor, "l").sql();
    format!(
        "SELECT l.village_id, l.year, l.id AS list_id, i.id AS item_id, i.status, i.household_id
           FROM hardship_lists l LEFT JOIN hardship_items i ON i.list_id = l.id
          WHERE {reach} AND l.status IN ('approved', 'closed')
            AND l.year BETWEEN extract(year FROM $1)::int AND extract(year FROM $2)::int"
    )
}
