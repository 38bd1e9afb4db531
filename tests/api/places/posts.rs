//! Posts of villages and communes: heads, Party-cell secretaries, contact officers.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{organisation, twinning, value};
use crate::harness::{Client, World, id_of};

/// A village of Ia Nan, its official and its head.
struct Stage {
    world: World,
    village: Uuid,
    official: Client,
    head: Client,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let village = world.village(world.ianan, "Tung");
        Self { official: world.commune(world.ianan), head: world.head(village), village, world }
    }

    /// A post of the village with changes.
    fn new_post(&self, changes: Value) -> Value {
        let mut new = json!({"locality_id": self.village, "post": "health_worker", "person_name": "Siu H'Nga"});
        for (field, value) in changes.as_object().unwrap() {
            new[field] = value.clone();
        }
        new
    }

    fn add(&self, changes: Value) -> Value {
        self.official.post("/locality-posts", self.new_post(changes)).expect(201)
    }
}

fn path(post: &Value) -> String {
    format!("/locality-posts/{}", id_of(post))
}

fn names(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/locality-posts?{query}")).expect(200);
    page["items"].as_array().unwrap().iter().map(|item| item["person_name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_post_has_a_person_a_phone_and_a_term() {
    let stage = Stage::new();
    let full = json!({"post": "village_head", "person_name": "Rơ Mah Tung", "phone": "0905123456", "from_on": "2025-01-01",
        "to_on": "2027-12-31", "party_member": true, "note": "Bầu lại năm 2025"});
    let made = stage.add(full.clone());
    for (field, value) in full.as_object().unwrap() {
        assert_eq!(&made[field], value);
    }
    assert_eq!(made["allowed_actions"], json!(["update", "delete"]));
    assert_eq!(stage.official.get(&path(&made)).expect(200), made);
    let short = stage.add(json!({"phone": "không có"}));
    for empty in ["phone", "from_on", "to_on", "party_member", "note"] {
        assert_eq!(short.get(empty), Some(&Value::Null), "{empty}");
    }
    let changed = stage.official.patch(&path(&made), json!({"phone": null, "to_on": null})).expect(200);
    assert_eq!((&changed["phone"], &changed["to_on"], &changed["version"]), (&Value::Null, &Value::Null, &json!(2)));
    let sheet = stage.official.with("Accept", "text/csv").get("/locality-posts").text;
    assert!(sheet.contains("village_head,Rơ Mah Tung"), "{sheet}");
    stage.official.delete(&path(&made)).expect(204);
    assert_eq!(names(&stage.official, ""), ["Siu H'Nga"]);
    let officer = json!({"locality_id": stage.world.ianan, "post": "contact_officer", "person_name": "Nguyễn Thị Hoa"});
    stage.official.post("/locality-posts", officer).expect(201);
    // Names and phones are not copied to the audit.
    let audit = "SELECT string_agg(coalesce(old_values::text, '') || coalesce(new_values::text, ''), '') FROM audit_events WHERE resource = 'locality_posts'";
    let audit = value(&stage.world, audit);
    assert!(!audit.contains("Tung") && !audit.contains("0905123456") && !audit.contains("Bầu"), "{audit}");
}

#[test]
fn one_person_a_day_is_head_party_cell_secretary_or_militia_leader() {
    let stage = Stage::new();
    let term = |post: &str, from: Value, to: Value| {
        stage.official.post("/locality-posts", stage.new_post(json!({"post": post, "from_on": from, "to_on": to})))
    };
    for post in ["village_head", "party_cell_secretary", "militia_leader"] {
        let first = term(post, json!("2023-01-01"), json!("2025-06-30")).expect(201);
        for (from, to) in
            [(json!("2025-06-30"), Value::Null), (Value::Null, json!("2023-01-01")), (Value::Null, Value::Null)]
        {
            term(post, from, to).expect_problem(409, "post_taken");
        }
        let next = term(post, json!("2025-07-01"), Value::Null).expect(201);
        stage.official.patch(&path(&next), json!({"from_on": "2025-06-30"})).expect_problem(409, "post_taken");
        stage.official.patch(&path(&first), json!({"to_on": null})).expect_problem(409, "post_taken");
        stage.official.patch(&path(&first), json!({"note": "Hai nhiệm kỳ"})).expect(200);
    }
    let worker = term("health_worker", Value::Null, Value::Null).expect(201);
    term("health_worker", Value::Null, Value::Null).expect(201);
    stage.official.patch(&path(&worker), json!({"post": "militia_leader"})).expect_problem(409, "post_taken");
    let other = stage.world.village(stage.world.ianan, "Nú");
    stage.add(json!({"locality_id": other, "post": "village_head"}));
}

#[test]
fn wrong_places_and_terms_of_posts_are_named() {
    let stage = Stage::new();
    let wrong = |changes: Value, errors: &[(&str, &str)]| {
        stage.official.post("/locality-posts", stage.new_post(changes)).expect_invalid(errors);
    };
    wrong(json!({"person_name": null}), &[("#/person_name", "required")]);
    wrong(json!({"person_name": "NguyÔn V¨n ¸i"}), &[("#/person_name", "legacy_encoding")]);
    wrong(json!({"post": "mayor"}), &[("#/post", "invalid_value")]);
    wrong(json!({"from_on": "2026-01-02", "to_on": "2026-01-01"}), &[("#/to_on", "period_reversed")]);
    wrong(json!({"locality_id": stage.world.kongchro}), &[("#/locality_id", "not_found")]);
    wrong(json!({"locality_id": Uuid::now_v7()}), &[("#/locality_id", "not_found")]);
    let ended = stage.world.village(stage.world.ianan, "Klă");
    let end = json!({"ends_on": "2026-06-30", "twinnings": "end"});
    let of_ended = stage.add(json!({"locality_id": ended, "post": "village_head", "from_on": "2025-01-01"}));
    stage.official.post(&format!("/localities/{ended}/end"), end).expect(200);
    wrong(json!({"locality_id": ended}), &[("#/locality_id", "ended")]);
    assert_eq!(stage.official.get(&path(&of_ended)).expect(200)["to_on"], "2026-06-30", "a post ends with its village");
    stage.official.get("/locality-posts?on=soon").expect_invalid(&[("?on", "invalid_value")]);
}

#[test]
fn the_head_keeps_the_posts_of_the_village_but_its_own_and_the_secretary() {
    let stage = Stage::new();
    let own = stage.add(json!({"post": "village_head"}));
    let secretary = stage.add(json!({"post": "party_cell_secretary", "party_member": true}));
    let worker = stage.head.post("/locality-posts", stage.new_post(json!({}))).expect(201);
    assert_eq!(worker["allowed_actions"], json!(["update", "delete"]));
    for post in ["village_head", "party_cell_secretary"] {
        let new = stage.new_post(json!({"post": post, "to_on": "2000-01-01"}));
        stage.head.post("/locality-posts", new).expect_problem(403, "forbidden");
        stage.head.patch(&path(&worker), json!({"post": post})).expect_problem(403, "forbidden");
    }
    for readable in [&own, &secretary] {
        let read = stage.head.get(&path(readable)).expect(200);
        assert_eq!(read["allowed_actions"], json!([]));
        stage.head.patch(&path(readable), json!({"note": "x"})).expect_problem(404, "not_found");
        stage.head.delete(&path(readable)).expect_problem(404, "not_found");
    }
    assert_eq!(stage.head.get(&path(&secretary)).expect(200)["party_member"], true);
    stage.head.patch(&path(&worker), json!({"phone": "0905123456"})).expect(200);
    stage.head.delete(&path(&worker)).expect(204);
    // Officials above the commune, administrators and neighbours.
    let province = stage.world.province(stage.world.gialai);
    assert_eq!(province.get(&path(&own)).expect(200)["allowed_actions"], json!([]));
    province.patch(&path(&own), json!({"note": "x"})).expect_problem(403, "forbidden");
    stage.world.admin().get(&path(&own)).expect(200);
    for stranger in [stage.world.commune(stage.world.kongchro), stage.world.province(stage.world.quangngai)] {
        stranger.get(&path(&own)).expect_problem(404, "not_found");
        assert_eq!(names(&stranger, ""), [""; 0]);
    }
    let neighbour = stage.world.head(stage.world.village(stage.world.ianan, "Nú"));
    neighbour.get(&path(&own)).expect_problem(404, "not_found");
    stage.world.key(stage.world.gialai, stage.world.ianan).get("/locality-posts").expect_problem(403, "forbidden");
}

#[test]
fn a_unit_twinned_today_sees_the_present_holders_without_party_membership() {
    let stage = Stage::new();
    let world = &stage.world;
    let present = stage
        .add(json!({"person_name": "Ksor Blin", "phone": "0905123456", "party_member": true, "from_on": "2026-11-22"}));
    let former = stage.add(json!({"person_name": "Ksor Cũ", "to_on": "2026-11-21"}));
    stage.add(json!({"person_name": "Ksor Mới", "from_on": "2026-11-23"}));
    let officer = json!({"locality_id": world.ianan, "post": "contact_officer", "person_name": "Nguyễn Thị Hoa"});
    stage.official.post("/locality-posts", officer).expect(201);
    let [office, above, gone] = ["Văn phòng", "Sở", "Công ty"].map(|name| organisation(world, world.ianan, name));
    twinning(world, office, stage.village, None);
    twinning(world, above, world.ianan, None);
    twinning(world, gone, stage.village, Some("2026-11-21"));
    let unit = world.unit(office);
    assert_eq!(names(&unit, ""), ["Ksor Blin"]);
    let read = unit.get(&path(&present)).expect(200);
    assert_eq!(
        (&read["phone"], &read["party_member"], &read["allowed_actions"]),
        (&json!("0905123456"), &Value::Null, &json!([]))
    );
    assert!(!unit.with("Accept", "text/csv").get("/locality-posts").text.contains("true"));
    unit.get(&path(&former)).expect_problem(404, "not_found");
    unit.post("/locality-posts", stage.new_post(json!({}))).expect_problem(403, "forbidden");
    assert_eq!(names(&world.unit(above), ""), ["Ksor Blin", "Nguyễn Thị Hoa"], "of the commune and its villages");
    assert_eq!(names(&world.unit(gone), ""), [""; 0], "its twinning has ended");
    assert_eq!(names(&stage.official, "on=2026-11-22"), ["Ksor Blin", "Nguyễn Thị Hoa"]);
}

#[test]
fn posts_are_listed_by_place_post_and_day() {
    let stage = Stage::new();
    let world = &stage.world;
    let other = world.village(world.kongchro, "Hle Hlang");
    stage.add(json!({"person_name": "An", "post": "village_elder", "to_on": "2025-12-31"}));
    stage.add(json!({"person_name": "Blin", "from_on": "2026-01-01"}));
    let officer = json!({"locality_id": world.ianan, "post": "contact_officer", "person_name": "Hoa"});
    stage.official.post("/locality-posts", officer).expect(201);
    let elsewhere = json!({"locality_id": other, "post": "village_elder", "person_name": "Đinh"});
    world.commune(world.kongchro).post("/locality-posts", elsewhere).expect(201);
    let province = world.province(world.gialai);
    assert_eq!(names(&province, ""), ["An", "Blin", "Đinh", "Hoa"]);
    assert_eq!(names(&province, &format!("within={}", world.ianan)), ["An", "Blin", "Hoa"]);
    assert_eq!(names(&province, &format!("within={}", stage.village)), ["An", "Blin"]);
    assert_eq!(names(&province, &format!("within={}", Uuid::now_v7())), [""; 0]);
    assert_eq!(names(&province, &format!("locality_id={}", world.ianan)), ["Hoa"]);
    assert_eq!(names(&province, "post=village_elder&post=contact_officer"), ["An", "Đinh", "Hoa"]);
    assert_eq!(names(&province, "on=2025-12-31&post=village_elder"), ["An", "Đinh"]);
    assert_eq!(names(&province, "on=2026-01-01&sort=-person_name"), ["Hoa", "Đinh", "Blin"]);
    assert_eq!(names(&stage.head, ""), ["An", "Blin"]);
}
