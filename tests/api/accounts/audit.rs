//! Audit entries: what they contain and which officials read them.

use std::thread;

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, PASSWORD, World, giving, id_of, unique};

fn entries(client: &Client, query: &str) -> Vec<Value> {
    client.get(&format!("/audit-events?{query}")).expect(200)["items"].as_array().unwrap().clone()
}

fn new_household(head: &Client, village: Uuid) -> Value {
    let body = json!({
        "village_id": village, "head_name": "Siu Pyui", "ethnic_group": "10", "poverty_status": "poor", "phone": "0905123456",
        "identity_number": "064068001234", "members": [{"name": "Siu H'Lan", "birth_year": 2014}],
    });
    head.post("/households", body).expect(201)
}

#[test]
fn an_entry_names_actor_record_and_changed_fields_without_personal_values() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let household = new_household(&head, village);
    let path = format!("/households/{}", household["id"].as_str().unwrap());
    let changed = head.patch(&path, json!({"head_name": "Siu Pyơi"}));
    changed.expect(200);

    let official = world.commune(world.ianan);
    let all = entries(&official, &format!("resource=households&id={}", household["id"].as_str().unwrap()));
    let newest = &all[0];
    assert_eq!(newest["action"], "update");
    assert_eq!(newest["personal_fields"].as_array().unwrap().iter().filter(|name| *name == "head_name").count(), 1);
    assert_eq!(newest["actor_role"], "village_head");
    assert_eq!(newest["actor_id"], head.get("/me").expect(200)["id"]);
    assert_eq!(newest["actor_username"], head.get("/me").expect(200)["username"]);
    assert_eq!(newest["village_id"], json!(village));
    assert_eq!(newest["request_id"], changed.header("x-request-id"));
    assert_eq!(newest["part"], Value::Null);

    // Entries of members and assessments name the household and their part.
    let member = all.iter().find(|entry| entry["part"] == "members").expect("the member");
    assert_eq!((&member["action"], &member["part_id"]), (&json!("create"), &household["members"][0]["id"]));
    assert!(all.iter().any(|entry| entry["part"] == "assessments"));

    let told = serde_json::to_string(&all).unwrap();
    for personal in ["Siu", "0905123456", "064068001234"] {
        assert!(!told.contains(personal), "{personal}: {told}");
    }
    for bookkeeping in ["written_by", "changed_xid", "scope_path"] {
        assert!(!told.contains(bookkeeping), "{bookkeeping}");
    }
}

#[test]
fn revealing_an_identity_number_is_audited() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let household = new_household(&world.head(village), village);
    let official = world.commune(world.ianan);
    official.step(&format!("/households/{}/reveal", household["id"].as_str().unwrap())).expect(200);
    let read = entries(&world.province(world.gialai), &format!("id={}", household["id"].as_str().unwrap()));
    assert_eq!(read[0]["action"], "read");
    assert_eq!(read[0]["actor_id"], official.get("/me").expect(200)["id"]);
}

#[test]
fn officials_read_entries_of_their_own_area_only() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let query = format!("resource=localities&id={village}");
    let seen = |client: &Client| !entries(client, &query).is_empty();
    assert!(seen(&world.admin()));
    assert!(seen(&world.province(world.gialai)));
    assert!(seen(&world.commune(world.ianan)));
    assert!(!seen(&world.province(world.quangngai)));
    assert!(!seen(&world.commune(world.kongchro)));
    // In the list without `id`, too.
    let listed = |client: &Client| {
        let found = entries(client, "resource=localities&limit=200");
        found.iter().any(|entry| entry["record_id"] == json!(village))
    };
    assert!(listed(&world.admin()) && listed(&world.province(world.gialai)) && listed(&world.commune(world.ianan)));
    assert!(!listed(&world.commune(world.kongchro)) && !listed(&world.province(world.quangngai)));
    let head = world.head(village);
    head.get("/audit-events").expect_problem(403, "forbidden");
    world
        .unit(giving::organisation(&world, world.ianan, "Công ty"))
        .get("/audit-events")
        .expect_problem(403, "forbidden");
}

#[test]
fn entries_without_a_village_are_read_by_the_officials_of_their_place() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let body = json!({
        "name": "Công ty Bình Dương", "kind": "enterprise", "level": "commune", "locality_id": world.ianan,
        "contact_name": "Lê Văn Hùng", "headcounts": [{"year": 2026, "headcount": 25}],
    });
    let made = official.post("/organisations", body.clone());
    let organisation = id_of(&made.expect(201));
    let village = world.village(world.ianan, "Tung");
    let twinning = giving::twinning(&world, organisation, village, None);
    let programme = giving::value(&world, &format!("SELECT programme_id FROM twinnings WHERE id = '{twinning}'"));
    let province = world.province(world.gialai);
    let key = province.post("/api-keys", json!({"name": "Bảng", "locality_id": world.ianan})).expect(201);
    for (id, resource) in [
        (organisation.to_string(), "organisations"),
        (twinning.to_string(), "twinnings"),
        (key["id"].as_str().unwrap().to_owned(), "api_keys"),
    ] {
        let found = entries(&official, &format!("id={id}"));
        assert!(!found.is_empty() && found.iter().all(|entry| entry["resource"] == resource), "{resource}: {found:?}");
        assert!(entries(&world.commune(world.kongchro), &format!("id={id}")).is_empty(), "{resource}");
        assert!(entries(&world.province(world.quangngai), &format!("id={id}")).is_empty(), "{resource}");
    }
    // The programme belongs to the province.
    assert!(entries(&official, &format!("id={programme}")).is_empty());
    assert_eq!(entries(&province, &format!("id={programme}"))[0]["resource"], "programmes");
    let parts: Vec<Value> =
        entries(&official, &format!("id={organisation}")).into_iter().map(|entry| entry["part"].clone()).collect();
    assert!(parts.contains(&json!("contact")) && parts.contains(&json!("headcounts")), "{parts:?}");
    assert!(
        !serde_json::to_string(&entries(&official, &format!("id={organisation}"))).unwrap().contains("Lê Văn Hùng")
    );
    // The deletion of its parts is read by the same officials.
    let other = official.post("/organisations", body).expect(201);
    let other = id_of(&other);
    official.delete(&format!("/organisations/{other}")).expect(204);
    let deleted = entries(&official, &format!("id={other}")).into_iter().filter(|entry| entry["action"] == "delete");
    assert_eq!(deleted.count(), 3, "the organisation, its contact and its headcount");
}

#[test]
fn the_entry_of_a_deleted_part_is_read_by_the_officials_of_its_parent_record() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let body = json!({
        "name": "Công ty Bình Dương", "kind": "enterprise", "level": "commune", "locality_id": world.ianan,
        "contact_name": "Lê Văn Hùng", "headcounts": [{"year": 2026, "headcount": 25}],
    });
    let organisation = id_of(&official.post("/organisations", body).expect(201));
    official.delete(&format!("/organisations/{organisation}")).expect(204);
    let deleted = |client: &Client| -> Vec<Value> {
        let found = entries(client, &format!("id={organisation}"));
        found.into_iter().filter(|entry| entry["action"] == "delete").map(|entry| entry["part"].clone()).collect()
    };
    let parts = deleted(&official);
    assert!(parts.contains(&json!("contact")) && parts.contains(&json!("headcounts")), "{parts:?}");
    assert!(deleted(&world.commune(world.kongchro)).is_empty());
}

#[test]
fn entries_of_an_account_are_read_by_the_officials_above_it() {
    let world = World::new();
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    let wrong = json!({"username": "ianan", "password": "wrong"});
    world.server.anonymous().post("/auth/login", wrong).expect(401);
    let steps = |client: &Client| -> Vec<Value> {
        entries(client, &format!("resource=users&id={id}")).into_iter().map(|entry| entry["step"].clone()).collect()
    };
    assert_eq!(steps(&world.province(world.gialai)), [json!("sign_in_failed"), Value::Null]);
    assert_eq!(steps(&world.admin()), [json!("sign_in_failed"), Value::Null]);
    assert!(steps(&world.commune(world.ianan)).is_empty(), "a peer");
    assert!(steps(&world.province(world.quangngai)).is_empty());
    // The account of an administrator has no place.
    let admin = world.make_user("minh.anh", "admin", None, None);
    assert!(entries(&world.province(world.gialai), &format!("id={admin}")).is_empty());
    assert_eq!(entries(&world.admin(), &format!("id={admin}")).len(), 1);
}

#[test]
fn entries_are_filtered_by_record_actor_and_day_and_paged() {
    let world = World::new();
    let me = world.make_user("ianan", "commune", Some(world.ianan), None);
    let mut made = Vec::new();
    for name in ["Một", "Hai", "Ba"] {
        let body = json!({"name": name, "kind": "lang", "parent_id": world.ianan});
        made.push(id_of(&world.sign_in("ianan").post("/localities", body).expect(201)).to_string());
        world.server.db.clock.set(world.server.db.clock.now() + chrono::TimeDelta::days(1));
    }
    let official = world.commune(world.ianan);
    let of = |query: &str| -> Vec<String> {
        let creations = entries(&official, query)
            .into_iter()
            .filter(|entry| entry["action"] == "create" && entry["part"] == Value::Null);
        creations.map(|entry| entry["record_id"].as_str().unwrap().to_owned()).collect()
    };
    let by_me = format!("actor_id={me}&resource=localities");
    assert_eq!(of(&by_me), [made[2].clone(), made[1].clone(), made[0].clone()]);
    assert_eq!(of(&format!("{by_me}&sort=at")), made);
    assert_eq!(of(&format!("{by_me}&from=2026-11-23")), [made[2].clone(), made[1].clone()]);
    assert_eq!(of(&format!("{by_me}&from=2026-11-23&to=2026-11-23")), [made[1].clone()]);
    assert_eq!(of(&format!("{by_me}&id={}", made[1])), [made[1].clone()]);
    assert!(of("resource=nothing").is_empty());
    assert!(of(&format!("actor_id={}", Uuid::now_v7())).is_empty());

    for query in [by_me.as_str(), "resource=localities"] {
        let whole = official.get(&format!("/audit-events?{query}&count=true&limit=200")).expect(200);
        assert_eq!(whole["total"], whole["items"].as_array().unwrap().len());
        let (mut pages, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = official.get(&format!("/audit-events?{query}&limit=2{cursor}")).expect(200);
            pages.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(json!(pages), whole["items"], "{query}");
    }
    official.get("/audit-events?record=1").expect_invalid(&[("?record", "unknown_field")]);
    official.get("/audit-events?id=x").expect_invalid(&[("?id", "invalid_value")]);
    official.get("/audit-events?sort=actor_id").expect_invalid(&[("?sort", "invalid_value")]);
    official.get("/audit-events?limit=0").expect_invalid(&[("?limit", "range")]);
    official
        .get("/audit-events?from=0001-01-01&to=9999-01-01")
        .expect_invalid(&[("?from", "invalid_value"), ("?to", "invalid_value")]);
}

#[test]
fn a_rolled_back_change_leaves_no_entry_and_a_committed_one_leaves_one() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let village = world.village(world.ianan, "Tung");
    let before = world.count("audit_events", "resource = 'users' AND action = 'create'");
    let body = |name: &str| json!({"username": name, "full_name": "A", "role": "village_head", "locality_id": village});
    official.post("/users", body("taken.once")).expect(201);
    official.post("/users", body("taken.once")).expect_problem(409, "username_taken");
    assert_eq!(world.count("audit_events", "resource = 'users' AND action = 'create'"), before + 1);

    // Each of many concurrent changes leaves one entry.
    let before = world.count("audit_events", "resource = 'localities' AND action = 'create'");
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let body = json!({"name": unique("lang"), "kind": "lang", "parent_id": world.ianan});
                    official.post("/localities", body).expect(201);
                }
            });
        }
    });
    assert_eq!(world.count("audit_events", "resource = 'localities' AND action = 'create'"), before + 200);
}

#[test]
fn every_tracked_table_determines_a_place_for_its_audit_entries() {
    let world = World::new();
    let unknown = giving::value(
        &world,
        "SELECT coalesce(string_agg(c.relname, ' '), '') FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'zz_track'
          WHERE NOT EXISTS (SELECT FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attname IN ('village_id', 'locality_id') AND NOT a.attisdropped)
            AND NOT EXISTS (SELECT FROM pg_trigger p WHERE p.tgrelid = 'audit_events'::regclass AND p.tgname = 'place_of_' || c.relname)",
    );
    assert_eq!(unknown, "", "these tables need a village, a locality or app_part beside their definition in schema/");
}

#[test]
fn the_first_load_of_the_catalogue_is_one_entry_and_later_changes_are_one_each() {
    let world = World::new();
    let entries = |step: &str| world.count("audit_events", &format!("step = '{step}'"));
    assert_eq!(entries("catalogue"), 1);
    let told = giving::value(&world, "SELECT new_values ->> 'localities' FROM audit_events WHERE step = 'catalogue'");
    assert_eq!(told.parse::<i64>().unwrap(), world.count("localities", "level <> 'village'"));
    let province = world.gialai;
    let change = format!("UPDATE localities SET valid_to = '2040-01-01' WHERE id = '{province}'");
    giving::as_system(&world, &format!("SELECT app_set('step', 'catalogue_update'); {change}"));
    assert_eq!(entries("catalogue_update"), 1);
}

#[test]
fn entries_of_a_table_with_only_a_locality_are_read_by_its_officials() {
    let world = World::new();
    // A table that no function or trigger names.
    world
        .server
        .sql()
        .batch_execute(
            "CREATE TABLE boards (id uuid PRIMARY KEY, locality_id uuid NOT NULL, scope_path text COLLATE \"C\" NOT NULL DEFAULT '0.',
               name text NOT NULL, created_at timestamptz, updated_at timestamptz, version bigint, changed_xid xid8);
             SELECT app_table('boards');
             CREATE POLICY all_of_it ON boards USING (true) WITH CHECK (true)",
        )
        .unwrap();
    let board = Uuid::now_v7();
    for change in [
        format!("INSERT INTO boards (id, locality_id, name) VALUES ('{board}', '{}', 'Ban chỉ đạo')", world.ianan),
        format!("UPDATE boards SET name = 'Ban chỉ đạo xã' WHERE id = '{board}'"),
        format!("DELETE FROM boards WHERE id = '{board}'"),
    ] {
        giving::as_system(&world, &change);
    }
    let query = format!("id={board}");
    for (official, count) in [
        (world.commune(world.ianan), 3),
        (world.province(world.gialai), 3),
        (world.commune(world.kongchro), 0),
        (world.province(world.quangngai), 0),
    ] {
        assert_eq!(entries(&official, &query).len(), count);
    }
}

#[test]
fn a_newline_in_a_username_forges_no_audit_entry() {
    let world = World::new();
    let sent = json!({"username": "ianan\nERROR forged", "password": PASSWORD});
    let answer = world.server.anonymous().post("/auth/login", sent);
    assert!(matches!(answer.status, 401 | 422), "{}", answer.text);
    assert_eq!(world.count("audit_events", "step LIKE E'%\\n%' OR resource LIKE E'%\\n%'"), 0);
}
