mod history;
mod members;
mod merge;
mod merged;
mod moving;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{World, household, id_of};

#[test]
fn a_village_head_registers_a_household_and_finds_it_again() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let made = head
        .post(
            "/households",
            json!({"village_id": village, "head_name": "Rơ Mah H'Blơi", "head_sex": "female", "head_birth_year": 1968,
                   "ethnic_group": "10", "poverty_status": "poor", "deprivations": ["I07", "I10"],
                   "poverty_causes": ["no_labour"], "hardship_reasons": ["temporary_house"],
                   "members": [{"name": "Rơ Mah Y Blơi", "birth_year": 2013, "relation": "con", "student": true}],
                   "phone": "0905 123 456", "identity_number": "062068001234", "address": "Xóm 2"}),
        )
        .expect(201);
    assert_eq!(made["special_hardship"], true);
    assert_eq!((&made["proposed_assessment"]["poverty_status"], &made["warnings"]), (&json!("poor"), &json!([])));
    assert_eq!(made["identity_number_last4"], "1234");
    assert_eq!(made["phone"], "0905 123 456");
    assert_eq!(made["members"][0]["student"], true);
    assert!(made.get("identity_number").is_none(), "the full number is returned by reveal only");
    let found = head.get("/households?q=h%20blo").expect(200);
    assert_eq!(found["items"][0]["id"], made["id"], "words are found by prefix, without diacritics");
    assert_eq!(head.get("/households?q=blo%20xyz").expect(200)["items"], json!([]));
    assert_eq!(head.get(&format!("/households/{}", id_of(&made))).expect(200)["village_name"], "Tung");
}

#[test]
fn a_village_head_cannot_see_or_create_households_of_another_village() {
    let world = World::new();
    let (tung, sơn) = (world.village(world.ianan, "Tung"), world.village(world.ianan, "Sơn"));
    let (head, neighbour) = (world.head(tung), world.head(sơn));
    let home = world.household(&head, tung, "Siu Pyui");
    neighbour.get(&format!("/households/{home}")).expect_problem(404, "not_found");
    assert_eq!(neighbour.get("/households").expect(200)["items"], json!([]));
    assert_eq!(neighbour.get(&format!("/households?village_id={tung}")).expect(200)["items"], json!([]));
    neighbour.post("/households", household(tung, "Rmah Hlơ")).expect_invalid(&[("#/village_id", "not_found")]);
    neighbour
        .post("/households", household(Uuid::now_v7(), "Rmah Hlơ"))
        .expect_invalid(&[("#/village_id", "not_found")]);
    world
        .commune(world.kongchro)
        .post("/households", household(tung, "X"))
        .expect_invalid(&[("#/village_id", "not_found")]);
    let official = world.commune(world.ianan);
    assert_eq!(official.get("/households").expect(200)["items"].as_array().unwrap().len(), 1);
    official.post("/households", household(world.ianan, "X")).expect_invalid(&[("#/village_id", "wrong_level")]);
}

#[test]
fn identity_numbers_are_revealed_by_permission_and_every_reveal_is_audited() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let mut body = household(village, "Siu Pyui");
    body["identity_number"] = json!("062068001234");
    body["phone"] = json!("0905123456");
    let id = id_of(&head.post("/households", body).expect(201));
    for allowed in [&head, &world.commune(world.ianan), &world.province(world.gialai)] {
        let secrets = allowed.step(&format!("/households/{id}/reveal")).expect(200);
        assert_eq!(
            secrets,
            json!({"identity_number": "062068001234", "phone": "0905123456", "members": [], "unreadable": []})
        );
    }
    let admin = world.admin();
    admin.step(&format!("/households/{id}/reveal")).expect_problem(403, "forbidden");
    let seen = admin.get(&format!("/households/{id}")).expect(200);
    assert_eq!((&seen["phone"], &seen["identity_number_last4"]), (&Value::Null, &Value::Null));
    assert_eq!(world.count("audit_events", &format!("record_id = '{id}' AND action = 'read'")), 3);
    world.commune(world.kongchro).step(&format!("/households/{id}/reveal")).expect_problem(404, "not_found");
    let clear = world.count("household_private", "encode(identity_number, 'escape') LIKE '%062068001234%'");
    assert_eq!(clear, 0, "sealed in the database");
    assert_eq!(
        world.count("audit_events", "new_values::text LIKE '%Siu Pyui%' OR new_values::text LIKE '%0905123456%'"),
        0
    );
}

#[test]
fn a_patch_keeps_absent_fields_clears_null_ones_and_replaces_arrays() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let mut body = household(village, "Siu Pyui");
    body["note"] = json!("bên suối");
    body["phone"] = json!("0905123456");
    body["members"] = json!([{"name": "Siu A"}, {"name": "Siu B"}]);
    let made = head.post("/households", body).expect(201);
    let path = format!("/households/{}", id_of(&made));
    let kept = made["members"][0]["id"].clone();
    let changes =
        json!({"note": null, "head_birth_year": 1970, "members": [{"id": kept, "name": "Siu A'"}, {"name": "Siu C"}]});
    let changed = head.patch(&path, changes).expect(200);
    assert_eq!((&changed["note"], &changed["phone"]), (&Value::Null, &json!("0905123456")));
    assert_eq!(changed["members"].as_array().unwrap().len(), 2);
    assert_eq!((&changed["members"][0]["id"], &changed["members"][0]["name"]), (&kept, &json!("Siu A'")));
    assert!(changed["version"].as_i64() > made["version"].as_i64());
    let before = changed["version"].as_i64();
    let phone_gone = head.patch(&path, json!({"phone": null})).expect(200);
    assert_eq!(phone_gone["phone"], Value::Null);
    assert!(phone_gone["version"].as_i64() > before, "a change of a sealed field raises the version");
    head.patch(&path, json!({"head_name": null})).expect_invalid(&[("#/head_name", "required")]);
    head.patch(&path, json!({"special_hardship": true})).expect_invalid(&[("#/special_hardship", "unknown_field")]);
    head.patch(&path, json!({"ethnic_group": "55"})).expect_invalid(&[("#/ethnic_group", "invalid_value")]);
}

#[test]
fn a_likely_duplicate_is_created_with_a_warning() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let first = world.household(&head, village, "Siu Pyui");
    let second = head.post("/households", household(village, "SIU PYÚI")).expect(201);
    assert_eq!(second["warnings"], json!([{"code": "possible_duplicate", "id": first}]));
    let twins = head.get("/households?possible_duplicate=true&count=true").expect(200);
    assert_eq!(twins["total"], 2);
    let other_village = world.village(world.ianan, "Sơn");
    let elsewhere = world.head(other_village).post("/households", household(other_village, "Siu Pyui")).expect(201);
    assert_eq!(elsewhere["warnings"], json!([]));
}

#[test]
fn a_name_with_an_apostrophe_is_found_with_and_without_it() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let home = world.household(&head, village, "Rơ Mah H'Blơi");
    let typographic = world.household(&head, village, "Rơ Mah H’Blen");
    let found = |q: &str| -> Vec<Uuid> {
        let page = head.get(&format!("/households?q={q}")).expect(200);
        page["items"].as_array().unwrap().iter().map(id_of).collect()
    };
    for q in ["hblo", "HBL%C6%A0I", "h'blo", "h%20blo", "blo%20ro"] {
        assert_eq!(found(q), [home], "{q}");
    }
    assert_eq!(found("hbl").len(), 2);
    assert_eq!(found("hble"), [typographic]);
    head.patch(&format!("/households/{home}"), json!({"head_name": "Rơ Mah Y'Blơi"})).expect(200);
    assert_eq!((found("hblo"), found("yblo")), (vec![], vec![home]), "the search words are updated with the name");
    let village = world.village(world.ianan, "Ea H'Leo");
    let places = world.commune(world.ianan).get("/localities?q=hleo&level=village").expect(200);
    assert_eq!(places["items"][0]["id"], json!(village));
}

#[test]
fn a_search_over_100_characters_is_refused() {
    let world = World::new();
    let official = world.commune(world.ianan);
    for path in ["/households", "/localities", "/organisations", "/programmes", "/users"] {
        official.get(&format!("{path}?q={}", "%C6%A1".repeat(100))).expect(200);
        official.get(&format!("{path}?q={}", "a".repeat(101))).expect_invalid(&[("?q", "length")]);
    }
}

#[test]
fn pages_are_in_vietnamese_order_without_gaps_or_duplicates() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let names = ["Đinh Ế", "Đinh É", "Ân", "An", "Ấn", "Bơi", "Dũng", "Đào", "Duy"];
    for name in names {
        world.household(&head, village, name);
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = head.get(&format!("/households?limit=2{cursor}")).expect(200);
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|home| home["head_name"].as_str().unwrap().to_owned()),
        );
        if seen.len() == 4 {
            world.household(&head, village, "Aa");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["An", "Ân", "Ấn", "Bơi", "Dũng", "Duy", "Đào", "Đinh É", "Đinh Ế"]);
    let backwards = head.get("/households?sort=-head_name&limit=1").expect(200);
    assert_eq!(backwards["items"][0]["head_name"], "Đinh Ế");
    let cursor = backwards["next_cursor"].as_str().unwrap().to_owned();
    head.get(&format!("/households?cursor={cursor}")).expect_problem(400, "cursor_invalid");
    head.get("/households?sort=identity_number").expect_invalid(&[("?sort", "invalid_value")]);
}

#[test]
fn a_household_on_a_list_cannot_be_deleted() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let (listed, free) = (world.household(&head, village, "Siu A"), world.household(&head, village, "Siu B"));
    world.draft(&head, village, &[listed]);
    head.delete(&format!("/households/{listed}")).expect_problem(409, "in_use");
    head.delete(&format!("/households/{free}")).expect(204);
    head.get(&format!("/households/{free}")).expect_problem(404, "not_found");
    assert_eq!(world.count("deleted_records", &format!("id = '{free}'")), 1);
}

#[test]
fn blank_and_invisible_names_and_future_birth_years_are_refused() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    for name in ["   ", "\u{feff}", "\u{200b}", "\u{202e}abc", "a\u{7}b"] {
        head.post("/households", household(village, name)).expect_invalid(&[("#/head_name", "invalid_value")]);
    }
    let mut unborn = household(village, "Siu A");
    unborn["head_birth_year"] = json!(2030);
    head.post("/households", unborn).expect_invalid(&[("#/head_birth_year", "in_the_future")]);
}
