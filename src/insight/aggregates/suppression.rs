//! Suppresses small counts for API keys, because a number of one to four households may identify a person. All values of
//! a row with such a count are hidden, because its other numbers would reveal as much. A single hidden row, or hidden rows
//! that count under five together, would follow by subtracting the others from their sum; then the smallest other row
//! is hidden too, and so on, and if there is none, the sum.
//!
//! The description of `GET /aggregates/support` lists the numbers that two different answers together can still reveal.

use std::collections::VecDeque;

/// Counts below this, except 0, are hidden (k = 5).
pub const SMALLEST_SHOWN: i64 = 5;

/// Rows whose sum a caller can query.
pub struct Sum {
    pub rows: Vec<usize>,
    /// The sum, if this answer contains it; a sum of another answer (the rows of one parent) is hidden there by the same
    /// rule.
    pub totals: Option<Vec<i64>>,
}

/// The hidden rows, and whether the totals are hidden.
#[derive(Debug, PartialEq)]
pub struct Hidden {
    pub rows: Vec<bool>,
    pub totals: bool,
}

pub fn is_small(count: i64) -> bool {
    (1..SMALLEST_SHOWN).contains(&count)
}

/// Returns the rows to hide; `rows` are the counts of households of each row, with equal columns.
pub fn hide(rows: &[Vec<i64>], totals: &[i64], sums: &[Sum]) -> Hidden {
    let mut table = Table::new(rows, totals, sums);
    let first = rows.iter().enumerate().filter(|(_, counts)| counts.iter().any(|count| is_small(*count)));
    for (row, _) in first {
        table.hide(row);
    }
    while let Some(sum) = table.next_to_check() {
        table.protect(sum);
    }
    Hidden { rows: table.hidden, totals: table.totals_hidden }
}

struct Table<'a> {
    rows: &'a [Vec<i64>],
    sums: &'a [Sum],
    /// The sums that a row is part of.
    sums_of: Vec<Vec<usize>>,
    hidden: Vec<bool>,
    totals_hidden: bool,
    states: Vec<SumState>,
    to_check: VecDeque<usize>,
}

/// State of a sum while rows are being hidden.
#[derive(Clone)]
struct SumState {
    number_hidden: usize,
    /// Sum of the hidden rows.
    together: Vec<i64>,
    /// Sum of all rows.
    all: Vec<i64>,
    /// Whether the sum is in `to_check`.
    waits: bool,
}

/// Counts of hidden rows that follow by subtraction from a sum: small ones in these columns, or, without columns, those
/// of the only hidden row.
struct Exposed {
    columns: Vec<usize>,
}

impl<'a> Table<'a> {
    fn new(rows: &'a [Vec<i64>], totals: &[i64], sums: &'a [Sum]) -> Self {
        let mut sums_of = vec![Vec::new(); rows.len()];
        for (number, sum) in sums.iter().enumerate() {
            for row in &sum.rows {
                if let Some(known) = sums_of.get_mut(*row) {
                    known.push(number);
                }
            }
        }
        Self {
            rows,
            sums,
            sums_of,
            hidden: vec![false; rows.len()],
            totals_hidden: totals.iter().any(|count| is_small(*count)),
            states: sums.iter().map(|sum| SumState::new(sum, rows, totals.len())).collect(),
            to_check: VecDeque::new(),
        }
    }

    fn is_shown(&self, row: usize) -> bool {
        self.hidden.get(row) == Some(&false)
    }

    fn counts(&self, row: usize) -> &[i64] {
        self.rows.get(row).map_or(&[], Vec::as_slice)
    }

    fn hide(&mut self, row: usize) {
        let (Some(hidden), Some(counts)) = (self.hidden.get_mut(row), self.rows.get(row)) else { return };
        *hidden = true;
        for sum in self.sums_of.get(row).into_iter().flatten() {
            let Some(state) = self.states.get_mut(*sum) else { continue };
            state.number_hidden += 1;
            add(&mut state.together, counts);
            if !state.waits {
                state.waits = true;
                self.to_check.push_back(*sum);
            }
        }
    }

    fn next_to_check(&mut self) -> Option<usize> {
        let sum = self.to_check.pop_front()?;
        if let Some(state) = self.states.get_mut(sum) {
            state.waits = false;
        }
        Some(sum)
    }

    /// Hides rows of a sum until no count follows by subtraction, or no row is left to hide.
    fn protect(&mut self, number: usize) {
        let Some(sum) = self.sums.get(number) else { return };
        while !(sum.totals.is_some() && self.totals_hidden) {
            let Some(exposed) = self.states.get(number).and_then(|state| state.exposed(sum)) else { return };
            match self.smallest(sum, &exposed) {
                Some(row) => self.hide(row),
                None => {
                    self.totals_hidden |= sum.totals.is_some();
                    return;
                }
            }
        }
    }

    /// Returns the visible row that has counts in most of the exposed columns, and the smallest of these. Rows without
    /// counts there protect nothing and are skipped.
    fn smallest(&self, sum: &Sum, exposed: &Exposed) -> Option<usize> {
        let cover = |row: usize| {
            let counts = self.counts(row);
            let columns = exposed.columns.iter().filter_map(|column| counts.get(*column));
            let bare = columns.clone().filter(|count| **count == 0).count();
            let size: i64 = if exposed.columns.is_empty() { counts.iter().sum() } else { columns.sum() };
            (size > 0).then_some((bare, size, row))
        };
        let shown = sum.rows.iter().copied().filter(|row| self.is_shown(*row));
        shown.filter_map(cover).min().map(|(.., row)| row)
    }
}

impl SumState {
    fn new(sum: &Sum, rows: &[Vec<i64>], columns: usize) -> Self {
        let mut all = vec![0; columns];
        for counts in sum.rows.iter().filter_map(|row| rows.get(*row)) {
            add(&mut all, counts);
        }
        Self { number_hidden: 0, together: vec![0; columns], all, waits: false }
    }

    fn exposed(&self, sum: &Sum) -> Option<Exposed> {
        if self.number_hidden == 0 {
            return None;
        }
        // A household in two rows counts once in the totals: then the difference that a caller can compute is less than
        // the sum of the hidden rows.
        let seen = |column: usize, together: i64| {
            let total = sum.totals.as_ref().and_then(|totals| totals.get(column));
            let all = self.all.get(column).copied().unwrap_or_default();
            total.is_some_and(|total| is_small(total - (all - together)))
        };
        let small =
            self.together.iter().enumerate().filter(|(column, count)| is_small(**count) || seen(*column, **count));
        let columns: Vec<usize> = small.map(|(column, _)| column).collect();
        (self.number_hidden == 1 || !columns.is_empty()).then_some(Exposed { columns })
    }
}

fn add(sum: &mut [i64], counts: &[i64]) {
    for (known, count) in sum.iter_mut().zip(counts) {
        *known += count;
    }
}

#[cfg(test)]
#[path = "suppression_tests.rs"]
mod tests;
