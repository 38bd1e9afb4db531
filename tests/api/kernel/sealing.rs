//! Sealed fields: damaged values, reveal, deleted records, and the replacement of a sealing key.

use std::fs;

use ketnghia::kernel::db::{records, sealing};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{as_system, value};
use crate::harness::{DataFolder, Program, World, household, id_of, ketnghia};

fn with_phone(world: &World, village: Uuid, name: &str) -> Value {
    let mut new = household(village, name);
    new["phone"] = json!("0905123456");
    new["identity_number"] = json!("064068001234");
    world.head(village).post("/households", new).expect(201)
}

#[test]
fn a_damaged_sealed_field_is_reported_as_unreadable_and_the_rest_is_shown() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (whole, damaged) = (with_phone(&world, village, "Siu A"), with_phone(&world, village, "Siu Bắc"));
    let id = id_of(&damaged);
    as_system(
        &world,
        &format!(
            "UPDATE household_private SET phone = set_byte(phone, 20, 255 - get_byte(phone, 20)) WHERE household_id = '{id}'"
        ),
    );
    let head = world.head(village);
    let listed = head.get("/households?sort=created_at").expect(200);
    assert_eq!((&listed["items"][0]["phone"], &listed["items"][0]["unreadable"]), (&json!("0905123456"), &json!([])));
    assert_eq!((&listed["items"][1]["phone"], &listed["items"][1]["unreadable"]), (&Value::Null, &json!(["phone"])));
    assert_eq!(listed["items"][1]["identity_number_last4"], damaged["identity_number_last4"]);
    let path = format!("/households/{id}");
    let revealed = head.step(&format!("{path}/reveal")).expect(200);
    assert_eq!((&revealed["phone"], &revealed["unreadable"]), (&Value::Null, &json!(["phone"])));
    assert!(revealed["identity_number"].is_string());
    head.with("Accept", "text/csv").get("/households").expect(200);
    // A merge would lose a value that may be readable again with the right key.
    head.post(&format!("{path}/merge"), json!({"into": whole["id"]})).expect_problem(409, "unreadable");
    head.patch(&path, json!({"phone": "0905999888"})).expect(200);
    assert_eq!(head.get(&path).expect(200)["unreadable"], json!([]));
}

#[test]
fn reveal_gets_404_outside_the_own_area_of_the_caller() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let home = id_of(&with_phone(&world, village, "Siu A"));
    crate::harness::giving::listed(&world, village, home, true);
    let giver = world.village(world.kongchro, "Thôn 9");
    let organisation = crate::harness::giving::place_organisation(&world, world.kongchro, giver);
    crate::harness::giving::twinning(&world, organisation, village, None);
    let twin = world.head(giver);
    twin.get(&format!("/households/{home}")).expect(200);
    twin.step(&format!("/households/{home}/reveal")).expect_problem(404, "not_found");
    assert_eq!(world.count("audit_events", "action = 'read'"), 0);
}

#[test]
fn personal_fields_of_deleted_records_are_sealed_and_erased_after_their_period() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let home = id_of(&with_phone(&world, village, "Rơ Mah Hyen"));
    head.delete(&format!("/households/{home}")).expect(204);
    let content = || {
        value(
            &world,
            &format!("SELECT content::text || coalesce(personal::text, '') FROM deleted_records WHERE id = '{home}'"),
        )
    };
    assert!(content().contains("Hyen"), "before the job has run");
    sealing::seal_deletions(&world.server.db, &world.server.state.secrets).unwrap();
    assert!(!content().contains("Hyen"));
    assert_eq!(
        world.count("deleted_records", &format!("id = '{home}' AND sealed IS NOT NULL AND personal IS NULL")),
        1
    );
    records::forget(&world.server.db).unwrap();
    assert_eq!(world.count("deleted_records", &format!("id = '{home}' AND content <> '{{}}'")), 1);
    world.server.set_clock("2028-12-24T02:00:00Z");
    let sessions = world.count("sessions", "true");
    assert!(sessions > 0 && world.count("creations", "true") > 0);
    records::forget(&world.server.db).unwrap();
    assert_eq!(world.count("deleted_records", &format!("id = '{home}' AND content = '{{}}' AND sealed IS NULL")), 1);
    assert_eq!((world.count("sessions", "true"), world.count("creations", "true")), (0, 0));
}

#[test]
fn a_sealing_key_is_replaced_in_steps_and_the_server_refuses_to_start_without_it() {
    let folder = DataFolder::new("keys");
    let run = |arguments: &[&str]| {
        let output = ketnghia(&folder.0).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.success(), said)
    };
    let start = || Program::run(ketnghia(&folder.0).args(["serve", "--demo"]));
    let phone_of = |server: &Program| {
        let anonymous = server.client();
        let credentials = json!({"username": "langtung", "password": "ketnghia-demo"});
        let tokens = anonymous.post("/auth/login", credentials).expect(200);
        let head = anonymous.with_token(tokens["access_token"].as_str().unwrap());
        let village: Uuid = tokens["user"]["locality"]["id"].as_str().unwrap().parse().unwrap();
        let mut new = household(village, "Siu A");
        new["phone"] = json!("0905123456");
        new["identity_number"] = json!("064068001234");
        let made = head.post("/households", new).expect(201);
        let (path, warnings) = (format!("/households/{}", made["id"].as_str().unwrap()), made["warnings"].clone());
        (head.get(&path).expect(200)["phone"].clone(), warnings)
    };
    let file = folder.0.join("keys/pii.key");
    let server = start();
    assert_eq!(phone_of(&server).0, "0905123456");
    drop(server);

    // The server does not start without its key or with another one.
    let first = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let (started, said) = run(&["serve", "--bind-address", "127.0.0.1:0"]);
    assert!(!started && said.contains("is missing"), "{said}");
    fs::write(&file, first.replace("1:", "2:")).unwrap();
    let (started, said) = run(&["serve", "--bind-address", "127.0.0.1:0"]);
    assert!(!started && said.contains("lacks the key of the number 1"), "{said}");
    fs::write(&file, &first).unwrap();

    let (done, said) = run(&["keys", "add"]);
    assert!(done && said.contains("key 2 is added"), "{said}");
    let (done, said) = run(&["keys", "remove", "1"]);
    assert!(!done && said.contains("keys reseal"), "{said}");
    let (done, said) = run(&["keys", "remove", "2"]);
    assert!(!done && said.contains("is the newest"), "{said}");
    let server = start();
    // Equal identity numbers are found across keys.
    let (phone, warnings) = phone_of(&server);
    assert_eq!((phone, &warnings[0]["code"]), (json!("0905123456"), &json!("same_identity_number")));
    let (done, said) = run(&["keys", "reseal"]);
    assert!(done, "while a server runs: {said}");
    let (done, said) = run(&["keys", "list"]);
    let lines: Vec<Vec<&str>> = said.lines().map(|line| line.split('\t').collect()).collect();
    assert!(done && lines[0][0] == "2" && lines[0][2] == "seals" && lines[1][3] == "0 values", "{said}");
    let (done, said) = run(&["keys", "remove", "1"]);
    assert!(!done && said.contains("a server runs"), "{said}");
    drop(server);
    let (done, said) = run(&["keys", "remove", "1"]);
    assert!(done, "{said}");
    assert!(!fs::read_to_string(&file).unwrap().lines().any(|line| line.starts_with("1:")));
    let server = start();
    let (phone, warnings) = phone_of(&server);
    assert_eq!((phone, &warnings[0]["code"]), (json!("0905123456"), &json!("same_identity_number")));
}
