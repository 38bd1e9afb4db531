//! Places that end, are split, renamed or assigned: the tree of each day, the scope of officials, and accounts and keys of
//! ended places.

use diesel::sql_types::Uuid as SqlUuid;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use ketnghia::places::loader::locality_id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::insight::rows;
use crate::harness::{Catalogue, Client, TestServer, World, household, id_of};

/// A day before the end of districts on 2025-07-01.
const BEFORE: &str = "2025-05-20T02:00:00Z";
const TODAY: &str = "2026-11-22T02:00:00Z";

/// A split commune of the former Gia Lai, and one of its successors.
fn split_commune(world: &World) -> (Uuid, Uuid) {
    #[derive(QueryableByName)]
    struct Split {
        #[diesel(sql_type = SqlUuid)]
        predecessor_id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        successor_id: Uuid,
    }
    let split: Split = sql_query(
        "SELECT s.predecessor_id, s.successor_id FROM locality_successions s JOIN localities l ON l.id = s.predecessor_id
          WHERE l.level = 'commune' AND l.province_id = $1
            AND NOT EXISTS (SELECT FROM locality_successions c WHERE c.predecessor_id = l.id AND c.certain)
          ORDER BY l.code, s.successor_id LIMIT 1",
    )
    .bind::<SqlUuid, _>(world.gialai)
    .get_result(&mut world.server.sql())
    .unwrap();
    (split.predecessor_id, split.successor_id)
}

fn village_in(official: &Client, commune: Uuid, name: &str) -> Uuid {
    let kind = if name.starts_with("Thôn ") { "thon" } else { "lang" };
    id_of(&official.post("/localities", json!({"name": name, "kind": kind, "parent_id": commune})).expect(201))
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

fn give(official: &Client, village: Uuid, home: Uuid, given_on: &str) {
    let office = id_of(
        &official
            .post("/organisations", json!({"name": "Hội", "kind": "mass_organisation", "locality_id": village}))
            .expect(201),
    );
    let programme = id_of(
        &official
            .post(
                "/programmes",
                json!({"title": "Kế hoạch", "kind": "plan", "effective_on": "2019-01-01", "locality_id": village}),
            )
            .expect(201),
    );
    let twinning = json!({"programme_id": programme, "organisation_id": office, "locality_id": village, "lead": true, "starts_on": "2019-01-01"});
    let twinning = id_of(&official.post("/twinnings", twinning).expect(201));
    let gift = json!({"twinning_id": twinning, "village_id": village, "household_id": home, "category": "food",
        "description": "Gạo", "value_vnd": 300_000, "funding_source": "community", "given_on": given_on});
    official.post("/gifts", gift).expect(201);
}

#[test]
fn a_village_of_a_split_commune_lies_under_the_province_until_it_is_assigned_with_its_records() {
    let world = World::new();
    let (commune, successor) = split_commune(&world);
    world.server.set_clock(BEFORE);
    let before = world.commune(commune);
    let village = village_in(&before, commune, "Làng Chờ");
    world.make_user("head-of-cho", "village_head", Some(village), None);
    let home = world.household(&before, village, "Rơ Châm");
    give(&before, village, home, "2025-05-01");
    let list =
        id_of(&before.post("/hardship-lists", json!({"village_id": village, "year": 2025, "items": []})).expect(201));
    world.server.set_clock(TODAY);

    // The villages directly under the province.
    let province = world.province(world.gialai);
    let waiting = format!("/localities?level=village&parent_id={}", world.gialai);
    assert_eq!(names(&province.get(&waiting).expect(200)), ["Chờ"]);
    assert_eq!(
        names(&world.province(world.quangngai).get(&waiting).expect(200)),
        [""; 0],
        "out of scope for another province"
    );
    let aggregate = |caller: &Client| {
        let answer = caller.get("/aggregates/support?group_by=commune&from=2025-01-01&to=2025-12-31").expect(200);
        rows(&answer)
            .iter()
            .map(|row| (row["key"]["commune"]["id"].clone(), row["values"]["gifts"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(aggregate(&province), [(Value::Null, json!(1))], "counted without a commune");
    let after = world.commune(successor);
    let sees = |caller: &Client, path: &str| caller.get(path).status == 200;
    let records = [format!("/localities/{village}"), format!("/households/{home}"), format!("/hardship-lists/{list}")];
    assert!(
        records.iter().all(|path| sees(&province, path) && !sees(&after, path)),
        "in the scope of the province only"
    );
    after
        .with("If-Match", "*")
        .send("PATCH", &format!("/localities/{village}"), Some(json!({"current_parent_id": successor}).to_string()))
        .expect_problem(404, "not_found");

    let told = world.count("audit_events", "resource = 'localities'");
    let moved = province.patch(&format!("/localities/{village}"), json!({"current_parent_id": successor})).expect(200);
    assert_eq!(moved["path"][1]["id"], json!(successor));
    assert_eq!(world.count("audit_events", "resource = 'localities'"), told + 1, "the move is audited");
    assert!(world.count("audit_events", "resource = 'locality_versions' AND action = 'update'") > 0);
    assert_eq!(province.get(&waiting).expect(200)["items"], json!([]));
    assert!(records.iter().all(|path| sees(&province, path) && sees(&after, path)), "with all its records");
    assert_eq!(names_of(&after.get("/households").expect(200), "head_name"), ["Rơ Châm"]);
    assert_eq!(after.get("/gifts").expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(after.get("/twinnings").expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        names_of(&after.get("/users").expect(200), "username"),
        ["head-of-cho"],
        "the account of its head is in scope"
    );
    assert_eq!(aggregate(&after), [(json!(successor), json!(1))]);
    let history = world.sign_in("head-of-cho").get(&format!("/localities/{village}/history")).expect(200);
    let parents: Vec<_> =
        history["versions"].as_array().unwrap().iter().map(|version| version["parent_id"].clone()).collect();
    assert_eq!(parents, [json!(commune), json!(successor)], "the second version lies in the successor");
    let then =
        province.get("/aggregates/support?group_by=commune&from=2025-01-01&to=2025-12-31&as_of=2025-06-30").expect(200);
    assert_eq!(
        rows(&then)[0]["key"]["commune"]["id"],
        json!(commune),
        "as of a day before, it is counted in its former commune"
    );
}

fn names_of(page: &Value, field: &str) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_official_of_an_ended_place_reads_nothing_until_reassigned() {
    let world = World::new();
    let (yangtrung, kongchro) = (locality_id(2024, "23845"), world.kongchro);
    world.server.set_clock(BEFORE);
    let me = world.user("yangtrung", "commune", Some(yangtrung), None);
    let village = village_in(&me, yangtrung, "Hle Hlang");
    let home = world.household(&me, village, "Đinh");
    give(&me, village, home, "2025-05-01");
    assert!(!me.get("/me").expect(200)["permissions"].as_array().unwrap().is_empty());
    world.server.set_clock(TODAY);

    let me = world.sign_in("yangtrung");
    let account = me.get("/me").expect(200);
    assert_eq!((&account["locality"]["valid_to"], &account["permissions"]), (&json!("2025-06-30"), &json!([])));
    let lists = [
        "/localities",
        "/localities?as_of=all",
        "/users",
        "/organisations",
        "/programmes",
        "/twinnings",
        "/households",
        "/hardship-lists",
        "/hardship-items",
        "/visits",
        "/gifts",
    ];
    for list in lists {
        assert_eq!(me.get(list).expect(200)["items"], json!([]), "{list}");
    }
    for set in ["support", "hardship", "poverty"] {
        let answer = me.get(&format!("/aggregates/{set}?group_by=village&from=2025-01-01&to=2026-12-31")).expect(200);
        assert_eq!(answer["rows"], json!([]), "{set}");
        for (name, number) in answer["totals"].as_object().unwrap() {
            // Null where no register of a village is read.
            let is_of_registers = name == "village_households" || name.ends_with("_rate");
            assert!(number == 0 || is_of_registers && number.is_null(), "{set} {name}");
        }
    }
    me.get(&format!("/households/{home}")).expect_problem(404, "not_found");
    me.post("/households", household(village, "Siu")).expect_invalid(&[("#/village_id", "not_found")]);

    let province = world.province(world.gialai);
    let id = province.get("/users?q=yangtrung").expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/users/{id}");
    province.patch(&path, json!({"full_name": "Đinh Văn"})).expect(200);
    province.patch(&path, json!({"locality_id": yangtrung})).expect_invalid(&[("#/locality_id", "ended")]);
    province.patch(&path, json!({"locality_id": kongchro})).expect(200);
    me.get("/me").expect_problem(401, "unauthenticated");
    let me = world.sign_in("yangtrung");
    let account = me.get("/me").expect(200);
    assert_eq!((&account["locality"]["name"], &account["locality"]["valid_to"]), (&json!("Kông Chro"), &Value::Null));
    assert!(!account["permissions"].as_array().unwrap().is_empty());
    assert_eq!(names_of(&me.get("/households").expect(200), "head_name"), ["Đinh"]);
}

#[test]
fn an_api_key_of_an_ended_place_counts_nothing_and_none_can_be_created_for_it() {
    let world = World::new();
    let yangtrung = locality_id(2024, "23845");
    world.server.set_clock(BEFORE);
    let village = village_in(&world.commune(yangtrung), yangtrung, "Hle Hlang");
    world.households(village, 9, "poor", 2024);
    let key = world.key(locality_id(2024, "64"), yangtrung);
    let poor = |key: &Client, question: &str| {
        key.get(&format!("/aggregates/poverty{question}")).expect(200)["totals"]["poor"].clone()
    };
    assert_eq!(poor(&key, ""), 9);
    world.server.set_clock(TODAY);
    assert_eq!(poor(&key, ""), 0);
    assert_eq!(poor(&key, "?as_of=2025-06-30"), 0, "as of a day before its end, too");
    let problem = key.get(&format!("/aggregates/poverty?within={yangtrung}")).expect_problem(422, "locality_ended");
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("Kông Chro"), "{problem}");
    assert_eq!(poor(&world.key(world.gialai, world.kongchro), ""), 9, "a key of the successor counts them");
    let new = json!({"name": "Bảng", "locality_id": yangtrung});
    world.province(world.gialai).post("/api-keys", new).expect_invalid(&[("#/locality_id", "ended")]);
}

#[test]
fn villages_of_yang_trung_lie_in_its_successor_kong_chro() {
    let world = World::new();
    let yangtrung = locality_id(2024, "23845");
    world.server.set_clock(BEFORE);
    let then = world.commune(yangtrung);
    let villages = ["Hle Hlang", "Tnang", "Thôn 9", "Thôn 10"];
    for name in villages {
        village_in(&then, yangtrung, name);
    }
    world.server.set_clock("2026-01-01T02:00:00Z");
    let official = world.commune(world.kongchro);
    let ended = official.get(&format!("/localities/{yangtrung}")).expect(200);
    assert_eq!((&ended["name"], &ended["valid_to"]), (&json!("Yang Trung"), &json!("2025-06-30")));
    let history = official.get(&format!("/localities/{yangtrung}/history")).expect(200);
    assert_eq!(history["predecessors"], json!([]));
    let successors: Vec<_> =
        history["successors"].as_array().unwrap().iter().map(|place| (&place["code"], &place["certain"])).collect();
    assert_eq!(successors, [(&json!("23824"), &json!(true))]);
    let of_successor = official.get(&format!("/localities/{}/history", world.kongchro)).expect(200);
    let came_from: Vec<_> =
        of_successor["predecessors"].as_array().unwrap().iter().map(|place| place["name"].as_str().unwrap()).collect();
    assert!(came_from.contains(&"Yang Trung") && came_from.contains(&"Kông Chro"), "{came_from:?}");
    let mut here = official.get(&format!("/localities/{}/children", world.kongchro)).expect(200);
    here["items"].as_array_mut().unwrap().sort_by_key(|place| villages.iter().position(|name| place["name"] == *name));
    assert_eq!(names(&here), villages);
    let before = official.get(&format!("/localities/{yangtrung}/children?as_of=2025-06-30&count=true")).expect(200);
    assert_eq!(before["total"], 4);
    assert_eq!(official.get(&format!("/localities/{yangtrung}/children")).expect(200)["items"], json!([]));
}

#[test]
fn a_merged_province_counts_the_gifts_of_both_former_provinces() {
    let world = World::new();
    world.server.set_clock(BEFORE);
    // A commune of the former Gia Lai (64) and one of the former Bình Định (52).
    let commune_of_binh_dinh: Uuid = {
        #[derive(QueryableByName)]
        struct Id {
            #[diesel(sql_type = SqlUuid)]
            id: Uuid,
        }
        let sql = "SELECT l.id FROM localities l JOIN locality_successions s ON s.predecessor_id = l.id AND s.certain
                    WHERE l.level = 'commune' AND l.province_id = $1 ORDER BY l.code LIMIT 1";
        let query = sql_query(sql).bind::<SqlUuid, _>(locality_id(2024, "52"));
        query.get_result::<Id>(&mut world.server.sql()).unwrap().id
    };
    for commune in [locality_id(2024, "23845"), commune_of_binh_dinh] {
        let official = world.commune(commune);
        let village = village_in(&official, commune, "Làng");
        let home = world.household(&official, village, "Đinh");
        give(&official, village, home, "2024-10-10");
    }
    world.server.set_clock(TODAY);
    let province = world.province(world.gialai);
    let year = "from=2024-01-01&to=2024-12-31&group_by=commune";
    let now = province.get(&format!("/aggregates/support?within={}&{year}", world.gialai)).expect(200);
    assert_eq!(now["totals"]["gifts"], 2);
    let codes: Vec<_> = rows(&now).iter().map(|row| row["key"]["commune"]["code"].as_str().unwrap()).collect();
    assert!(rows(&now).len() == 2 && codes.contains(&"23824"), "{codes:?}");
    let then = province.get(&format!("/aggregates/support?{year}&as_of=2024-12-31&group_by=province")).expect(200);
    let provinces: Vec<_> = rows(&then).iter().map(|row| row["key"]["province"]["name"].as_str().unwrap()).collect();
    assert!(provinces.contains(&"Gia Lai") && provinces.contains(&"Bình Định"), "{provinces:?}");
}

#[test]
fn the_changes_of_2026_are_new_versions_of_the_same_places() {
    let world = World::on(TestServer::with(Catalogue::Whole));
    let official = world.admin();
    let on = |code: &str, day: &str| {
        let found = official.get(&format!("/localities?code={code}&as_of={day}")).expect(200)["items"].clone();
        assert_eq!(found.as_array().unwrap().len(), 1, "{code} on {day}");
        found[0].clone()
    };
    for (code, before, after, basis) in [
        ("75", ("tinh", "Đồng Nai"), ("thanh_pho", "Đồng Nai"), "30/2026/QH16"),
        ("25270", ("xa", "Lộc Ninh"), ("phuong", "Lộc Ninh"), "237/NQ-UBTVQH16"),
        ("26368", ("xa", "Long Thành"), ("phuong", "Long Thành"), "237/NQ-UBTVQH16"),
    ] {
        let (old, new) = (on(code, "2026-04-29"), on(code, "2026-04-30"));
        assert_eq!((&old["kind"], &old["name"]), (&json!(before.0), &json!(before.1)));
        assert_eq!((&new["kind"], &new["name"]), (&json!(after.0), &json!(after.1)));
        assert_eq!((&old["id"], &old["valid_to"]), (&new["id"], &Value::Null), "the same place with a new version");
        let history = official.get(&format!("/localities/{}/history", new["id"].as_str().unwrap())).expect(200);
        let last = history["versions"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["valid_from"], &last["legal_basis"]), (&json!("2026-04-30"), &json!(basis)));
        assert_eq!(history["successors"], json!([]));
    }
}

#[test]
fn communes_lie_in_districts_until_2025_06_30_and_in_provinces_afterwards() {
    let world = World::new();
    let official = world.admin();
    let lies_in = |day: &str, level: &str| {
        let page = official.get(&format!("/localities?level=commune&as_of={day}&limit=200")).expect(200);
        let communes = page["items"].as_array().unwrap().clone();
        assert!(communes.len() > 100, "{day}");
        communes.iter().all(|commune| commune["path"].as_array().unwrap().last().unwrap()["level"] == *level)
    };
    assert!(lies_in("2025-06-30", "district"));
    assert!(lies_in("2025-07-01", "province"));
}
