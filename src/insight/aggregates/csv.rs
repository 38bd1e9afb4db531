//! The rows as a sheet: no totals row, hidden numbers empty.

use super::model::{AggregateGrouping, KeyPart, SupportAggregate, SupportValues};
use crate::kernel::problem::Result;
use crate::kernel::sheet::{Cell, Sheet};

pub fn write(aggregate: &SupportAggregate, groupings: &[AggregateGrouping]) -> Result<Vec<u8>> {
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
    let mut sheet = Sheet::new(&header)?;
    for row in &aggregate.rows {
        let mut cells: Vec<Cell> = Vec::new();
        for (grouping, part) in &row.key.0 {
            match part {
                KeyPart::Place(place) => {
                    let place = place.as_ref();
                    cells.push(place.map(|place| place.id).into());
                    if grouping.is_place() {
                        cells.push(place.and_then(|place| place.code.as_deref()).into());
                    }
                    cells.push(place.map(|place| place.name.as_str()).into());
                }
                KeyPart::Word(word) => cells.push(word.as_str().into()),
            }
        }
        cells.extend(numbers(&row.values));
        sheet.row(cells)?;
    }
    sheet.finish()
}

fn numbers(values: &SupportValues) -> [Cell; 6] {
    let numbers = [
        values.visits,
        values.gifts,
        values.gifts_confirmed,
        values.gift_value_vnd,
        values.households_helped,
        values.value_vnd,
    ];
    numbers.map(Cell::from)
}
