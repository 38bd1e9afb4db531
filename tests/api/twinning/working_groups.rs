use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, World, id_of, unique};

/// A village, an organisation and a programme of Ia Nan, with an official of the commune.
struct Stage {
    world: World,
    village: Uuid,
    organisation: Uuid,
    programme: Uuid,
    official: Client,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        Self {
            village: world.village(world.ianan, "Tung"),
            organisation: world.organisation(world.ianan, "Văn phòng xã"),
            programme: world.programme(world.ianan),
            official: world.commune(world.ianan),
            world,
        }
    }

    /// A group of the organisation with changes; null removes a field.
    fn with(&self, changes: Value) -> Value {
        let mut new = json!({"programme_id": self.programme, "organisation_id": self.organisation, "kind": "working_group",
            "name": "Tổ công tác kết nghĩa", "established_on": "2025-07-01"});
        for (field, value) in changes.as_object().unwrap() {
            new[field] = value.clone();
        }
        new.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        new
    }

    fn of_village(&self) -> Value {
        self.with(json!({"organisation_id": null, "locality_id": self.village}))
    }

    fn create(&self, new: Value) -> Value {
        self.official.post("/working-groups", new).expect(201)
    }
}

fn path(group: &Value) -> String {
    format!("/working-groups/{}", id_of(group))
}

fn names(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/working-groups?{query}")).expect(200);
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

fn total(client: &Client) -> Value {
    client.get("/working-groups?count=true").expect(200)["total"].clone()
}

fn user_id(client: &Client) -> Value {
    client.get("/me").expect(200)["id"].clone()
}

#[test]
fn a_working_group_is_answered_with_its_members_in_their_order() {
    let stage = Stage::new();
    let head = stage.world.head(stage.village);
    let members = json!([
        {"name": "Nguyễn Văn Ba", "office": "Phó Chủ tịch", "organisation_id": stage.organisation, "user_id": null,
         "part": "head", "duties": "Phụ trách chung", "stages": ["coordinate", "review_replicate"]},
        {"name": "An", "office": null, "organisation_id": null, "user_id": user_id(&head), "part": "secretary", "duties": null,
         "stages": []},
    ]);
    let made = stage.create(stage.with(json!({"members": members, "decision_number": "12/QĐ-UBND"})));
    assert_eq!(made["members"], members);
    assert_eq!((&made["organisation_id"], &made["locality_id"]), (&json!(stage.organisation), &Value::Null));
    assert_eq!((&made["acted_by"], &made["version"]), (&user_id(&stage.official), &json!(1)));
    assert_eq!(made["allowed_actions"], json!(["update", "delete"]));
    for empty in ["ended_on", "regulation_number"] {
        assert_eq!(made.get(empty), Some(&Value::Null), "{empty}");
    }
    assert_eq!(stage.official.get(&path(&made)).expect(200), made);

    let of_place = stage.create(stage.of_village());
    assert_eq!((&of_place["organisation_id"], &of_place["locality_id"]), (&Value::Null, &json!(stage.village)));
    assert_eq!(of_place["members"], json!([]));
}

#[test]
fn the_party_and_its_officials_write_a_group_and_the_officials_of_the_programme_read_it() {
    let stage = Stage::new();
    let world = &stage.world;
    // The programme is of Kông Chro, the parties are in Ia Nan.
    let programme = json!({"programme_id": world.programme(world.kongchro)});
    let mut of_village = stage.of_village();
    of_village["programme_id"] = programme["programme_id"].clone();
    let (unit, head) = (world.unit(stage.organisation), world.head(stage.village));
    let by_unit = unit.post("/working-groups", stage.with(programme)).expect(201);
    let by_head = head.post("/working-groups", of_village).expect(201);
    let officials = [world.province(world.gialai), world.commune(world.ianan)];
    for (group, party) in [(&by_unit, &unit), (&by_head, &head)] {
        for writer in officials.iter().chain([party]) {
            assert_eq!(writer.get(&path(group)).expect(200)["allowed_actions"], json!(["update", "delete"]));
            writer.patch(&path(group), json!({"regulation_number": unique("01")})).expect(200);
        }
        // Readers, who write no group here.
        for reader in [world.commune(world.kongchro), world.admin()] {
            let shown = reader.get(&path(group)).expect(200);
            assert_eq!((&shown["allowed_actions"], total(&reader)), (&json!([]), json!(2)));
        }
        let reader = world.commune(world.kongchro);
        reader.patch(&path(group), json!({"name": "Khác"})).expect_problem(404, "not_found");
        reader.patch(&path(group), json!({"members": []})).expect_problem(404, "not_found");
        reader.delete(&path(group)).expect_problem(404, "not_found");
        world.admin().patch(&path(group), json!({"name": "Khác"})).expect_problem(403, "forbidden");
        let strangers = [
            world.province(world.quangngai),
            world.head(world.village(world.ianan, "Nú")),
            world.unit(world.organisation(world.ianan, "Phòng")),
        ];
        for stranger in strangers {
            stranger.get(&path(group)).expect_problem(404, "not_found");
            assert_eq!(total(&stranger), 0);
            stranger.with("If-Match", "*").send("DELETE", &path(group), None).expect_problem(404, "not_found");
        }
    }
    head.get(&path(&by_unit)).expect_problem(404, "not_found");
    unit.delete(&path(&by_unit)).expect(204);
    head.delete(&path(&by_head)).expect(204);
    let key = officials[0].post("/api-keys", json!({"name": "Bảng", "locality_id": world.ianan})).expect(201);
    let key = world.server.anonymous().with_token(key["key"].as_str().unwrap());
    key.get("/working-groups").expect_problem(403, "forbidden");
}

#[test]
fn a_twinned_unit_reads_the_groups_of_its_villages_and_writes_none() {
    let stage = Stage::new();
    let world = &stage.world;
    let of_village = stage.create(stage.of_village());
    // Managed by the village, which is not the same as a group of the village.
    let society = world.organisation(stage.village, "Chi hội");
    let of_society = stage.create(stage.with(json!({"organisation_id": society})));
    let company = world.organisation(world.kongchro, "Công ty");
    let unit = world.unit(company);
    unit.get(&path(&of_village)).expect_problem(404, "not_found");
    world.twinning(stage.programme, company, stage.village);
    assert_eq!(unit.get(&path(&of_village)).expect(200)["allowed_actions"], json!([]));
    assert_eq!(total(&unit), 1);
    unit.get(&path(&of_society)).expect_problem(404, "not_found");
    unit.patch(&path(&of_village), json!({"name": "Khác"})).expect_problem(404, "not_found");
    unit.post("/working-groups", stage.of_village()).expect_invalid(&[("#/locality_id", "not_found")]);
    // The managing place acts for the organisation.
    world.head(stage.village).patch(&path(&of_society), json!({"name": "Tổ của chi hội"})).expect(200);
}

#[test]
fn a_group_has_exactly_one_party_for_which_the_caller_writes() {
    let stage = Stage::new();
    let world = &stage.world;
    let refused = |client: &Client, changes: Value, pointer: &str, code: &str| {
        client.post("/working-groups", stage.with(changes)).expect_invalid(&[(pointer, code)]);
    };
    let official = &stage.official;
    refused(official, json!({"organisation_id": null}), "#/organisation_id", "required");
    refused(official, json!({"locality_id": stage.village}), "#/locality_id", "exclusive");
    let elsewhere = world.organisation(world.kongchro, "Công ty");
    for hidden in [elsewhere, Uuid::now_v7()] {
        refused(official, json!({"organisation_id": hidden}), "#/organisation_id", "not_found");
    }
    for hidden in [world.kongchro, world.gialai, Uuid::now_v7()] {
        refused(official, json!({"organisation_id": null, "locality_id": hidden}), "#/locality_id", "not_found");
    }
    refused(&world.unit(elsewhere), json!({}), "#/organisation_id", "not_found");
    refused(&world.head(stage.village), json!({}), "#/organisation_id", "not_found");
    refused(official, json!({"programme_id": Uuid::now_v7()}), "#/programme_id", "not_found");
    assert_eq!(total(&world.admin()), 0);
    // The head of a village that is an organisation acts for it.
    let giver = world.place_organisation(stage.village, "Làng Tung");
    let head = world.head(stage.village);
    head.post("/working-groups", stage.with(json!({"organisation_id": giver}))).expect(201);
}

#[test]
fn invalid_fields_of_a_working_group_are_reported_and_nothing_is_written() {
    let stage = Stage::new();
    let member = json!({"name": "Siu A", "part": "member"});
    let long = |length: usize| json!("a".repeat(length));
    let cases = [
        ("name", json!(""), "length"),
        ("name", long(301), "length"),
        ("kind", json!("club"), "invalid_value"),
        ("established_on", json!("+99999-01-01"), "invalid_value"),
        ("established_on", json!("2026-11-23"), "in_the_future"),
        ("ended_on", json!("2025-06-30"), "period_reversed"),
        ("ended_on", json!("0026-06-30"), "invalid_value"),
        ("decision_number", long(101), "length"),
        ("regulation_number", long(101), "length"),
        ("members", json!(vec![member.clone(); 101]), "length"),
    ];
    let group = stage.create(stage.with(json!({"members": [member]})));
    for (field, value, code) in &cases {
        let pointer = format!("#/{field}");
        stage.official.post("/working-groups", stage.with(json!({*field: value}))).expect_invalid(&[(&pointer, code)]);
        stage.official.patch(&path(&group), json!({*field: value})).expect_invalid(&[(&pointer, code)]);
    }
    for required in ["programme_id", "name", "kind", "established_on"] {
        let pointer = format!("#/{required}");
        stage
            .official
            .post("/working-groups", stage.with(json!({required: null})))
            .expect_invalid(&[(&pointer, "required")]);
    }
    for fixed in ["programme_id", "organisation_id", "locality_id", "acted_by"] {
        let pointer = format!("#/{fixed}");
        let changes = json!({fixed: stage.programme});
        stage.official.patch(&path(&group), changes).expect_invalid(&[(&pointer, "unknown_field")]);
    }
    stage.official.patch(&path(&group), json!({"ended_on": "2026-01-01"})).expect(200);
    let late = json!({"established_on": "2026-01-02"});
    stage.official.patch(&path(&group), late).expect_invalid(&[("#/ended_on", "period_reversed")]);
    let after = stage.official.get(&path(&group)).expect(200);
    assert_eq!(
        (&after["version"], &after["established_on"], &after["members"]),
        (&json!(2), &json!("2025-07-01"), &group["members"])
    );
    assert_eq!(total(&stage.official), 1);
    stage.official.get("/working-groups?active_on=-9999-01-01").expect_invalid(&[("?active_on", "invalid_value")]);
}

#[test]
fn invalid_members_are_reported_by_their_position_and_nothing_is_written() {
    let stage = Stage::new();
    let world = &stage.world;
    let group = stage.create(stage.with(json!({})));
    let refused = |client: &Client, wrong: Value, field: &str, code: &str| {
        let mut member = json!({"name": "Siu B", "part": "member"});
        for (name, value) in wrong.as_object().unwrap() {
            member[name] = value.clone();
        }
        let members = json!({"members": [{"name": "Siu A", "part": "head"}, member]});
        let pointer = format!("#/members/1/{field}");
        client.post("/working-groups", stage.with(members.clone())).expect_invalid(&[(&pointer, code)]);
        client.patch(&path(&group), members).expect_invalid(&[(&pointer, code)]);
    };
    let official = &stage.official;
    for (field, longest) in [("name", 300), ("office", 300), ("duties", 300)] {
        refused(official, json!({field: "a".repeat(longest + 1)}), field, "length");
    }
    refused(official, json!({"name": ""}), "name", "length");
    refused(official, json!({"name": null}), "name", "required");
    refused(official, json!({"part": "guest"}), "part", "invalid_value");
    refused(official, json!({"stages": ["survey", "plan", "survey"]}), "stages/2", "duplicate");
    refused(official, json!({"stages": ["sleep"]}), "stages/0", "invalid_value");
    refused(official, json!({"stages": vec!["plan"; 7]}), "stages", "length");
    refused(official, json!({"organisation_id": Uuid::now_v7()}), "organisation_id", "not_found");
    // Accounts of other areas and of the same office, and an account of a unit for another user of the unit.
    let neighbour = world.head(world.village(world.kongchro, "Tnang"));
    for hidden in [user_id(&neighbour), user_id(&world.commune(world.ianan)), json!(Uuid::now_v7())] {
        refused(official, json!({"user_id": hidden}), "user_id", "not_found");
    }
    let unit = world.unit(stage.organisation);
    refused(&unit, json!({"user_id": user_id(&world.unit(stage.organisation))}), "user_id", "not_found");
    assert_eq!(official.get(&path(&group)).expect(200), group);
    assert_eq!(total(official), 1);
}

#[test]
fn a_change_requires_if_match_and_replaces_all_members() {
    let stage = Stage::new();
    let unit = stage.world.unit(stage.organisation);
    // An organisation of any area, and an account that the unit does not manage.
    let elsewhere = stage.world.organisation(stage.world.kongchro, "Công ty");
    let head = user_id(&stage.world.head(stage.village));
    let first = json!([{"name": "Siu A", "part": "head", "user_id": head}, {"name": "Siu B", "part": "member"}]);
    let group = stage.create(stage.with(json!({"members": first, "ended_on": "2026-01-01"})));
    let body = json!({"kind": "steering_committee", "ended_on": null, "members": [
        {"name": "Siu C", "part": "member", "organisation_id": elsewhere}, {"name": "Siu A", "part": "deputy", "user_id": head}]});
    let send = |client: &Client| client.send("PATCH", &path(&group), Some(body.to_string()));
    send(&unit).expect_problem(428, "precondition_required");
    send(&unit.with("If-Match", "\"7\"")).expect_problem(412, "version_conflict");
    let changed = send(&unit.with("If-Match", "\"1\"")).expect(200);
    assert_eq!((&changed["version"], &changed["kind"]), (&json!(2), &json!("steering_committee")));
    assert_eq!((&changed["ended_on"], &changed["acted_by"]), (&Value::Null, &group["acted_by"]));
    let members = changed["members"].as_array().unwrap();
    assert_eq!(members.iter().map(|member| &member["name"]).collect::<Vec<_>>(), ["Siu C", "Siu A"]);
    // Members alone are a new version, an empty change is none.
    let emptied = unit.patch(&path(&group), json!({"members": []})).expect(200);
    assert_eq!((&emptied["version"], &emptied["members"]), (&json!(3), &json!([])));
    assert_eq!(unit.patch(&path(&group), json!({})).expect(200)["version"], 3);
}

#[test]
fn working_groups_are_filtered_sorted_and_answered_as_a_sheet() {
    let stage = Stage::new();
    let official = &stage.official;
    let other = stage.world.programme(stage.world.ianan);
    let member = json!([{"name": "Siu A", "part": "head"}]);
    stage.create(
        stage.with(json!({"name": "A", "established_on": "2024-01-01", "ended_on": "2024-12-31", "members": member})),
    );
    stage.create(
        stage.with(
            json!({"name": "B", "established_on": "2025-01-01", "kind": "management_board", "programme_id": other}),
        ),
    );
    let mut third = stage.of_village();
    third["name"] = json!("=C");
    third["established_on"] = json!("2023-01-01");
    let third = stage.create(third);
    assert_eq!(names(official, ""), ["B", "A", "=C"]);
    assert_eq!(names(official, "sort=established_on"), ["=C", "A", "B"]);
    official.patch(&path(&third), json!({"decision_number": "1"})).expect(200);
    assert_eq!(names(official, "sort=-updated_at").len(), 3);
    assert_eq!(names(official, &format!("programme_id={other}")), ["B"]);
    assert_eq!(names(official, &format!("organisation_id={}", stage.organisation)), ["B", "A"]);
    assert_eq!(names(official, &format!("locality_id={}", stage.village)), ["=C"]);
    assert!(
        names(official, &format!("locality_id={}", stage.world.ianan)).is_empty(),
        "the managing place is no party"
    );
    assert_eq!(names(official, "kind=management_board&kind=steering_committee"), ["B"]);
    assert_eq!(names(official, "active_on=2024-12-31"), ["A", "=C"]);
    assert_eq!(names(official, "active_on=2025-01-01"), ["B", "=C"]);
    let first = official.get("/working-groups?limit=2&count=true").expect(200);
    assert_eq!(first["total"], 3);
    assert_eq!(names(official, &format!("limit=2&cursor={}", first["next_cursor"].as_str().unwrap())), ["=C"]);

    let answer = official.get("/working-groups?format=csv");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let text = answer.expect(200).as_str().unwrap().trim_start_matches('\u{feff}').to_owned();
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect();
    let cells = |column: usize| rows.iter().map(|row| row[column].to_owned()).collect::<Vec<_>>();
    assert_eq!(
        (cells(5), cells(10)),
        (vec!["B".into(), "A".into(), "'=C".into()], vec!["0".into(), "1".into(), "0".into()])
    );
}

#[test]
fn a_repeated_creation_of_a_working_group_adds_nothing() {
    let stage = Stage::new();
    let mut new = stage.with(json!({"id": Uuid::now_v7(), "members": [{"name": "Siu A", "part": "head"}]}));
    let made = stage.create(new.clone());
    let again = stage.official.post("/working-groups", new.clone());
    assert_eq!(again.expect(200), made);
    assert_eq!(again.header("idempotent-replayed"), "true");
    new["name"] = json!("Khác");
    stage.official.post("/working-groups", new.clone()).expect_problem(409, "id_conflict");
    stage.official.delete(&path(&made)).expect(204);
    new["name"] = made["name"].clone();
    stage.official.post("/working-groups", new).expect_problem(409, "deleted");
}

#[test]
fn the_audit_names_the_change_of_members_without_their_names_offices_and_duties() {
    let stage = Stage::new();
    let elsewhere = stage.world.organisation(stage.world.kongchro, "Công ty");
    let member = json!({"name": "Siu Pyui", "office": "Chủ tịch", "duties": "Chung", "part": "head", "organisation_id": elsewhere});
    let group = stage.create(stage.with(json!({"members": [member]})));
    stage.official.patch(&path(&group), json!({"members": []})).expect(200);
    stage.official.delete(&path(&group)).expect(204);
    let query = format!("/audit-events?resource=working_groups&id={}", id_of(&group));
    let entries = stage.official.get(&query).expect(200)["items"].clone();
    let told = entries.to_string();
    for personal in ["Siu Pyui", "Chủ tịch", "Chung"] {
        assert!(!told.contains(personal), "{personal}: {told}");
    }
    let entries = entries.as_array().unwrap();
    let actions: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["delete", "update", "create"]);
    assert_eq!(entries[1]["personal_fields"], json!(["members"]));
    // The place of the entries is that of the party, not of the organisation of a member.
    let neighbour = stage.world.commune(stage.world.kongchro);
    assert_eq!(neighbour.get(&query).expect(200)["items"], json!([]));
}

#[test]
fn the_party_and_the_programme_of_a_group_are_not_deleted_and_members_keep_their_names() {
    let stage = Stage::new();
    let world = &stage.world;
    let of_member = world.organisation(world.ianan, "Phòng");
    let account = world.make_user(&unique("head"), "village_head", Some(stage.village), None);
    let programme = world.programme(world.ianan);
    let members = json!([{"name": "Siu A", "part": "head", "organisation_id": of_member, "user_id": account}]);
    let group = stage.create(stage.with(json!({"programme_id": programme, "members": members})));
    let referred = [format!("/organisations/{}", stage.organisation), format!("/programmes/{programme}")];
    for record in &referred {
        stage.official.delete(record).expect_problem(409, "in_use");
    }
    for record in [format!("/organisations/{of_member}"), format!("/users/{account}")] {
        stage.official.delete(&record).expect(204);
    }
    // The ids of deleted records are kept, and accepted again.
    let renamed = stage.official.patch(&path(&group), json!({"members": members, "name": "Ban chỉ đạo"})).expect(200);
    assert_eq!(renamed["members"], group["members"]);
    // The officials of the managing place follow the organisation.
    let province = world.province(world.gialai);
    province.patch(&referred[0], json!({"locality_id": world.kongchro})).expect(200);
    stage.official.patch(&path(&group), json!({"name": "Khác"})).expect_problem(404, "not_found");
    world.commune(world.kongchro).delete(&path(&group)).expect(204);
}
