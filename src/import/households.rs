//! Imports households from the list of poor households that every commune keeps.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::Import;
use super::cells::{Reads, Words};
use super::columns::Column;
use super::known_households::{Entry, Known, Spelling};
use super::line::Line;
use super::places::Places;
use super::poverty::{self, Finding};
use super::report::Fault;
use super::table::Row;
use crate::kernel::http::problem::Result;
use crate::kernel::value::text::plain;
use crate::needs::household_assessments::queries::create as assess;
use crate::needs::households::HouseholdId;
use crate::needs::households::bodies::NewHousehold;
use crate::needs::households::model::{HardshipReason, Sex};
use crate::needs::households::{queries, warnings};
use crate::places::catalogues::data;
use crate::places::localities::model::LocalityLevel;

pub fn columns() -> Vec<Column> {
    let mut columns = vec![
        Column::new("village", "Thôn, làng", Reads::Text)
            .also(&[
                "thôn",
                "làng",
                "tên thôn",
                "tên làng",
                "thôn/làng",
                "thôn bản",
                "bản",
                "buôn",
                "tổ dân phố",
                "village_id",
            ])
            .required()
            .example("Tung")
            .about("In the acting user's area: name (Tung, làng Tung), code or id"),
        Column::new("head_name", "Họ tên chủ hộ", Reads::Text)
            .also(&["họ và tên chủ hộ", "tên chủ hộ", "chủ hộ", "họ và tên", "họ tên"])
            .required()
            .example("Rơ Mah H'Blơi")
            .about("Head of the household"),
        Column::new("head_sex", "Giới tính", Reads::Word(Words::new(Sex::catalogue(), &[])))
            .also(&["giới tính chủ hộ", "nam/nữ", "sex"])
            .example("Nữ"),
        Column::new("head_birth_year", "Năm sinh", Reads::Year)
            .also(&["năm sinh chủ hộ", "ngày sinh", "ngày tháng năm sinh", "birth_year"])
            .example("1968")
            .about("Of the head: a year, or a date"),
        ethnic_group(),
    ];
    columns.extend(poverty::columns());
    columns.extend([
        year(),
        decision(),
        Column::new(
            "hardship_reasons",
            "Hoàn cảnh khó khăn",
            Reads::Words(Words::new(HardshipReason::catalogue(), &[])),
        )
        .also(&["hoàn cảnh", "hoàn cảnh đặc biệt", "hoàn cảnh đặc biệt khó khăn", "lý do khó khăn"])
        .example("Nhà tạm, dột nát")
        .about("Any of"),
        Column::new("phone", "Số điện thoại", Reads::Phone)
            .also(&["điện thoại", "sđt", "số đt", "đt"])
            .example("0905123456")
            .about("Stored encrypted; a leading zero lost in the spreadsheet is restored"),
        identity_number(),
        Column::new("address", "Địa chỉ", Reads::Text)
            .also(&["nơi ở", "chỗ ở"])
            .example("Xóm 2")
            .about("In the village"),
        Column::new("latitude", "Vĩ độ", Reads::Decimal).about("Decimal degrees"),
        Column::new("longitude", "Kinh độ", Reads::Decimal).about("Decimal degrees"),
        Column::new("note", "Ghi chú", Reads::Text).example("Bên suối").about("Free text"),
    ]);
    columns
}

pub fn ethnic_group() -> Column {
    let mut groups = data::ethnic_groups();
    groups.sort_by(|a, b| a.code.cmp(&b.code));
    let spellings = data::ethnic_group_spellings();
    let mut also: Vec<(&str, &str)> =
        spellings.iter().map(|(spelling, code)| (spelling.as_str(), code.as_str())).collect();
    // Spreadsheets turn 01 into 1.
    also.extend(groups.iter().filter_map(|group| Some((group.code.strip_prefix('0')?, group.code.as_str()))));
    Column::new("ethnic_group", "Dân tộc", Reads::Word(Words::new(groups.clone(), &also)))
        .also(&["thành phần dân tộc", "dân tộc chủ hộ"])
        .required()
        .example("Gia-rai")
        .about("By name, in the usual spellings (Gia Rai, Jrai), or code")
}

pub fn year() -> Column {
    Column::new("poverty_year", "Năm rà soát", Reads::Year)
        .also(&["năm", "năm đánh giá", "năm phân loại", "year"])
        .example("2026")
        .about("Year of the assessment; empty: this year; earlier years are accepted")
}

pub fn decision() -> Column {
    Column::new("decision_number", "Số quyết định", Reads::Text)
        .also(&["quyết định", "quyết định công nhận", "decision"])
        .example("12/QĐ-UBND")
        .about("The decision that approved the assessment")
}

pub fn identity_number() -> Column {
    Column::new("identity_number", "Số CCCD", Reads::IdentityNumber)
        .also(&[
            "cccd",
            "cmnd",
            "số cmnd",
            "số cccd/cmnd",
            "số cmnd/cccd",
            "cccd/cmnd",
            "cmnd/cccd",
            "số căn cước",
            "căn cước",
            "số căn cước công dân",
            "căn cước công dân",
            "số định danh",
            "số định danh cá nhân",
        ])
        .example("062068001234")
        .about("Of the head, 12 digits or 9; stored encrypted; leading zeros lost in the spreadsheet are restored")
}

pub fn import(work: &mut Import<'_>, rows: Vec<Row>) -> Result<()> {
    let places = Places::load(work.tx.conn)?;
    let entries: Vec<Entry> = rows.into_iter().filter_map(|row| entry(work, &places, row)).collect();
    enter(work, &entries, plain)
}

/// Adds the households that do not exist, and missing assessments to those that do.
pub fn enter(work: &mut Import<'_>, entries: &[Entry], spelling: Spelling) -> Result<()> {
    refuse_repeated_numbers(work, entries);
    let known = Known::load(work, entries, spelling)?;
    let mut made = HashMap::new();
    for (entry, found) in entries.iter().zip(known.matches(entries)) {
        match found {
            Some(id) if known.has_another_head(entry, id) => {
                work.error(entry.line, "identity_number", &Fault::OtherHousehold);
            }
            Some(id) => keep(work, &known, entry, id)?,
            None => {
                if let Some(id) = register(work, entry)? {
                    made.insert(id, entry.line);
                }
            }
        }
    }
    warn_of_twins(work, &made)
}

/// Converts a row to the body of a request.
fn entry(work: &mut Import<'_>, places: &Places, mut row: Row) -> Option<Entry> {
    poverty::gather(work, &mut row);
    let village = work.place(places, &mut row, "village", &[LocalityLevel::Village], None);
    let finding = work.valid(row.line, row.take(&["poverty_year", "decision_number"]));
    if let Some(village) = village {
        row.fields.insert("village_id".into(), village.to_string().into());
    }
    if !row.sound || village.is_none() {
        return None;
    }
    let new = work.valid(row.line, Value::Object(row.fields));
    let (new, mut finding): (NewHousehold, Finding) = (new?, finding?);
    finding.poverty_year = finding.poverty_year.or(work.options.year);
    Some(Entry::new(row.line, new, finding, work.tx.secrets))
}

/// Reports an identity number in two rows, because a person is the head of one household only.
fn refuse_repeated_numbers(work: &mut Import<'_>, entries: &[Entry]) {
    let mut lines = HashMap::new();
    for entry in entries {
        let Some(number) = &entry.number else { continue };
        match lines.get(number) {
            Some(first) => work.error(entry.line, "identity_number", &Fault::SameAsLine(*first)),
            None => {
                lines.insert(number, entry.line);
            }
        }
    }
}

fn register(work: &mut Import<'_>, entry: &Entry) -> Result<Option<HouseholdId>> {
    let id = HouseholdId(Uuid::now_v7());
    let occasion = entry.finding.occasion(work.tx.today, work.options.assessed_on);
    let Some(occasion) = work.accept(entry.line, occasion) else { return Ok(None) };
    let (mut new, first) = (entry.new.clone(), entry.assessment(id, Some(occasion)));
    let written = work.write(entry.line, |tx| queries::register(tx, id, &mut new, &first))?;
    if !written {
        return Ok(None);
    }
    work.report.added += 1;
    Ok(Some(id))
}

/// Adds a missing assessment to an existing household; other differences are warnings.
fn keep(work: &mut Import<'_>, known: &Known, entry: &Entry, id: HouseholdId) -> Result<()> {
    if !known.is_active(id) {
        work.warn(entry.line, "head_name", &Fault::NotActive);
        work.report.known += 1;
        return Ok(());
    }
    if known.lives_elsewhere(entry, id) {
        work.warn(entry.line, "village", &Fault::Moved);
    }
    for field in known.differences(entry, id) {
        work.warn(entry.line, field, &Fault::Differs);
    }
    if entry.finding.poverty_year.is_some_and(|year| known.is_proposed(id, year)) {
        work.warn(entry.line, "poverty_year", &Fault::ProposalWaits);
    }
    // A row without a year adds no assessment: a repeated import in the next year would assess all households again.
    if entry.finding.poverty_year.is_none_or(|year| known.is_assessed(id, year)) {
        work.report.known += 1;
        return Ok(());
    }
    let occasion = entry.finding.occasion(work.tx.today, work.options.assessed_on);
    let Some(occasion) = work.accept(entry.line, occasion) else { return Ok(()) };
    let found = entry.assessment(id, Some(occasion));
    if work.write(entry.line, |tx| assess(tx, Uuid::now_v7().into(), found))? {
        work.report.completed += 1;
    }
    Ok(())
}

/// Reports the warnings of the API, once for each pair of new households.
fn warn_of_twins(work: &mut Import<'_>, made: &HashMap<HouseholdId, Line>) -> Result<()> {
    let ids: Vec<HouseholdId> = made.keys().copied().collect();
    let mut said = HashSet::new();
    for (id, warning) in warnings::of_each(&mut work.tx, &ids)? {
        let Some(line) = made.get(&id) else { continue };
        let other = made.get(&warning.id);
        if other.is_some_and(|other| other > line) {
            continue;
        }
        let is_number = warning.code == "same_identity_number";
        if said.insert((*line, is_number)) {
            let (field, fault) = match (is_number, other) {
                (true, _) => ("identity_number", Fault::SameNumber),
                (false, Some(other)) => ("head_name", Fault::DuplicateOfLine(*other)),
                (false, None) => ("head_name", Fault::DuplicateOfKnown),
            };
            work.warn(*line, field, &fault);
        }
    }
    Ok(())
}
