//! Imports from spreadsheets: errors name line and column, a file is imported as a whole or not at all, a repetition adds
//! nothing, and an import needs the permissions of the API.

mod cells;
mod standards;
mod workbook;
mod xlsx;

use std::process::Command;

use ketnghia::import::{self, Kind, Options, Remark, Report, Request};
use ketnghia::kernel::locale::Locale;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{DataFolder, World, household, id_of, ketnghia as program};

const LIST: &[u8] = include_bytes!("fixtures/ho-ngheo.csv");

impl World {
    fn import(&self, kind: Kind, username: &str, content: &[u8], commit: bool) -> Report {
        let request = Request {
            kind,
            username: Some(username),
            content,
            commit,
            locale: Locale::En,
            options: Options::default(),
        };
        import::run(&self.server.db, &self.server.state.secrets, &request).unwrap()
    }

    /// The error of an import that is refused before the file is read.
    fn refused(&self, kind: Kind, username: &str) -> String {
        let request = Request {
            kind,
            username: Some(username),
            content: b"x\n",
            commit: true,
            locale: Locale::En,
            options: Options::default(),
        };
        import::run(&self.server.db, &self.server.state.secrets, &request).map(drop).unwrap_err()
    }

    fn official(&self, username: &str, commune: Uuid) -> Uuid {
        self.make_user(username, "commune", Some(commune), None)
    }
}

/// Ia Nan with two villages and an official.
fn ianan() -> (World, Uuid, Uuid) {
    let world = World::new();
    let (tung, sơn) = (world.village(world.ianan, "Tung"), world.village(world.ianan, "Sơn"));
    world.official("ianan", world.ianan);
    (world, tung, sơn)
}

fn said(remarks: &[Remark]) -> Vec<(u64, &str, &str)> {
    let header = |remark: &'_ Remark| remark.column.as_ref().map_or("", |column| column.header.as_str()).to_owned();
    let mut said: Vec<(u64, String, &str)> =
        remarks.iter().map(|remark| (remark.line.row, header(remark), remark.code.as_str())).collect();
    said.sort();
    said.into_iter().map(|(line, header, code)| (line, &*header.leak(), code)).collect()
}

#[track_caller]
fn assert_clean(report: &Report, added: usize, completed: usize, known: usize) {
    assert_eq!(said(&report.errors), []);
    assert_eq!((report.added, report.completed, report.known), (added, completed, known));
}

#[test]
fn a_list_of_poor_households_is_imported_in_the_format_of_a_commune() {
    let (world, tung, _) = ianan();
    let report = world.import(Kind::Households, "ianan", LIST, true);
    assert_clean(&report, 3, 0, 0);
    assert!(report.committed && report.warnings.is_empty(), "{:?}", report.warnings);

    let official = world.commune(world.ianan);
    let homes = official.get(&format!("/households?village_id={tung}")).expect(200);
    let home = &homes["items"][0];
    assert_eq!((&home["head_name"], &home["head_birth_year"]), (&json!("RƠ MAH H'BLƠI"), &json!(1968)));
    assert_eq!((&home["head_sex"], &home["ethnic_group"]), (&json!("female"), &json!("10")));
    assert_eq!((&home["poverty_status"], &home["poverty_year"]), (&json!("poor"), &json!(2026)));
    assert_eq!(home["deprivations"], json!(["I07", "I10"]));
    assert_eq!(home["poverty_causes"], json!(["no_capital", "no_labour"]));
    assert_eq!(home["hardship_reasons"], json!(["temporary_house", "disabled"]));
    assert_eq!((&home["phone"], &home["identity_number_last4"]), (&json!("0905123456"), &json!("1234")));
    assert_eq!(home["note"], "=1+1", "a formula is imported as text");
    assert_eq!(home["on_behalf_of"], json!(tung), "like a household that the official creates through the API");
    let secrets = official.step(&format!("/households/{}/reveal", id_of(home))).expect(200);
    assert_eq!(secrets["identity_number"], "062068001234", "the leading zero that Excel dropped is restored");
    assert_eq!(homes["items"][1]["poverty_status"], "near_poor");
    assert_eq!(homes["items"][1]["phone"], "0905000017");
    let hoa = official.get("/households?q=hoa").expect(200);
    assert_eq!((&hoa["items"][0]["village_name"], &hoa["items"][0]["ethnic_group"]), (&json!("Sơn"), &json!("01")));
    assert_eq!(hoa["items"][0]["note"], "Bên suối,\ngần cầu");
}

#[test]
fn importing_a_file_again_adds_nothing_in_any_row_order() {
    let (world, ..) = ianan();
    world.import(Kind::Households, "ianan", LIST, true);
    let audited = world.count("audit_events", "true");
    let again = world.import(Kind::Households, "ianan", LIST, true);
    assert_clean(&again, 0, 0, 3);
    assert!(again.warnings.is_empty(), "{:?}", again.warnings);
    assert_eq!(world.count("households", "true"), 3);
    assert_eq!(world.count("audit_events", "true"), audited + 1, "one entry for the import itself");

    // Two rows with equal key fields are two households, also in a repeated import.
    let twins = "Thôn;Chủ hộ;Năm sinh;Dân tộc;Loại hộ;Ghi chú\nTung;Siu A;1980;10;Hộ nghèo;Một\nTung;Siu A;1980;10;Hộ nghèo;Hai\n";
    let first = world.import(Kind::Households, "ianan", twins.as_bytes(), true);
    assert_clean(&first, 2, 0, 0);
    assert_eq!(said(&first.warnings), [(3, "Chủ hộ", "possible_duplicate")]);
    let mut sorted: Vec<&str> = twins.lines().collect();
    sorted.swap(1, 2);
    let again = world.import(Kind::Households, "ianan", sorted.join("\n").as_bytes(), true);
    assert_clean(&again, 0, 0, 2);
    assert!(again.warnings.is_empty(), "{:?}", again.warnings);
}

#[test]
fn an_import_overwrites_no_household_and_adds_assessments_of_new_years() {
    let (world, tung, _) = ianan();
    let head = world.head(tung);
    let mut body = household(tung, "Siu Pyui");
    (body["head_birth_year"], body["note"]) = (json!(1970), json!("của trưởng làng"));
    let id = id_of(&head.post("/households", body).expect(201));
    let file = "Thôn,Chủ hộ,Năm sinh,Dân tộc,Phân loại hộ,Năm,Ghi chú,Số điện thoại\n\
                tung,SIU  PYUI,1970,Gia-rai,Hộ cận nghèo,2026,của xã,0905123456\n";
    let report = world.import(Kind::Households, "ianan", file.as_bytes(), true);
    assert_clean(&report, 0, 1, 0);
    let differs: Vec<&str> = said(&report.warnings).into_iter().map(|(_, header, _)| header).collect();
    assert_eq!(differs, ["Ghi chú", "Số điện thoại"]);
    assert!(report.warnings.iter().all(|remark| remark.line.row == 2 && remark.code == "differs"));
    let kept = head.get(&format!("/households/{id}")).expect(200);
    assert_eq!((&kept["note"], &kept["poverty_status"]), (&json!("của trưởng làng"), &json!("near_poor")));

    // An assessment of an earlier year is added; the household still shows the latest.
    let past = "village,head_name,head_birth_year,ethnic_group,poverty_status,poverty_year,decision_number\n\
                Tung,Siu Pyui,1970,10,near_poor,2019,12/QĐ-UBND\n";
    assert_clean(&world.import(Kind::Households, "ianan", past.as_bytes(), true), 0, 1, 0);
    assert_clean(&world.import(Kind::Households, "ianan", past.as_bytes(), true), 0, 0, 1);
    let assessed = format!(
        "household_id = '{id}' AND round_year = 2019 AND poverty_status = 'near_poor' AND decision_number = '12/QĐ-UBND'"
    );
    assert_eq!(world.count("household_assessments", &assessed), 1);
    assert_eq!(head.get(&format!("/households/{id}")).expect(200)["poverty_year"], 2026);
    let future = past.replace("2019", "2027");
    let report = world.import(Kind::Households, "ianan", future.as_bytes(), true);
    assert_eq!(said(&report.errors), [(2, "poverty_year", "in_the_future")]);
}

#[test]
fn every_error_is_reported_by_line_and_column_and_nothing_is_written() {
    let (world, ..) = ianan();
    let file = "Thôn,Họ tên chủ hộ,Năm sinh,Dân tộc,Hộ nghèo,Hộ cận nghèo,CCCD,Số điện thoại,Nhà tiêu hợp vệ sinh,Vĩ độ\n\
                Tung,Siu A,1970,Gia-rai,x,,062068001234,,,\n\
                Tưng,,1800,Giarai thượng,x,x,12345,abc,có lẽ,91\n\
                \n\
                Tung,Siu B,2030,10,,,,,,\n\
                Tung,Siu C,2030,10,x,,,,,\n\
                Tung,Siu D,1970,10,x,,062068001234,,,,,thừa\n\
                Kông Chro,Siu E,#N/A,10,x,,,,,\n\
                Tung,Siu F,1700,10,x,,12345,abc,,91\n";
    let report = world.import(Kind::Households, "ianan", file.as_bytes(), true);
    assert_eq!(
        said(&report.errors),
        [
            (3, "Dân tộc", "invalid_value"),
            (3, "Họ tên chủ hộ", "required"),
            (3, "Hộ cận nghèo", "exclusive"),
            (3, "Nhà tiêu hợp vệ sinh", "invalid_value"),
            (3, "Thôn", "not_found"),
            (5, "Hộ nghèo", "required"),
            (6, "Năm sinh", "in_the_future"),
            (7, "", "too_many_cells"),
            (7, "CCCD", "duplicate"),
            (8, "Năm sinh", "spreadsheet_error"),
            (8, "Thôn", "not_found"),
            (9, "CCCD", "identity_number"),
            (9, "Năm sinh", "range"),
            (9, "Số điện thoại", "phone_number"),
            (9, "Vĩ độ", "range"),
        ]
    );
    assert!(!report.committed);
    assert_eq!(world.count("households", "true"), 0, "a file with errors is not imported");
    let told = report.lines("ho.csv").join("\n");
    assert!(told.contains("ho.csv:3: error: column D \"Dân tộc\": Must be one of: Kinh; Tày"), "{told}");
    for personal in ["Siu", "062068001234", "Giarai", "abc", "1800"] {
        assert!(!told.contains(personal), "{personal} in {told}");
    }
}

#[test]
fn a_dry_run_reports_the_same_and_writes_nothing() {
    let (world, ..) = ianan();
    let tables = ["households", "household_private", "household_assessments", "audit_events", "creations", "sessions"];
    let before = tables.map(|table| world.count(table, "true"));
    let dry = world.import(Kind::Households, "ianan", LIST, false);
    assert_clean(&dry, 3, 0, 0);
    assert!(!dry.committed);
    assert_eq!(tables.map(|table| world.count(table, "true")), before);
}

#[test]
fn unknown_missing_and_duplicate_columns_and_wrong_encodings_are_reported() {
    let (world, ..) = ianan();
    let run = |file: &str| world.import(Kind::Households, "ianan", file.as_bytes(), true);
    let report = run("STT,Thôn,Chủ hộ,Tôn giáo,THÔN LÀNG,Số khẩu\n1,Tung,Siu A,,Tung,3\n");
    assert_eq!(
        said(&report.errors),
        [(1, "", "missing_column"), (1, "THÔN LÀNG", "column_twice"), (1, "Tôn giáo", "unknown_column")]
    );
    // The first row of a file without headers may be personal data: the report does not quote it.
    let report = run("Tung,Siu A,1970\nTung,Siu B,1971\n");
    assert_eq!(said(&report.errors), [(1, "", "unknown_column")]);
    assert!(!report.lines("ho.csv").concat().contains("Siu"));
    for (content, line) in [(b"Th\xf4n,x\n".as_slice(), 1), (b"a,b\n1,2\n3,\xff\n", 3), (b"\xff\xfea\0", 1)] {
        let report = world.import(Kind::Households, "ianan", content, true);
        assert_eq!(said(&report.errors), [(line, "", "encoding")]);
    }
}

#[test]
fn an_import_needs_the_permission_and_the_scope_that_the_api_needs() {
    let (world, tung, _) = ianan();
    world.official("kongchro", world.kongchro);
    // A village of another commune is reported like an unknown one, by name and by id.
    let by = |village: &str| format!("Thôn,Chủ hộ,Dân tộc,Loại hộ\n{village},Siu A,10,Hộ nghèo\n");
    for village in ["Tung", "Không có", &tung.to_string(), &Uuid::now_v7().to_string()] {
        let report = world.import(Kind::Households, "kongchro", by(village).as_bytes(), true);
        assert_eq!(said(&report.errors), [(2, "Thôn", "not_found")], "{village}");
    }
    world.make_user("gialai", "province", Some(world.gialai), None);
    assert!(world.refused(Kind::Households, "gialai").contains("no permission households:write"));
    assert!(world.refused(Kind::Households, "nobody").contains("there is no active user nobody"));
    world.make_user("langtung", "village_head", Some(tung), None);
    assert!(world.refused(Kind::Villages, "langtung").contains("no permission villages:write"));
    assert_clean(&world.import(Kind::Households, "langtung", by("Tung").as_bytes(), true), 1, 0, 0);
    assert_eq!(
        said(&world.import(Kind::Households, "langtung", by("Sơn").as_bytes(), true).errors),
        [(2, "Thôn", "not_found")]
    );
    assert_eq!(world.count("households", "true"), 1);
}

#[test]
fn an_import_is_audited_in_the_name_of_the_user_and_leaves_no_session() {
    let (world, ..) = ianan();
    let sessions = world.count("sessions", "true");
    world.import(Kind::Households, "ianan", LIST, true);
    let by = "actor_id = (SELECT id FROM users WHERE username = 'ianan') AND actor_role = 'commune'";
    let created = format!("{by} AND resource = 'households' AND action = 'create' AND step = 'import'");
    assert_eq!(world.count("audit_events", &created), 3);
    let entered = format!("{by} AND action = 'security' AND step = 'entered_by_operator'");
    assert_eq!(world.count("audit_events", &entered), 1);
    let requests =
        "(SELECT count(DISTINCT request_id) FROM audit_events WHERE step IN ('import', 'entered_by_operator'))";
    assert_eq!(world.count("tree_day", &format!("{requests} = 1")), 1, "one import is one request");
    assert_eq!(world.count("sessions", "true"), sessions);
    assert_eq!(world.count("audit_events", "new_values::text LIKE '%BLƠI%' OR new_values::text LIKE '%062068%'"), 0);
}

#[test]
fn a_household_that_moved_is_matched_by_its_identity_number() {
    let (world, tung, sơn) = ianan();
    world.import(Kind::Households, "ianan", LIST, true);
    let moved = "Thôn,Chủ hộ,Năm sinh,Dân tộc,Loại hộ,CCCD\nSơn,Siu Pyui,1970,10,Hộ cận nghèo,062070000017\nTung,Siu Pyúi,1970,10,Hộ nghèo,\n";
    let report = world.import(Kind::Households, "ianan", moved.as_bytes(), true);
    assert_clean(&report, 1, 0, 1);
    assert_eq!(said(&report.warnings), [(2, "Thôn", "moved"), (3, "Chủ hộ", "possible_duplicate")]);
    assert_eq!(world.count("households", &format!("village_id = '{sơn}'")), 1, "the import does not move it");
    assert_clean(&world.import(Kind::Households, "ianan", moved.as_bytes(), true), 0, 0, 2);

    // Moved through the API, then the old list is imported again.
    let official = world.commune(world.ianan);
    let homes = official.get(&format!("/households?village_id={tung}")).expect(200);
    let home = homes["items"].as_array().unwrap().iter().find(|home| home["head_name"] == "Siu Pyui").unwrap();
    official.patch(&format!("/households/{}", id_of(home)), json!({"village_id": sơn})).expect(200);
    let again = world.import(Kind::Households, "ianan", LIST, true);
    assert_clean(&again, 0, 0, 3);
    assert_eq!(said(&again.warnings), [(3, "Thôn, Làng", "moved")]);
    // A user who does not see the household gets no hint of it.
    world.make_user("langtung", "village_head", Some(tung), None);
    let unseen = "Thôn,Chủ hộ,Năm sinh,Dân tộc,Loại hộ,CCCD\nTung,Siu Mới,1991,10,Hộ nghèo,062070000017\n";
    let report = world.import(Kind::Households, "langtung", unseen.as_bytes(), false);
    assert_clean(&report, 1, 0, 0);
    assert_eq!(said(&report.warnings), []);
}

#[test]
fn an_identity_number_of_another_household_is_an_error() {
    let (world, ..) = ianan();
    world.import(Kind::Households, "ianan", LIST, true);
    let row = |village: &str, head: &str, year: &str| {
        let file = format!(
            "Thôn,Chủ hộ,Năm sinh,Dân tộc,Loại hộ,CCCD\n{village},{head},{year},10,Hộ cận nghèo,062070000017\n"
        );
        world.import(Kind::Households, "ianan", file.as_bytes(), true)
    };
    for village in ["Tung", "Sơn"] {
        let report = row(village, "Rơ Châm Kim", "1988");
        assert_eq!(said(&report.errors), [(2, "CCCD", "other_household")], "{village}");
        assert_eq!(said(&report.warnings), []);
        assert!(!report.committed && !report.lines("ho.csv").concat().contains("062070000017"));
    }
    // A different name or year alone, or a missing year, is not another household.
    for (head, year, differs) in
        [("Rơ Châm Kim", "1970", "Chủ hộ"), ("Siu Pyui", "1971", "Năm sinh"), ("Rơ Châm Kim", "", "Chủ hộ")]
    {
        let report = row("Tung", head, year);
        assert_clean(&report, 0, 0, 1);
        assert_eq!(said(&report.warnings), [(2, differs, "differs")]);
    }
    assert_eq!(world.count("households", "true"), 3);
    let assessed = "Thôn,Chủ hộ,Năm sinh,Năm,Loại hộ,CCCD\nTung,Rơ Châm Kim,1988,2020,Hộ nghèo,062070000017\n";
    let report = world.import(Kind::Assessments, "ianan", assessed.as_bytes(), true);
    assert_eq!(said(&report.errors), [(2, "CCCD", "other_household")]);
}

#[test]
fn a_new_village_that_may_be_another_one_is_a_warning() {
    let (world, ..) = ianan();
    world.village(world.ianan, "Kơ");
    let file = "Tên,Loại,Xã\nKo,làng,23884\nKô,làng,23884\nChư,làng,23884\n";
    let report = world.import(Kind::Villages, "ianan", file.as_bytes(), true);
    assert_clean(&report, 3, 0, 0);
    assert_eq!(said(&report.warnings), [(2, "Tên", "possible_duplicate"), (3, "Tên", "possible_duplicate")]);
    assert!(world.import(Kind::Villages, "ianan", file.as_bytes(), true).warnings.is_empty(), "they are known");
}

#[test]
fn rows_of_title_and_total_are_skipped() {
    let (world, ..) = ianan();
    let file = "ỦY BAN NHÂN DÂN XÃ IA NAN;;;;;\n\
                DANH SÁCH HỘ NGHÈO, HỘ CẬN NGHÈO NĂM 2026;;;;;\n\
                ;;;;;\n\
                STT;Thôn;Chủ hộ;Dân tộc;Hộ nghèo;Hộ cận nghèo\n\
                1;Tung;Siu A;10;V;\n\
                2;Tung;Siu B;10;;✓\n\
                Tổng cộng: 2 hộ;;;;1;1\n";
    let report = world.import(Kind::Households, "ianan", file.as_bytes(), true);
    assert_clean(&report, 2, 0, 0);
    assert_eq!((report.rows, report.titles, report.totals), (2, 2, 1));
    assert_eq!(world.count("households", "poverty_status = 'near_poor'"), 1);
    let wrong = file.replace("Tung;Siu B", "Tưng;Siu B");
    let report = world.import(Kind::Households, "ianan", wrong.as_bytes(), true);
    assert_eq!(said(&report.errors), [(6, "Thôn", "not_found")], "line numbers are those of the file");
    // A row below the total that has what is needed belongs to the list, and a name that begins like a total is a name.
    let middle = "Tên,Loại,Xã\nTổng cộng,,\nCộng Hòa,thôn,23884\n";
    let report = world.import(Kind::Villages, "ianan", middle.as_bytes(), true);
    assert_clean(&report, 1, 0, 0);
    assert_eq!((report.rows, report.totals), (1, 1));
}

#[test]
fn a_list_of_members_is_refused_with_advice() {
    let (world, ..) = ianan();
    let file = "Thôn,Chủ hộ,Dân tộc,Loại hộ,Quan hệ với chủ hộ\nTung,Siu A,10,Hộ nghèo,Chủ hộ\n";
    let report = world.import(Kind::Households, "ianan", file.as_bytes(), true);
    assert_eq!(said(&report.errors), [(1, "Quan hệ với chủ hộ", "unknown_column")]);
    assert!(report.lines("ho.csv").concat().contains("One row for each household: delete the members' rows first"));
}

#[test]
fn a_command_with_a_wrong_data_dir_creates_no_database() {
    let folder = DataFolder::new("no database");
    let list = folder.0.join("ho.csv");
    std::fs::write(&list, LIST).unwrap();
    let list = list.to_str().unwrap();
    let missing = folder.0.join("missing");
    for arguments in [
        &["import", "households", list, "--as", "ianan"][..],
        &["user", "create", "--username", "minh.anh", "--full-name", "Minh Anh"],
        &["database", "--", "true"],
    ] {
        let refused = program(&missing).args(arguments).output().unwrap();
        assert!(!refused.status.success(), "{arguments:?}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(&format!("no database in {} (DATA_DIR)", missing.display())), "{arguments:?}: {said}");
        assert!(!missing.exists(), "{arguments:?}");
    }
}

#[test]
fn villages_are_imported_with_a_profile_for_each_year() {
    let world = World::new();
    world.official("ianan", world.ianan);
    let file = "Xã;Tên;Loại;Năm;Số hộ;Dân số;Số hộ DTTS;Dân tộc;Biên giới;Vĩ độ\r\n\
                23884;làng Tung;Làng;2026;164;1.702;158;Gia Rai, Ba-na;x;13,78\r\n\
                Ia Nan;Tung;làng;2025;161;;;;;\r\n\
                ;Thôn 9;thôn;;;;;Kinh;;\r\n";
    let report = world.import(Kind::Villages, "ianan", file.as_bytes(), true);
    assert_clean(&report, 3, 0, 0);
    let official = world.commune(world.ianan);
    let villages = official.get("/localities?level=village").expect(200);
    let tung = &villages["items"][1];
    assert_eq!((&tung["name"], &tung["kind"], &tung["flags"]), (&json!("Tung"), &json!("lang"), &json!(["border"])));
    assert_eq!((&tung["ethnic_groups"], &tung["latitude"]), (&json!(["10", "13"]), &json!(13.78)));
    let counts: Vec<_> = tung["profiles"].as_array().unwrap().iter().map(|p| (&p["year"], &p["population"])).collect();
    assert_eq!(counts, [(&json!(2026), &json!(1702)), (&json!(2025), &json!(null))]);
    assert_eq!(villages["items"][0]["name"], "Thôn 9");

    assert_clean(&world.import(Kind::Villages, "ianan", file.as_bytes(), true), 0, 0, 3);
    let later = file.replace("2025;161", "2024;150").replace("2026;164", "2026;165");
    let report = world.import(Kind::Villages, "ianan", later.as_bytes(), true);
    assert_clean(&report, 0, 1, 2);
    assert_eq!(said(&report.warnings), [(2, "Năm", "differs")]);
    let wrong = "Xã,Tên,Loại,Năm,Số hộ,Số hộ DTTS\n23824,Hle Hlang,làng,2026,5,6\n23884,Nú,làng,2026,5,6\n23884,Nu,xã,,,\n23884,Mới,làng,,5,\n";
    let report = world.import(Kind::Villages, "ianan", wrong.as_bytes(), true);
    assert_eq!(
        said(&report.errors),
        [(2, "Xã", "not_found"), (3, "Số hộ DTTS", "more_than"), (4, "Loại", "invalid_value"), (5, "Năm", "required")]
    );
}

#[test]
fn every_template_can_be_imported() {
    let world = World::new();
    world.official("ianan", world.ianan);
    for kind in Kind::ALL {
        let template = import::template(kind).unwrap();
        let report = world.import(kind, "ianan", template.as_bytes(), true);
        assert_eq!(said(&report.errors), [], "{kind:?}: {template}");
        assert_eq!((report.rows, report.known), (1, 0), "{kind:?}");
        assert_eq!(world.import(kind, "ianan", template.as_bytes(), true).known, 1, "{kind:?}");
    }
}

#[test]
fn imports_md_lists_every_column() {
    let manual = include_str!("../../../docs/imports.md");
    let tables = Kind::ALL.map(import::markdown);
    let missing: Vec<&String> = tables.iter().filter(|table| !manual.contains(table.as_str())).collect();
    assert!(missing.is_empty(), "docs/imports.md lacks these tables:\n{missing:#?}");
}

#[test]
fn the_command_prints_templates_without_a_database_and_requires_an_acting_user() {
    let ketnghia = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ketnghia"));
        command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing").args(arguments).output().unwrap()
    };
    let template = ketnghia(&["import", "households", "--template"]);
    assert!(template.status.success());
    assert_eq!(String::from_utf8(template.stdout).unwrap(), import::template(Kind::Households).unwrap());
    let help = ketnghia(&["import", "villages", "--help"]);
    assert!(String::from_utf8(help.stdout).unwrap().contains("Số hộ DTTS  (minority_households)"));
    let unnamed = ketnghia(&["import", "households", "ho.csv"]);
    assert!(!unnamed.status.success());
    assert!(String::from_utf8(unnamed.stderr).unwrap().contains("--as"));
}

#[test]
fn assessments_of_past_years_are_matched_to_households() {
    let (world, tung, sơn) = ianan();
    world.import(Kind::Households, "ianan", LIST, true);
    let head = world.head(tung);
    for name in ["Siu Lan", "Siu Lan"] {
        world.household(&head, tung, name);
    }
    let file = "Thôn;Họ tên chủ hộ;Năm sinh;Số CCCD;Năm;Phân loại hộ;Chỉ số thiếu hụt;Số quyết định\n\
                ;;;62068001234;2023;Hộ nghèo;7, 10;12/QĐ-UBND\n\
                Tung;SIU PYUI;1970;;2020;Cận nghèo;;\n\
                Sơn;Nguyễn Thị Hoa;;;2018;nghèo;;\n";
    let report = world.import(Kind::Assessments, "ianan", file.as_bytes(), true);
    assert_clean(&report, 3, 0, 0);
    let listed = "round_year = 2023 AND deprivations = '{I07,I10}' AND decision_number = '12/QĐ-UBND'";
    assert_eq!(world.count("household_assessments", listed), 1);
    let official = world.commune(world.ianan);
    let shown = official.get(&format!("/households?village_id={sơn}")).expect(200);
    assert_eq!(shown["items"][0]["poverty_year"], 2026, "the latest year is shown, not the last import");
    assert_clean(&world.import(Kind::Assessments, "ianan", file.as_bytes(), true), 0, 0, 3);

    let wrong = "Thôn,Họ tên chủ hộ,Năm sinh,Số CCCD,Năm,Phân loại hộ\n\
                 Tung,Siu Lan,,,2020,Hộ nghèo\n\
                 Tung,Siu Không,,,2020,Hộ nghèo\n\
                 ,,,079000000000,2020,Hộ nghèo\n\
                 Tung,,,,2020,Hộ nghèo\n\
                 Tung,Siu Pyui,1970,,2017,Hộ nghèo\n\
                 ,,,062070000017,2017,Hộ nghèo\n\
                 Tung,Siu Pyui,1970,,2027,Hộ nghèo\n\
                 Tung,Siu Pyui,1970,,1980,Hộ nghèo\n\
                 Tung,Siu Pyui,1970,,2020,Hộ nghèo\n";
    let report = world.import(Kind::Assessments, "ianan", wrong.as_bytes(), true);
    assert_eq!(
        said(&report.errors),
        [
            (2, "Họ tên chủ hộ", "ambiguous"),
            (3, "Họ tên chủ hộ", "not_found"),
            (4, "Số CCCD", "not_found"),
            (5, "Họ tên chủ hộ", "required"),
            (7, "Năm", "duplicate"),
            (8, "Năm", "in_the_future"),
            (9, "Năm", "range"),
        ]
    );
    assert_eq!(said(&report.warnings), [(10, "Phân loại hộ", "differs")]);
    world.official("kongchro", world.kongchro);
    let elsewhere = "Số CCCD,Năm,Phân loại hộ\n062068001234,2015,Hộ nghèo\n";
    let report = world.import(Kind::Assessments, "kongchro", elsewhere.as_bytes(), true);
    assert_eq!(said(&report.errors), [(2, "Số CCCD", "not_found")], "a household of another commune is not found");
}

#[test]
fn organisations_are_imported_with_a_headcount_for_each_year() {
    let (world, tung, _) = ianan();
    let file = "Tên đơn vị;Loại;Địa bàn quản lý;Là địa phương;Năm;Biên chế;Điện thoại\n\
                Văn phòng;Phòng;Ia Nan;;2026;14;269123456\n\
                VĂN PHÒNG;Phòng;23884;;2025;13;\n\
                Làng Tung;Địa phương;23884;làng Tung;;;\n";
    assert_clean(&world.import(Kind::Organisations, "ianan", file.as_bytes(), true), 3, 0, 0);
    let official = world.commune(world.ianan);
    let found = official.get("/organisations?q=van phong".replace(' ', "%20").as_str()).expect(200);
    assert_eq!(
        found["items"][0]["headcounts"],
        json!([{"year": 2026, "headcount": 14}, {"year": 2025, "headcount": 13}])
    );
    assert_eq!(official.get("/organisations?kind=locality").expect(200)["items"][0]["place_id"], json!(tung));
    assert_clean(&world.import(Kind::Organisations, "ianan", file.as_bytes(), true), 0, 0, 3);
    let later = "Tên đơn vị,Loại,Địa bàn quản lý,Năm,Biên chế,Email\nVăn phòng,Cơ quan chuyên môn,23884,2024,12,\n";
    assert_clean(&world.import(Kind::Organisations, "ianan", later.as_bytes(), true), 0, 1, 0);
    let wrong = "Tên đơn vị,Loại,Địa bàn quản lý,Năm,Biên chế,Email\nSở,Sở,23824,,,\nCông ty,Công ty,23884,,14,\nThôn,Địa phương,23884,,,\nHợp tác xã,HTX,23884,,,abc\n";
    let report = world.import(Kind::Organisations, "ianan", wrong.as_bytes(), true);
    assert_eq!(
        said(&report.errors),
        [(2, "Địa bàn quản lý", "not_found"), (3, "Năm", "required"), (4, "", "required"), (5, "Email", "email")]
    );
}

#[test]
fn accounts_are_imported_below_the_acting_user_with_a_one_time_password() {
    let (world, tung, _) = ianan();
    world.make_user("langtung", "village_head", Some(tung), None);
    let unit = world.organisation(world.ianan, "Văn phòng");
    let file = "Tên đăng nhập,Họ và tên,Vai trò,Địa bàn,Đơn vị,SĐT\n\
                tung.hai,Rơ Mah Hai,Bí thư chi bộ,làng Tung,,905123456\n\
                vanphong,Nguyễn Văn Phòng,Đơn vị kết nghĩa,,văn phòng,\n";
    let dry = world.import(Kind::Users, "ianan", file.as_bytes(), false);
    assert_clean(&dry, 2, 0, 0);
    assert!(dry.accounts.is_empty(), "a dry run creates no password");
    let made = world.import(Kind::Users, "ianan", file.as_bytes(), true);
    assert_clean(&made, 2, 0, 0);
    assert!(!made.lines("users.csv").concat().contains(&made.accounts[0].one_time_password));
    let credentials = json!({"username": "tung.hai", "password": made.accounts[0].one_time_password});
    let tokens = world.server.anonymous().post("/auth/login", credentials).expect(200);
    assert_eq!(tokens["user"]["must_change_password"], true);
    let of_unit = format!("username = 'vanphong' AND organisation_id = '{unit}'");
    assert_eq!(world.count("users", &of_unit), 1);
    let again = world.import(Kind::Users, "ianan", file.as_bytes(), true);
    assert_clean(&again, 0, 0, 2);
    assert!(again.accounts.is_empty());

    world.official("kongchro", world.kongchro);
    let wrong = "Tên đăng nhập,Họ và tên,Vai trò,Địa bàn,Đơn vị\n\
                 Hoa,Hoa,Trưởng thôn,Tung,\n\
                 xa.khac,Hoa,Cán bộ xã,Ia Nan,\n\
                 kongchro,Hoa,Trưởng thôn,Sơn,\n\
                 hle,Hoa,Trưởng thôn,Hle Hlang,\n\
                 ha,Hoa,Trưởng thôn,Sơn,\n\
                 unit,Hoa,Đơn vị kết nghĩa,,\n";
    let report = world.import(Kind::Users, "ianan", wrong.as_bytes(), true);
    assert_eq!(
        said(&report.errors),
        [
            (2, "Tên đăng nhập", "invalid_value"),
            (3, "Vai trò", "forbidden"),
            (4, "Tên đăng nhập", "username_taken"),
            (5, "Địa bàn", "not_found"),
            (6, "Tên đăng nhập", "length"),
            (7, "Đơn vị", "required"),
        ]
    );
    let twice = "Tên đăng nhập,Họ và tên,Vai trò,Địa bàn\nson.1,Hoa,Trưởng thôn,Sơn\nson.1,Hoa,Trưởng thôn,Sơn\n";
    let report = world.import(Kind::Users, "ianan", twice.as_bytes(), true);
    assert_eq!(said(&report.errors), [(3, "Tên đăng nhập", "duplicate")]);
    assert!(!report.committed);
}

#[test]
fn a_proposal_of_the_village_stays_and_is_told() {
    let (world, tung, _) = ianan();
    let list = "Thôn;Chủ hộ;Năm sinh;Dân tộc;Loại hộ;Năm\nTung;Siu A;1980;10;Hộ nghèo;2026\n";
    let head = world.head(tung);
    let mut body = household(tung, "Siu A");
    body["head_birth_year"] = serde_json::json!(1980);
    body["round"] = serde_json::json!({"year": 2026, "kind": "annual"});
    head.post("/households", body).expect(201);
    let report = world.import(Kind::Households, "ianan", list.as_bytes(), true);
    assert_clean(&report, 0, 0, 1);
    assert_eq!(said(&report.warnings), [(2, "Năm", "proposal_waits")]);
    assert_eq!(world.count("household_assessments", "status = 'confirmed'"), 0);
}
