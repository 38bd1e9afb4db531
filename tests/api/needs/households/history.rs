use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::Giving;
use crate::harness::{Client, World, household, id_of};

fn history(client: &Client, id: Uuid) -> Vec<Value> {
    let page = client.get(&format!("/households/{id}/history?count=true")).expect(200);
    let entries = page["items"].as_array().unwrap().clone();
    assert_eq!(page["total"], json!(entries.len()));
    entries
}

/// The kinds of the entries, earliest first.
fn kinds(entries: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    kinds.reverse();
    kinds
}

#[test]
fn the_history_of_a_household_lists_changes_with_their_actors() {
    let world = World::new();
    let (tung, sơn) = (world.village(world.ianan, "Tung"), world.village(world.ianan, "Sơn"));
    let id = world.household(&world.head(tung), tung, "Siu Pyui");
    let path = format!("/households/{id}");
    let change = |client: &Client, body: Value| client.patch(&path, body).expect(200);
    world.server.set_clock("2026-12-01T02:00:00Z");
    change(
        &world.head(tung),
        json!({"head_name": "Siu Pyuih", "phone": "+84905123456", "members": [{"name": "Siu A"}]}),
    );
    world.server.set_clock("2026-12-03T02:00:00Z");
    let result = json!({"household_id": id, "poverty_status": "near_poor"});
    world.commune(world.ianan).post("/household-assessments", result).expect(201);
    world.server.set_clock("2026-12-05T02:00:00Z");
    let official = world.commune(world.ianan);
    change(&official, json!({"village_id": sơn}));
    world.server.set_clock("2026-12-20T02:00:00Z");
    let head = world.head(sơn);
    change(&head, json!({"status": "moved_away", "status_since": "2026-12-10"}));
    world.server.set_clock("2026-12-25T02:00:00Z");
    let head = world.head(sơn);
    change(&head, json!({"status": "active"}));

    let entries = history(&head, id);
    assert_eq!(
        kinds(&entries),
        ["registered", "assessed", "changed", "assessed", "moved", "status_changed", "status_changed"]
    );
    let [back, left, moved, assessed, changed, ..] = &entries[..] else { panic!("{entries:#?}") };
    assert_eq!(changed["fields"], json!(["head_name", "phone", "members"]));
    assert_eq!((&changed["actor_role"], &changed["happened_on"]), (&json!("village_head"), &json!("2026-12-01")));
    assert!(changed["actor_name"].as_str().unwrap().starts_with("head"));
    assert_eq!((&assessed["year"], &assessed["poverty_status"]), (&json!(2026), &json!("near_poor")));
    assert_eq!((&assessed["happened_on"], &assessed["actor_role"]), (&json!("2026-12-03"), &json!("commune")));
    assert_eq!(
        (&moved["from_village_name"], &moved["village_name"]),
        (&Value::Null, &json!("Sơn")),
        "a former village out of scope is not named"
    );
    assert_eq!((&moved["actor_role"], &moved["from_village_id"]), (&json!("commune"), &Value::Null));
    let official = history(&world.commune(world.ianan), id);
    assert_eq!((&official[2]["from_village_name"], &official[2]["from_village_id"]), (&json!("Tung"), &json!(tung)));
    assert_eq!((&left["from_status"], &left["status"]), (&json!("active"), &json!("moved_away")));
    assert_eq!(left["happened_on"], "2026-12-10");
    assert!(left["recorded_at"].as_str().unwrap().starts_with("2026-12-20T"), "recorded later than it happened");
    assert_eq!((&back["status"], &back["happened_on"]), (&json!("active"), &json!("2026-12-25")));
    let text = serde_json::to_string(&entries).unwrap();
    // With a plus sign, which no id and no time contains.
    assert!(!text.contains("Pyui") && !text.contains("+84"), "the history contains personal values: {text}");
    world.head(tung).get(&format!("/households/{id}/history")).expect_problem(404, "not_found");
}

#[test]
fn the_history_is_paged_and_sorted() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let [id, other] = ["Siu A", "Siu B"].map(|name| world.household(&head, village, name));
    for note in 0..5 {
        head.patch(&format!("/households/{id}"), json!({"note": note.to_string()})).expect(200);
    }
    let all = history(&head, id);
    assert_eq!(all.len(), 7);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = head.get(&format!("/households/{id}/history?limit=3{cursor}")).expect(200);
        seen.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, all);
    head.get(&format!("/households/{other}/history?limit=3{cursor}")).expect_problem(400, "cursor_invalid");
    let mut backwards = head.get(&format!("/households/{id}/history?sort=happened_on")).expect(200);
    let backwards = backwards["items"].as_array_mut().unwrap();
    backwards.reverse();
    assert_eq!(*backwards, all);
}

#[test]
fn a_unit_reads_the_history_of_a_listed_household_without_actors_and_fields() {
    let stage = Giving::new();
    stage.head.patch(&format!("/households/{}", stage.home), json!({"note": "bên suối"})).expect(200);
    let result = json!({"household_id": stage.home, "poverty_status": "poor"});
    stage.official.post("/household-assessments", result).expect(201);
    let result = json!({"household_id": stage.home, "poverty_status": "near_poor", "assessed_on": "2026-11-01"});
    stage.head.post("/household-assessments", result).expect(201);
    let entries = history(&stage.unit, stage.home);
    let mut seen = kinds(&entries);
    seen.sort_unstable();
    assert_eq!(seen, ["assessed", "registered"]);
    for entry in &entries {
        assert_eq!(
            (&entry["actor_id"], &entry["actor_name"], &entry["fields"]),
            (&Value::Null, &Value::Null, &json!([]))
        );
    }
    stage.unit.get(&format!("/households/{}/history", stage.unlisted)).expect_problem(404, "not_found");
    let seen_by_head = history(&stage.head, stage.home);
    assert!(kinds(&seen_by_head).contains(&"changed"));
}

#[test]
fn a_change_without_a_difference_adds_no_history_entry() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let made = head.post("/households", household(village, "Siu A")).expect(201);
    let path = format!("/households/{}", id_of(&made));
    head.patch(&path, json!({})).expect(200);
    head.patch(&path, json!({"head_name": "Siu A"})).expect(200);
    let approved = world.approved_list(&head, &world.commune(world.ianan), village, &[id_of(&made)]);
    assert_eq!(approved["status"], "approved");
    assert_eq!(kinds(&history(&head, id_of(&made))), ["registered", "assessed"]);
}
