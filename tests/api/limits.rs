//! How much one caller may ask.

use ketnghia::config::Callers;
use serde_json::json;

use crate::support::{Answer, Client, TestServer, World, lavish};

/// The first of several tries that is refused. A share fills again while a slow machine asks.
#[track_caller]
fn refused(client: &Client, path: &str, tries: usize) -> Answer {
    (0..tries).map(|_| client.get(path)).find(|answer| answer.status != 200).expect("a try too many")
}

fn a_minutes_share_of(requests: u32) -> World {
    World::on(TestServer::set(&Callers { rate_limit_per_minute: requests, ..lavish() }))
}

#[test]
fn who_asks_too_much_has_to_wait_and_nobody_else_does() {
    let world = a_minutes_share_of(12);
    let (one, other) = (world.commune(world.ianan), world.commune(world.ianan));
    let answer = refused(&one, "/me", 40);
    answer.expect_problem(429, "too_many_requests");
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    other.get("/me").expect(200);
    world.server.anonymous().get("/catalogues").expect(200);
    for _ in 0..40 {
        one.get("/health/live").expect(200);
    }
}

#[test]
fn the_share_of_a_second_is_one_of_its_own() {
    let world = World::on(TestServer::set(&Callers { rate_limit_per_second: 2, ..lavish() }));
    let answer = refused(&world.commune(world.ianan), "/me", 200);
    answer.expect_problem(429, "too_many_requests");
    assert_eq!(answer.header("retry-after"), "1");
}

#[test]
fn all_sessions_of_a_user_share_and_so_do_refused_calls() {
    let world = a_minutes_share_of(12);
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let (here, elsewhere) = (world.sign_in("ianan"), world.sign_in("ianan"));
    refused(&here, "/me", 40).expect_problem(429, "too_many_requests");
    assert!((0..3).any(|_| elsewhere.get("/me").status == 429));

    let curious = world.commune(world.ianan);
    let answers: Vec<u16> = (0..40).map(|_| curious.get("/api-keys").status).collect();
    assert_eq!(answers.first(), Some(&403));
    assert!(answers.contains(&429), "{answers:?}");
}

#[test]
fn a_key_is_counted_by_its_secret_so_that_nobody_uses_up_the_share_of_another() {
    let world = a_minutes_share_of(12);
    let official = world.province(world.gialai);
    let made = official.post("/api-keys", json!({"name": "Bảng số liệu", "locality_id": world.gialai})).expect(201);
    let key = made["key"].as_str().unwrap();
    let dashboard = world.server.anonymous().with_token(key);
    // The id of the key with another secret.
    let mut forged = key.to_owned();
    let last = if forged.pop() == Some('A') { 'E' } else { 'A' };
    forged.push(last);
    let thief = world.server.anonymous().with_token(&forged);
    for _ in 0..40 {
        assert!(matches!(thief.get("/aggregates/support").status, 401 | 429));
    }
    dashboard.get("/aggregates/support").expect(200);
    refused(&dashboard, "/aggregates/support", 40).expect_problem(429, "too_many_requests");
}
