//! A record that was merged into another one is answered with the survivor; and one identity number of two households.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::Giving;
use crate::harness::{Client, World, household, id_of, item};

/// A household of làng Tung that was merged into the listed one, and the request that created it.
fn merged() -> (Giving, Uuid, Value) {
    let giving = Giving::new();
    let gone = Uuid::now_v7();
    let mut request = household(giving.village, "Rơ Mah Hyen");
    request["id"] = json!(gone);
    giving.head.post("/households", request.clone()).expect(201);
    giving.official.post(&format!("/households/{gone}/merge"), json!({"into": giving.home})).expect(200);
    (giving, gone, request)
}

/// Case 44: GET of the merged record, a gift for it, and its creation again name the survivor; a stranger reads the answer of an
/// unknown id.
#[test]
fn the_id_of_a_merged_household_is_answered_with_the_survivor() {
    let (giving, gone, request) = merged();
    let path = format!("/households/{gone}");
    for reader in [&giving.head, &giving.official, &giving.unit, &giving.world.admin()] {
        assert_eq!(reader.get(&path).expect_problem(404, "not_found")["merged_into"], json!(giving.home));
    }
    for way in ["history", "reveal", "merge"] {
        let answer = match way {
            "history" => giving.head.get(&format!("{path}/history")),
            "reveal" => giving.head.step(&format!("{path}/reveal")),
            _ => giving.head.post(&format!("{path}/merge"), json!({"into": giving.unlisted})),
        };
        assert_eq!(answer.expect_problem(404, "not_found")["merged_into"], json!(giving.home), "{way}");
    }
    let any = giving.head.with("If-Match", "*");
    for (method, body) in [("PATCH", Some(json!({"note": "x"}).to_string())), ("DELETE", None)] {
        let answer = any.send(method, &path, body);
        assert_eq!(answer.expect_problem(404, "not_found")["merged_into"], json!(giving.home), "{method}");
    }
    let again = giving.head.post("/households", request).expect_problem(409, "deleted");
    assert_eq!(again["merged_into"], json!(giving.home));

    for stranger in [
        giving.world.commune(giving.world.kongchro),
        giving.world.head(giving.world.village(giving.world.ianan, "Nú")),
        giving.world.unit(giving.world.organisation(giving.world.ianan, "Phòng")),
    ] {
        let told = |id: Uuid| {
            let mut told = stranger.get(&format!("/households/{id}")).expect_problem(404, "not_found");
            told.as_object_mut().unwrap().retain(|field, _| field != "instance" && field != "request_id");
            told
        };
        assert_eq!(told(gone), told(Uuid::now_v7()));
        assert!(told(gone).get("merged_into").is_none());
    }
}

#[test]
fn a_body_that_names_a_merged_household_is_refused_with_the_survivor() {
    let (giving, gone, _) = merged();
    let survivor = json!(giving.home);
    let told = |client: &Client, path: &str, body: Value, pointer: &str| {
        let answer = client.post(path, body);
        answer.expect_invalid(&[(pointer, "not_found")]);
        let body = answer.expect(422);
        assert_eq!((&body["errors"][0]["merged_into"], &body["merged_into"]), (&survivor, &survivor), "{pointer}");
    };
    let gift = |more: Value| {
        let mut gift = json!({"twinning_id": giving.twinning, "village_id": giving.village, "category": "food", "description": "Gạo",
            "value_vnd": 300_000, "funding_source": "organisation_own", "given_on": "2026-11-20"});
        for (field, value) in more.as_object().unwrap() {
            gift[field] = value.clone();
        }
        gift
    };
    told(&giving.unit, "/gifts", gift(json!({"household_id": gone})), "#/household_id");
    told(&giving.unit, "/gifts", gift(json!({"recipients": [giving.home, gone]})), "#/recipients/1");
    let visit = json!({"twinning_id": giving.twinning, "village_id": giving.village, "visited_on": "2026-11-20", "purpose": "holiday",
        "household_ids": [gone]});
    told(&giving.unit, "/visits", visit, "#/household_ids/0");
    let list = json!({"village_id": giving.village, "year": 2026, "round": 7, "items": [item(gone)]});
    told(&giving.head, "/hardship-lists", list, "#/items/0/household_id");
    let consent = json!({"household_id": gone, "given_by": "A", "given_on": "2026-11-20", "proof": "signature"});
    told(&giving.head, "/household-consents", consent, "#/household_id");
    told(&giving.head, &format!("/households/{}/merge", giving.unlisted), json!({"into": gone}), "#/into");
    let unknown = giving.unit.post("/gifts", gift(json!({"household_id": Uuid::now_v7()}))).expect(422);
    assert!(unknown.get("merged_into").is_none() && unknown["errors"][0].get("merged_into").is_none());
}

#[test]
fn a_merge_of_the_survivor_leads_to_the_last_one() {
    let (giving, gone, _) = merged();
    let last = id_of(&giving.head.post("/households", household(giving.village, "Rơ Mah Hyen")).expect(201));
    giving.official.post(&format!("/households/{}/merge", giving.home), json!({"into": last})).expect(200);
    for id in [gone, giving.home] {
        let told = giving.head.get(&format!("/households/{id}")).expect_problem(404, "not_found");
        assert_eq!(told["merged_into"], json!(last));
    }
}

/// Case 45: one identity number in two communes is shown to the province, which sees both, and to neither commune.
#[test]
fn equal_identity_numbers_of_two_communes_are_shown_above_both() {
    let world = World::new();
    let register = |commune: Uuid, name: &str| {
        let village = world.village(commune, name);
        let mut new = household(village, name);
        new["identity_number"] = json!("062068001234");
        id_of(&world.head(village).post("/households", new).expect(201))
    };
    let (one, other) = (register(world.ianan, "Siu Cách"), register(world.kongchro, "Đinh Yuih"));
    register_plain(&world);
    let warnings = |reader: &Client, id: Uuid| reader.get(&format!("/households/{id}")).expect(200)["warnings"].clone();
    let duplicates =
        |reader: &Client| reader.get("/households?possible_duplicate=true&count=true").expect(200)["total"].clone();
    let (ianan, province) = (world.commune(world.ianan), world.province(world.gialai));
    assert_eq!(warnings(&ianan, one), json!([]));
    assert_eq!(duplicates(&ianan), 0);
    assert_eq!(warnings(&province, one), json!([{"code": "same_identity_number", "id": other}]));
    assert_eq!(warnings(&province, other), json!([{"code": "same_identity_number", "id": one}]));
    assert_eq!(duplicates(&province), 2);
    let listed = province.get("/households?possible_duplicate=true&sort=created_at").expect(200);
    assert_eq!(listed["items"][0]["warnings"][0]["id"], json!(other), "also in a list");
    assert_eq!(province.get("/households?possible_duplicate=false&count=true").expect(200)["total"], 1);
    // An administrator reads no numbers.
    assert_eq!((warnings(&world.admin(), one), duplicates(&world.admin())), (json!([]), json!(0)));
}

fn register_plain(world: &World) {
    let village = world.village(world.ianan, "Nú");
    world.head(village).post("/households", household(village, "Rah Lan")).expect(201);
}
