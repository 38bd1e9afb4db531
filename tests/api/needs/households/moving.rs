//! Status and village of a household, and warnings of duplicates.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{Giving, listed, organisation, twinning};
use crate::harness::{World, household, id_of};

#[test]
fn a_household_moves_away_and_becomes_active_again() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let id = world.household(&head, village, "Siu A");
    let path = format!("/households/{id}");
    let left = head.patch(&path, json!({"status": "moved_away"})).expect(200);
    assert_eq!((&left["status"], &left["status_since"]), (&json!("moved_away"), &json!(world.today())));
    let since = head.patch(&path, json!({"status_since": "2026-05-01"})).expect(200);
    assert_eq!(since["status_since"], "2026-05-01");
    head.patch(&path, json!({"status_since": null})).expect_invalid(&[("#/status_since", "required")]);
    head.patch(&path, json!({"status": "dissolved", "status_since": "2026-11-23"}))
        .expect_invalid(&[("#/status_since", "in_the_future")]);
    assert_eq!(head.get("/households?status=active").expect(200)["items"], json!([]));
    head.post("/hardship-lists", json!({"village_id": village, "year": 2026, "items": [crate::harness::item(id)]}))
        .expect_invalid(&[("#/items/0/household_id", "household_not_active")]);
    let back = head.patch(&path, json!({"status": "active"})).expect(200);
    assert_eq!((&back["status"], &back["status_since"]), (&json!("active"), &Value::Null));
    head.patch(&path, json!({"status_since": "2026-05-01"})).expect_invalid(&[("#/status_since", "invalid_value")]);
    head.patch(&path, json!({"status": "active", "status_since": "2026-05-01"}))
        .expect_invalid(&[("#/status_since", "invalid_value")]);
}

#[test]
fn a_commune_official_moves_a_household_between_villages_of_the_commune() {
    let stage = Giving::new();
    let world = &stage.world;
    let there = world.village(world.ianan, "Sơn");
    let other_unit = organisation(world, world.ianan, "Công ty");
    twinning(world, other_unit, there, None);
    let other_unit = world.unit(other_unit);
    let gift = json!({"twinning_id": stage.twinning, "village_id": stage.village, "household_id": stage.home,
        "category": "food", "description": "Gạo", "value_vnd": 1, "funding_source": "organisation_own", "given_on": world.today()});
    let gift = id_of(&stage.unit.post("/gifts", gift).expect(201));
    let path = format!("/households/{}", stage.home);
    let result = json!({"household_id": stage.home, "poverty_status": "near_poor"});
    stage.official.post("/household-assessments", result).expect(201);

    stage.head.patch(&path, json!({"village_id": there})).expect_invalid(&[("#/village_id", "not_found")]);
    stage.official.patch(&path, json!({"village_id": world.ianan})).expect_invalid(&[("#/village_id", "wrong_level")]);
    let abroad = world.village(world.kongchro, "Hle Hlang");
    stage.official.patch(&path, json!({"village_id": abroad})).expect_invalid(&[("#/village_id", "not_found")]);
    stage.official.patch(&path, json!({"village_id": null})).expect_invalid(&[("#/village_id", "required")]);
    let moved = stage.official.patch(&path, json!({"village_id": there, "address": "Xóm 1"})).expect(200);
    assert_eq!((&moved["id"], &moved["village_name"]), (&json!(stage.home), &json!("Sơn")));

    stage.head.get(&path).expect_problem(404, "not_found");
    let new_head = world.head(there);
    assert_eq!(
        new_head.get("/households?q=hyen").expect(200)["items"][0]["id"],
        json!(stage.home),
        "its search words are moved with it"
    );
    stage.unit.get(&path).expect_problem(404, "not_found");
    other_unit.get(&path).expect_problem(404, "not_found");
    let kept = stage.unit.get(&format!("/gifts/{gift}")).expect(200);
    assert_eq!((&kept["village_name"], &kept["household_head_name"]), (&json!("Tung"), &Value::Null));
    let item = stage.head.get(&format!("/hardship-items/{}", stage.item)).expect(200);
    assert_eq!((&item["village_name"], &item["household_head_name"]), (&json!("Tung"), &Value::Null));

    listed(world, there, stage.home, true);
    assert_eq!(
        other_unit.get(&path).expect(200)["village_name"],
        "Sơn",
        "visible after it is listed in its new village"
    );
    stage.official.patch(&path, json!({"village_id": stage.village})).expect(200);
    stage.unit.get(&path).expect(200);
    other_unit.get(&path).expect_problem(404, "not_found");
    let with_assessments = "households h JOIN household_assessments a ON a.household_id = h.id";
    assert_eq!(
        world.count(with_assessments, "a.scope_path = h.scope_path"),
        1,
        "its assessments have the new scope_path"
    );
}

#[test]
fn a_list_keeps_the_item_of_a_household_that_moved() {
    let stage = Giving::new();
    let world = &stage.world;
    let there = world.village(world.ianan, "Sơn");
    stage.unit.post(&format!("/hardship-items/{}/pledges", stage.item), json!({})).expect(201);
    let list = stage.head.get(&format!("/hardship-items/{}", stage.item)).expect(200)["list_id"].clone();
    let path = format!("/hardship-lists/{}", list.as_str().unwrap());
    stage.official.patch(&format!("/households/{}", stage.home), json!({"village_id": there})).expect(200);
    stage.official.post(&format!("{path}/reopen"), json!({"reason": "Bổ sung"})).expect(200);
    stage.head.patch(&path, json!({"items": []})).expect_problem(409, "item_in_use");
    let items = json!({"items": [crate::harness::item(stage.home), crate::harness::item(stage.unlisted)]});
    let changed = stage.head.patch(&path, items).expect(200);
    assert_eq!(changed["items"].as_array().unwrap().len(), 2);
    let fresh = json!({"village_id": stage.village, "year": 2025, "items": [crate::harness::item(stage.home)]});
    stage.official.post("/hardship-lists", fresh).expect_invalid(&[("#/items/0/household_id", "household_elsewhere")]);
}

#[test]
fn a_change_that_makes_a_likely_duplicate_returns_a_warning() {
    let world = World::new();
    let (tung, sơn) = (world.village(world.ianan, "Tung"), world.village(world.ianan, "Sơn"));
    let (head, official) = (world.head(tung), world.commune(world.ianan));
    let mut first = household(tung, "Siu Pyui");
    first["head_birth_year"] = json!(1970);
    let first = id_of(&head.post("/households", first).expect(201));
    let second = world.household(&head, tung, "Siu Pyuih");
    let path = format!("/households/{second}");
    let twin = json!([{"code": "possible_duplicate", "id": first}]);
    assert_eq!(head.patch(&path, json!({"head_name": "siu pyui"})).expect(200)["warnings"], json!([]));
    assert_eq!(head.patch(&path, json!({"head_birth_year": 1970})).expect(200)["warnings"], twin);
    assert_eq!(
        head.patch(&path, json!({"note": "x"})).expect(200)["warnings"],
        json!([]),
        "a change of another field gives no warning"
    );
    assert_eq!(head.get(&path).expect(200)["warnings"], json!([]));
    assert_eq!(official.patch(&path, json!({"village_id": sơn})).expect(200)["warnings"], json!([]));
    assert_eq!(official.patch(&path, json!({"village_id": tung})).expect(200)["warnings"], twin);
}

#[test]
fn a_shared_identity_number_is_reported_only_in_the_scope_of_the_caller() {
    let world = World::new();
    let (tung, sơn) = (world.village(world.ianan, "Tung"), world.village(world.ianan, "Sơn"));
    let (head, neighbour, official) = (world.head(tung), world.head(sơn), world.commune(world.ianan));
    let with_number = |village: Uuid, name: &str| {
        let mut new = household(village, name);
        new["identity_number"] = json!("062068001234");
        new
    };
    let first = id_of(&head.post("/households", with_number(tung, "Siu A")).expect(201));
    let told = json!([{"code": "same_identity_number", "id": first}]);
    assert_eq!(head.post("/households", with_number(tung, "Siu B")).expect(201)["warnings"], told);
    let hidden = neighbour.post("/households", with_number(sơn, "Siu C")).expect(201);
    assert_eq!(hidden["warnings"], json!([]), "no warning of a household out of scope");
    let path = format!("/households/{}", id_of(&hidden));
    let seen = official.patch(&path, json!({"identity_number": "062068001234"})).expect(200);
    assert_eq!(seen["warnings"].as_array().unwrap().len(), 2, "the commune has both others in scope");
    assert_eq!(official.patch(&path, json!({"identity_number": "062068009999"})).expect(200)["warnings"], json!([]));
}
