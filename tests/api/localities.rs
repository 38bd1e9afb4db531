use serde_json::json;

use crate::support::{Catalogue, TestServer, World};

#[test]
fn a_code_names_another_place_in_another_era() {
    let world = World::on(TestServer::with(Catalogue::Whole));
    let official = world.province(world.gialai);
    let named =
        |day: &str| official.get(&format!("/localities?code=52&as_of={day}")).expect(200)["items"][0]["name"].clone();
    assert_eq!(named("2025-06-30"), "Bình Định");
    assert_eq!(named("2025-07-01"), "Gia Lai");
}

#[test]
fn names_are_found_without_diacritics_in_this_era_and_in_all() {
    let world = World::on(TestServer::with(Catalogue::Whole));
    let official = world.province(world.gialai);
    let now = official.get("/localities?q=kong chro".replace(' ', "%20").as_str()).expect(200);
    assert_eq!(now["items"].as_array().unwrap().len(), 1, "{now}");
    assert_eq!((&now["items"][0]["code"], &now["items"][0]["kind"]), (&json!("23824"), &json!("xa")));
    let ever = official.get("/localities?q=kong%20chro&as_of=all").expect(200);
    let mut found: Vec<_> = ever["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["code"].as_str().unwrap(), item["kind"].as_str().unwrap(), item["valid_to"].as_str()))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [("23824", "thi_tran", Some("2025-06-30")), ("23824", "xa", None), ("630", "huyen", Some("2025-06-30"))]
    );
}

#[test]
fn a_village_that_began_after_its_commune_ended_lies_in_the_successor_only() {
    let world = World::new();
    let yangtrung = ketnghia::places::loader::locality_id(2024, "23845");
    let official = world.commune(world.kongchro);
    let new = json!({"name": "Mới", "kind": "lang", "parent_id": yangtrung, "valid_from": "2025-08-01"});
    let made = official.post("/localities", new).expect(201);
    assert_eq!(made["path"][1]["name"], "Kông Chro");
    let history = official.get(&format!("/localities/{}/history", made["id"].as_str().unwrap())).expect(200);
    assert_eq!(history["versions"].as_array().unwrap().len(), 1);
    let old = official.get(&format!("/localities/{yangtrung}/history")).expect(200);
    assert_eq!((&old["successors"][0]["name"], &old["successors"][0]["certain"]), (&json!("Kông Chro"), &json!(true)));
    assert_eq!(official.get("/localities?q=%25%25").expect(200)["items"], json!([]), "signs alone find nothing");
}

#[test]
fn the_catalogue_is_whole_on_both_sides_of_the_day() {
    let world = World::on(TestServer::with(Catalogue::Whole));
    let official = world.province(world.gialai);
    let count = |level: &str, day: &str| {
        official.get(&format!("/localities?level={level}&as_of={day}&count=true&limit=1")).expect(200)["total"].clone()
    };
    let counted = |day: &str| ["province", "district", "commune"].map(|level| count(level, day));
    assert_eq!(counted("2025-06-30"), [63, 696, 10_035].map(|number| json!(number)));
    assert_eq!(counted("2025-07-01"), [34, 0, 3_321].map(|number| json!(number)));
    let renamed = official.get("/localities?code=75").expect(200);
    assert_eq!(renamed["items"][0]["kind"], "thanh_pho", "Đồng Nai since 2026-04-30");
}
