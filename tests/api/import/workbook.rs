//! The communes' workbook of the poverty review, and other lists as workbooks.

use ketnghia::import::{self, Era, Kind, Options, Report, Request};
use ketnghia::kernel::locale::Locale;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use serde_json::json;

use super::{assert_clean, ianan, said};
use crate::harness::World;

const YEAR: Options = Options { year: Some(2026), assessed_on: None, era: Era::Present };

impl World {
    fn import_workbook(&self, content: &[u8], options: Options) -> Report {
        let request = Request {
            kind: Kind::Households,
            username: Some("ianan"),
            content,
            commit: true,
            locale: Locale::En,
            options,
        };
        import::run(&self.server.db, &self.server.state.secrets, &request).unwrap()
    }

    fn listed(&self, status: &str) -> i64 {
        self.count("households", &format!("poverty_status = '{status}'"))
    }
}

/// Writes cells from a column on; digits become numbers, as in the workbooks of communes.
fn put(sheet: &mut Worksheet, row: u32, first: u16, cells: &[&str]) {
    for (cell, column) in cells.iter().zip(first..) {
        match cell.parse::<f64>() {
            Ok(number) if !cell.starts_with('0') => sheet.write_number(row, column, number).unwrap(),
            _ if cell.is_empty() => continue,
            _ => sheet.write_string(row, column, *cell).unwrap(),
        };
    }
}

const TITLES: [&str; 3] = [
    "DANH SÁCH HỘ NGHÈO, HỘ CẬN NGHÈO SAU KHI RÀ SOÁT NĂM 2026",
    "Danh sách hộ thoát nghèo sau khi rà soát",
    "Danh sách hộ thoát cận nghèo sau khi rà soát",
];

/// The three sheets with their titles.
fn workbook() -> Workbook {
    let mut book = Workbook::new();
    for (index, title) in TITLES.iter().enumerate() {
        let sheet = book.add_worksheet();
        sheet.set_name(format!("Mẫu {}", index + 1)).unwrap();
        put(sheet, 0, 0, &["ỦY BAN NHÂN DÂN XÃ IA NAN"]);
        if index == 0 { put(sheet, 3, 0, &[title]) } else { put(sheet, 4, 1, &[title]) }
    }
    book
}

/// Writes a head of the first sheet and one member in the row below.
fn home(sheet: &mut Worksheet, row: u32, mark: u32, name: &str, class: &str) {
    let (number, mark) = (format!("0620680{mark:05}"), mark.to_string());
    put(sheet, row, 0, &[&mark, &mark, name, "", "Chủ hộ", "02/09/1968", "2", &number]);
    put(
        sheet,
        row,
        8,
        &["Gia Lai", "Đức Cơ", "627", "Ia Nan", "23884", "LANG TUNG", "10", class, "12/QĐ-UBND", "05/11/2026"],
    );
    put(sheet, row, 18, &["120", "30", "x", "", "x", "1,2", "", "58", "2"]);
    put(sheet, row + 1, 0, &["", "", "", "Siu Con", "con", "15/3/2015", "1", "", "", "", "", "", "", "", "10"]);
}

/// Writes a head of the second or third sheet.
fn escaped(sheet: &mut Worksheet, row: u32, mark: u32, name: &str, address: &str) {
    let mark = mark.to_string();
    put(sheet, row, 1, &[&mark, name, "Chủ hộ", "Nam", "1970", "", "10", address, "150", "20", "", "", "", "56", "1"]);
}

/// The workbook of case 47.
fn commune() -> Workbook {
    let mut book = workbook();
    let sheet = book.worksheet_from_index(0).unwrap();
    for mark in 1..=30 {
        home(sheet, 5 + 2 * mark, mark, &format!("Siu Hộ {mark}"), if mark <= 22 { "1" } else { "2" });
    }
    put(sheet, 70, 0, &["Tổng cộng", "", "", "30 hộ"]);
    put(sheet, 71, 2, &["Người lập biểu", "", "", "", "", "", "", "", "TM. ỦY BAN NHÂN DÂN"]);
    let sheet = book.worksheet_from_index(1).unwrap();
    for mark in 1..=4 {
        escaped(sheet, 8 + mark, mark, &format!("Siu Thoát {mark}"), "Làng Tung, xã Ia Nan");
    }
    put(sheet, 13, 1, &["5", "SIU HỘ 3", "Chủ hộ", "Nữ", "02/09/1968", "", "10", "Làng Tung"]);
    let sheet = book.worksheet_from_index(2).unwrap();
    for mark in 1..=4 {
        escaped(sheet, 8 + mark, mark, &format!("Siu Cận {mark}"), "xã Ia Nan, huyện Đức Cơ - Sơn");
    }
    book
}

/// Case 47.
#[test]
fn the_workbook_of_a_commune_is_imported_with_its_three_sheets() {
    let (world, tung, sơn) = ianan();
    let mut book = commune();
    let file = book.save_to_buffer().unwrap();
    let report = world.import_workbook(&file, YEAR);
    assert_eq!(said(&report.errors), []);
    assert_eq!((report.added, report.rows, report.totals), (38, 38, 2));
    assert_eq!(said(&report.warnings), [(14, "", "listed_twice")]);
    let told = report.lines("so.xlsx");
    assert!(
        told[0].starts_with("so.xlsx: sheet 2, C14: warning: The household stands at sheet 1, row 12, too"),
        "{told:?}"
    );
    assert_eq!(["poor", "near_poor", "newly_escaped", "not_poor"].map(|status| world.listed(status)), [22, 8, 4, 4]);
    assert_eq!(world.count("households", &format!("village_id = '{sơn}'")), 4, "the village of the address");

    let official = world.commune(world.ianan);
    let shown =
        official.get(&format!("/households?village_id={tung}&poverty_status=poor&limit=1&sort=created_at")).expect(200);
    let first = &shown["items"][0];
    assert_eq!((&first["head_name"], &first["head_birth_date"]), (&json!("Siu Hộ 1"), &json!("1968-09-02")));
    assert_eq!((&first["head_sex"], &first["ethnic_group"]), (&json!("female"), &json!("10")));
    assert_eq!(
        (&first["identity_number_last4"], &first["hardship_reasons"]),
        (&json!("0001"), &json!(["merit_family"]))
    );
    let member = &first["members"][0];
    assert_eq!(
        (&member["name"], &member["birth_date"], &member["sex"]),
        (&json!("Siu Con"), &json!("2015-03-15"), &json!("male"))
    );
    assert_eq!((&member["relation"], &member["ethnic_group"]), (&json!("con"), &json!("10")));
    let id = first["id"].as_str().unwrap();
    let assessed = official.get(&format!("/household-assessments?household_id={id}")).expect(200);
    let assessment = &assessed["items"][0];
    assert_eq!(
        (&assessment["status"], &assessment["round"]),
        (&json!("confirmed"), &json!({"year": 2026, "kind": "annual"}))
    );
    assert_eq!(
        (&assessment["assessed_on"], &assessment["decision_date"]),
        (&json!("2026-11-22"), &json!("2026-11-05"))
    );
    assert_eq!((&assessment["score_b1"], &assessment["score_b2"]), (&json!(120), &json!(30)));
    assert_eq!(assessment["poverty_causes"], json!(["no_land", "no_capital"]));
    assert_eq!(assessment["decision_number"], "12/QĐ-UBND");

    let again = world.import_workbook(&file, YEAR);
    assert_clean(&again, 0, 0, 38);
    assert_eq!(said(&again.warnings), [(14, "", "listed_twice")]);
    let earlier = Options { year: Some(2025), ..YEAR };
    assert_clean(&world.import_workbook(&file, earlier), 0, 38, 0);
    assert_eq!(world.count("household_assessments", "assessed_on = '2025-12-31' AND round_kind = 'annual'"), 38);
}

/// Case 47: a number that the spreadsheet shortened.
#[test]
fn a_shortened_number_in_a_workbook_is_reported_with_sheet_and_cell() {
    let (world, ..) = ianan();
    let mut book = commune();
    book.worksheet_from_index(0).unwrap().write_string(11, 7, "6.2E+10").unwrap();
    let report = world.import_workbook(&book.save_to_buffer().unwrap(), YEAR);
    let told = report.lines("so.xlsx").join("\n");
    assert!(told.contains("so.xlsx: sheet 1, H12: error: The spreadsheet shortened this number."), "{told}");
    assert_eq!(report.errors.len(), 1, "{told}");
    assert_eq!(world.count("households", "true"), 0);
}

#[test]
fn columns_are_found_by_heading_and_doubtful_cells_are_warnings() {
    let (world, ..) = ianan();
    let mut book = workbook();
    let day = Format::new().set_num_format("dd/mm/yyyy");
    let sheet = book.worksheet_from_index(0).unwrap();
    let headings = [
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
        "Hộ DTTS",
        "Số khẩu",
        "Ghi nhớ",
    ];
    put(sheet, 5, 0, &headings);
    put(sheet, 6, 0, &["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)", "(9)", "(10)", "(11)", "(12)", "(13)"]);
    put(sheet, 7, 0, &["H1", "Siu A", "", "", "", "Nam", "", "Tung", "10", "Hộ nghèo", "", "3", "riêng"]);
    sheet.write_with_format(7, 4, ExcelDateTime::from_ymd(1968, 9, 2).unwrap(), &day).unwrap();
    put(sheet, 8, 0, &["H1", "", "Siu Con", "con", "2015", "1", "62068001213"]);
    put(sheet, 9, 0, &["H2", "Nguyễn Hoa", "", "", "", "2", "", "Sơn", "01", "2", "x", "1"]);
    put(sheet, 10, 0, &["H1", "Siu B", "", "", "", "", "", "Tung", "10", "1", "x", "1"]);
    let file = book.save_to_buffer().unwrap();
    let report = world.import_workbook(&file, YEAR);
    assert_clean(&report, 3, 0, 0);
    assert_eq!(
        said(&report.warnings),
        [
            (6, "Ghi nhớ", "passed_over"),
            (8, "Hộ DTTS", "ethnic_group_differs"),
            (8, "Số khẩu", "persons_differ"),
            (9, "Hộ số", "mark_twice"),
            (10, "Hộ DTTS", "ethnic_group_differs"),
            (11, "Hộ số", "mark_twice"),
        ]
    );
    let of_member = "EXISTS (SELECT FROM household_members m WHERE m.id = subject_id AND m.name = 'Siu Con')";
    assert_eq!(world.count("household_private", of_member), 1, "the identity number of a member is stored");
    assert_eq!(world.count("households", "head_birth_date = '1968-09-02'"), 1, "a day of the spreadsheet");
    assert_eq!(world.count("household_members", "birth_year = 2015 AND birth_date IS NULL"), 1);
    let without = Options { year: None, ..YEAR };
    let request = Request {
        kind: Kind::Households,
        username: Some("ianan"),
        content: &file,
        commit: true,
        locale: Locale::En,
        options: without,
    };
    let refused = import::run(&world.server.db, &world.server.state.secrets, &request).map(drop).unwrap_err();
    assert!(refused.contains("--year"), "{refused}");
}

#[test]
fn villages_are_found_by_the_code_of_an_era_by_the_known_household_or_by_address() {
    let (world, tung, _) = ianan();
    // The known household decides, whatever the address says.
    let known = "Thôn;Chủ hộ;Năm sinh;Dân tộc;Loại hộ\nTung;Siu Đã Có;1970;10;Hộ khác\n";
    assert_clean(&world.import(Kind::Households, "ianan", known.as_bytes(), true), 1, 0, 0);
    let mut book = workbook();
    let sheet = book.worksheet_from_index(0).unwrap();
    home(sheet, 7, 1, "Siu A", "1");
    home(sheet, 9, 2, "Siu B", "1");
    put(sheet, 9, 13, &["Klă"]);
    home(sheet, 11, 3, "Siu C", "3");
    let sheet = book.worksheet_from_index(1).unwrap();
    escaped(sheet, 9, 1, "SIU ĐA CÓ", "");
    escaped(sheet, 10, 2, "Siu Mới", "xã Ia Nan");
    escaped(sheet, 11, 3, "Siu Lạ", "");
    let report = world.import_workbook(&book.save_to_buffer().unwrap(), YEAR);
    let told = report.lines("so.xlsx").join("\n");
    for place in ["sheet 1, N10: error", "sheet 1, P12: error", "sheet 2, I11: error", "sheet 2, I12: error"] {
        assert!(told.contains(place), "{place}: {told}");
    }
    assert_eq!(report.errors.len(), 4, "{told}");

    let mut book = workbook();
    home(book.worksheet_from_index(0).unwrap(), 7, 1, "Siu A", "1");
    escaped(book.worksheet_from_index(1).unwrap(), 9, 1, "SIU ĐA CÓ", "");
    let file = book.save_to_buffer().unwrap();
    let of_2024 = Options { era: Era::Before, assessed_on: "2026-11-05".parse().ok(), ..YEAR };
    assert_clean(&world.import_workbook(&file, of_2024), 1, 1, 0);
    assert_eq!(world.count("households", &format!("village_id = '{tung}'")), 2);
    assert_eq!(world.count("household_assessments", "assessed_on = '2026-11-05' AND round_year = 2026"), 2);
}

#[test]
fn members_below_a_subtotal_are_imported() {
    let (world, ..) = ianan();
    let mut book = workbook();
    let sheet = book.worksheet_from_index(0).unwrap();
    home(sheet, 7, 1, "Siu Một", "1");
    put(sheet, 9, 0, &["", "Cộng làng Tung"]);
    home(sheet, 10, 2, "Siu Hai", "1");
    put(sheet, 12, 0, &["Tổng cộng", "", "", "2 hộ"]);
    put(sheet, 13, 2, &["Người lập biểu"]);
    let report = world.import_workbook(&book.save_to_buffer().unwrap(), YEAR);
    assert_clean(&report, 2, 0, 0);
    assert_eq!(world.count("household_members", "name = 'Siu Con'"), 2);
}
