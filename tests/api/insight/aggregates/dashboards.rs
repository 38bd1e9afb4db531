//! Aggregates for API keys: counts of 1 to 4 are suppressed, and questions are limited.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::insight::{Random, column, rows};
use crate::harness::{Client, World, household, id_of};

fn ask(key: &Client, question: &str) -> Value {
    key.get(&format!("/aggregates/{question}")).expect(200)
}

/// Every count of households of every data set.
const COUNTS: [&str; 13] = [
    "households_helped",
    "items",
    "open",
    "pledged",
    "helped",
    "households",
    "poor",
    "near_poor",
    "newly_escaped",
    "average",
    "not_poor",
    "special_hardship",
    "ethnic_minority_poor_or_near_poor",
];

#[test]
fn the_next_smallest_village_is_suppressed_with_a_small_one() {
    let world = World::new();
    for (name, poor) in [("A", 12), ("B", 3), ("C", 7), ("D", 0)] {
        let village = world.village(world.ianan, name);
        world.households(village, poor, "poor", 2026);
        if poor == 0 {
            world.households(village, 6, "average", 2026);
        }
    }
    let key = world.key(world.gialai, world.ianan);
    let answer = ask(&key, "poverty?group_by=village");
    assert_eq!(column(&answer, "poor"), [Some(12), None, None, Some(0)]);
    assert_eq!((&answer["totals"]["poor"], &answer["totals_suppressed"]), (&json!(22), &json!(false)));
    let hidden: Vec<_> = rows(&answer).iter().map(|row| row["suppressed"].as_bool().unwrap()).collect();
    assert_eq!(hidden, [false, true, true, false]);
    assert!(
        rows(&answer)[2]["values"].as_object().unwrap().values().all(Value::is_null),
        "every value of the row is suppressed"
    );
    let official = ask(&world.commune(world.ianan), "poverty?group_by=village");
    assert_eq!(
        column(&official, "poor"),
        [Some(12), Some(3), Some(7), Some(0)],
        "nothing is suppressed for an official"
    );
    // As CSV: a suppressed value is an empty cell.
    let csv = key.with("Accept", "text/csv").get("/aggregates/poverty?group_by=village").text;
    let lines: Vec<&str> = csv.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(
        lines[0],
        "village_id,village_code,village_name,households,poor,near_poor,newly_escaped,average,not_poor,special_hardship,\
         ethnic_minority_poor_or_near_poor,village_households,poor_rate,near_poor_rate,ethnic_minority_rate"
    );
    assert!(lines[1].ends_with(",A,12,12,0,0,0,0,0,12,12,,,") && lines[2].ends_with(",B,,,,,,,,,,,,"), "{csv}");
}

#[test]
fn a_small_total_is_suppressed() {
    let world = World::new();
    world.households(world.village(world.ianan, "A"), 3, "poor", 2026);
    let key = world.key(world.gialai, world.gialai);
    let answer = ask(&key, "poverty?group_by=commune");
    assert_eq!((&answer["totals"]["households"], &answer["totals_suppressed"]), (&Value::Null, &json!(true)));
    assert_eq!(column(&answer, "households"), [None]);
    let alone = ask(&key, "poverty");
    assert_eq!((&alone["rows"], &alone["totals_suppressed"]), (&json!([]), &json!(true)));
}

#[test]
fn csv_for_keys_escapes_formulas_and_leaves_suppressed_values_empty() {
    let world = World::new();
    let (tung, son, other) = (
        world.village(world.ianan, "Tung"),
        world.village(world.ianan, "Sơn"),
        world.village(world.ianan, "=HYPERLINK(1)"),
    );
    let office = world.organisation(world.ianan, "Văn phòng");
    let programme = world.programme(world.ianan);
    for (village, households) in [(tung, 5), (son, 6), (other, 1)] {
        world.gifts(world.twinning(programme, office, village), village, households, "2026-03-01");
    }
    let key = world.key(world.gialai, world.gialai);
    let csv = key.with("Accept", "text/csv").get("/aggregates/support?group_by=village,month");
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert!(csv.text.starts_with('\u{feff}'), "Excel recognises UTF-8 by the byte order mark");
    let lines: Vec<&str> = csv.text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(
        lines,
        [
            "village_id,village_code,village_name,month,visits,gifts,gifts_confirmed,gift_value_vnd,households_helped,households_reached,loans_arranged_vnd,value_vnd",
            &format!("{other},,'=HYPERLINK(1),2026-03,,,,,,,,"),
            &format!("{son},,Sơn,2026-03,0,6,0,600000,6,6,0,600000"),
            &format!("{tung},,Tung,2026-03,,,,,,,,"),
        ]
    );
    let bare = key.get("/aggregates/support?format=csv");
    assert_eq!(
        bare.text.trim_start_matches('\u{feff}').trim_end(),
        "visits,gifts,gifts_confirmed,gift_value_vnd,households_helped,households_reached,loans_arranged_vnd,value_vnd",
        "without group_by there are no rows"
    );
}

#[test]
fn keys_query_whole_months_only_and_no_single_organisation() {
    let world = World::new();
    let key = world.key(world.gialai, world.gialai);
    for set in ["support", "hardship", "poverty"] {
        for (question, pointer) in
            [("from=2026-01-02&to=2026-01-31", "?from"), ("from=2026-01-01&to=2026-01-30", "?to")]
        {
            key.get(&format!("/aggregates/{set}?{question}")).expect_invalid(&[(pointer, "not_for_keys")]);
        }
        ask(&key, &format!("{set}?group_by=village,year&from=2026-02-01&to=2026-02-28"));
        ask(&key, &format!("{set}?group_by=province,commune&from=2026-01-01&to=2026-03-31"));
    }
    let two = "/aggregates/support?group_by=month&group_by=category";
    key.get(two).expect_invalid(&[("?group_by", "not_for_keys")]);
    key.get(&format!("/aggregates/support?organisation_id={}", Uuid::now_v7()))
        .expect_invalid(&[("?organisation_id", "not_for_keys")]);
    for personal in ["/households", "/gifts", "/visits", "/hardship-lists", "/users", "/me"] {
        key.get(personal).expect_problem(403, "forbidden");
    }
}

/// In every data set and grouping.
#[test]
fn no_response_to_a_key_contains_personal_data() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let official = world.commune(world.ianan);
    let mut personal = household(village, "Người Không Được Thấy");
    personal["phone"] = json!("0912345678");
    personal["identity_number"] = json!("064189001234");
    personal["note"] = json!("Ghi chú riêng");
    let home = id_of(&official.post("/households", personal).expect(201));
    world.households(village, 9, "poor", 2026);
    let head = world.head(village);
    world.approved_list(&head, &official, village, &[home]);
    let key = world.key(world.gialai, world.gialai);
    for set in ["support", "hardship", "poverty", "coverage"] {
        for cut in ["", "?group_by=village", "?group_by=commune,year", "?group_by=village&format=csv"] {
            let text = key.get(&format!("/aggregates/{set}{cut}")).text;
            for secret in ["Người Không", "091234", "064189", "Ghi chú", &home.to_string(), "Siu "] {
                assert!(!text.contains(secret), "{set}{cut}: {text}");
            }
        }
    }
    let places = key.get("/localities?level=village").text;
    assert!(places.contains("Tung") && !places.contains("Người"), "{places}");
}

/// Random counts; the test subtracts the shown rows from each shown total.
#[test]
fn no_suppressed_count_follows_from_the_others_by_subtraction() {
    for seed in [3, 11, 2026] {
        let random = &mut Random(seed);
        let world = World::new();
        let programme = world.programme(world.gialai);
        let office = world.organisation(world.gialai, "Sở");
        for commune in [world.ianan, world.kongchro] {
            for name in ["A", "B", "C", "D"] {
                let village = world.village(commune, name);
                for status in ["poor", "near_poor", "average"] {
                    world.households(village, *random.one_of(&[0, 0, 2, 4, 7, 20]), status, 2026);
                }
                let twinning = world.twinning(programme, office, village);
                for month in ["2026-01-05", "2026-02-05"] {
                    world.gifts(twinning, village, *random.one_of(&[0, 1, 3, 6, 9]), month);
                }
            }
        }
        let key = world.key(world.gialai, world.gialai);
        for set in ["support", "poverty"] {
            let (villages, communes) =
                (ask(&key, &format!("{set}?group_by=village,commune")), ask(&key, &format!("{set}?group_by=commune")));
            assert!(rows(&villages).iter().any(|row| row["suppressed"] == true), "{seed}: no row is suppressed");
            assert_not_derivable(&villages, &villages["totals"], |_| true, seed);
            assert_not_derivable(&communes, &communes["totals"], |_| true, seed);
            for commune in rows(&communes) {
                let id = &commune["key"]["commune"]["id"];
                assert_not_derivable(&villages, &commune["values"], |row| &row["key"]["commune"]["id"] == id, seed);
            }
        }
        let months = ask(&key, "support?group_by=village,month");
        assert_not_derivable(&months, &months["totals"], |_| true, seed);
        for village in rows(&ask(&key, "support?group_by=village")) {
            let id = &village["key"]["village"]["id"];
            assert_not_derivable(&months, &village["values"], |row| &row["key"]["village"]["id"] == id, seed);
        }
    }
}

/// Subtracts the shown rows from a shown sum and asserts that the rest is not a count of 1 to 4.
fn assert_not_derivable(answer: &Value, sum: &Value, is_part: impl Fn(&Value) -> bool, seed: u64) {
    let (hidden, shown): (Vec<&Value>, Vec<&Value>) =
        rows(answer).iter().filter(|row| is_part(row)).partition(|row| row["suppressed"] == true);
    for count in COUNTS {
        let Some(total) = sum[count].as_i64() else { continue };
        let rest = total - shown.iter().map(|row| row["values"][count].as_i64().unwrap()).sum::<i64>();
        assert!(shown.iter().all(|row| !(1..5).contains(&row["values"][count].as_i64().unwrap())), "{seed}");
        assert!(hidden.is_empty() || !(1..5).contains(&rest), "{seed}: {count} of the hidden rows is {rest}: {answer}");
    }
}

#[test]
fn a_small_difference_between_two_counts_suppresses_the_row() {
    let world = World::new();
    for (name, households, special) in [("A", 12, 9), ("B", 15, 9), ("C", 20, 0)] {
        let village = world.village(world.ianan, name);
        world.households(village, households, "average", 2026);
        let sql = format!(
            "UPDATE households SET hardship_reasons = '{{disabled}}' WHERE id IN (
               SELECT id FROM households WHERE village_id = '{village}' LIMIT {special})"
        );
        crate::harness::giving::as_system(&world, &sql);
    }
    let question = format!("poverty?group_by=village&within={}", world.ianan);
    let official = ask(&world.province(world.gialai), &question);
    assert_eq!(column(&official, "special_hardship"), [Some(9), Some(9), Some(0)]);
    let key = ask(&world.key(world.gialai, world.gialai), &question);
    // 12 − 9 = 3 suppresses A; B, the next smallest, is suppressed, too, or A would follow from the totals.
    assert_eq!(column(&key, "special_hardship"), [None, None, Some(0)]);
}

#[test]
fn keys_query_their_place_and_its_direct_children_for_at_most_ten_years() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let key = world.key(world.gialai, world.gialai);
    for place in [world.gialai, world.ianan] {
        key.get(&format!("/aggregates/poverty?within={place}")).expect(200);
    }
    for place in [village, world.quangngai, Uuid::now_v7()] {
        key.get(&format!("/aggregates/poverty?within={place}")).expect_invalid(&[("?within", "not_for_keys")]);
    }
    let own = world.key(world.gialai, world.ianan);
    own.get(&format!("/aggregates/poverty?within={village}")).expect(200);
    world.province(world.gialai).get(&format!("/aggregates/poverty?within={village}")).expect(200);
    key.get("/aggregates/support?from=2017-01-01&to=2026-12-31&group_by=year").expect(200);
    key.get("/aggregates/support?from=2016-01-01&to=2026-12-31&group_by=year")
        .expect_invalid(&[("?from", "not_for_keys")]);
}
