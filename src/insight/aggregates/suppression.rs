//! Small counts are hidden from API keys: a number of one to four households may point at a person. A
//! row with such a count is hidden whole, for its other numbers would tell as much. One hidden row alone,
//! or hidden rows that count under five together, could be told by subtracting the others from their
//! sum; then the smallest other row is hidden too, and so on, and where there is none, the sum.
//!
//! What two different questions can still reveal together is said in the documentation.

use std::collections::VecDeque;

/// Counts below this, but for 0, are hidden (k = 5).
pub const SMALLEST_SHOWN: i64 = 5;

/// Rows that add up to a number somebody can know.
pub struct Sum {
    pub rows: Vec<usize>,
    /// Where this very answer gives the sum; a sum of another answer (the rows of one parent) is hidden
    /// there by the same rule.
    pub totals: Option<Vec<i64>>,
}

/// What is not shown.
#[derive(Debug, PartialEq)]
pub struct Hidden {
    pub rows: Vec<bool>,
    pub totals: bool,
}

pub fn is_small(count: i64) -> bool {
    (1..SMALLEST_SHOWN).contains(&count)
}

/// `rows` are the counts of households in each row, in equal columns.
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

/// How a sum stands while rows are being hidden.
#[derive(Clone)]
struct SumState {
    number_hidden: usize,
    /// What the hidden rows count together.
    together: Vec<i64>,
    /// What all rows count together.
    all: Vec<i64>,
    waits: bool,
}

/// What subtraction would tell of the hidden rows of a sum: small counts in these columns, or, without
/// any, all of the only row.
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

    /// Hides rows of a sum until nothing is to be had by subtraction, or nothing is left to hide.
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

    /// The row, of those still shown, that covers most of what is exposed, and the smallest of these. A
    /// row that counts nothing there is no cover.
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
        // A household that is in two rows is once in the totals: then the difference that anybody can
        // see is less than what the hidden rows count.
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
