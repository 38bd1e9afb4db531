//! Reads the households of a sheet: a mark begins one, and the values of its row hold until the next mark.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::form::{Form, Part};
use crate::import::columns::Column;
use crate::import::line::Line;
use crate::import::report::{Fault, Report};
use crate::import::sheet::SheetRow;
use crate::import::table::{self, Row};
use crate::kernel::http::problem::{FieldCode, FieldError};
use crate::kernel::value::text::{fold, squeeze};

/// The columns of a row of a member.
const OF_PERSON: [&str; 6] = ["member_name", "relation", "birth_date", "sex", "identity_number", "ethnic_group"];

/// Columns that are empty in a line with totals, whose word may stand in any other.
const NOT_OF_TOTALS: [&str; 4] = ["relation", "birth_date", "sex", "ethnic_group"];

/// A household with its members as rows of fields.
pub struct Home {
    pub part: Part,
    pub head: Row,
    pub members: Vec<Row>,
    /// Whether the sheet marks households of minorities at all.
    pub marks_minority: bool,
}

impl Home {
    pub fn line(&self) -> Line {
        self.head.line
    }

    pub fn is_sound(&self) -> bool {
        self.head.sound && self.members.iter().all(|member| member.sound)
    }
}

/// Reads the rows of a sheet; reports cells that cannot be parsed, and rows above the first mark.
pub fn read(form: &Form, report: &mut Report) -> Vec<Home> {
    let cell = |row: &SheetRow, field: &str| -> String {
        let column = form.headers.of(field);
        column.and_then(|column| row.cells.get(column.index).cloned()).unwrap_or_default()
    };
    let all: Vec<&Column> = form.columns.iter().filter(|column| column.field != "member_name").collect();
    // In the sheets of those who escaped, heads and members have one column for their names.
    let names = if form.part == Part::Listed { "member_name" } else { "head_name" };
    let of_person = |column: &&Column| OF_PERSON.contains(&column.field) || column.field == names;
    let persons: Vec<&Column> = form.columns.iter().filter(of_person).collect();
    let marks_minority = form.rows.iter().any(|row| !cell(row, "minority").is_empty());
    let mut marks: HashMap<String, Line> = HashMap::new();
    let mut homes: Vec<Home> = Vec::new();
    let mut below_total = false;
    for row in &form.rows {
        let (mark, head, person) = (cell(row, "mark"), cell(row, "head_name"), cell(row, names));
        let is_total = table::sums_up(row) && NOT_OF_TOTALS.iter().all(|field| cell(row, field).is_empty());
        below_total |= is_total;
        let is_nobody = head.is_empty() && person.is_empty() && mark.is_empty();
        // Below a total stand members of further households, and signatures, which have neither relation nor birth.
        let is_signature = below_total
            && (mark.is_empty() || head.is_empty())
            && ["relation", "birth_date"].iter().all(|field| cell(row, field).is_empty());
        if is_total || is_signature || is_nobody {
            report.totals += 1;
            continue;
        }
        let first = if mark.is_empty() { None } else { marks.get(&mark).copied() };
        if let Some(first) = first {
            report.warn(row.line, form.headers.of("mark"), &Fault::MarkTwice(first));
        }
        // A mark that is repeated in the rows of members does not begin another household.
        let is_member = mark.is_empty() || (first.is_some() && is_of_member(form.part, &head, &cell(row, "relation")));
        if !is_member {
            marks.entry(mark).or_insert(row.line);
            let head = read_row(row, &all, form, report);
            homes.push(Home { part: form.part, head, members: Vec::new(), marks_minority });
            continue;
        }
        let Some(home) = homes.last_mut() else {
            report.field(row.line, form.headers.of("mark"), FieldError::new("", FieldCode::REQUIRED));
            continue;
        };
        // Some lists repeat the head among the members.
        if !is_head(&cell(row, "relation")) {
            home.members.push(read_row(row, &persons, form, report));
        }
    }
    homes
}

fn is_head(relation: &str) -> bool {
    matches!(fold(relation).as_str(), "chu ho" | "ban than" | "chu ho bia")
}

fn is_of_member(part: Part, head: &str, relation: &str) -> bool {
    if part == Part::Listed { head.is_empty() } else { !relation.is_empty() && !is_head(relation) }
}

fn read_row(row: &SheetRow, columns: &[&Column], form: &Form, report: &mut Report) -> Row {
    table::read_row(row, columns.iter().copied(), &form.headers, report)
}

/// The name and birth of a head, by which a person without identity number is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Person {
    pub name: String,
    pub birth: Option<Birth>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Birth {
    Day(chrono::NaiveDate),
    Year(i32),
}

impl Person {
    pub fn new(name: &str, day: Option<chrono::NaiveDate>, year: Option<i32>) -> Self {
        Self { name: squeeze(name), birth: day.map(Birth::Day).or(year.map(Birth::Year)) }
    }
}

/// Moves the birth of a row into the field of a day or of a year.
pub fn take_birth(fields: &mut Map<String, Value>, prefix: &str) {
    match fields.remove("birth_date") {
        Some(day @ Value::String(_)) => {
            fields.insert(format!("{prefix}birth_date"), day);
        }
        Some(year) => {
            fields.insert(format!("{prefix}birth_year"), year);
        }
        None => {}
    }
}
