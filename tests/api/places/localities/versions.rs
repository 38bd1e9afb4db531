//! Versions of villages: other names and communes at other times.

use ketnghia::places::loader::locality_id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{organisation, twinning};
use crate::harness::insight::rows;
use crate::harness::{Answer, Client, World, id_of};

/// Sends a PATCH of a part, which has no GET of its own.
fn patch(client: &Client, path: &str, body: Value) -> Answer {
    client.with("If-Match", "*").send("PATCH", path, Some(body.to_string()))
}

fn path(village: Uuid) -> String {
    format!("/localities/{village}/versions")
}

fn versions(client: &Client, village: Uuid) -> Vec<Value> {
    let history = client.get(&format!("/localities/{village}/history")).expect(200);
    history["versions"].as_array().unwrap().clone()
}

/// First day, last day and name of each version.
fn names(client: &Client, village: Uuid) -> Vec<(Value, Value, Value)> {
    let row = |version: &Value| (version["valid_from"].clone(), version["valid_to"].clone(), version["name"].clone());
    versions(client, village).iter().map(row).collect()
}

fn named(first: Option<&str>, last: Option<&str>, name: &str) -> (Value, Value, Value) {
    (json!(first), json!(last), json!(name))
}

/// Case 34: renamed from 2026-03-01.
#[test]
fn a_renamed_village_has_each_name_in_its_time_and_is_found_by_both() {
    let world = World::new();
    let (official, village) = (world.commune(world.ianan), world.village(world.ianan, "Klă"));
    let answer = official.post(
        &path(village),
        json!({"valid_from": "2026-03-01", "name": "làng Tung Breng", "legal_basis": "12/NQ-HĐND"}),
    );
    let made = answer.expect(201);
    assert_eq!(
        (&made["name"], &made["kind"], &made["legal_basis"]),
        (&json!("Tung Breng"), &json!("lang"), &json!("12/NQ-HĐND"))
    );
    assert_eq!(made["parent_id"], json!(world.ianan), "what is not sent continues");
    assert_eq!(answer.header("location"), format!("/api/v1{}/{}", path(village), id_of(&made)));
    assert_eq!(
        names(&official, village),
        [named(None, Some("2026-02-28"), "Klă"), named(Some("2026-03-01"), None, "Tung Breng")]
    );
    assert_eq!(official.get(&format!("/localities/{village}")).expect(200)["name"], "Tung Breng");
    let on = |day: &str| {
        let page = official.get(&format!("/localities?level=village&as_of={day}")).expect(200);
        page["items"][0]["name"].clone()
    };
    assert_eq!((on("2026-02-28"), on("2026-03-01")), (json!("Klă"), json!("Tung Breng")));
    for q in ["kla", "tung%20breng"] {
        let found = official.get(&format!("/localities?level=village&q={q}")).expect(200);
        assert_eq!(found["items"][0]["id"], json!(village), "{q}");
    }
    let aggregate = |day: &str| {
        world.households(village, 1, "poor", 2025);
        let answer = official.get(&format!("/aggregates/poverty?group_by=village&as_of={day}")).expect(200);
        rows(&answer)[0]["key"]["village"]["name"].clone()
    };
    assert_eq!((aggregate("2026-02-28"), aggregate("2026-03-01")), (json!("Klă"), json!("Tung Breng")));
}

/// Case 33: a village typed under Đăk Kôi (23485) gets the commune in which it lay before 2025-07-01.
#[test]
fn a_village_gets_the_commune_of_earlier_years_and_is_counted_in_its_former_district() {
    let world = World::new();
    let (dakkoi, former) = (locality_id(2025, "23485"), locality_id(2024, "23482"));
    let konray = locality_id(2024, "614");
    let village = world.village(dakkoi, "Kon Dơ Xing");
    let (official, province) = (world.commune(dakkoi), world.province(world.quangngai));
    let unit = organisation(&world, dakkoi, "Huyện ủy");
    world.gifts(twinning(&world, unit, village, None), village, 3, "2025-05-20");
    let before = versions(&official, village);
    assert_eq!((&before[0]["valid_to"], before.len()), (&json!("2025-06-30"), 2));
    let counted = |group: &str| {
        let asked = format!(
            "/aggregates/support?from=2025-01-01&to=2025-12-31&as_of=2025-06-30&within={konray}&group_by={group}"
        );
        let answer = province.get(&asked).expect(200);
        (
            answer["totals"]["gifts"].clone(),
            rows(&answer).iter().map(|row| row["key"][group]["id"].clone()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(counted("commune"), (json!(0), vec![]), "two communes became one: the former one is not certain");
    let first = format!("{}/{}", path(village), id_of(&before[0]));
    let change = |parent: Uuid| {
        official.with("If-Match", "*").send("PATCH", &first, Some(json!({"parent_id": parent}).to_string()))
    };
    let yangtrung = locality_id(2024, "23845");
    change(yangtrung).expect_invalid(&[("#/parent_id", "not_predecessor")]);
    change(dakkoi).expect_invalid(&[("#/parent_id", "ended")]);
    change(konray).expect_invalid(&[("#/parent_id", "wrong_level")]);
    change(Uuid::now_v7()).expect_invalid(&[("#/parent_id", "not_found")]);
    let changed = change(former).expect(200);
    assert_eq!(changed["path"][1]["id"], json!(konray));
    assert_eq!(counted("commune"), (json!(3), vec![json!(former)]));
    assert_eq!(counted("district"), (json!(3), vec![json!(konray)]));
    // Another commune of the former province, of which the present commune is no successor.
    change(locality_id(2024, "23473")).expect(200);
    let today = official.get(&format!("/localities/{village}")).expect(200);
    assert_eq!(today["parent_id"], json!(dakkoi), "today is not changed");
}

#[test]
fn a_village_that_moves_takes_its_records_along_from_that_day_on() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let home = world.household(&world.commune(world.ianan), village, "Rơ Châm");
    let move_to = json!({"valid_from": "2026-06-01", "parent_id": world.kongchro});
    let (ianan, kongchro, province) =
        (world.commune(world.ianan), world.commune(world.kongchro), world.province(world.gialai));
    ianan.post(&path(village), move_to.clone()).expect_invalid(&[("#/parent_id", "not_found")]);
    kongchro.post(&path(village), move_to.clone()).expect_problem(404, "not_found");
    province.post(&path(village), move_to).expect(201);
    let sees = |caller: &Client| caller.get(&format!("/households/{home}")).status;
    assert_eq!((sees(&ianan), sees(&kongchro)), (404, 200));
    let of_day = |day: &str| {
        let answer = province.get(&format!("/aggregates/poverty?group_by=commune&as_of={day}")).expect(200);
        rows(&answer)[0]["key"]["commune"]["id"].clone()
    };
    assert_eq!((of_day("2026-05-31"), of_day("2026-06-01")), (json!(world.ianan), json!(world.kongchro)));
    // Deleting the version joins its time to the one before: the village is back.
    let last = versions(&province, village).pop().unwrap();
    let gone = format!("{}/{}", path(village), id_of(&last));
    province.with("If-Match", "\"1\"").send("DELETE", &gone, None).expect(204);
    assert_eq!((sees(&ianan), sees(&kongchro)), (200, 404));
    assert_eq!(versions(&province, village).last().unwrap()["valid_to"], Value::Null);
}

#[test]
fn versions_follow_each_other_without_gaps() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let new = json!({"name": "Tung", "kind": "lang", "parent_id": world.ianan, "valid_from": "2024-05-01"});
    let village = id_of(&official.post("/localities", new).expect(201));
    let add = |day: &str, name: &str| official.post(&path(village), json!({"valid_from": day, "name": name}));
    add("2026-03-01", "Tung Ba").expect(201);
    add("2025-03-01", "Tung Hai").expect(201);
    let oldest = add("2020-03-01", "Tung Cũ").expect(201);
    add("2025-03-01", "Khác").expect_problem(409, "version_exists");
    add("2026-11-23", "Mai").expect_invalid(&[("#/valid_from", "in_the_future")]);
    assert_eq!(
        names(&official, village),
        [
            named(Some("2020-03-01"), Some("2024-04-30"), "Tung Cũ"),
            named(Some("2024-05-01"), Some("2025-02-28"), "Tung"),
            named(Some("2025-03-01"), Some("2026-02-28"), "Tung Hai"),
            named(Some("2026-03-01"), None, "Tung Ba"),
        ]
    );
    let read = || official.get(&format!("/localities/{village}")).expect(200);
    assert_eq!((&read()["valid_from"], &read()["name"]), (&json!("2020-03-01"), &json!("Tung Ba")));
    let delete = |index: usize| {
        let version = versions(&official, village)[index].clone();
        official.with("If-Match", "*").send("DELETE", &format!("{}/{}", path(village), id_of(&version)), None)
    };
    delete(2).expect(204);
    let unit = organisation(&world, world.ianan, "Văn phòng");
    let tie = twinning(&world, unit, village, None);
    world.gifts(tie, village, 2, "2024-04-30");
    let held = delete(0).expect_problem(409, "in_use");
    assert_eq!(held["counts"], json!({"gifts": 2, "twinnings": 1}), "it has records before its next version");
    assert_eq!(
        names(&official, village),
        [
            named(Some("2020-03-01"), Some("2024-04-30"), "Tung Cũ"),
            named(Some("2024-05-01"), Some("2026-02-28"), "Tung"),
            named(Some("2026-03-01"), None, "Tung Ba"),
        ]
    );
    let corrected = patch(&official, &format!("{}/{}", path(village), id_of(&oldest)), json!({"name": "Tung Xưa"}));
    assert_eq!(corrected.expect(200)["name"], "Tung Xưa");
    assert_eq!(read()["name"], "Tung Ba", "the present name is another version's");
    let now = read()["version"].clone();
    let latest = versions(&official, village).pop().unwrap();
    patch(&official, &format!("{}/{}", path(village), id_of(&latest)), json!({"name": "Tung Bốn"})).expect(200);
    assert_eq!((&read()["name"], &read()["version"]), (&json!("Tung Bốn"), &json!(now.as_i64().unwrap() + 1)));
}

#[test]
fn the_first_version_is_deleted_where_no_record_is_earlier_and_the_only_one_never() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let new = json!({"name": "Tung", "kind": "lang", "parent_id": world.ianan, "valid_from": "2024-05-01"});
    let village = id_of(&official.post("/localities", new).expect(201));
    official.post(&path(village), json!({"valid_from": "2022-01-01"})).expect(201);
    let first = |client: &Client| format!("{}/{}", path(village), id_of(&versions(client, village)[0]));
    official.with("If-Match", "*").send("DELETE", &first(&official), None).expect(204);
    assert_eq!(official.get(&format!("/localities/{village}")).expect(200)["valid_from"], "2024-05-01");
    official.with("If-Match", "*").send("DELETE", &first(&official), None).expect_problem(409, "version_needed");
    // The version before lay in a commune that has ended.
    let village = world.village(locality_id(2025, "23485"), "Kon Dơ Xing");
    let official = world.commune(locality_id(2025, "23485"));
    let last = format!("{}/{}", path(village), id_of(&versions(&official, village)[1]));
    official.with("If-Match", "*").send("DELETE", &last, None).expect_problem(409, "version_needed");
}

#[test]
fn provinces_districts_and_communes_get_no_versions() {
    let world = World::new();
    let new = json!({"valid_from": "2026-03-01", "name": "Khác"});
    world.province(world.gialai).post(&path(world.ianan), new.clone()).expect_problem(403, "forbidden");
    world.commune(world.kongchro).post(&path(world.ianan), new).expect_problem(404, "not_found");
}

#[test]
fn a_repeated_version_is_replayed() {
    let world = World::new();
    let (official, village) = (world.commune(world.ianan), world.village(world.ianan, "Tung"));
    let new = json!({"id": Uuid::now_v7(), "valid_from": "2026-03-01", "name": "Tung Breng"});
    let made = official.post(&path(village), new.clone()).expect(201);
    let again = official.post(&path(village), new.clone());
    assert_eq!((again.expect(200), again.header("idempotent-replayed")), (made, "true"));
    let other = world.village(world.ianan, "Nú");
    official.post(&path(other), new).expect_problem(409, "id_conflict");
}
