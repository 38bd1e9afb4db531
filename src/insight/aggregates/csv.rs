//! The rows as CSV that Excel opens: UTF-8 with BOM, no totals row, hidden numbers empty, and no cell
//! that a spreadsheet would take for a formula.

use super::model::{AggregateGrouping, KeyPart, SupportAggregate, SupportValues};
use crate::kernel::problem::{Problem, Result};

const BOM: &[u8] = b"\xEF\xBB\xBF";

pub fn write(aggregate: &SupportAggregate, groupings: &[AggregateGrouping]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(BOM.to_vec());
    let mut header = Vec::new();
    for grouping in groupings {
        let word = grouping.word();
        if grouping.is_place() {
            header.extend([format!("{word}_id"), format!("{word}_code"), format!("{word}_name")]);
        } else if *grouping == AggregateGrouping::Organisation {
            header.extend([format!("{word}_id"), format!("{word}_name")]);
        } else {
            header.push(word.to_owned());
        }
    }
    let values = ["visits", "gifts", "gifts_confirmed", "gift_value_vnd", "households_helped", "value_vnd"];
    header.extend(values.map(str::to_owned));
    writer.write_record(&header).map_err(Problem::internal)?;
    for row in &aggregate.rows {
        let mut cells = Vec::new();
        for (grouping, part) in &row.key.0 {
            match part {
                KeyPart::Place(place) => {
                    let (id, code, name) = match place {
                        Some(place) => {
                            (place.id.to_string(), place.code.clone().unwrap_or_default(), place.name.clone())
                        }
                        None => Default::default(),
                    };
                    cells.push(id);
                    if grouping.is_place() {
                        cells.push(harmless(&code));
                    }
                    cells.push(harmless(&name));
                }
                KeyPart::Word(word) => cells.push(harmless(word)),
            }
        }
        cells.extend(numbers(&row.values));
        writer.write_record(&cells).map_err(Problem::internal)?;
    }
    writer.into_inner().map_err(Problem::internal)
}

fn numbers(values: &SupportValues) -> impl Iterator<Item = String> {
    let numbers = [
        values.visits,
        values.gifts,
        values.gifts_confirmed,
        values.gift_value_vnd,
        values.households_helped,
        values.value_vnd,
    ];
    numbers.into_iter().map(|number| number.map_or_else(String::new, |number| number.to_string()))
}

/// A cell that begins like a formula is made text.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_formula_becomes_text() {
        assert_eq!(harmless("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(harmless("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(harmless("làng Tung"), "làng Tung");
    }
}
