//! Imports of poverty standards, which the operator runs without an acting user.

use ketnghia::import::{self, Kind, Options, Report, Request};
use ketnghia::kernel::locale::Locale;
use serde_json::json;

use super::{assert_clean, said};
use crate::harness::{DataFolder, Program, World, household, ketnghia as program};

const NEXT: &str = "standard,row_type,area,code,value,name_vi,name_en,basis,starts_on,ends_on\n\
    nd351_2025,standard,,,,Chuẩn nghèo 2027-2030,Poverty standard 2027,Nghị định 351/2025/NĐ-CP,01/01/2027,2030-12-31\n\
    nd351_2025,indicator,,K01,,Việc làm,Employment,,,\n\
    nd351_2025,indicator,,K02,,Nước sạch,Clean water,,,\n\
    nd351_2025,income_vnd,rural,,2.200.000,,,,,\n\
    nd351_2025,income_vnd,urban,,2800000,,,,,\n\
    nd351_2025,score_b1,Nông thôn,,150,,,,,\n";

impl World {
    fn import_standards(&self, content: &str, commit: bool) -> Report {
        let request = Request {
            kind: Kind::Standards,
            username: None,
            content: content.as_bytes(),
            commit,
            locale: Locale::En,
            options: Options::default(),
        };
        import::run(&self.server.db, &self.server.state.secrets, &request).unwrap()
    }
}

/// Case 20: no assessment of 2027 until the operator has loaded its standard.
#[test]
fn a_standard_is_loaded_by_the_operator_and_decides_assessments_of_its_days() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    world.server.set_clock("2027-01-05T02:00:00Z");
    let official = world.commune(world.ianan);
    let mut home = household(village, "Siu A");
    (home["deprivations"], home["poverty_causes"]) = (json!(["K02"]), json!([]));
    official.post("/households", home.clone()).expect_invalid(&[("#/assessed_on", "no_standard")]);

    assert_clean(&world.import_standards(NEXT, false), 6, 0, 0);
    official.post("/households", home.clone()).expect_invalid(&[("#/assessed_on", "no_standard")]);
    let made = world.import_standards(NEXT, true);
    assert_clean(&made, 6, 0, 0);
    assert!(made.committed && made.warnings.is_empty(), "{:?}", made.warnings);
    let shown = official.post("/households", home.clone()).expect(201);
    assert_eq!((&shown["poverty_standard"], &shown["deprivations"]), (&json!("nd351_2025"), &json!(["K02"])));
    home["deprivations"] = json!(["I03"]);
    official.post("/households", home).expect_invalid(&[("#/deprivations/0", "not_of_standard")]);
    let lines = r#"lines = '{"rural": {"income_vnd": 2200000, "average_vnd": null, "score_b1": 150},
        "urban": {"income_vnd": 2800000, "average_vnd": null, "score_b1": null}}'"#;
    let period = "starts_on = '2027-01-01' AND ends_on = '2030-12-31' AND basis = 'Nghị định 351/2025/NĐ-CP'";
    assert_eq!(world.count("poverty_standards", &format!("code = 'nd351_2025' AND {lines} AND {period}")), 1);

    assert_clean(&world.import_standards(NEXT, true), 0, 0, 6);
    let other = world.import_standards(&NEXT.replace("2.200.000", "2.300.000"), true);
    assert_clean(&other, 0, 0, 6);
    assert_eq!(said(&other.warnings), [(2, "value", "differs")], "a standard in force is not overwritten");
}

#[test]
fn wrong_rows_of_a_standard_are_reported_and_nothing_is_written() {
    let world = World::new();
    let errors = |content: &str| {
        let report = world.import_standards(content, true);
        assert!(!report.committed);
        assert_eq!(world.count("poverty_standards", "true"), 2);
        said(&report.errors)
            .into_iter()
            .map(|(line, column, code)| format!("{line} {column} {code}"))
            .collect::<Vec<_>>()
    };
    let headers = NEXT.lines().next().unwrap();
    let one = |rows: &str| errors(&format!("{headers}\n{rows}\n"));
    let standard = "s1,standard,,,,Tên,Name,,2027-01-01,2030-12-31";
    assert_eq!(one("s1,standard,,,,Tên,Name,,2026-12-31,2030-12-31"), ["2 starts_on overlaps"]);
    assert_eq!(
        one(&format!("{standard}\ns2,standard,,,,Tên,Name,,2030-12-31,2032-12-31")),
        ["3 starts_on overlaps"],
        "standards of one file are compared, too"
    );
    assert_eq!(one("s1,standard,,,,Tên,Name,,2027-01-02,2027-01-01"), ["2 ends_on period_reversed"]);
    assert_eq!(one("S-1,standard,,,,Tên,Name,,2027-01-01,2030-12-31"), ["2 standard invalid_value"]);
    assert_eq!(
        one("s1,standard,,I01,,Tên,,,2027-01-01,"),
        ["2 code unknown_field", "2 ends_on required", "2 name_en required"]
    );
    assert_eq!(one("s1,indicator,,I01,,Tên,Name,,,"), ["2 row_type required"]);
    let wrong = format!(
        "{standard}\ns1,indicator,,i1,,Tên,Name,,,\ns1,indicator,,I01,,,Name,,,\ns1,income_vnd,,,5,,,,,\n\
         s1,score_b1,rural,,1001,,,,,\ns1,income_vnd,urban,,5,,,,,\ns1,income_vnd,urban,,6,,,,,\ns1,tổng,,,,,,,,"
    );
    assert_eq!(
        one(&wrong),
        [
            "3 code invalid_value",
            "4 name_vi required",
            "5 area required",
            "6 value range",
            "8 row_type duplicate",
            "9 row_type invalid_value",
        ]
    );
}

#[test]
fn the_command_imports_standards_without_an_acting_user() {
    let folder = DataFolder::new("standards");
    let _server = Program::start(&folder.0);
    let (good, bad) = (folder.0.join("chuan.csv"), folder.0.join("sai.csv"));
    std::fs::write(&good, NEXT).unwrap();
    std::fs::write(&bad, NEXT.replace("01/01/2027", "01/01/2026")).unwrap();
    let run = |arguments: &[&str]| {
        let output = program(&folder.0).args(arguments).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let import =
        |file: &std::path::Path, more: &[&str]| run(&[&["import", "standards", file.to_str().unwrap()], more].concat());
    let (done, told) = import(&good, &[]);
    assert!(done && told.contains("6 new") && told.contains("Nothing was written: --commit writes it."), "{told}");
    let (done, told) = import(&bad, &["--commit"]);
    let fault =
        "sai.csv:2: error: column I \"starts_on\": The period overlaps that of the standard nd07_2021. [overlaps]";
    assert!(!done && told.contains(fault), "{told}");
    let (done, told) = import(&good, &["--commit"]);
    assert!(done && told.contains("6 new") && told.contains("Written."), "{told}");
    let (done, told) = import(&good, &["--commit"]);
    assert!(done && told.contains("0 new") && told.contains("6 there already"), "{told}");
    assert!(!import(&good, &["--as", "ianan"]).0);
}
