use super::*;

fn whole(rows: &[Vec<i64>], totals: &[i64]) -> Sum {
    Sum { rows: (0..rows.len()).collect(), totals: Some(totals.to_vec()) }
}

/// One column, whose rows add up to the totals.
fn of_one_column(counts: &[i64]) -> Hidden {
    let rows: Vec<Vec<i64>> = counts.iter().map(|count| vec![*count]).collect();
    let totals = [counts.iter().sum()];
    hide(&rows, &totals, &[whole(&rows, &totals)])
}

#[test]
fn one_to_four_households_are_hidden_with_the_smallest_other_row_and_none_is_shown() {
    let shown = |counts: &[i64]| {
        let hidden = of_one_column(counts);
        (hidden.rows.iter().map(|hidden| !hidden).collect::<Vec<_>>(), !hidden.totals)
    };
    assert_eq!(shown(&[12, 3, 7, 0]), (vec![true, false, false, true], true), "the worked case");
    assert_eq!(shown(&[12, 5, 0]), (vec![true, true, true], true), "nothing is small");
    assert_eq!(shown(&[20, 2, 2, 9]), (vec![true, false, false, false], true), "two that count 4 together");
    assert_eq!(shown(&[20, 2, 4, 9]), (vec![true, false, false, true], true), "two that count 6 together");
    assert_eq!(shown(&[3, 0, 0]), (vec![false, true, true], false), "the totals are the small number");
    assert_eq!(shown(&[0, 0]), (vec![true, true], true));
    assert_eq!(shown(&[]), (vec![], true));
}

#[test]
fn totals_that_are_small_themselves_are_hidden() {
    let rows = [vec![4, 30], vec![0, 90]];
    let totals = [4, 120];
    let hidden = hide(&rows, &totals, &[whole(&rows, &totals)]);
    assert_eq!(hidden, Hidden { rows: vec![true, false], totals: true }, "without them nothing can be subtracted");
}

#[test]
fn households_in_two_rows_are_not_told_by_what_the_totals_lack() {
    // Helped in January 6, in February 9, in March 5 and in April 3: 16 households in all. Without
    // January and April the rest is 16 - 9 - 5 = 2.
    let rows = [vec![6], vec![9], vec![5], vec![3]];
    let hidden = hide(&rows, &[16], &[whole(&rows, &[16])]);
    assert_eq!(hidden, Hidden { rows: vec![true, false, true, true], totals: false });
}

#[test]
fn a_row_that_counts_enough_in_one_column_may_be_small_in_another() {
    let rows = [vec![40, 3], vec![60, 8], vec![50, 0], vec![70, 9]];
    let totals = [220, 20];
    let hidden = hide(&rows, &totals, &[whole(&rows, &totals)]);
    assert_eq!(hidden.rows, [true, true, false, false], "the next one of the column that is small");
    // All households, and the poor: the smallest village has no poor household, so hiding it protects nothing.
    let rows = [vec![12, 12], vec![3, 3], vec![7, 7], vec![6, 0]];
    let totals = [28, 22];
    let hidden = hide(&rows, &totals, &[whole(&rows, &totals)]);
    assert_eq!(hidden.rows, [false, true, true, false]);
}

#[test]
fn the_rows_of_one_parent_hide_each_other() {
    // Two provinces with two communes each: hiding rows of the other province protects nothing.
    let rows = [vec![3], vec![50], vec![2], vec![6]];
    let totals = [61];
    let parent = |rows: &[usize]| Sum { rows: rows.to_vec(), totals: None };
    let sums = [whole(&rows, &totals), parent(&[0, 1]), parent(&[2, 3])];
    assert_eq!(hide(&rows, &totals, &sums), Hidden { rows: vec![true; 4], totals: false });
    assert_eq!(
        hide(&rows, &totals, &sums[..1]).rows,
        [true, false, true, false],
        "3 + 2 alone would do for the totals"
    );
}

/// A generator with a seed (xorshift64*), so that a failure can be reproduced.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    /// Returns mostly small counts, often 0, so that most tables need suppression.
    fn count(&mut self) -> i64 {
        let bound = match self.below(4) {
            0 => 1,
            1 => 5,
            2 => 12,
            _ => 60,
        };
        i64::try_from(self.below(bound)).unwrap()
    }
}

/// Returns a random table of places of several parents, by periods, with up to three columns, and its sums.
fn random_table(random: &mut Random) -> (Vec<Vec<i64>>, Vec<i64>, Vec<Sum>) {
    let columns = 1 + random.below(3);
    let (parents, places, times) = (1 + random.below(3), 1 + random.below(5), 1 + random.below(3));
    let mut rows = Vec::new();
    let mut parts: std::collections::BTreeMap<(u8, u64, u64), Vec<usize>> = std::collections::BTreeMap::new();
    for parent in 0..parents {
        for place in 0..places {
            for time in 0..times {
                let place = parent * places + place;
                for part in [(0, parent, time), (1, parent, 0), (2, place, 0), (3, time, 0)] {
                    parts.entry(part).or_default().push(rows.len());
                }
                rows.push((0..columns).map(|_| random.count()).collect::<Vec<i64>>());
            }
        }
    }
    let mut totals = vec![0; usize::try_from(columns).unwrap()];
    rows.iter().for_each(|counts| add(&mut totals, counts));
    // Distinct households: one household may be in several rows.
    if random.below(3) == 0 {
        for (column, total) in totals.iter_mut().enumerate() {
            let largest = rows.iter().map(|row| row[column]).max().unwrap();
            *total = largest + i64::try_from(random.below(u64::try_from(*total - largest).unwrap() + 1)).unwrap();
        }
    }
    let mut sums = vec![whole(&rows, &totals)];
    sums.extend(parts.into_values().filter(|rows| rows.len() > 1).map(|rows| Sum { rows, totals: None }));
    (rows, totals, sums)
}

/// Subtracts the visible rows of a sum from its total, as a caller with the answer can.
fn difference(rows: &[Vec<i64>], hidden: &Hidden, sum: &Sum, total: &[i64]) -> Vec<i64> {
    let mut found = total.to_vec();
    for row in sum.rows.iter().filter(|row| !hidden.rows[**row]) {
        found.iter_mut().zip(&rows[*row]).for_each(|(found, shown)| *found -= shown);
    }
    found
}

#[test]
fn no_hidden_number_comes_back_by_subtraction() {
    for seed in 1..30_000 {
        let (rows, totals, sums) = random_table(&mut Random(seed * 0x9E37_79B9));
        let hidden = hide(&rows, &totals, &sums);
        let is_hidden = |sum: &Sum| sum.rows.iter().filter(|row| hidden.rows[**row]).count();
        for (row, counts) in rows.iter().enumerate() {
            assert!(hidden.rows[row] || !counts.iter().any(|count| is_small(*count)), "{seed}: a small count is shown");
            assert!(!hidden.rows[row] || counts.iter().any(|count| *count > 0), "{seed}: a row of nothing is hidden");
        }
        let is_quiet = !rows.iter().chain([&totals]).flatten().any(|count| is_small(*count));
        assert!(!is_quiet || !hidden.totals && !hidden.rows.contains(&true), "{seed}: hidden without need");

        // Within the answer, by its rows and its totals.
        if !hidden.totals && hidden.rows.contains(&true) {
            let found = difference(&rows, &hidden, &sums[0], &totals);
            assert!(!found.iter().any(|count| is_small(*count)), "{seed}: {found:?} of the totals");
            assert_ne!(is_hidden(&sums[0]), 1, "{seed}: one row is told by the totals");
        }
        // With the sum of one parent, place or period from another answer, unless that answer hides it as small, or no
        // other row is left to hide.
        for sum in &sums[1..] {
            let mut total = vec![0; totals.len()];
            sum.rows.iter().for_each(|row| add(&mut total, &rows[*row]));
            let left = |column: usize| sum.rows.iter().any(|row| !hidden.rows[*row] && rows[*row][column] > 0);
            let found = difference(&rows, &hidden, sum, &total);
            for (column, count) in found.iter().enumerate() {
                let told = is_hidden(sum) > 0 && is_small(*count);
                assert!(!told || !left(column) && is_small(total[column]), "{seed}: {found:?} of {total:?}");
            }
            let is_told = is_hidden(sum) == 1 && !total.iter().any(|count| is_small(*count));
            assert!(!is_told || !(0..totals.len()).any(left), "{seed}: one row of a parent is told");
        }
    }
}

#[test]
fn many_rows_are_looked_at_in_no_time() {
    let mut random = Random(7);
    let rows: Vec<Vec<i64>> = (0..100_000).map(|_| vec![random.count(), random.count()]).collect();
    let mut totals = vec![0; 2];
    rows.iter().for_each(|counts| add(&mut totals, counts));
    assert!(!hide(&rows, &totals, &[whole(&rows, &totals)]).totals);
}
