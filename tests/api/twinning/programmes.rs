use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{self, Giving};
use crate::harness::{Client, World};

fn plan(locality: Uuid) -> Value {
    json!({"title": "Kế hoạch kết nghĩa", "kind": "plan", "effective_on": "2025-07-01", "locality_id": locality})
}

fn titles(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/programmes?{query}")).expect(200);
    page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_programme_is_created_by_its_place_and_read_by_every_user() {
    let world = World::new();
    let made = world.commune(world.ianan).post("/programmes", plan(world.ianan)).expect(201);
    for empty in ["number", "issuer", "issued_on", "ends_on", "parent_id", "note"] {
        assert_eq!(made.get(empty), Some(&Value::Null), "{empty}");
    }
    let path = format!("/programmes/{}", made["id"].as_str().unwrap());
    let unit = world.unit(world.organisation(world.kongchro, "Công ty"));
    let head = world.head(world.village(world.kongchro, "Tnang"));
    for reader in [unit, head, world.admin(), world.commune(world.kongchro), world.province(world.quangngai)] {
        assert_eq!(reader.get(&path).expect(200), made);
        assert_eq!(titles(&reader, ""), ["Kế hoạch kết nghĩa"]);
    }
    world.server.anonymous().get(&path).expect_problem(401, "unauthenticated");
}

#[test]
fn only_officials_of_the_place_write_programmes() {
    let world = World::new();
    let path = format!("/programmes/{}", world.programme(world.ianan));
    let unit = world.unit(world.organisation(world.ianan, "Văn phòng xã"));
    for refused in [unit, world.head(world.village(world.ianan, "Tung")), world.admin()] {
        refused.post("/programmes", plan(world.ianan)).expect_problem(403, "forbidden");
        refused.patch(&path, json!({"title": "Khác"})).expect_problem(403, "forbidden");
        refused.delete(&path).expect_problem(403, "forbidden");
    }
    let neighbour = world.commune(world.kongchro);
    for foreign in [world.ianan, world.gialai, Uuid::now_v7()] {
        neighbour.post("/programmes", plan(foreign)).expect_invalid(&[("#/locality_id", "not_found")]);
    }
    neighbour.patch(&path, json!({"title": "Khác"})).expect_problem(404, "not_found");
    neighbour.delete(&path).expect_problem(404, "not_found");
    let own = format!("/programmes/{}", world.programme(world.kongchro));
    neighbour.patch(&own, json!({"locality_id": world.ianan})).expect_invalid(&[("#/locality_id", "not_found")]);
    world.province(world.gialai).patch(&path, json!({"title": "Của xã"})).expect(200);
}

#[test]
fn invalid_fields_of_a_programme_are_reported() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let with = |field: &str, value: Value| {
        let mut new = plan(world.ianan);
        new[field] = value;
        official.post("/programmes", new)
    };
    with("title", json!("")).expect_invalid(&[("#/title", "length")]);
    with("title", Value::Null).expect_invalid(&[("#/title", "required")]);
    with("kind", json!("law")).expect_invalid(&[("#/kind", "invalid_value")]);
    with("status", json!("new")).expect_invalid(&[("#/status", "unknown_field")]);
    with("ends_on", json!("2025-06-30")).expect_invalid(&[("#/ends_on", "period_reversed")]);
    with("effective_on", json!("+99999-01-01")).expect_invalid(&[("#/effective_on", "invalid_value")]);
    with("parent_id", json!(Uuid::now_v7())).expect_invalid(&[("#/parent_id", "not_found")]);
    official.get("/programmes?colour=red").expect_invalid(&[("?colour", "unknown_field")]);
    official.get("/programmes?active_on=-9999-01-01").expect_invalid(&[("?active_on", "invalid_value")]);

    let id = world.programme(world.ianan);
    let path = format!("/programmes/{id}");
    official.patch(&path, json!({"ends_on": "2018-12-31"})).expect_invalid(&[("#/ends_on", "period_reversed")]);
    official.patch(&path, json!({"parent_id": id})).expect_invalid(&[("#/parent_id", "circular")]);
}

#[test]
fn a_change_of_a_programme_requires_if_match() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let path = format!("/programmes/{}", world.programme(world.ianan));
    let note = json!({"note": "Bản sao không có số", "number": null}).to_string();
    official.send("PATCH", &path, Some(note.clone())).expect_problem(428, "precondition_required");
    official.with("If-Match", "\"7\"").send("PATCH", &path, Some(note.clone())).expect_problem(412, "version_conflict");
    let changed = official.with("If-Match", "\"1\"").send("PATCH", &path, Some(note)).expect(200);
    assert_eq!((&changed["note"], &changed["version"]), (&json!("Bản sao không có số"), &json!(2)));
    assert_eq!(official.patch(&path, json!({})).expect(200)["version"], 2);
}

#[test]
fn programmes_are_searched_filtered_and_sorted_newest_first() {
    let world = World::new();
    let official = world.commune(world.ianan);
    for (title, kind, number, from, to) in [
        ("Chỉ thị về kết nghĩa", "directive", Some("18-CT/TU"), "2020-04-16", Some("2025-12-31")),
        ("Cuộc vận động", "campaign", None, "2021-01-01", None),
        ("Kế hoạch", "plan", None, "2026-01-01", None),
    ] {
        let new = json!({"title": title, "kind": kind, "number": number, "effective_on": from, "ends_on": to,
            "locality_id": world.ianan});
        official.post("/programmes", new).expect(201);
    }
    assert_eq!(titles(&official, ""), ["Kế hoạch", "Cuộc vận động", "Chỉ thị về kết nghĩa"]);
    assert_eq!(titles(&official, "sort=title"), ["Chỉ thị về kết nghĩa", "Cuộc vận động", "Kế hoạch"]);
    assert_eq!(titles(&official, "q=18-ct"), ["Chỉ thị về kết nghĩa"], "by number");
    assert_eq!(titles(&official, "q=ke%20hoach"), ["Kế hoạch"]);
    assert_eq!(titles(&official, "kind=plan&kind=campaign"), ["Kế hoạch", "Cuộc vận động"]);
    assert_eq!(titles(&official, "active_on=2025-12-31"), ["Cuộc vận động", "Chỉ thị về kết nghĩa"]);
    assert_eq!(titles(&official, "active_on=2026-01-01"), ["Kế hoạch", "Cuộc vận động"]);
    assert!(titles(&official, &format!("locality_id={}", world.kongchro)).is_empty());
    let first = official.get("/programmes?limit=2&count=true").expect(200);
    assert_eq!(first["total"], 3);
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(titles(&official, &format!("limit=2&cursor={cursor}")), ["Chỉ thị về kết nghĩa"]);
}

#[test]
fn a_programme_is_deleted_unless_another_record_refers_to_it() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let parent = world.programme(world.ianan);
    let mut new = plan(world.ianan);
    new["parent_id"] = json!(parent);
    let child = official.post("/programmes", new).expect(201)["id"].as_str().unwrap().to_owned();
    let (parent, child) = (format!("/programmes/{parent}"), format!("/programmes/{child}"));
    official.delete(&parent).expect_problem(409, "in_use");
    official.delete(&child).expect(204);
    official.delete(&parent).expect(204);

    let programme = world.programme(world.ianan);
    world.twinning(programme, world.organisation(world.ianan, "Phòng"), world.village(world.ianan, "Tung"));
    official.delete(&format!("/programmes/{programme}")).expect_problem(409, "in_use");
}

#[test]
fn a_repeated_creation_of_a_programme_adds_nothing() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let mut new = plan(world.ianan);
    new["id"] = json!(Uuid::now_v7());
    official.post("/programmes", new.clone()).expect(201);
    let again = official.post("/programmes", new.clone());
    again.expect(200);
    assert_eq!(again.header("idempotent-replayed"), "true");
    new["title"] = json!("Khác");
    official.post("/programmes", new).expect_problem(409, "id_conflict");
}

/// Case 28.
#[test]
fn the_numbers_of_a_programme_contain_those_below_it() {
    let at = Giving::new();
    let world = &at.world;
    let province = world.province(world.gialai);
    let programme = |title: &str, parent: Value| {
        let body = json!({"title": title, "kind": "plan", "effective_on": "2024-01-01", "locality_id": world.gialai, "parent_id": parent});
        province.post("/programmes", body).expect(201)["id"].clone()
    };
    let directive = programme("Chỉ thị", Value::Null);
    let plan = programme("Kế hoạch của tỉnh", directive.clone());
    let local = programme("Kế hoạch của xã", plan.clone());
    let twinned = |programme: &Value, name: &str| {
        let organisation = giving::organisation(world, world.ianan, name);
        let body = json!({"programme_id": programme, "organisation_id": organisation, "locality_id": at.village, "lead": true, "starts_on": "2025-01-01"});
        province.post("/twinnings", body).expect(201)["id"].clone()
    };
    for (programme, name, gifts) in [(&plan, "Sở Nội vụ", 55), (&local, "Văn phòng", 9)] {
        let twinning = twinned(programme, name);
        for _ in 0..gifts {
            let gift = json!({"twinning_id": twinning, "village_id": at.village, "category": "food", "description": "Gạo", "value_vnd": 1,
                "funding_source": "donor", "given_on": "2026-02-01"});
            at.official.post("/gifts", gift).expect(201);
        }
    }
    let answer = province.get("/aggregates/support?group_by=programme&from=2026-01-01&to=2026-12-31").expect(200);
    let rows: Vec<(&Value, &Value)> = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["key"]["programme"]["id"], &row["values"]["gifts"]))
        .collect();
    let of = |id: &Value| rows.iter().find(|(programme, _)| *programme == id).map(|(_, gifts)| (*gifts).clone());
    assert_eq!([of(&directive), of(&plan), of(&local)], [Some(json!(64)), Some(json!(64)), Some(json!(9))]);
    assert_eq!(answer["totals"]["gifts"], json!(64));
    let key =
        answer["rows"].as_array().unwrap().iter().map(|row| &row["key"]["programme"]).find(|key| key["id"] == plan);
    assert_eq!(key.map(|key| (&key["title"], &key["parent_id"])), Some((&json!("Kế hoạch của tỉnh"), &directive)));
    let total = |list: &str, id: &Value| {
        province.get(&format!("/{list}?count=true&programme_id={}", id.as_str().unwrap())).expect(200)["total"].clone()
    };
    assert_eq!([total("gifts", &directive), total("gifts", &local)], [json!(64), json!(9)]);
    assert_eq!([total("twinnings", &directive), total("twinnings", &local)], [json!(2), json!(1)]);
    let sheet = province.get("/aggregates/support?group_by=programme&format=csv&from=2026-01-01");
    assert!(sheet.text.contains("programme_id,programme_number,programme_title,visits"), "{}", sheet.text);
    let path = format!("/programmes/{}", directive.as_str().unwrap());
    province.patch(&path, json!({"parent_id": local})).expect_invalid(&[("#/parent_id", "circular")]);
}
