//! Lists as workbooks (XLSX).

use ketnghia::import::Kind;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::{assert_clean, ianan, said};

/// A list of households, in the second sheet.
fn list(year: &str) -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().write_string(0, 0, "Ghi chú của xã").unwrap();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "DANH SÁCH HỘ NGHÈO").unwrap();
    let headers = ["STT", "Thôn", "Chủ hộ", "Ngày sinh", "Dân tộc", "Hộ nghèo", "CCCD", "Điện thoại", "Năm"];
    for (header, column) in headers.iter().zip(0..) {
        sheet.write_string(2, column, *header).unwrap();
    }
    let day = Format::new().set_num_format("dd/mm/yyyy");
    for (row, name) in [(3, "Siu A"), (4, "Siu B")] {
        sheet.write_number(row, 0, row).unwrap();
        sheet.write_string(row, 1, "Tung").unwrap();
        sheet.write_string(row, 2, name).unwrap();
        sheet.write_with_format(row, 3, ExcelDateTime::from_ymd(1968, 9, 2).unwrap(), &day).unwrap();
        sheet.write_number(row, 4, 10).unwrap();
        sheet.write_boolean(row, 5, true).unwrap();
        sheet.write_number(row, 6, 62_068_001_210.0 + f64::from(row)).unwrap();
        sheet.write_number(row, 7, 905_123_456).unwrap();
        sheet.write_string(row, 8, year).unwrap();
    }
    sheet.write_string(5, 1, "Tổng cộng").unwrap();
    sheet.write_number(5, 2, 2).unwrap();
    book.save_to_buffer().unwrap()
}

#[test]
fn a_list_is_imported_from_a_workbook_as_from_csv() {
    let (world, ..) = ianan();
    let report = world.import(Kind::Households, "ianan", &list("2026"), true);
    assert_clean(&report, 2, 0, 0);
    assert_eq!((report.titles, report.totals, report.rows), (1, 1, 2));
    let born = "head_birth_year = 1968 AND ethnic_group = '10' AND poverty_year = 2026";
    assert_eq!(world.count("households", born), 2);
    let official = world.commune(world.ianan);
    let homes = official.get("/households?sort=head_name").expect(200);
    let home = &homes["items"][0];
    assert_eq!((home["phone"].as_str(), home["identity_number_last4"].as_str()), (Some("0905123456"), Some("1213")));
    assert_clean(&world.import(Kind::Households, "ianan", &list("2026"), true), 0, 0, 2);
}

#[test]
fn errors_of_a_workbook_name_sheet_and_cell() {
    let (world, ..) = ianan();
    let report = world.import(Kind::Households, "ianan", &list("2O26"), true);
    assert_eq!(said(&report.errors), [(4, "Năm", "invalid_value"), (5, "Năm", "invalid_value")]);
    assert!(
        report.lines("ho.xlsx").concat().contains("ho.xlsx: sheet 2, I4: error: Not a valid value. [invalid_value]")
    );
    let mut damaged = list("2026");
    damaged.truncate(damaged.len() / 2);
    let report = world.import(Kind::Households, "ianan", &damaged, true);
    assert_eq!(said(&report.errors), [(1, "", "encoding")]);
    let mut wide = Workbook::new();
    wide.add_worksheet().write_string(0, 200, "x").unwrap();
    let report = world.import(Kind::Households, "ianan", &wide.save_to_buffer().unwrap(), true);
    assert_eq!(said(&report.errors), [(1, "", "too_many_cells")]);
}
