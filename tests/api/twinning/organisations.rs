use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, World};

fn office(locality: Uuid) -> Value {
    json!({"name": "Văn phòng xã", "kind": "department", "locality_id": locality, "contact_name": "Nguyễn Thị Hoa",
        "contact_phone": "0269123456", "contact_email": "hoa@ianan.example", "address": "Làng Tung",
        "headcounts": [{"year": 2025, "headcount": 10}, {"year": 2026, "headcount": 14}]})
}

fn add(client: &Client, new: Value) -> String {
    client.post("/organisations", new).expect(201)["id"].as_str().unwrap().to_owned()
}

fn names(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/organisations?{query}")).expect(200);
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_official_creates_an_organisation_of_the_own_place() {
    let world = World::new();
    let answer = world.commune(world.ianan).post("/organisations", office(world.ianan));
    let made = answer.expect(201);
    assert_eq!(answer.header("location"), format!("/api/v1/organisations/{}", made["id"].as_str().unwrap()));
    assert_eq!(answer.etag(), "\"1\"");
    assert_eq!(
        (&made["level"], &made["kind"]),
        (&json!("commune"), &json!("department")),
        "the level follows from the place"
    );
    assert_eq!(
        made["headcounts"],
        json!([{"year": 2026, "headcount": 14}, {"year": 2025, "headcount": 10}]),
        "the latest first"
    );
    for empty in ["parent_id", "place_id", "valid_from", "valid_to"] {
        assert_eq!(made.get(empty), Some(&Value::Null), "{empty}");
    }
}

#[test]
fn only_officials_of_the_place_write_organisations() {
    let world = World::new();
    let organisation = world.organisation(world.ianan, "Văn phòng xã");
    let village = world.village(world.ianan, "Tung");
    let path = format!("/organisations/{organisation}");
    for refused in [world.unit(organisation), world.head(village), world.admin()] {
        refused.post("/organisations", office(world.ianan)).expect_problem(403, "forbidden");
        refused.delete(&path).expect_problem(403, "forbidden");
    }
    let change = |client: Client| client.patch(&path, json!({"name": "Khác"}));
    change(world.admin()).expect_problem(403, "forbidden");
    change(world.head(village)).expect_problem(404, "not_found");
    change(world.unit(organisation)).expect_invalid(&[("#/name", "read_only")]);
    world.server.anonymous().post("/organisations", office(world.ianan)).expect_problem(401, "unauthenticated");

    let neighbour = world.commune(world.kongchro);
    neighbour.post("/organisations", office(world.ianan)).expect_invalid(&[("#/locality_id", "not_found")]);
    neighbour.post("/organisations", office(Uuid::now_v7())).expect_invalid(&[("#/locality_id", "not_found")]);
    neighbour.patch(&path, json!({"name": "Khác"})).expect_problem(404, "not_found");
    neighbour.delete(&path).expect_problem(404, "not_found");
    let own = world.organisation(world.kongchro, "Kông Chro");
    neighbour
        .patch(&format!("/organisations/{own}"), json!({"locality_id": world.ianan}))
        .expect_invalid(&[("#/locality_id", "not_found")]);
    assert_eq!(neighbour.get(&path).expect(200)["name"], "Văn phòng xã");
}

#[test]
fn contact_and_headcounts_are_shown_only_to_the_organisation_and_the_officials_above_it() {
    let world = World::new();
    let id = add(&world.commune(world.ianan), office(world.ianan));
    let other = world.organisation(world.kongchro, "Công ty");
    let village = world.village(world.ianan, "Tung");
    let path = format!("/organisations/{id}");

    for trusted in [world.commune(world.ianan), world.province(world.gialai), world.unit(id.parse().unwrap())] {
        let shown = trusted.get(&path).expect(200);
        assert_eq!(shown["contact_phone"], "0269123456");
        assert_eq!(shown["headcounts"].as_array().unwrap().len(), 2);
        let listed = trusted.get("/organisations?q=van%20phong").expect(200);
        assert_eq!(listed["items"][0]["contact_email"], "hoa@ianan.example");
        assert_eq!(listed["items"][0]["headcounts"], shown["headcounts"]);
    }
    for other in
        [world.commune(world.kongchro), world.unit(other), world.head(village), world.province(world.quangngai)]
    {
        for shown in
            [other.get(&path).expect(200), other.get("/organisations?q=van%20phong").expect(200)["items"][0].clone()]
        {
            assert_eq!(shown["name"], "Văn phòng xã", "public fields are shown");
            for hidden in ["contact_name", "contact_phone", "contact_email", "address"] {
                assert_eq!(shown.get(hidden), Some(&Value::Null), "{hidden}");
            }
            assert_eq!(shown["headcounts"], json!([]));
        }
    }
}

#[test]
fn a_place_is_registered_as_an_organisation_at_most_once() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let village = world.village(world.ianan, "Tung");
    let place = |kind: &str, place: Option<Uuid>| json!({"name": "Làng Tung", "kind": kind, "locality_id": world.ianan, "place_id": place});
    let id = add(&official, place("locality", Some(village)));
    official.post("/organisations", place("locality", Some(village))).expect_problem(409, "place_taken");
    official.post("/organisations", place("locality", None)).expect_invalid(&[("#/place_id", "required")]);
    official.post("/organisations", place("front", Some(village))).expect_invalid(&[("#/place_id", "exclusive")]);
    let elsewhere = world.village(world.kongchro, "Hle Hlang");
    for unseen in [elsewhere, world.kongchro, world.gialai, Uuid::now_v7()] {
        official.post("/organisations", place("locality", Some(unseen))).expect_invalid(&[("#/place_id", "not_found")]);
    }
    world
        .province(world.gialai)
        .post("/organisations", place("locality", Some(world.gialai)))
        .expect_invalid(&[("#/place_id", "wrong_level")]);

    let path = format!("/organisations/{id}");
    official.patch(&path, json!({"kind": "other"})).expect_invalid(&[("#/place_id", "exclusive")]);
    official.patch(&path, json!({"place_id": null})).expect_invalid(&[("#/place_id", "required")]);
    let other = add(&official, json!({"name": "Hội", "kind": "other", "locality_id": world.ianan}));
    official
        .patch(&format!("/organisations/{other}"), json!({"kind": "locality", "place_id": village}))
        .expect_problem(409, "place_taken");
    let changed = official.patch(&path, json!({"kind": "other", "place_id": null})).expect(200);
    assert_eq!(changed["place_id"], Value::Null);
}

#[test]
fn the_head_of_a_giving_village_reads_its_contact() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let mut new = office(world.ianan);
    new["kind"] = json!("locality");
    new["place_id"] = json!(village);
    let id = add(&world.commune(world.ianan), new);
    let shown = world.head(village).get(&format!("/organisations/{id}")).expect(200);
    assert_eq!(shown["contact_name"], "Nguyễn Thị Hoa");
}

#[test]
fn invalid_fields_of_an_organisation_are_reported() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let with = |changes: Value| {
        let mut new = office(world.ianan);
        for (field, value) in changes.as_object().unwrap() {
            new[field] = value.clone();
        }
        official.post("/organisations", new)
    };
    with(json!({"name": "", "contact_email": "nobody"}))
        .expect_invalid(&[("#/contact_email", "email"), ("#/name", "length")]);
    with(json!({"kind": "club"})).expect_invalid(&[("#/kind", "invalid_value")]);
    with(json!({"scope_path": "0.", "version": 9}))
        .expect_invalid(&[("#/scope_path", "unknown_field"), ("#/version", "unknown_field")]);
    with(json!({"valid_from": "2026-02-01", "valid_to": "2026-01-31"}))
        .expect_invalid(&[("#/valid_to", "period_reversed")]);
    with(json!({"valid_from": "-9999-01-01"})).expect_invalid(&[("#/valid_from", "invalid_value")]);
    with(json!({"headcounts": [{"year": 2026, "headcount": 1}, {"year": 2025, "headcount": 1}, {"year": 2026, "headcount": 2}]}))
        .expect_invalid(&[("#/headcounts/2/year", "duplicate")]);
    with(json!({"headcounts": [{"year": 2026, "headcount": -1}]}))
        .expect_invalid(&[("#/headcounts/0/headcount", "range")]);
    with(json!({"parent_id": Uuid::now_v7()})).expect_invalid(&[("#/parent_id", "not_found")]);
    official.get("/organisations?colour=red").expect_invalid(&[("?colour", "unknown_field")]);
    official.get("/organisations?sort=contact_phone").expect_invalid(&[("?sort", "invalid_value")]);
}

#[test]
fn parent_organisations_form_no_cycle() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let top = world.organisation(world.ianan, "Phòng");
    let mut new = office(world.ianan);
    new["parent_id"] = json!(top);
    let below = add(&official, new);
    for circle in [json!(below), json!(top)] {
        official
            .patch(&format!("/organisations/{top}"), json!({"parent_id": circle}))
            .expect_invalid(&[("#/parent_id", "circular")]);
    }
    official.delete(&format!("/organisations/{top}")).expect_problem(409, "in_use");
}

#[test]
fn a_change_of_an_organisation_requires_if_match() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let path = format!("/organisations/{}", add(&official, office(world.ianan)));
    let name = json!({"name": "Văn phòng HĐND và UBND"}).to_string();
    official.send("PATCH", &path, Some(name.clone())).expect_problem(428, "precondition_required");
    let stale = official.with("If-Match", "\"9\"").send("PATCH", &path, Some(name.clone()));
    assert_eq!(stale.expect_problem(412, "version_conflict")["current"]["contact_phone"], "0269123456");
    let changed = official.with("If-Match", "\"1\"").send("PATCH", &path, Some(name)).expect(200);
    assert_eq!((&changed["name"], &changed["version"]), (&json!("Văn phòng HĐND và UBND"), &json!(2)));
    official.send("DELETE", &path, None).expect_problem(428, "precondition_required");
}

#[test]
fn a_change_of_contact_or_headcounts_raises_the_version_of_the_organisation() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let path = format!("/organisations/{}", add(&official, office(world.ianan)));
    let changed = official.patch(&path, json!({"contact_phone": null, "address": "Làng Tung, Ia Nan"})).expect(200);
    assert_eq!(changed["version"], 2);
    assert_eq!((&changed["contact_phone"], &changed["address"]), (&Value::Null, &json!("Làng Tung, Ia Nan")));
    assert_eq!(changed["contact_name"], "Nguyễn Thị Hoa", "absent fields are kept");
    let changed = official.patch(&path, json!({"headcounts": [{"year": 2024, "headcount": 9}]})).expect(200);
    assert_eq!(changed["version"], 3);
    assert_eq!(changed["headcounts"], json!([{"year": 2024, "headcount": 9}]), "all years are replaced");
    let both = official.patch(&path, json!({"name": "Phòng", "contact_name": "Trần Văn Minh"})).expect(200);
    assert_eq!(both["version"], 4, "one PATCH raises the version by one");
    assert_eq!(official.patch(&path, json!({})).expect(200)["version"], 4, "an empty PATCH does not raise the version");
}

#[test]
fn organisations_are_searched_filtered_and_paged() {
    let world = World::new();
    let official = world.commune(world.ianan);
    for (name, kind) in [("Đoàn Thanh niên", "mass_organisation"), ("Mặt trận", "front"), ("Ánh Sáng", "enterprise")]
    {
        add(&official, json!({"name": name, "kind": kind, "locality_id": world.ianan}));
    }
    world.organisation(world.kongchro, "Bệnh viện");
    assert_eq!(names(&official, ""), ["Ánh Sáng", "Bệnh viện", "Đoàn Thanh niên", "Mặt trận"], "in Vietnamese order");
    assert_eq!(names(&official, "q=doan%20thanh"), ["Đoàn Thanh niên"]);
    assert_eq!(names(&official, "kind=front&kind=enterprise"), ["Ánh Sáng", "Mặt trận"]);
    assert_eq!(names(&official, &format!("locality_id={}", world.kongchro)), ["Bệnh viện"]);
    assert_eq!(names(&official, "sort=-created_at&limit=1"), ["Bệnh viện"]);
    let first = official.get("/organisations?limit=3&count=true").expect(200);
    assert_eq!(first["total"], 4);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = official.get(&format!("/organisations?limit=3&cursor={cursor}")).expect(200);
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
    official.get(&format!("/organisations?cursor={cursor}&q=a")).expect_problem(400, "cursor_invalid");
}

#[test]
fn a_repeated_creation_of_an_organisation_adds_nothing() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let mut new = office(world.ianan);
    new["id"] = json!(Uuid::now_v7());
    official.post("/organisations", new.clone()).expect(201);
    let again = official.post("/organisations", new.clone());
    again.expect(200);
    assert_eq!(again.header("idempotent-replayed"), "true");
    new["name"] = json!("Khác");
    official.post("/organisations", new.clone()).expect_problem(409, "id_conflict");
    assert_eq!(official.get("/organisations?count=true").expect(200)["total"], 1);

    // A server-generated id is in use, too.
    new["id"] = json!(world.organisation(world.ianan, "Phòng"));
    official.post("/organisations", new).expect_problem(409, "id_conflict");
}

#[test]
fn an_organisation_is_deleted_with_its_contact_unless_a_twinning_names_it() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let village = world.village(world.ianan, "Tung");
    let giver = world.organisation(world.ianan, "Văn phòng xã");
    let twinning = world.twinning(world.programme(world.ianan), giver, village);
    let path = format!("/organisations/{giver}");
    official.delete(&path).expect_problem(409, "in_use");
    official.delete(&format!("/twinnings/{twinning}")).expect(204);
    official.delete(&path).expect(204);
    official.get(&path).expect_problem(404, "not_found");

    let mut new = office(world.ianan);
    new["id"] = json!(Uuid::now_v7());
    let path = format!("/organisations/{}", add(&official, new.clone()));
    official.delete(&path).expect(204);
    official.post("/organisations", new).expect_problem(409, "deleted");
}

#[test]
fn kind_place_and_manager_of_a_twinned_organisation_cannot_change() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (commune, province) = (world.commune(world.ianan), world.province(world.gialai));
    let unit = add(&commune, office(world.ianan));
    let path = format!("/organisations/{unit}");
    let itself = json!({"kind": "locality", "place_id": world.ianan});
    // Without references it can be corrected.
    let other_kind = json!({"kind": "enterprise"});
    commune.patch(&path, other_kind).expect(200);
    let twinning = world.twinning(world.programme(world.gialai), unit.parse().unwrap(), village);
    for changes in [itself, json!({"kind": "department"}), json!({"locality_id": world.kongchro})] {
        province.patch(&path, changes.clone()).expect_problem(409, "in_use");
        assert_eq!(commune.get(&path).expect(200)["version"], 2, "{changes}");
    }
    commune.patch(&path, json!({"name": "Văn phòng mới", "kind": "enterprise"})).expect(200);
    province.delete(&format!("/twinnings/{twinning}")).expect(204);
    commune.patch(&path, json!({"kind": "department"})).expect(200);
}

#[test]
fn an_account_given_to_a_unit_from_another_area_is_audited_at_the_village() {
    let world = World::new();
    let village = world.village(world.kongchro, "Hle Hlang");
    let giver = world.commune(world.ianan);
    let unit: Uuid = add(&giver, office(world.ianan)).parse().unwrap();
    let own = world.village(world.ianan, "Tung");
    let programme = world.programme(world.gialai);
    let twinning = world.twinning(programme, unit, village);
    world.twinning(programme, unit, own);
    let new = json!({"username": "donvi", "full_name": "Đơn vị", "role": "twinning_unit", "organisation_id": unit});
    giver.post("/users", new).expect(201);
    let told = |official: &Client| official.get("/audit-events?resource=twinnings").expect(200)["items"].clone();
    let entry = told(&world.commune(world.kongchro));
    let entry = entry.as_array().unwrap().iter().find(|entry| entry["step"] == "unit_account_given").unwrap().clone();
    assert_eq!((&entry["action"], &entry["record_id"]), (&json!("security"), &json!(twinning)));
    assert_eq!(entry["new_values"]["username"], "donvi");
    // An account that is moved into the unit or activated again is audited likewise.
    let idle: Uuid = add(&giver, office(world.ianan)).parse().unwrap();
    let new = json!({"username": "khac", "full_name": "Khác", "role": "twinning_unit", "organisation_id": idle});
    let account = format!("/users/{}", giver.post("/users", new).expect(201)["id"].as_str().unwrap());
    let count = || {
        let entries = told(&world.commune(world.kongchro));
        entries.as_array().unwrap().iter().filter(|entry| entry["new_values"]["username"] == "khac").count()
    };
    assert_eq!(count(), 0);
    giver.patch(&account, json!({"organisation_id": unit})).expect(200);
    assert_eq!(count(), 1);
    giver.step(&format!("{account}/deactivate")).expect(200);
    giver.step(&format!("{account}/activate")).expect(200);
    assert_eq!(count(), 2);
    let at_home = told(&giver);
    assert!(!at_home.as_array().unwrap().iter().any(|entry| entry["step"] == "unit_account_given"), "{at_home}");
}
