//! Columns of the poverty assessment, which lists of households and of assessments share. Lists have one column for the
//! status or one for each status, and one column for the indicators or twelve.

use serde_json::Value;

use super::Import;
use super::cells::{Reads, Words};
use super::columns::Column;
use super::table::Row;
use crate::kernel::http::problem::{FieldCode, Problem};
use crate::needs::households::poverty::{Deprivation, PovertyCause, PovertyStatus};

const STATUS_COLUMNS: [&str; 4] = ["poverty_status", "poor", "near_poor", "newly_escaped"];
const INDICATORS: [&str; 12] = ["I01", "I02", "I03", "I04", "I05", "I06", "I07", "I08", "I09", "I10", "I11", "I12"];

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
    Words::new(Deprivation::catalogue(), &numbers)
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
    let labels = Deprivation::ALL.iter().zip(INDICATORS);
    columns.extend(labels.map(|(indicator, code)| {
        Column::new(code, indicator.label_vi(), Reads::Mark)
            .about("x where the household is deprived; or one column for all twelve")
    }));
    columns.push(
        Column::new(
            "poverty_causes",
            "Nguyên nhân nghèo",
            Reads::Words(Words::new(PovertyCause::catalogue(), &CAUSES)),
        )
        .also(&["nguyên nhân"])
        .example("Không có vốn; Không có lao động")
        .about("Any of"),
    );
    columns
}

/// Wordings of the form of the decree.
const CAUSES: [(&str, &str); 10] = [
    ("thiếu đất sản xuất", "no_land"),
    ("không có đất", "no_land"),
    ("thiếu vốn", "no_capital"),
    ("không có vốn sản xuất kinh doanh", "no_capital"),
    ("thiếu lao động", "no_labour"),
    ("không có kiến thức", "no_skills"),
    ("không có kỹ năng", "no_skills"),
    ("không có công cụ", "no_tools"),
    ("có người ốm đau", "illness"),
    ("bệnh tật", "illness"),
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
