use std::thread;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Client, World, id_of};

fn village(world: &World, id: Uuid, name: &str) -> Value {
    json!({"id": id, "name": name, "kind": "lang", "parent_id": world.ianan, "ethnic_groups": ["10"], "latitude": 13.78})
}

fn conflict(answer: &Answer) -> Value {
    let mut body = answer.expect_problem(409, "id_conflict");
    body["request_id"] = Value::Null;
    body
}

#[test]
fn fifty_parallel_creates_with_one_id_make_one_record() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let id = Uuid::now_v7();
    let answers: Vec<Answer> = thread::scope(|scope| {
        let calls: Vec<_> =
            (0..50).map(|_| scope.spawn(|| official.post("/localities", village(&world, id, "Tung")))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].header("location"), format!("/api/v1/localities/{id}"));
    assert_eq!(made[0].header("idempotent-replayed"), "");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.header("idempotent-replayed"), "true");
        assert_eq!(answer.expect(200), made[0].expect(201));
        assert_eq!(answer.etag(), "\"1\"");
    }
    assert_eq!(world.count("localities", &format!("id = '{id}'")), 1);
    assert_eq!(world.count("audit_events", &format!("record_id = '{id}'")), 1);
}

#[test]
fn a_repeated_create_may_differ_in_field_order_and_whitespace() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let id = Uuid::now_v7();
    official.post("/localities", village(&world, id, "Tung")).expect(201);
    let same = format!(
        "{{\n  \"latitude\": 13.78, \"parent_id\": \"{}\",\n  \"kind\":\"lang\",\"name\":\"Tung\",\"ethnic_groups\": [ \"10\" ], \"id\": \"{id}\" }}",
        world.ianan
    );
    let again = official.send("POST", "/localities", Some(same));
    again.expect(200);
    assert_eq!(again.header("idempotent-replayed"), "true");
}

#[test]
fn a_create_can_be_repeated_in_another_session_on_a_later_day() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let id = Uuid::now_v7();
    world.sign_in("ianan").post("/localities", village(&world, id, "Tung")).expect(201);
    let clock = &world.server.db.clock;
    clock.set(clock.now() + chrono::TimeDelta::days(90));
    world.sign_in("ianan").post("/localities", village(&world, id, "Tung")).expect(200);
}

#[test]
fn an_id_conflict_does_not_reveal_the_record_with_the_id() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let colleague = world.commune(world.ianan);
    let stranger = world.commune(world.kongchro);
    let (own, foreign) = (Uuid::now_v7(), Uuid::now_v7());
    official.post("/localities", village(&world, own, "Tung")).expect(201);
    let mut body = village(&world, foreign, "Hle Hlang");
    body["parent_id"] = json!(world.kongchro);
    stranger.post("/localities", body).expect(201);
    let unclaimed = world.village(world.kongchro, "Made without an id of the client");
    let user = world.make_user("somebody", "commune", Some(world.kongchro), None);

    let other_content = conflict(&official.post("/localities", village(&world, own, "Another")));
    assert_eq!(conflict(&official.post("/localities", village(&world, foreign, "Another"))), other_content);
    assert_eq!(conflict(&official.post("/localities", village(&world, unclaimed, "Another"))), other_content);
    // Only the creator may repeat a create.
    assert_eq!(conflict(&colleague.post("/localities", village(&world, own, "Tung"))), other_content);
    // An id is unique over all resources.
    let province = world.province(world.gialai);
    let account =
        json!({"id": own, "username": "other", "full_name": "x", "role": "commune", "locality_id": world.ianan});
    assert_eq!(conflict(&province.post("/users", account))["detail"], other_content["detail"]);
    let account =
        json!({"id": user, "username": "other", "full_name": "x", "role": "commune", "locality_id": world.ianan});
    assert_eq!(conflict(&province.post("/users", account))["detail"], other_content["detail"]);

    assert_eq!(official.get(&format!("/localities/{own}")).expect(200)["name"], "Tung");
}

#[test]
fn a_create_with_a_server_generated_id_is_a_conflict() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let mut body = village(&world, Uuid::now_v7(), "Tung");
    body.as_object_mut().unwrap().remove("id");
    let made = official.post("/localities", body.clone()).expect(201);
    body["id"] = made["id"].clone();
    // The server cannot recognise it as a repetition.
    conflict(&official.post("/localities", body));
    assert_eq!(world.count("localities", "name = 'Tung'"), 1);
}

#[test]
fn a_repeated_create_after_an_edit_returns_the_current_record() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let id = Uuid::now_v7();
    official.post("/localities", village(&world, id, "Tung")).expect(201);
    official.patch(&format!("/localities/{id}"), json!({"name": "Tung Mới"})).expect(200);
    let again = official.post("/localities", village(&world, id, "Tung"));
    assert_eq!(again.expect(200)["name"], "Tung Mới");
    assert_eq!((again.etag().as_str(), again.header("idempotent-replayed")), ("\"2\"", "true"));
}

#[test]
fn a_repeated_create_does_not_restore_a_deleted_record() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let id = Uuid::now_v7();
    official.post("/localities", village(&world, id, "Tung")).expect(201);
    official.delete(&format!("/localities/{id}")).expect(204);
    official.post("/localities", village(&world, id, "Tung")).expect_problem(409, "deleted");
    conflict(&official.post("/localities", village(&world, id, "Another")));
    let unclaimed = world.village(world.ianan, "Made without an id of the client");
    official.delete(&format!("/localities/{unclaimed}")).expect(204);
    conflict(&official.post("/localities", village(&world, unclaimed, "Another")));
}

#[test]
fn a_failed_create_does_not_claim_its_id() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let id = Uuid::now_v7();
    let mut wrong = village(&world, id, "Tung");
    wrong["parent_id"] = json!(world.kongchro);
    official.post("/localities", wrong).expect_invalid(&[("#/parent_id", "not_found")]);
    official.post("/localities", village(&world, id, "")).expect_invalid(&[("#/name", "length")]);
    official.post("/localities", village(&world, id, "Tung")).expect(201);
}

#[test]
fn client_generated_ids_must_be_uuids_of_version_7() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let with_id = |id: Value| {
        let mut body = village(&world, Uuid::now_v7(), "Tung");
        body["id"] = id;
        official.post("/localities", body)
    };
    for id in [json!(Uuid::nil()), json!(Uuid::from_u128(5)), json!("7"), json!(world.ianan)] {
        with_id(id).expect_invalid(&[("#/id", "not_uuid_v7")]);
    }
    with_id(json!(7)).expect_invalid(&[("#/id", "invalid_type")]);
    let unnamed = with_id(Value::Null).expect(201);
    let by_server = id_of(&unnamed);
    assert_eq!(by_server.get_version_num(), 7);
    with_id(Value::Null).expect(201);
}

/// Renames a village with this version.
fn rename(official: &Client, path: &str, tag: &str, name: &str) -> Answer {
    official.with("If-Match", tag).send("PATCH", path, Some(json!({"name": name}).to_string()))
}

#[test]
fn of_parallel_changes_to_one_version_one_succeeds() {
    let world = World::new();
    let id = world.village(world.ianan, "Tung");
    let official = world.commune(world.ianan);
    let path = format!("/localities/{id}");
    let answers: Vec<Answer> = thread::scope(|scope| {
        let calls: Vec<_> = (0..10)
            .map(|number| {
                let (official, path) = (&official, &path);
                scope.spawn(move || rename(official, path, "\"1\"", &format!("Tung {number}")))
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for stale in answers.iter().filter(|answer| answer.status != 200) {
        let problem = stale.expect_problem(412, "version_conflict");
        assert_eq!(problem["current"]["version"], 2);
        assert_eq!(stale.etag(), "\"2\"");
    }
    assert_eq!(official.get(&path).expect(200)["version"], 2);
}
