//! Groups of rows whose sum a caller can query: the totals of this answer, and the rows of the same query with a wider
//! grouping or one grouping less.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::model::AggregateGrouping;
use super::suppression::Sum;

/// The cells of a row as loaded from the database: ids and words.
pub type Cells = Vec<Option<String>>;

/// The places above each place.
pub type Above = HashMap<Uuid, Vec<Uuid>>;

/// The common property of the rows of a sum, for each grouping: none, the same cell, or the same place above it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone)]
enum Shared<'a> {
    Nothing,
    Cell(Option<&'a str>),
    Above(Uuid),
}

/// Returns the sums. `years` is the last year of a data set whose years do not add up: their rows are kept apart, and the
/// totals are those of the last year.
pub fn sums(
    groupings: &[AggregateGrouping],
    rows: &[Cells],
    above: &Above,
    totals: Vec<i64>,
    years: Option<&str>,
) -> Vec<Sum> {
    let set_apart = |position: usize| years.is_some() && groupings.get(position) == Some(&AggregateGrouping::Year);
    let mut parts: BTreeMap<Vec<Shared<'_>>, Vec<usize>> = BTreeMap::new();
    let mut whole = Vec::new();
    for (number, cells) in rows.iter().enumerate() {
        let of_last_year =
            |(position, cell): (usize, &Option<String>)| !set_apart(position) || cell.as_deref() == years;
        if cells.iter().enumerate().all(of_last_year) {
            whole.push(number);
        }
        let ways = cells.iter().enumerate().map(|(position, cell)| {
            let mut ways = vec![Shared::Cell(cell.as_deref())];
            if set_apart(position) {
                return ways;
            }
            ways.push(Shared::Nothing);
            if groupings.get(position).is_some_and(|grouping| grouping.is_place()) {
                let place = cell.as_deref().and_then(|id| id.parse().ok());
                ways.extend(
                    place.and_then(|id: Uuid| above.get(&id)).into_iter().flatten().copied().map(Shared::Above),
                );
            }
            ways
        });
        // All rows together are `whole`, with the totals.
        for shared in combinations(ways).into_iter().filter(|ways| ways.iter().any(|way| *way != Shared::Nothing)) {
            parts.entry(shared).or_default().push(number);
        }
    }
    let parts = parts.into_values().filter(|rows| rows.len() > 1);
    let mut sums = vec![Sum { rows: whole, totals: Some(totals) }];
    sums.extend(parts.map(|rows| Sum { rows, totals: None }));
    sums
}

fn combinations<'a>(ways: impl Iterator<Item = Vec<Shared<'a>>>) -> Vec<Vec<Shared<'a>>> {
    ways.fold(vec![Vec::new()], |known, ways| {
        let longer = |begun: &Vec<Shared<'a>>| {
            let begun = begun.clone();
            ways.clone().into_iter().map(move |way| begun.iter().cloned().chain([way]).collect())
        };
        known.iter().flat_map(longer).collect()
    })
}
