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
