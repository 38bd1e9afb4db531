//! Converts the rows of a sheet to fields of the API by its headers.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::cells::{self, Wrong};
use super::columns::{Column, is_of_members, is_passed_over};
use super::line::Line;
use super::report::{ColumnRef, Fault, Report};
use super::sheet::{Sheet, SheetRow};
use crate::kernel::http::problem::{FieldCode, FieldError};
use crate::kernel::value::text::plain;

/// Fields and codes of the API, with the column of a list that they refer to.
const MEANT: [(&str, &str); 22] = [
    ("village_id", "village"),
    ("village_id", "address"),
    ("head_birth_date", "birth_date"),
    ("head_birth_date", "head_birth_year"),
    ("head_birth_year", "birth_date"),
    ("birth_year", "birth_date"),
    ("head_sex", "sex"),
    ("name", "member_name"),
    ("name", "head_name"),
    ("members", "member_name"),
    ("hardship_reasons", "merit_family"),
    ("parent_id", "commune"),
    ("locality_id", "locality"),
    ("organisation_id", "organisation"),
    ("place_id", "place"),
    ("profiles", "year"),
    ("headcounts", "year"),
    ("poverty_status", "poor"),
    ("poverty_status", "near_poor"),
    ("username_taken", "username"),
    ("place_taken", "place"),
    ("forbidden", "role"),
];

/// A row of fields, without those whose cells could not be parsed.
pub struct Row {
    pub line: Line,
    pub fields: Map<String, Value>,
    /// Whether every cell could be parsed.
    pub sound: bool,
}

impl Row {
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    /// Removes and returns a field that the body of the API does not have.
    pub fn take_text(&mut self, field: &str) -> Option<String> {
        match self.fields.remove(field) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Moves fields into a separate body.
    pub fn take(&mut self, fields: &[&str]) -> Value {
        let taken = fields.iter().filter_map(|field| self.fields.remove_entry(*field));
        Value::Object(taken.collect())
    }
}

/// The column of each field in the file.
pub struct Headers(HashMap<&'static str, ColumnRef>);

impl Headers {
    pub fn of_columns(columns: HashMap<&'static str, ColumnRef>) -> Self {
        Self(columns)
    }

    pub fn of(&self, field: &str) -> Option<ColumnRef> {
        self.0.get(field).cloned()
    }

    /// Returns the column that a pointer or code of the API refers to.
    pub fn meant_by(&self, pointer: &str) -> Option<ColumnRef> {
        pointer.rsplit('/').find_map(|segment| {
            self.of(segment)
                .or_else(|| MEANT.iter().filter(|(word, _)| *word == segment).find_map(|(_, field)| self.of(field)))
        })
    }
}

/// Maps the headers to columns, or reports errors and returns `None`.
pub fn recognise(sheet: &Sheet, columns: &[Column], report: &mut Report) -> Option<Headers> {
    let line = sheet.header_line;
    let mut headers = HashMap::new();
    let mut faults = Vec::new();
    for (index, header) in sheet.headers.iter().enumerate() {
        let place = ColumnRef { index, header: header.clone() };
        let used = || sheet.rows.iter().any(|row| row.cells.get(index).is_some_and(|cell| !cell.is_empty()));
        match columns.iter().find(|column| column.is_called(header)) {
            Some(column) if headers.contains_key(column.field) => faults.push((Some(place), Fault::ColumnTwice)),
            Some(column) => {
                headers.insert(column.field, place);
            }
            None if is_passed_over(header) || (header.is_empty() && !used()) => {}
            None if is_of_members(header) => faults.push((Some(place), Fault::MembersColumn)),
            None => faults.push((Some(place), Fault::UnknownColumn)),
        }
    }
    if headers.is_empty() {
        // The cells are not printed, because they may be personal data.
        report.error(line, None, &Fault::NoKnownColumn);
        return None;
    }
    let missing = columns.iter().filter(|column| column.required && !headers.contains_key(column.field));
    faults.extend(missing.map(|column| (None, Fault::MissingColumn(column.header.to_owned()))));
    let clean = faults.is_empty();
    for (column, fault) in faults {
        report.error(line, column, &fault);
    }
    clean.then_some(Headers(headers))
}

/// Removes the first line with totals and the rows below it that lack a required value, such as further totals and the lines of
/// signatures, and returns their number. A row that has all required values is no total: a village may be called Cộng Hòa.
pub fn drop_totals(sheet: &mut Sheet, columns: &[Column], headers: &Headers) -> usize {
    let needed: Vec<usize> = columns
        .iter()
        .filter(|column| column.required)
        .filter_map(|column| Some(headers.of(column.field)?.index))
        .collect();
    let lacks = |row: &SheetRow| needed.iter().any(|index| row.cells.get(*index).is_none_or(String::is_empty));
    let before = sheet.rows.len();
    let mut below = false;
    sheet.rows.retain(|row| {
        below |= sums_up(row) && lacks(row);
        !(below && lacks(row))
    });
    before - sheet.rows.len()
}

/// Whether the first text of a row is a word for a total.
pub fn sums_up(row: &SheetRow) -> bool {
    let first = row.cells.iter().find(|cell| !cell.is_empty()).map_or("", String::as_str);
    let word = plain(first.split([' ', ':', '.', '\u{a0}']).next().unwrap_or_default());
    [plain("tổng"), plain("cộng")].contains(&word)
}

/// Parses every cell of a row; reports those that cannot be parsed.
pub fn read_row<'c>(
    row: &SheetRow,
    columns: impl IntoIterator<Item = &'c Column>,
    headers: &Headers,
    report: &mut Report,
) -> Row {
    let mut fields = Map::new();
    let mut sound = true;
    for column in columns {
        let Some(place) = headers.of(column.field) else { continue };
        let cell = cells::unwrap(row.cells.get(place.index).map_or("", String::as_str));
        if cell.is_empty() {
            if column.required {
                report.field(row.line, Some(place), FieldError::new("", FieldCode::REQUIRED));
                sound = false;
            }
            continue;
        }
        match cells::read(column.field, &column.reads, cell) {
            Ok(Value::Null) => {}
            Ok(value) => {
                fields.insert(column.field.to_owned(), value);
            }
            Err(wrong) => {
                sound = false;
                match wrong {
                    Wrong::Field(code) => report.field(row.line, Some(place), FieldError::new("", code)),
                    Wrong::List(fault) => report.error(row.line, Some(place), &fault),
                }
            }
        }
    }
    Row { line: row.line, fields, sound }
}

/// Reports rows with more cells than headers, which are shifted.
pub fn check_width(sheet: &Sheet, report: &mut Report) {
    for row in &sheet.rows {
        if row.cells.iter().skip(sheet.headers.len()).any(|cell| !cell.is_empty()) {
            report.error(row.line, None, &Fault::TooManyCells);
        }
    }
}
