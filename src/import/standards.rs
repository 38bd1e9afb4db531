//! Imports poverty standards, by the operator: one row for each standard with its names and period, then one row for each indicator
//! and for each line of an area.

use std::collections::{BTreeMap, HashSet};

use ketnghia_macros::input;
use serde_json::{Map, Value, json};

use super::Import;
use super::cells::{Reads, Words};
use super::columns::Column;
use super::line::Line;
use super::report::Fault;
use super::table::Row;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::enums::CatalogueItem;
use crate::needs::poverty_standards::{NewStandard, PovertyStandard, StandardIndicator, StandardLines, queries};

const ROW_TYPES: [(&str, &str); 5] = [
    ("standard", "Chuẩn nghèo"),
    ("indicator", "Chỉ số"),
    ("income_vnd", "Mức thu nhập"),
    ("average_vnd", "Mức sống trung bình"),
    ("score_b1", "Điểm B1"),
];
const AREAS: [(&str, &str, &str); 2] = [("rural", "Nông thôn", "Rural"), ("urban", "Thành thị", "Urban")];

pub fn columns() -> Vec<Column> {
    let types = ROW_TYPES.map(|(code, name)| CatalogueItem::new(code, name, code)).to_vec();
    let areas = AREAS.map(|(code, vi, en)| CatalogueItem::new(code, vi, en)).to_vec();
    vec![
        Column::new("standard", "Chuẩn", Reads::Text)
            .required()
            .example("nd351_2025")
            .about("Code of the standard: a small letter, then small letters, digits and _, 30 at most"),
        Column::new("row_type", "Loại dòng", Reads::Word(Words::new(types, &[])))
            .required()
            .example("standard")
            .about("standard, indicator, income_vnd, average_vnd or score_b1, or in Vietnamese"),
        Column::new("area", "Khu vực", Reads::Word(Words::new(areas, &[]))).about("Of a line, rural or urban"),
        Column::new("code", "Mã chỉ số", Reads::Text).about("Of an indicator: I01"),
        Column::new("value", "Giá trị", Reads::Integer)
            .about("Of a line: VND for a person and month, or points of part B1"),
        Column::new("name_vi", "Tên", Reads::Text)
            .example("Chuẩn nghèo 2027-2030")
            .about("Of the standard, or of an indicator"),
        Column::new("name_en", "Tên tiếng Anh", Reads::Text)
            .example("Poverty standard 2027–2030")
            .about("The same in English"),
        Column::new("basis", "Căn cứ", Reads::Text)
            .example("Nghị định 351/2025/NĐ-CP")
            .about("Of the standard: the decree"),
        Column::new("starts_on", "Từ ngày", Reads::Day).example("01/01/2027").about("Of the standard: first day"),
        Column::new("ends_on", "Đến ngày", Reads::Day).example("31/12/2030").about("Of the standard: last day"),
    ]
}

/// The value of a line. Other cells of its row are errors.
#[input]
struct Amount {
    #[length(1..=10)]
    area: String,
    #[range(0..=1_000_000_000_000_i64)]
    value: i64,
}

#[input]
struct Points {
    #[length(1..=10)]
    area: String,
    #[range(0..=1000_i64)]
    value: i64,
}

/// The rows of a standard.
struct Entry {
    /// Line of the row `standard`, else of the first row.
    line: Line,
    body: Option<Map<String, Value>>,
    rows: usize,
    sound: bool,
    indicators: Vec<StandardIndicator>,
    lines: BTreeMap<String, Map<String, Value>>,
    /// What the rows name, so that each is given once.
    named: HashSet<String>,
}

pub fn import(work: &mut Import<'_>, rows: Vec<Row>) -> Result<()> {
    let mut entries: Vec<(String, Entry)> = Vec::new();
    for mut row in rows {
        let Some(code) = row.take_text("standard") else { continue };
        let position = entries.iter().position(|(known, _)| *known == code).unwrap_or_else(|| {
            let named = HashSet::new();
            let (indicators, lines) = (Vec::new(), BTreeMap::new());
            entries.push((code, Entry { line: row.line, body: None, rows: 0, sound: true, indicators, lines, named }));
            entries.len() - 1
        });
        let Some((code, entry)) = entries.get_mut(position) else { continue };
        entry.rows += 1;
        let sound = row.sound && gather(work, code, entry, row);
        entry.sound &= sound;
    }
    let mut known = queries::all(work.tx.conn)?;
    for (_, entry) in entries {
        let Some(body) = entry.body else {
            work.refuse(entry.line, &Problem::field("#/row_type", FieldCode::REQUIRED));
            continue;
        };
        let Some(mut new) = work.valid::<NewStandard>(entry.line, Value::Object(body)) else { continue };
        new.indicators = entry.indicators;
        new.lines = serde_json::from_value(json!(entry.lines)).map_err(Problem::internal)?;
        if !entry.sound {
            continue;
        }
        match known.iter().find(|known| known.code == new.standard) {
            Some(known) => {
                for field in differences(&new, known) {
                    work.warn(entry.line, field, &Fault::Differs);
                }
                work.report.known += entry.rows;
            }
            None => add(work, entry.line, entry.rows, new, &mut known)?,
        }
    }
    Ok(())
}

/// Adds a row to its standard; reports its errors, and a row that repeats another.
fn gather(work: &mut Import<'_>, code: &str, entry: &mut Entry, mut row: Row) -> bool {
    let Some(row_type) = row.take_text("row_type") else { return false };
    let line = row.line;
    let key =
        [row.text("area"), row.text("code")].into_iter().flatten().fold(row_type.clone(), |key, part| key + "/" + part);
    if !entry.named.insert(key) {
        work.refuse(line, &Problem::field("#/row_type", FieldCode::DUPLICATE));
        return false;
    }
    let mut body = row.fields;
    match row_type.as_str() {
        "standard" => {
            body.insert("standard".into(), code.into());
            (entry.line, entry.body) = (line, Some(body));
            true
        }
        "indicator" => {
            let indicator = work.valid(line, Value::Object(body));
            let sound = indicator.is_some();
            entry.indicators.extend(indicator);
            sound
        }
        "score_b1" => match work.valid::<Points>(line, Value::Object(body)) {
            Some(Points { area, value }) => entry.set(area, row_type, value),
            None => false,
        },
        _ => match work.valid::<Amount>(line, Value::Object(body)) {
            Some(Amount { area, value }) => entry.set(area, row_type, value),
            None => false,
        },
    }
}

impl Entry {
    fn set(&mut self, area: String, field: String, value: i64) -> bool {
        self.lines.entry(area).or_default().insert(field, value.into());
        true
    }
}

/// Adds a standard, unless another one is in force in its period.
fn add(
    work: &mut Import<'_>,
    line: Line,
    rows: usize,
    new: NewStandard,
    known: &mut Vec<PovertyStandard>,
) -> Result<()> {
    if let Some(other) = known.iter().find(|other| other.overlaps(&new)) {
        let fault = Fault::Overlaps(other.code.clone().into());
        work.error(line, "starts_on", &fault);
        return Ok(());
    }
    if work.write(line, |tx| queries::create(tx, &new))? {
        work.report.added += rows;
        known.push(new.into());
    }
    Ok(())
}

fn differences(new: &NewStandard, known: &PovertyStandard) -> Vec<&'static str> {
    let fields = [
        ("name_vi", new.name_vi != known.name_vi),
        ("name_en", new.name_en != known.name_en),
        ("basis", new.basis.is_some() && new.basis != known.basis),
        ("starts_on", new.starts_on != known.starts_on),
        ("ends_on", new.ends_on != known.ends_on),
        ("code", !new.indicators.is_empty() && new.indicators != known.indicators),
        ("value", new.lines != StandardLines::default() && new.lines != known.lines),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}
