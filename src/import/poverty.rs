//! Columns of the poverty assessment, which lists of households and of assessments share. Lists have one column for the
//! status or one for each status, and one column for the indicators or twelve.

use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate};
use ketnghia_macros::input;
use serde_json::Value;

use super::Import;
use super::cells::{Reads, Words};
use super::columns::Column;
use super::table::Row;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::enums::CatalogueItem;
use crate::needs::household_assessments::model::{AssessmentRound, NewAssessment, RoundKind};
use crate::needs::household_assessments::queries::AssessmentRow;
use crate::needs::households::poverty::{PovertyCause, PovertyStatus};
use crate::places::catalogues::data::poverty_dimensions;

const STATUS_COLUMNS: [&str; 4] = ["poverty_status", "poor", "near_poor", "newly_escaped"];
const INDICATORS: [&str; 12] = ["I01", "I02", "I03", "I04", "I05", "I06", "I07", "I08", "I09", "I10", "I11", "I12"];

/// Year, decision and points of the assessment in a row.
#[input]
#[derive(Debug, Clone, Default)]
pub struct Finding {
    #[range(1990..=2200)]
    pub poverty_year: Option<i32>,
    #[length(1..=60)]
    pub decision_number: Option<String>,
    pub decision_date: Option<NaiveDate>,
    #[range(0..=1000)]
    pub score_b1: Option<i32>,
    #[range(0..=1000)]
    pub score_b2: Option<i32>,
    pub no_labour_capacity: Option<bool>,
}

impl Finding {
    /// Returns the day and the round: of a year its annual review, on its last day or today; otherwise a regular one today; on the
    /// day `assessed_on` if it is given.
    pub fn occasion(&self, today: NaiveDate, assessed_on: Option<NaiveDate>) -> Result<(NaiveDate, AssessmentRound)> {
        let Some(year) = self.poverty_year else {
            let day = assessed_on.unwrap_or(today);
            return Ok((day, AssessmentRound { year: day.year(), kind: RoundKind::Regular }));
        };
        if year > today.year() {
            return Err(Problem::field("#/poverty_year", FieldCode::IN_THE_FUTURE));
        }
        let last = NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(today);
        Ok((assessed_on.unwrap_or(last.min(today)), AssessmentRound { year, kind: RoundKind::Annual }))
    }
}

/// Returns the fields in which a row differs from a stored assessment. Empty cells do not differ.
pub fn differences(said: &NewAssessment, known: &AssessmentRow) -> Vec<&'static str> {
    let fields = [
        ("poverty_status", said.poverty_status != known.poverty_status),
        ("deprivations", says_otherwise(&said.deprivations, &known.deprivations)),
        ("poverty_causes", says_otherwise(&said.poverty_causes, &known.poverty_causes)),
        ("decision_number", said.decision_number.is_some() && said.decision_number != known.decision_number),
        ("decision_date", said.decision_date.is_some() && said.decision_date != known.decision_date),
        ("score_b1", said.score_b1.is_some() && said.score_b1 != known.score_b1),
        ("score_b2", said.score_b2.is_some() && said.score_b2 != known.score_b2),
        (
            "no_labour_capacity",
            said.no_labour_capacity.is_some() && said.no_labour_capacity != known.no_labour_capacity,
        ),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

/// Whether a set is not empty and differs from the known one.
pub fn says_otherwise<T: PartialEq>(given: &[T], known: &[T]) -> bool {
    let covers = |one: &[T], other: &[T]| other.iter().all(|value| one.contains(value));
    let same = covers(given, known) && covers(known, given);
    !given.is_empty() && !same
}

/// The twelve indicators of Decree 07/2021/NĐ-CP.
static LABELS: LazyLock<Vec<CatalogueItem>> =
    LazyLock::new(|| poverty_dimensions().into_iter().filter(|item| item.parent_code.is_some()).collect());

fn statuses() -> Words {
    let also = [
        ("nghèo", "poor"),
        ("hộ nghèo đa chiều", "poor"),
        ("cận nghèo", "near_poor"),
        ("thoát nghèo", "newly_escaped"),
        ("mới thoát nghèo", "newly_escaped"),
        ("hộ thoát nghèo", "newly_escaped"),
        ("trung bình", "average"),
        ("mức sống trung bình", "average"),
        ("hộ trung bình", "average"),
        ("khác", "not_poor"),
        ("không nghèo", "not_poor"),
        ("hộ không nghèo", "not_poor"),
    ];
    Words::new(PovertyStatus::catalogue(), &also)
}

fn deprivations() -> Words {
    let numbers = INDICATORS.map(|code| (code.trim_start_matches(['I', '0']), code));
    Words::new(LABELS.clone(), &numbers)
}

pub fn columns() -> Vec<Column> {
    let mark = |field, header, status| Column::new(field, header, Reads::WordOrMark(statuses(), status));
    let mut columns = vec![
        Column::new("poverty_status", "Phân loại hộ", Reads::Word(statuses()))
            .also(&["loại hộ", "kết quả phân loại", "tình trạng nghèo", "diện hộ", "diện", "đối tượng", "status"])
            .example("Hộ nghèo")
            .about("Needed, here or by a mark in one of the three next columns"),
        mark("poor", "Hộ nghèo", "poor").also(&["nghèo"]).about("x, or the status in words"),
        mark("near_poor", "Hộ cận nghèo", "near_poor").also(&["cận nghèo"]).about("x"),
        mark("newly_escaped", "Hộ mới thoát nghèo", "newly_escaped")
            .also(&["mới thoát nghèo", "thoát nghèo", "hộ thoát nghèo"])
            .about("x"),
        Column::new("deprivations", "Chỉ số thiếu hụt", Reads::Words(deprivations()))
            .also(&["các chỉ số thiếu hụt", "thiếu hụt", "chỉ số thiếu hụt dịch vụ xã hội cơ bản"])
            .example("I07; I10")
            .about("The indicators of Decree 07/2021/NĐ-CP by code, number or name"),
    ];
    columns.extend(LABELS.iter().zip(INDICATORS).map(|(indicator, code)| {
        Column::new(code, &indicator.name_vi, Reads::Mark)
            .about("x where the household is deprived; or one column for all twelve")
    }));
    columns.push(
        Column::new("poverty_causes", "Nguyên nhân nghèo", Reads::Words(causes()))
            .also(&["nguyên nhân"])
            .example("Không có vốn; Không có lao động")
            .about("Any of"),
    );
    columns
}

pub fn causes() -> Words {
    Words::new(PovertyCause::catalogue(), &CAUSES)
}

/// The classes of the list of poor and near-poor households, by number or name.
pub fn listed_statuses() -> Words {
    let listed =
        PovertyStatus::catalogue().into_iter().filter(|item| matches!(item.code.as_str(), "poor" | "near_poor"));
    let also = [("1", "poor"), ("2", "near_poor"), ("nghèo", "poor"), ("cận nghèo", "near_poor")];
    Words::new(listed.collect(), &also)
}

/// Wordings of the forms of the decrees, and the numbers of the official one.
const CAUSES: [(&str, &str); 23] = [
    ("1", "no_land"),
    ("2", "no_capital"),
    ("3", "no_labour"),
    ("4", "no_tools"),
    ("5", "no_knowledge"),
    ("6", "no_skills"),
    ("7", "illness"),
    ("8", "other"),
    ("không có đất sản xuất", "no_land"),
    ("không có đất", "no_land"),
    ("không có vốn", "no_capital"),
    ("không có vốn sản xuất kinh doanh", "no_capital"),
    ("không có lao động", "no_labour"),
    ("không có công cụ, phương tiện", "no_tools"),
    ("không có công cụ", "no_tools"),
    ("thiếu công cụ", "no_tools"),
    ("không có kiến thức", "no_knowledge"),
    ("thiếu kiến thức", "no_knowledge"),
    ("không có kiến thức, kỹ năng", "no_skills"),
    ("không có kỹ năng", "no_skills"),
    ("thiếu kỹ năng", "no_skills"),
    ("có người ốm đau", "illness"),
    ("ốm đau, bệnh tật", "illness"),
];

/// Converts the columns of a row to the fields of the API. Reports columns with different statuses.
pub fn gather(work: &mut Import<'_>, row: &mut Row) {
    let mut said: Option<Value> = None;
    for field in STATUS_COLUMNS {
        let Some(status) = row.fields.remove(field) else { continue };
        if said.as_ref().is_some_and(|known| *known != status) {
            work.refuse(row.line, &Problem::field(format!("#/{field}"), FieldCode::EXCLUSIVE));
            row.sound = false;
        }
        said = Some(status);
    }
    match said {
        Some(status) => {
            row.fields.insert("poverty_status".into(), status);
        }
        // For an unsound row, an error has been reported already.
        None if row.sound => {
            work.refuse(row.line, &Problem::field("#/poverty_status", FieldCode::REQUIRED));
            row.sound = false;
        }
        None => {}
    }
    let marked: Vec<Value> = INDICATORS
        .into_iter()
        .filter(|code| row.fields.remove(*code) == Some(Value::Bool(true)))
        .map(Value::from)
        .collect();
    if let Some(Value::Array(listed)) = row.fields.get_mut("deprivations") {
        let unlisted: Vec<Value> = marked.into_iter().filter(|code| !listed.contains(code)).collect();
        listed.extend(unlisted);
    } else if !marked.is_empty() {
        row.fields.insert("deprivations".into(), marked.into());
    }
}
