//! Writes the rows as CSV: without totals, suppressed numbers empty.

use super::data_set::{Counted, DataSet, Percent, day_of};
use super::model::{AggregateGrouping, Answer, KeyPart};
use crate::kernel::http::problem::Result;
use crate::kernel::list::sheet::{Cell, Sheet};

pub fn write(set: &DataSet, answer: &Answer, groupings: &[AggregateGrouping]) -> Result<Vec<u8>> {
    let mut header = Vec::new();
    for grouping in groupings {
        let word = grouping.word();
        if grouping.is_place() {
            header.extend([format!("{word}_id"), format!("{word}_code"), format!("{word}_name")]);
        } else if *grouping == AggregateGrouping::Organisation {
            header.extend([format!("{word}_id"), format!("{word}_name")]);
        } else if *grouping == AggregateGrouping::Programme {
            header.extend([format!("{word}_id"), format!("{word}_number"), format!("{word}_title")]);
        } else {
            header.push(word.to_owned());
        }
    }
    header.extend(set.measures.iter().map(|measure| measure.name.to_owned()));
    let mut sheet = Sheet::new(&header)?;
    for row in &answer.rows {
        let mut cells: Vec<Cell> = Vec::new();
        for (grouping, part) in &row.key.0 {
            match part {
                KeyPart::Place(place) => {
                    let place = place.as_ref();
                    cells.push(place.map(|place| place.id.to_string()).into());
                    if grouping.is_place() {
                        cells.push(place.and_then(|place| place.code.as_deref()).into());
                    }
                    cells.push(place.map(|place| place.name.as_str()).into());
                }
                KeyPart::Programme(programme) => {
                    let programme = programme.as_ref();
                    cells.push(programme.map(|programme| programme.id.to_string()).into());
                    cells.push(programme.and_then(|programme| programme.number.as_deref()).into());
                    cells.push(programme.map(|programme| programme.title.as_str()).into());
                }
                KeyPart::Word(word) => cells.push(word.as_str().into()),
            }
        }
        cells.extend(set.measures.iter().zip(&row.numbers).map(|(measure, number)| match measure.counted {
            Counted::Days => number.and_then(day_of).map(|day| day.to_string()).into(),
            Counted::Rates => number.map(|number| Percent::from(number).to_string()).into(),
            Counted::Households | Counted::Things => Cell::from(*number),
        }));
        sheet.row(cells)?;
    }
    sheet.finish()
}
