//! Cells and lines as spreadsheets leave them.

use ketnghia::import::Kind;
use serde_json::json;

use super::{assert_clean, ianan, said};
use crate::harness::id_of;

/// Case 40: a calculation leaves `.0`, and a leading zero is lost; digits that are gone are an error.
#[test]
fn numbers_that_a_spreadsheet_changed_are_restored_or_refused() {
    let (world, ..) = ianan();
    let headers = "Thôn;Chủ hộ;Năm sinh;Dân tộc;Loại hộ;CCCD;Điện thoại";
    let file = format!(
        "{headers}\nTung;Siu A;1970,0;10.0;Hộ nghèo;62068001213.0;905123456.0\n\
         Tung;Siu B;1971.0;10,0;Hộ nghèo;31234567.0;không có\nTung;Siu C;1972;10;Hộ nghèo;không có;-\n\
         Tung;Siu D;1973;10;Hộ nghèo;000000000000;0.0\n"
    );
    assert_clean(&world.import(Kind::Households, "ianan", file.as_bytes(), true), 4, 0, 0);
    let official = world.commune(world.ianan);
    let homes = official.get("/households?sort=head_name").expect(200);
    let secrets = |row: usize| {
        let shown = official.step(&format!("/households/{}/reveal", id_of(&homes["items"][row]))).expect(200);
        (shown["identity_number"].clone(), shown["phone"].clone())
    };
    assert_eq!(homes["items"][0]["head_birth_year"], 1970);
    assert_eq!(secrets(0), (json!("062068001213"), json!("0905123456")));
    assert_eq!(secrets(1), (json!("031234567"), json!(null)));
    assert_eq!((secrets(2), secrets(3)), ((json!(null), json!(null)), (json!(null), json!(null))));
    assert_clean(&world.import(Kind::Households, "ianan", file.as_bytes(), true), 0, 0, 4);

    let shortened =
        format!("{headers}\nTung;Siu E;1970;10;Hộ nghèo;6.2E+10;9,05E+08\nTung;6.2E+10;1970;10;Hộ nghèo;;\n");
    let report = world.import(Kind::Households, "ianan", shortened.as_bytes(), true);
    assert_eq!(
        said(&report.errors),
        [(2, "CCCD", "spreadsheet_error"), (2, "Điện thoại", "spreadsheet_error"), (3, "Chủ hộ", "spreadsheet_error")]
    );
}

/// Case 42: a heading without its accent, what stands below a total, and lines that end with CR.
#[test]
fn headings_totals_signatures_and_line_ends_are_those_of_communes() {
    let (world, ..) = ianan();
    let run = |file: &str| world.import(Kind::Households, "ianan", file.as_bytes(), true);
    let report = run("Thôn,Chủ hộ,Dân tộc,Loại hộ,Nam\nTung,Siu A,10,Hộ nghèo,1995\n");
    assert_eq!(said(&report.errors), [(1, "Nam", "unknown_column")]);

    let file = "Thôn;Chủ hộ;Dân tộc;Loại hộ\nTung;Siu A;10;Hộ nghèo\nTung;Siu B;10;Hộ nghèo\n\
                Tổng cộng;2 hộ;;\n;;Ia Nan, ngày 5 tháng 11 năm 2026;\nNgười lập biểu;;TM. ỦY BAN NHÂN DÂN;\n\
                (ký, họ tên);;CHỦ TỊCH;\nSiu Hà;;;Rơ Châm Bình\n";
    let report = run(file);
    assert_clean(&report, 2, 0, 0);
    assert_eq!((report.rows, report.totals), (2, 5));
    assert!(report.lines("ho.csv").concat().contains("(0 lines above and 5 lines below the list passed over)"));
    // Above a total, a row that lacks something is an error.
    let report = run(&file.replace("Tung;Siu A;10", "Tung;;10"));
    assert_eq!(said(&report.errors), [(2, "Chủ hộ", "required")]);

    let mac = "Thôn;Chủ hộ;Dân tộc;Loại hộ\rTung;Siu C;10;Hộ nghèo\rTưng;Siu D;10;Hộ nghèo\r";
    let report = run(mac);
    assert_eq!(said(&report.errors), [(3, "Thôn", "not_found")]);
    assert!(report.lines("mac.csv").concat().contains("mac.csv:3: error"));
}

/// Case 39: one spelling of apostrophes and blanks, in lists of households and of assessments.
#[test]
fn a_name_with_another_apostrophe_is_there_already() {
    let (world, ..) = ianan();
    let row = |name: &str| format!("Thôn;Chủ hộ;Năm sinh;Dân tộc;Loại hộ;Năm\nTung;{name};1970;10;Hộ nghèo;2026\n");
    assert_clean(&world.import(Kind::Households, "ianan", row("H'Nuk").as_bytes(), true), 1, 0, 0);
    let again = world.import(Kind::Households, "ianan", row("\"H’Nuk \"").as_bytes(), true);
    assert_clean(&again, 0, 0, 1);
    assert!(again.warnings.is_empty());
    let assessed = "Thôn;Chủ hộ;Năm;Loại hộ\nTung;H`Nuk;2025;Hộ nghèo\n";
    assert_clean(&world.import(Kind::Assessments, "ianan", assessed.as_bytes(), true), 1, 0, 0);
}
