//! Lists of unhelped items at every level.

use serde_json::json;
use uuid::Uuid;

use crate::harness::giving::{Giving, as_system, household, listed};
use crate::harness::{Client, TestServer, World};

fn found(client: &Client, query: &str) -> Vec<Uuid> {
    let page = client.get(&format!("/hardship-items?{query}")).expect(200);
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn unhelped_items_are_listed_oldest_first_in_the_scope_of_every_level() {
    let stage = Giving::new();
    let world = &stage.world;
    let neighbour = world.village(world.ianan, "Sơn");
    let far = world.village(world.kongchro, "Hle Hlang");
    let listed_before = |village: Uuid, days: i64| {
        let item = listed(world, village, household(world, village, "Siu"), true);
        as_system(
            world,
            &format!("UPDATE hardship_items SET created_at = created_at - interval '{days} days' WHERE id = '{item}'"),
        );
        item
    };
    let (old, young) = (listed_before(stage.village, 90), listed_before(stage.village, 10));
    let (next_door, elsewhere) = (listed_before(neighbour, 60), listed_before(far, 120));
    let pledged = listed_before(stage.village, 100);
    stage.unit.post(&format!("/hardship-items/{pledged}/pledges"), json!({})).expect(201);
    let draft = listed(world, stage.village, household(world, stage.village, "Siu"), false);

    let query = "status=open&unhelped_days=30";
    assert_eq!(found(&stage.head, query), [old]);
    assert_eq!(found(&stage.unit, query), [old]);
    assert_eq!(found(&stage.official, query), [old, next_door]);
    assert_eq!(found(&world.commune(world.kongchro), query), [elsewhere]);
    let province = world.province(world.gialai);
    assert_eq!(found(&province, query), [elsewhere, old, next_door]);
    assert_eq!(found(&world.admin(), query), [elsewhere, old, next_door]);
    assert!(found(&world.province(world.quangngai), query).is_empty());

    assert_eq!(found(&province, &format!("{query}&village_id={neighbour}")), [next_door]);
    assert_eq!(
        found(&province, "unhelped_days=30"),
        [elsewhere, pledged, old, next_door],
        "a pledged item is not helped yet"
    );
    assert!(
        !found(&province, "unhelped_days=0").contains(&draft) && found(&province, "unhelped_days=0").contains(&young)
    );
    let page = province.get(&format!("/hardship-items?{query}")).expect(200);
    let names =
        |index: usize| (page["items"][index]["village_name"].clone(), page["items"][index]["commune_name"].clone());
    assert_eq!(names(0), (json!("Hle Hlang"), json!("Kông Chro")));
    assert_eq!(names(1), (json!("Tung"), json!("Ia Nan")));
}

#[test]
fn a_district_official_lists_unhelped_items_of_that_district_only() {
    let server = TestServer::start();
    server.set_clock("2025-06-01T02:00:00Z");
    let world = World::on(server);
    let place = |code: &str| ketnghia::places::loader::locality_id(2024, code);
    let village = world.village(place("23767"), "Ia Sao");
    let item = listed(&world, village, household(&world, village, "Siu"), true);
    let district = world.user("iagrai", "district", Some(place("628")), None);
    assert_eq!(found(&district, "status=open&unhelped_days=0"), [item]);
    let next = world.user("kongchro", "district", Some(place("630")), None);
    assert!(found(&next, "status=open&unhelped_days=0").is_empty());
}
