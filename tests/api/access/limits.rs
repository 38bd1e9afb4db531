//! Rate limits, the limit of connections, and the timeout of a response.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use ketnghia::config::Callers;
use serde_json::json;

use crate::harness::{Answer, Client, TestServer, World, unlimited};

/// The first of several calls that is not answered 200. On a slow machine the limit refills between calls, so there are
/// more calls than the limit.
#[track_caller]
fn refused(client: &Client, path: &str, tries: usize) -> Answer {
    (0..tries).map(|_| client.get(path)).find(|answer| answer.status != 200).expect("a call over the limit")
}

fn with_limit_per_minute(requests: u32) -> World {
    World::on(TestServer::set(&Callers { rate_limit_per_minute: requests, ..unlimited() }))
}

#[test]
fn a_session_over_its_rate_limit_gets_429_with_retry_after_and_others_are_served() {
    let world = with_limit_per_minute(12);
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
fn the_limit_per_second_applies_beside_the_limit_per_minute() {
    let world = World::on(TestServer::set(&Callers { rate_limit_per_second: 2, ..unlimited() }));
    let answer = refused(&world.commune(world.ianan), "/me", 200);
    answer.expect_problem(429, "too_many_requests");
    assert_eq!(answer.header("retry-after"), "1");
}

#[test]
fn each_session_has_its_own_rate_limit_and_refused_calls_count() {
    let world = with_limit_per_minute(12);
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let (here, elsewhere) = (world.sign_in("ianan"), world.sign_in("ianan"));
    refused(&here, "/me", 40).expect_problem(429, "too_many_requests");
    elsewhere.get("/me").expect(200);

    let curious = world.commune(world.ianan);
    let answers: Vec<u16> = (0..40).map(|_| curious.get("/api-keys").status).collect();
    assert_eq!(answers.first(), Some(&403));
    assert!(answers.contains(&429), "{answers:?}");
}

#[test]
fn calls_with_a_forged_secret_do_not_use_up_the_rate_limit_of_an_api_key() {
    let world = with_limit_per_minute(12);
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

#[test]
fn anonymous_calls_and_revoked_tokens_count_against_the_limit_of_the_address_only() {
    let callers = Callers { address_limit_per_minute: 30, rate_limit_per_minute: 40, ..unlimited() };
    let world = World::on(TestServer::set(&callers));
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let (lost, here) = (world.sign_in("ianan"), world.sign_in("ianan"));
    here.get("/me").expect(200);
    lost.get("/me").expect(200);
    lost.step("/auth/logout").expect(204);
    // The token counts as valid until it is refused once; then each of its calls counts against the address.
    let answers: Vec<u16> = (0..60).map(|_| lost.get("/me").status).collect();
    assert_eq!(answers[0], 401);
    assert!(answers.contains(&429), "{answers:?}");
    let stranger = world.server.anonymous();
    assert!((0..3).any(|_| stranger.get("/catalogues").status == 429));
    stranger.with_token("kn_made_up").get("/me").expect_problem(429, "too_many_requests");
    stranger.get("/health/live").expect(200);
    for _ in 0..20 {
        here.get("/me").expect(200);
    }
}

#[test]
fn connections_over_the_limit_of_an_address_are_closed() {
    let server = TestServer::set(&Callers { connections_per_address: 3, ..unlimited() });
    let address = server.url().trim_start_matches("http://").to_owned();
    let open = || {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let mut begin = [0; 12];
        // A refused connection is closed or reset before a response.
        let is_served = stream.read_exact(&mut begin).is_ok() && &begin == b"HTTP/1.1 200";
        (stream, is_served)
    };
    let mut held: Vec<_> = (0..3).map(|_| open()).collect();
    assert!(held.iter().all(|(_, is_served)| *is_served));
    assert!(!open().1, "a fourth connection is closed");
    held.pop();
    let again = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        open().1
    });
    assert!(again, "a closed connection no longer counts");
}

/// Sends many requests and reads no response.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_whose_response_is_not_read_is_closed_after_answer_seconds() {
    let server = TestServer::set(&Callers { answer_seconds: 4, ..unlimited() });
    let connections = || {
        let metrics = server.anonymous().get("/metrics").text;
        let line = metrics.lines().find_map(|line| line.strip_prefix("ketnghia_http_connections "));
        line.unwrap().parse::<u32>().unwrap()
    };
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    for _ in 0..100 {
        stream.write_all(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    }
    let is_open = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        connections() >= 2
    });
    assert!(is_open, "the connection is open at first");
    let is_closed = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        // That of the request for the metrics.
        connections() == 1
    });
    assert!(is_closed, "the connection is still open");
}
