//! Dated flags of villages, communes and districts.

use ketnghia::places::loader::locality_id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Client, TestServer, World, id_of};

/// Sends a PATCH of a part, which has no GET of its own.
fn patch(client: &Client, path: &str, body: Value) -> Answer {
    client.with("If-Match", "*").send("PATCH", path, Some(body.to_string()))
}

fn path(place: Uuid) -> String {
    format!("/localities/{place}/flags")
}

fn shown(client: &Client, place: Uuid) -> Value {
    client.get(&format!("/localities/{place}")).expect(200)["flags"].clone()
}

#[test]
fn a_village_shows_the_flags_of_the_day_with_their_decisions_in_the_list() {
    let world = World::new();
    let (official, village) = (world.commune(world.ianan), world.village(world.ianan, "Tung"));
    assert_eq!(shown(&official, village), json!([]));
    let first = official.get(&format!("/localities/{village}")).expect(200)["version"].clone();
    let decided = json!({"flag": "extremely_difficult", "from_on": "2021-06-04", "to_on": "2025-12-31",
        "decision_number": "861/QĐ-TTg", "decision_date": "2021-06-04"});
    let answer = official.post(&path(village), decided.clone());
    let made = answer.expect(201);
    for (field, value) in decided.as_object().unwrap() {
        assert_eq!(&made[field], value);
    }
    assert_eq!(made["locality_id"], json!(village));
    assert_eq!(answer.header("location"), format!("/api/v1{}/{}", path(village), id_of(&made)));
    let undecided = official.post(&path(village), json!({"flag": "border"})).expect(201);
    for empty in ["from_on", "to_on", "decision_number", "decision_date"] {
        assert_eq!(undecided.get(empty), Some(&Value::Null), "{empty}");
    }
    assert_eq!(shown(&official, village), json!(["border"]), "the other ended in 2025");
    assert_ne!(
        official.get(&format!("/localities/{village}")).expect(200)["version"],
        first,
        "flags are part of a place"
    );
    let page = official.get(&path(village)).expect(200);
    assert_eq!(page["items"], json!([made, undecided]));
    let on = |day: &str, flag: &str| {
        let page = official.get(&format!("/localities?level=village&flag={flag}&as_of={day}")).expect(200);
        page["items"].as_array().unwrap().iter().map(|item| item["flags"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(on("2025-12-31", "extremely_difficult"), [json!(["border", "extremely_difficult"])]);
    assert_eq!(on("2026-01-01", "extremely_difficult"), [] as [Value; 0]);
    assert_eq!(on("2021-06-03", "extremely_difficult"), [] as [Value; 0]);
    assert_eq!(on("2026-01-01", "upland&flag=border"), [json!(["border"])]);
}

#[test]
fn a_flag_is_changed_and_deleted_with_its_version() {
    let world = World::new();
    let (official, village) = (world.commune(world.ianan), world.village(world.ianan, "Tung"));
    let made = official.post(&path(village), json!({"flag": "upland"})).expect(201);
    let flag = format!("{}/{}", path(village), id_of(&made));
    official.send("PATCH", &flag, Some("{}".into())).expect_problem(428, "precondition_required");
    let change = |body: Value| official.with("If-Match", "\"1\"").send("PATCH", &flag, Some(body.to_string()));
    let changed = change(json!({"to_on": "2026-11-21"})).expect(200);
    assert_eq!((&changed["to_on"], &changed["version"]), (&json!("2026-11-21"), &json!(2)));
    assert_eq!(shown(&official, village), json!([]));
    let stale = change(json!({"to_on": null})).expect_problem(412, "version_conflict");
    assert_eq!(stale["current"], changed);
    let other = world.village(world.ianan, "Nú");
    let elsewhere = format!("{}/{}", path(other), id_of(&made));
    official.with("If-Match", "*").send("PATCH", &elsewhere, Some("{}".into())).expect_problem(404, "not_found");
    official.with("If-Match", "*").send("DELETE", &elsewhere, None).expect_problem(404, "not_found");
    official.with("If-Match", "\"2\"").send("DELETE", &flag, None).expect(204);
    assert_eq!(official.get(&path(village)).expect(200)["items"], json!([]));
}

#[test]
fn a_place_has_a_flag_once_a_day() {
    let world = World::new();
    let (official, village) = (world.commune(world.ianan), world.village(world.ianan, "Tung"));
    let add =
        |from: Value, to: Value| official.post(&path(village), json!({"flag": "border", "from_on": from, "to_on": to}));
    add(json!("2024-01-01"), json!("2024-12-31")).expect(201);
    for (from, to) in [
        (json!("2024-12-31"), Value::Null),
        (Value::Null, json!("2024-01-01")),
        (json!("2024-02-01"), json!("2024-02-01")),
        (Value::Null, Value::Null),
    ] {
        add(from, to).expect_problem(409, "flag_exists");
    }
    let later = add(json!("2025-01-01"), Value::Null).expect(201);
    add(Value::Null, json!("2023-12-31")).expect(201);
    let flag = format!("{}/{}", path(village), id_of(&later));
    patch(&official, &flag, json!({"from_on": "2024-12-31"})).expect_problem(409, "flag_exists");
    patch(&official, &flag, json!({"from_on": null})).expect_problem(409, "flag_exists");
    patch(&official, &flag, json!({"from_on": "2025-02-01"})).expect(200);
    official.post(&path(village), json!({"flag": "upland"})).expect(201);
    official.post(&path(world.village(world.ianan, "Nú")), json!({"flag": "border"})).expect(201);
}

#[test]
fn wrong_days_and_words_of_flags_are_named() {
    let world = World::new();
    let (official, village) = (world.commune(world.ianan), world.village(world.ianan, "Tung"));
    let wrong = |body: Value, errors: &[(&str, &str)]| official.post(&path(village), body).expect_invalid(errors);
    wrong(json!({}), &[("#/flag", "required")]);
    wrong(json!({"flag": "poor"}), &[("#/flag", "invalid_value")]);
    wrong(json!({"flag": "border", "from_on": "2026-01-02", "to_on": "2026-01-01"}), &[("#/to_on", "period_reversed")]);
    wrong(json!({"flag": "border", "decision_date": "2026-11-23"}), &[("#/decision_date", "in_the_future")]);
    wrong(json!({"flag": "border", "decision_number": ""}), &[("#/decision_number", "length")]);
    official
        .post("/localities", json!({"name": "Nú", "kind": "lang", "parent_id": world.ianan, "border": true}))
        .expect_invalid(&[("#/border", "unknown_field")]);
    official.get("/localities?flag=poor").expect_invalid(&[("?flag", "invalid_value")]);
}

#[test]
fn flags_are_set_by_the_officials_above_the_place() {
    let server = TestServer::start();
    server.set_clock("2025-06-01T02:00:00Z");
    let world = World::on(server);
    let place = |code: &str| locality_id(2024, code);
    let (province, district, commune) = (place("64"), place("628"), place("23767"));
    let village = world.village(commune, "Ia Sao");
    let official = world.commune(commune);
    let of_district = world.user("iagrai", "district", Some(district), None);
    let of_province = world.province(province);
    let new = || json!({"flag": "border"});
    // A place in whose range the parent lies, and callers whose range begins at the place or elsewhere.
    of_province.post(&path(district), new()).expect(201);
    of_district.post(&path(commune), new()).expect(201);
    let made = official.post(&path(village), new()).expect(201);
    of_district.post(&path(district), new()).expect_problem(403, "forbidden");
    official.post(&path(commune), new()).expect_problem(403, "forbidden");
    of_province.post(&path(province), new()).expect_problem(403, "forbidden");
    world.head(village).post(&path(village), new()).expect_problem(403, "forbidden");
    world.commune(place("23845")).post(&path(village), new()).expect_problem(404, "not_found");
    world.commune(place("23845")).post(&path(commune), new()).expect_problem(404, "not_found");
    let of_commune = id_of(&official.get(&path(commune)).expect(200)["items"][0]);
    let own = format!("{}/{of_commune}", path(commune));
    official.with("If-Match", "*").send("DELETE", &own, None).expect_problem(404, "not_found");
    let decision = json!({"decision_number": "1/QĐ"}).to_string();
    of_province.with("If-Match", "*").send("PATCH", &own, Some(decision)).expect(200);
    // Everyone who sees the place reads its flags.
    assert_eq!(world.head(village).get(&path(village)).expect(200)["items"], json!([made]));
    assert_eq!(shown(&world.commune(place("23845")), commune), json!(["border"]));
    world.commune(place("23845")).get(&path(village)).expect_problem(404, "not_found");
}

#[test]
fn the_version_of_a_place_changes_on_the_day_after_its_flag_ended() {
    let world = World::new();
    let (official, village) = (world.commune(world.ianan), world.village(world.ianan, "Tung"));
    official.post(&path(village), json!({"flag": "border", "to_on": world.today()})).expect(201);
    let before = official.get(&format!("/localities/{village}"));
    assert_eq!(before.expect(200)["flags"], json!(["border"]));
    world.server.set_clock("2026-11-23T02:00:00Z");
    let official = world.commune(world.ianan);
    let after = official.get(&format!("/localities/{village}"));
    assert_eq!(after.expect(200)["flags"], json!([]));
    assert_ne!(after.etag(), before.etag());
}
