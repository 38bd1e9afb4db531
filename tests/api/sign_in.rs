use serde_json::{Value, json};

use crate::support::{PASSWORD, World};

fn try_password(world: &World, username: &str, password: &str) -> crate::support::Answer {
    world.server.anonymous().post("/auth/login", json!({"username": username, "password": password}))
}

/// A problem without what differs from request to request.
fn unstamped(mut body: Value) -> Value {
    body["request_id"] = Value::Null;
    body["instance"] = Value::Null;
    body
}

#[test]
fn a_user_signs_in_and_learns_who_they_are() {
    let world = World::new();
    let me = world.commune(world.ianan).get("/me").expect(200);
    assert_eq!(me["role"], "commune");
    assert_eq!(me["locality"]["code"], "23884");
    assert_eq!(me["must_change_password"], false);
    assert!(me["permissions"].as_array().unwrap().contains(&json!("hardship_lists:decide")));
}

#[test]
fn case_and_space_around_a_name_do_not_matter() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    try_password(&world, " IaNan ", PASSWORD).expect(200);
}

#[test]
fn wrong_unknown_and_deactivated_are_told_alike() {
    let world = World::new();
    world.make_user("known", "commune", Some(world.ianan), None);
    let gone = world.make_user("gone", "commune", Some(world.ianan), None);
    world.province(world.gialai).step(&format!("/users/{gone}/deactivate")).expect(200);
    let answers = [
        try_password(&world, "known", "not the password"),
        try_password(&world, "nobody", "not the password"),
        try_password(&world, "gone", PASSWORD),
    ];
    let bodies: Vec<Value> =
        answers.iter().map(|answer| unstamped(answer.expect_problem(401, "invalid_credentials"))).collect();
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], bodies[2]);
    for answer in &answers {
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.header("content-length"), answers[0].header("content-length"));
    }
}

#[test]
fn tokens_are_neither_kept_by_caches_nor_compressed() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let body = json!({"username": "ianan", "password": PASSWORD}).to_string();
    let length = body.len().to_string();
    let headers = [("Content-Type", "application/json"), ("Content-Length", &length), ("Accept-Encoding", "gzip")];
    let answer = world.server.raw("POST /api/v1/auth/login", &headers, body.as_bytes());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-encoding"), None);
    assert!(answer.header("date").is_some(), "phones count expires_in from it");
    assert_eq!(answer.json()["expires_in"], 900);
    assert_eq!(answer.json()["token_type"], "Bearer");

    let body = json!({"refresh_token": answer.json()["refresh_token"]}).to_string();
    let length = body.len().to_string();
    let headers = [("Content-Type", "application/json"), ("Content-Length", &length), ("Accept-Encoding", "gzip")];
    let answer = world.server.raw("POST /api/v1/auth/refresh", &headers, body.as_bytes());
    assert_eq!((answer.status, answer.header("content-encoding")), (200, None));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn after_ten_wrong_passwords_an_account_waits_longer_and_longer() {
    let world = World::new();
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    world.make_user("ianan2", "commune", Some(world.ianan), None);
    let before = try_password(&world, "ianan", PASSWORD).expect(200);

    for _ in 0..10 {
        try_password(&world, "ianan", "wrong").expect_problem(401, "invalid_credentials");
    }
    // A slow machine may let a second pass between two tries: then the next one is counted too.
    let refused = (0..4)
        .map(|_| try_password(&world, "ianan", "wrong"))
        .find(|answer| answer.status == 429)
        .expect("a try that has to wait");
    refused.expect_problem(429, "too_many_requests");
    let first: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=8).contains(&first), "{first}");
    try_password(&world, "ianan", PASSWORD).expect_problem(429, "too_many_requests");

    // Refused tries are not counted: waiting is enough, but the next failure doubles the wait.
    let mut last = first;
    for _ in 0..3 {
        let clock = &world.server.db.clock;
        clock.set(clock.now() + chrono::TimeDelta::seconds(i64::try_from(last).unwrap() + 1));
        try_password(&world, "ianan", "wrong").expect_problem(401, "invalid_credentials");
        let refused = try_password(&world, "ianan", "wrong");
        refused.expect_problem(429, "too_many_requests");
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!(wait > last, "{wait} after {last}");
        last = wait;
    }

    let anonymous = world.server.anonymous();
    anonymous.post("/auth/refresh", json!({"refresh_token": before["refresh_token"]})).expect(200);
    try_password(&world, "ianan2", PASSWORD).expect(200);

    let reset = world.province(world.gialai).step(&format!("/users/{id}/reset-password")).expect(200);
    try_password(&world, "ianan", reset["one_time_password"].as_str().unwrap()).expect(200);
}

#[test]
fn a_name_that_nobody_has_waits_like_one_that_somebody_has() {
    let world = World::new();
    for _ in 0..10 {
        try_password(&world, "nobody", "wrong").expect_problem(401, "invalid_credentials");
    }
    assert!((0..4).any(|_| try_password(&world, "nobody", "wrong").status == 429));
}

#[test]
fn a_good_sign_in_forgets_the_failures_before_it() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    for _ in 0..2 {
        for _ in 0..9 {
            try_password(&world, "ianan", "wrong").expect_problem(401, "invalid_credentials");
        }
        try_password(&world, "ianan", PASSWORD).expect(200);
    }
}

#[test]
fn what_is_sent_is_checked_before_it_is_tried() {
    let world = World::new();
    let anonymous = world.server.anonymous();
    anonymous.post("/auth/login", json!({"username": "a"})).expect_invalid(&[("#/password", "required")]);
    anonymous
        .post("/auth/login", json!({"username": "", "password": "x".repeat(129)}))
        .expect_invalid(&[("#/password", "length"), ("#/username", "length")]);
    anonymous
        .post("/auth/login", json!({"username": "a", "password": "b", "role": "admin"}))
        .expect_invalid(&[("#/role", "unknown_field")]);
}
