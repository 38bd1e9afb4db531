//! `/metrics`.

use ketnghia::config::Callers;
use serde_json::json;

use crate::harness::{PASSWORD, TestServer, World, unlimited};

fn text(server: &TestServer) -> String {
    let answer = server.anonymous().get("/metrics");
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text; version=1.0.0"));
    answer.text
}

/// The value of a series, 0 where it is absent.
fn number(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

#[test]
fn requests_are_counted_by_route_and_status_without_personal_data() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let official = world.commune(world.ianan);
    official.get(&format!("/localities/{village}")).expect(200);
    official.get(&format!("/localities/{}?q=Siu", uuid::Uuid::now_v7())).expect(422);
    official.get("/nowhere/at/all").expect(404);
    let text = text(&world.server);
    let of = |status: u16| {
        format!(
            "ketnghia_http_requests_total{{method=\"GET\",route=\"/api/v1/localities/{{id}}\",status=\"{status}\"}}"
        )
    };
    assert_eq!((number(&text, &of(200)), number(&text, &of(422))), (1.0, 1.0), "{text}");
    assert_eq!(number(&text, "ketnghia_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}"), 1.0);
    assert_eq!(
        number(&text, "ketnghia_http_request_duration_seconds_count{method=\"GET\",route=\"/api/v1/localities/{id}\"}"),
        2.0
    );
    assert!(number(&text, "ketnghia_database_transaction_duration_seconds_count{access=\"write\"}") > 0.0);
    assert!(number(&text, "ketnghia_database_transaction_duration_seconds_count{access=\"read\"}") > 0.0);
    assert!(number(&text, "ketnghia_database_connections") >= 1.0);
    assert_eq!(number(&text, "ketnghia_database_waiting"), 0.0);
    assert!(number(&text, "ketnghia_process_memory_bytes") > 1_000_000.0);
    let me = official.get("/me").expect(200);
    for word in [
        village.to_string(),
        me["username"].as_str().unwrap().to_owned(),
        "Siu".into(),
        "nowhere".into(),
        "127.0.0.1".into(),
    ] {
        assert!(!text.contains(&word), "{word}");
    }
}

#[test]
fn sign_ins_are_counted_by_outcome_and_many_failures_raise_an_alarm() {
    let world = World::on(TestServer::set(&Callers { sign_in_alarm: 15, ..unlimited() }));
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let try_password = |name: &str, password: &str| {
        world.server.anonymous().post("/auth/login", json!({"username": name, "password": password})).status
    };
    assert_eq!(try_password("ianan", PASSWORD), 200);
    // One password tried on many accounts stays below the limit of each.
    for index in 0..16 {
        assert_eq!(try_password(&format!("user{index}"), "mật khẩu"), 401);
    }
    while try_password("ianan", "wrong") != 429 {}
    let text = text(&world.server);
    let outcome = |word: &str| number(&text, &format!("ketnghia_sign_ins_total{{outcome=\"{word}\"}}"));
    assert_eq!((outcome("right"), outcome("held_off")), (1.0, 1.0), "{text}");
    assert!(outcome("wrong") >= 26.0, "{text}");
    assert_eq!(number(&text, "ketnghia_sign_in_alarms_total"), 1.0);
}

#[test]
fn metrics_are_not_served_through_the_trusted_proxy() {
    let behind = TestServer::set(&Callers { trusted_proxy: "127.0.0.1".parse().unwrap(), ..unlimited() });
    for (header, value) in [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=_x")]
    {
        behind.anonymous().with(header, value).get("/metrics").expect_problem(404, "not_found");
    }
    // Prometheus on the machine of the proxy has its address, but sends no forwarding header.
    assert!(text(&behind).contains("ketnghia_process_memory_bytes"));
}
