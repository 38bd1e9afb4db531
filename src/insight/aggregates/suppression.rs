//! Small counts are hidden from API keys: a number of one to four households may point at a person.
//! What two different questions can still reveal together is said in the documentation.

use super::model::{SupportRow, SupportValues};

/// Counts below this, but for 0, are hidden (k = 5).
const SMALLEST_SHOWN: i64 = 5;

fn is_small(values: &SupportValues) -> bool {
    values.households_helped.is_some_and(|households| (1..SMALLEST_SHOWN).contains(&households))
}

/// Hides the whole row, for its other values would tell as much.
pub fn suppress(rows: &mut [SupportRow]) {
    for row in rows.iter_mut().filter(|row| is_small(&row.values)) {
        row.values = SupportValues::default();
        row.suppressed = true;
    }
}

/// The same for the totals; tells whether they were hidden.
pub fn suppress_totals(totals: &mut SupportValues) -> bool {
    let small = is_small(totals);
    if small {
        *totals = SupportValues::default();
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::aggregates::model::RowKey;

    #[test]
    fn one_to_four_households_are_hidden_and_none_or_five_are_shown() {
        for (households, hidden) in [(0, false), (1, true), (4, true), (5, false)] {
            let values =
                SupportValues { households_helped: Some(households), gifts: Some(9), ..SupportValues::default() };
            let mut rows = [SupportRow { key: RowKey::default(), values: values.clone(), suppressed: false }];
            suppress(&mut rows);
            assert_eq!(rows[0].suppressed, hidden, "{households}");
            assert_eq!(rows[0].values.gifts.is_none(), hidden, "{households}");
            assert_eq!(suppress_totals(&mut values.clone()), hidden);
        }
    }
}
