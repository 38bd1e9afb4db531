//! Registers of villages by year.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{Giving, as_system};
use crate::harness::{Client, World, household, id_of};

struct Register {
    world: World,
    village: Uuid,
    official: Client,
    path: String,
}

impl Register {
    fn new() -> Self {
        let world = World::new();
        let village = world.village(world.ianan, "Klă");
        let official = world.commune(world.ianan);
        Self { world, village, official, path: format!("/localities/{village}/registers") }
    }

    fn year(&self, caller: &Client, year: i32) -> Value {
        let page = caller.get(&self.path).expect(200);
        page["items"].as_array().unwrap().iter().find(|one| one["year"] == json!(year)).unwrap().clone()
    }

    fn poor_home(&self, name: &str, day: &str) -> Uuid {
        let mut body = household(self.village, name);
        body["assessed_on"] = json!(day);
        id_of(&self.official.post("/households", body).expect(201))
    }
}

#[test]
fn a_register_is_complete_when_each_poor_household_was_assessed_and_no_proposal_waits() {
    let at = Register::new();
    let home = at.poor_home("Siu A", "2025-11-01");
    let head = at.world.head(at.village);
    let complete = format!("{}/2026/complete", at.path);
    head.step(&complete).expect_problem(403, "forbidden");
    let proposal = head.post("/household-assessments", json!({"household_id": home, "poverty_status": "near_poor"}));
    let proposal = proposal.expect(201);
    let refused = at.official.step(&complete).expect_problem(409, "register_incomplete");
    assert_eq!(refused["counts"], json!({"proposed": 1, "unassessed": 1, "registered": 1}));
    let path = format!("/household-assessments/{}", id_of(&proposal));
    at.official.step(&format!("{path}/confirm")).expect(200);
    let done = at.official.step(&complete).expect(200);
    assert_eq!((&done["complete"], &done["completed_on"]), (&json!(true), &json!("2026-11-22")));
    assert_eq!(
        (&done["registered"], &done["assessed"], &done["poor"], &done["near_poor"]),
        (&json!(1), &json!(1), &json!(0), &json!(1))
    );
    assert_eq!(at.official.step(&complete).expect(200), done, "a repetition changes nothing");
    at.world.commune(at.world.ianan).step(&complete).expect_problem(409, "invalid_transition");
}

#[test]
fn a_complete_register_takes_no_confirmed_assessment_until_it_is_reopened() {
    let at = Register::new();
    let home = at.poor_home("Siu A", "2026-10-01");
    at.official.step(&format!("{}/2026/complete", at.path)).expect(200);
    let result = json!({"household_id": home, "poverty_status": "near_poor"});
    at.official.post("/household-assessments", result.clone()).expect_problem(409, "register_complete");
    let past = json!({"household_id": home, "poverty_status": "near_poor", "assessed_on": "2025-10-01"});
    at.official.post("/household-assessments", past).expect(201);
    let head = at.world.head(at.village);
    let proposal = head.post("/household-assessments", result).expect(201);
    let path = format!("/household-assessments/{}", id_of(&proposal));
    at.official.step(&format!("{path}/confirm")).expect_problem(409, "register_complete");

    let reopen = format!("{}/2026/reopen", at.path);
    at.official.post(&reopen, json!({})).expect_invalid(&[("#/reason", "required")]);
    let reason = json!({"reason": "Bổ sung hộ tách ra"});
    head.post(&reopen, reason.clone()).expect_problem(403, "forbidden");
    assert_eq!(at.official.post(&reopen, reason.clone()).expect(200)["complete"], json!(false));
    at.official.post(&reopen, reason.clone()).expect(200);
    at.world.commune(at.world.ianan).post(&reopen, reason).expect_problem(409, "invalid_transition");
    at.official.step(&format!("{path}/confirm")).expect(200);
}

#[test]
fn a_register_holds_no_more_households_than_the_village_has() {
    let at = Register::new();
    at.poor_home("Siu A", "2026-10-01");
    at.poor_home("Siu B", "2026-10-01");
    let village = format!("/localities/{}", at.village);
    at.official.patch(&village, json!({"profiles": [{"year": 2026, "households": 1}]})).expect(200);
    let complete = format!("{}/2026/complete", at.path);
    let refused = at.official.step(&complete).expect_problem(409, "register_incomplete");
    assert_eq!(refused["counts"], json!({"proposed": 0, "unassessed": 0, "registered": 2, "households": 1}));
    at.official.patch(&village, json!({"profiles": [{"year": 2026, "households": 2}]})).expect(200);
    at.official.step(&complete).expect(200);
}

#[test]
fn a_register_is_of_a_village_of_the_area_and_of_a_year_that_has_begun() {
    let at = Register::new();
    for year in ["2027", "1989", "20261", "abcd", "-202"] {
        at.official.step(&format!("{}/{year}/complete", at.path)).expect_problem(404, "not_found");
    }
    let commune = format!("/localities/{}/registers", at.world.ianan);
    at.official.step(&format!("{commune}/2026/complete")).expect_problem(404, "not_found");
    at.official.get(&commune).expect_problem(404, "not_found");
    let elsewhere = at.world.commune(at.world.kongchro);
    elsewhere.get(&at.path).expect_problem(404, "not_found");
    elsewhere.step(&format!("{}/2026/complete", at.path)).expect_problem(404, "not_found");
    at.official
        .post(&format!("{}/2026/reopen", at.path), json!({"reason": "x"}))
        .expect_problem(409, "invalid_transition");
}

#[test]
fn a_unit_reads_the_counts_of_complete_years_only() {
    let stage = Giving::new();
    let path = format!("/localities/{}/registers", stage.village);
    let of = |year: i32| {
        let page = stage.unit.get(&path).expect(200);
        page["items"].as_array().unwrap().iter().find(|one| one["year"] == json!(year)).cloned()
    };
    assert_eq!(of(2026).unwrap()["registered"], Value::Null);
    stage.official.step(&format!("{path}/2026/complete")).expect(200);
    assert!(of(2026).unwrap()["registered"].is_i64());
}

#[test]
fn years_of_profiles_and_assessments_are_listed_with_their_counts() {
    let at = Register::new();
    at.poor_home("Siu A", "2024-10-01");
    let village = format!("/localities/{}", at.village);
    at.official
        .patch(&village, json!({"profiles": [{"year": 2025, "households": 80, "minority_households": 70}]}))
        .expect(200);
    let page = at.official.get(&format!("{}?count=true", at.path)).expect(200);
    let years: Vec<i64> = page["items"].as_array().unwrap().iter().map(|one| one["year"].as_i64().unwrap()).collect();
    assert_eq!((years, &page["total"]), (vec![2026, 2025, 2024], &json!(3)));
    let known = at.year(&at.official, 2025);
    assert_eq!(
        (&known["households"], &known["minority_households"], &known["poor"], &known["assessed"]),
        (&json!(80), &json!(70), &json!(1), &json!(0))
    );
}

#[test]
fn a_profile_shows_the_poor_and_near_poor_of_a_complete_register() {
    let at = Register::new();
    at.world.households(at.village, 3, "poor", 2026);
    at.world.households(at.village, 2, "near_poor", 2026);
    let village = format!("/localities/{}", at.village);
    let profiles = || at.official.get(&village).expect(200)["profiles"].clone();
    let counted = json!({"year": 2026, "households": 80, "population": 300, "minority_households": 70});
    at.official.patch(&village, json!({"profiles": [counted]})).expect(200);
    assert_eq!((&profiles()[0]["poor"], &profiles()[0]["near_poor"]), (&Value::Null, &Value::Null));

    at.official.step(&format!("{}/2026/complete", at.path)).expect(200);
    let shown = json!([{"year": 2026, "households": 80, "population": 300, "minority_households": 70, "poor": 3, "near_poor": 2}]);
    assert_eq!(profiles(), shown);
    let listed = at.official.get(&format!("/localities?parent_id={}", at.world.ianan)).expect(200);
    assert_eq!(listed["items"][0]["profiles"], shown);
    at.official.patch(&village, json!({"profiles": shown})).expect(200);
    let mut wrong = shown.clone();
    wrong[0]["poor"] = json!(4);
    at.official.patch(&village, json!({"profiles": wrong})).expect_invalid(&[("#/profiles/0/poor", "read_only")]);
    at.official
        .patch(&village, json!({"profiles": [{"year": 2025, "near_poor": 2}]}))
        .expect_invalid(&[("#/profiles/0/near_poor", "read_only")]);
    assert_eq!(profiles(), shown);
    // The rates divide by the households, so a complete year keeps them.
    at.official
        .patch(&village, json!({"profiles": [{"year": 2026, "households": 5}]}))
        .expect_invalid(&[("#/profiles/0/households", "read_only"), ("#/profiles/0/minority_households", "read_only")]);
    at.official.patch(&village, json!({"profiles": []})).expect(200);
    assert_eq!(profiles(), shown);

    let before = at.official.get(&village).expect(200)["version"].as_i64().unwrap();
    at.official.post(&format!("{}/2026/reopen", at.path), json!({"reason": "Bổ sung hộ tách ra"})).expect(200);
    assert!(at.official.get(&village).expect(200)["version"].as_i64().unwrap() > before, "a cached profile is stale");
    at.official.patch(&village, json!({"profiles": []})).expect(200);
    at.official.step(&format!("{}/2026/complete", at.path)).expect(200);
    assert_eq!((&profiles()[0]["households"], &profiles()[0]["poor"]), (&Value::Null, &json!(3)));
    at.official.post(&format!("{}/2026/reopen", at.path), json!({"reason": "Bổ sung hộ tách ra"})).expect(200);
    assert_eq!(profiles(), json!([]));
    at.official.patch(&village, json!({"profiles": [counted]})).expect(200);
    at.official.step(&format!("{}/2026/complete", at.path)).expect(200);
    assert_eq!(profiles(), shown);
    at.official.post(&format!("{}/2026/reopen", at.path), json!({"reason": "Bổ sung hộ tách ra"})).expect(200);
    assert_eq!((&profiles()[0]["households"], &profiles()[0]["poor"]), (&json!(80), &Value::Null));
}

/// Case 23: rates divide by the profiles, and need complete registers.
#[test]
fn rates_are_published_when_the_registers_of_all_villages_are_complete() {
    let at = Register::new();
    at.world.households(at.village, 44, "poor", 2026);
    at.world.households(at.village, 18, "near_poor", 2026);
    at.world.households(at.village, 30, "average", 2026);
    let kinh = "UPDATE households SET ethnic_group = '01' WHERE id IN
        (SELECT id FROM households WHERE poverty_status IN ('poor', 'near_poor') ORDER BY head_name, id LIMIT 6)";
    as_system(&at.world, kinh);
    let profile = json!({"profiles": [{"year": 2026, "households": 137, "minority_households": 120}]});
    at.official.patch(&format!("/localities/{}", at.village), profile).expect(200);
    let rates =
        |answer: &Value| ["poor_rate", "near_poor_rate", "ethnic_minority_rate"].map(|name| answer[name].clone());
    let asked = "/aggregates/poverty?group_by=village,year";
    let of = |caller: &Client| caller.get(asked).expect(200);
    let answer = of(&at.official);
    assert_eq!(rates(&answer["totals"]), [Value::Null, Value::Null, Value::Null]);
    assert_eq!((&answer["totals"]["village_households"], &answer["counted"]), (&json!(137), &json!("registered")));

    at.official.step(&format!("{}/2026/complete", at.path)).expect(200);
    let answer = of(&at.official);
    assert_eq!(rates(&answer["rows"][0]["values"]), [json!(32.12), json!(13.14), json!(46.67)]);
    assert_eq!(rates(&answer["totals"]), rates(&answer["rows"][0]["values"]));
    let key = at.world.key(at.world.gialai, at.world.ianan);
    assert_eq!(rates(&key.get("/aggregates/poverty").expect(200)["totals"]), rates(&answer["totals"]));
    let csv = at.official.get(&format!("{asked}&format=csv")).text;
    assert!(csv.lines().nth(1).unwrap().ends_with(",137,32.12,13.14,46.67"), "{csv}");
    let standards = at.official.get("/aggregates/poverty?group_by=standard").expect(200);
    assert_eq!(rates(&standards["rows"][0]["values"]), [Value::Null, Value::Null, Value::Null]);

    at.world.village(at.world.ianan, "Nú");
    let answer = of(&at.official);
    assert_eq!(answer["rows"].as_array().unwrap().len(), 1, "a village without households and profile has no row");
    assert_eq!(rates(&answer["rows"][0]["values"])[0], json!(32.12));
    assert_eq!(rates(&answer["totals"]), [Value::Null, Value::Null, Value::Null], "it is open");
}

#[test]
fn a_unit_counts_listed_households_without_rates() {
    let stage = Giving::new();
    let result = json!({"household_id": stage.home, "poverty_status": "poor"});
    stage.official.post("/household-assessments", result).expect(201);
    stage.official.step(&format!("/localities/{}/registers/2026/complete", stage.village)).expect(200);
    let answer = stage.unit.get("/aggregates/poverty").expect(200);
    assert_eq!((&answer["counted"], &answer["totals"]["poor"]), (&json!("listed"), &json!(1)));
    assert_eq!((&answer["totals"]["poor_rate"], &answer["totals"]["village_households"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_departure_or_move_before_the_completion_of_a_register_needs_its_reopening() {
    let at = Register::new();
    let home = at.poor_home("Siu A", "2026-11-01");
    let path = format!("/households/{home}");
    let other = at.world.village(at.world.ianan, "Nú");
    at.official.step(&format!("{}/2026/complete", at.path)).expect(200);
    for back in [
        json!({"status": "moved_away", "status_since": "2026-11-21"}),
        json!({"village_id": other, "moved_on": "2026-05-01"}),
    ] {
        at.official.patch(&path, back).expect_problem(409, "register_complete");
    }
    assert_eq!(at.year(&at.official, 2026)["poor"], 1);
    at.official.patch(&path, json!({"status": "moved_away"})).expect(200);
    let year = at.year(&at.official, 2026);
    assert_eq!((&year["poor"], &year["registered"]), (&json!(1), &json!(0)), "as the commune declared it");
}

#[test]
fn a_household_that_came_before_a_complete_register_moves_on_after_it() {
    let at = Register::new();
    let (first, next) = (at.world.village(at.world.ianan, "Nú"), at.world.village(at.world.ianan, "Tung"));
    let home = id_of(&at.official.post("/households", household(first, "Siu A")).expect(201));
    let path = format!("/households/{home}");
    at.official.patch(&path, json!({"village_id": at.village, "moved_on": "2024-05-01"})).expect(200);
    at.official.step(&format!("{}/2026/complete", at.path)).expect(200);
    at.official.patch(&path, json!({"moved_on": "2024-06-01"})).expect_problem(409, "register_complete");
    let moved = at.official.patch(&path, json!({"village_id": next, "moved_on": "2026-11-22"})).expect(200);
    assert_eq!(moved["village_id"], json!(next));
}
