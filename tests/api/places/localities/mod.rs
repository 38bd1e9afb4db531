mod end;
mod flags;
mod names;
mod over_time;
mod versions;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::json;
use uuid::Uuid;

use crate::harness::giving::{as_system, organisation, twinning};
use crate::harness::{Catalogue, Client, TestServer, World, id_of};

#[test]
fn a_code_is_resolved_to_the_place_that_had_it_on_the_day() {
    let world = World::on(TestServer::with(Catalogue::Whole));
    let official = world.province(world.gialai);
    let named =
        |day: &str| official.get(&format!("/localities?code=52&as_of={day}")).expect(200)["items"][0]["name"].clone();
    assert_eq!(named("2025-06-30"), "Bình Định");
    assert_eq!(named("2025-07-01"), "Gia Lai");
}

#[test]
fn a_search_without_diacritics_finds_current_places_and_former_ones_with_as_of_all() {
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
fn a_village_created_after_the_end_of_its_commune_lies_in_the_successor_only() {
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
    assert_eq!(official.get("/localities?q=%25%25").expect(200)["items"], json!([]), "punctuation finds nothing");
}

#[test]
fn the_catalogue_is_complete_before_and_after_2025_07_01() {
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

fn without_twinning(client: &Client) -> Vec<Uuid> {
    let page = client.get("/localities?level=village&twinned=false").expect(200);
    page["items"].as_array().unwrap().iter().map(id_of).collect()
}

#[test]
fn twinned_false_lists_the_villages_without_an_active_twinning_at_every_level() {
    let world = World::new();
    let [active, ended, suspended, none] = ["An", "Bưng", "Chư", "Dơng"].map(|name| world.village(world.ianan, name));
    let in_twinned_commune = world.village(world.kongchro, "Hle Hlang");
    let office = organisation(&world, world.ianan, "Văn phòng");
    twinning(&world, office, active, None);
    twinning(&world, office, ended, Some("2026-11-21"));
    let twinning_id = twinning(&world, office, suspended, None);
    as_system(
        &world,
        &format!("UPDATE twinnings SET suspensions = '[{{\"starts_on\": \"2026-01-01\"}}]' WHERE id = '{twinning_id}'"),
    );
    twinning(&world, office, world.kongchro, None);

    assert_eq!(without_twinning(&world.commune(world.ianan)), [ended, suspended, none]);
    assert_eq!(without_twinning(&world.province(world.gialai)), [ended, suspended, none]);
    assert_eq!(without_twinning(&world.admin()), [ended, suspended, none]);
    assert!(without_twinning(&world.province(world.quangngai)).is_empty());
    assert!(without_twinning(&world.commune(world.kongchro)).is_empty());
    assert_eq!(without_twinning(&world.head(none)), [none]);
    assert!(without_twinning(&world.head(in_twinned_commune)).is_empty(), "its commune is twinned as a whole");
    assert!(without_twinning(&world.unit(office)).is_empty());
    let province = world.province(world.gialai);
    let twinned = |filter: &str| -> Vec<Uuid> {
        let page = province.get(&format!("/localities?twinned=true{filter}")).expect(200);
        page["items"].as_array().unwrap().iter().map(id_of).collect()
    };
    assert_eq!(twinned("&level=village"), [active, in_twinned_commune]);
    assert_eq!(
        twinned("&level=commune"),
        [world.kongchro],
        "a place of every level is twinned itself or through one above"
    );
    assert!(twinned("&level=province").is_empty());
    assert_eq!(twinned("&level=village&as_of=2026-11-21"), [active, ended, in_twinned_commune], "on the day of as_of");
    assert!(twinned("&level=commune&as_of=2023-12-31").is_empty(), "before any twinning");
    world.server.set_clock("2026-11-20T02:00:00Z");
    assert_eq!(
        without_twinning(&world.commune(world.ianan)),
        [suspended, none],
        "a twinning is active on its last day"
    );
}

#[test]
fn villages_of_a_twinned_district_count_as_twinned() {
    let server = TestServer::start();
    server.set_clock("2025-06-01T02:00:00Z");
    let world = World::on(server);
    let place = |code: &str| ketnghia::places::loader::locality_id(2024, code);
    let (village, other) = (world.village(place("23767"), "Ia Sao"), world.village(place("23845"), "Thôn 9"));
    let office = organisation(&world, place("23767"), "Sở Nội vụ");
    twinning(&world, office, place("628"), None);
    assert_eq!(without_twinning(&world.province(place("64"))), [other]);
    assert!(without_twinning(&world.user("iagrai", "district", Some(place("628")), None)).is_empty());
    assert!(without_twinning(&world.head(village)).is_empty());
}

/// Without statistics every list of places hit statement_timeout during the first minute.
#[test]
fn the_loader_leaves_planner_statistics_for_the_tables_of_places() {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = BigInt)]
        tables: i64,
    }
    let known: Known = diesel::sql_query(
        "SELECT count(*) AS tables FROM pg_class WHERE reltuples > 0
            AND relname IN ('localities', 'locality_versions', 'locality_successions', 'locality_words')",
    )
    .get_result(&mut World::new().server.sql())
    .unwrap();
    assert_eq!(known.tables, 4);
}
