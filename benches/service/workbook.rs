//! The dry import of a workbook, as an operator runs it.

use std::process::Command;
use std::time::Instant;

use rust_xlsxwriter::{Workbook, XlsxError};

use crate::data::{Cluster, DATABASE};
use crate::report::Report;
use crate::scenarios::{Stage, nth};

pub const NAME: &str = "a dry import of a workbook";
/// Rows of a household: its head and three members.
const PERSONS: u32 = 4;
const HEADINGS: [&str; 11] = [
    "Hộ số",
    "Chủ hộ",
    "Thành viên",
    "Quan hệ với chủ hộ",
    "Ngày sinh",
    "Giới tính",
    "CCCD",
    "Thôn",
    "Dân tộc",
    "Loại hộ",
    "Số khẩu",
];

/// Reports the seconds of a dry run of `rows` rows, in villages of one commune.
pub fn measure(cluster: &Cluster, stage: &Stage, report: &mut Report, rows: u32) -> Result<(), String> {
    let commune = nth(&stage.communes, 0).ok_or("no commune")?;
    let villages =
        format!("SELECT name FROM localities WHERE level = 'village' AND parent_id = '{}'", commune.text("place"));
    let names: Vec<String> =
        cluster.rows(&villages)?.iter().filter_map(|row| Some(row.get("name")?.as_str()?.to_owned())).collect();
    let file = cluster.keys_dir().join("so-ho-ngheo.xlsx");
    write(&names, rows).and_then(|mut book| book.save(&file)).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let done = Command::new(env!("CARGO_BIN_EXE_ketnghia"))
        .args(["import", "households"])
        .arg(&file)
        .args(["--as", &commune.text("username"), "--year", "2026"])
        .env("DATABASE_URL", cluster.embedded.url(DATABASE))
        .env("JWT_KEYS_DIR", cluster.keys_dir())
        .env("PII_KEY_FILE", cluster.keys_dir().join("pii.key"))
        .env("LC_ALL", "C")
        .env("RUST_LOG", "off")
        .output()
        .map_err(|error| format!("cannot start the import: {error}"))?;
    let seconds = begun.elapsed().as_secs_f64();
    let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    let homes = rows / PERSONS;
    let is_right = done.status.success() && told.contains(&format!("{homes} new, 0 completed"));
    report.workbook(rows, seconds, is_right.then_some(()).ok_or_else(|| told.chars().take(400).collect()));
    Ok(())
}

fn write(villages: &[String], rows: u32) -> Result<Workbook, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "DANH SÁCH HỘ NGHÈO, HỘ CẬN NGHÈO SAU KHI RÀ SOÁT NĂM 2026")?;
    sheet.write_row(2, 0, HEADINGS)?;
    for home in 0..rows / PERSONS {
        let first = 3 + home * PERSONS;
        let village = nth(villages, usize::try_from(home).unwrap_or_default()).unwrap_or_default();
        let number = format!("0622{home:08}");
        let cells = ["", "", "", "Chủ hộ", "02/09/1968", "Nữ", &number, &village, "10", "1", ""];
        sheet.write_row(first, 0, cells)?;
        sheet.write_number(first, 0, home)?;
        sheet.write_string(first, 1, format!("Rơ Châm Đo {home}"))?;
        sheet.write_number(first, 10, PERSONS)?;
        for member in 1..PERSONS {
            let number = format!("0{member}23{home:08}");
            sheet.write_row(first + member, 0, ["", "", "", "con", "2015", "Nam", &number])?;
            sheet.write_string(first + member, 2, format!("Rơ Châm Con {member}"))?;
        }
    }
    Ok(book)
}
