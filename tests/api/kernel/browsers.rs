//! CORS and `Cache-Control`.

use ketnghia::config::Callers;
use serde_json::json;

use crate::harness::{Answer, PASSWORD, TestServer, World, unlimited};

const APP: &str = "https://app.example.vn";

fn server() -> TestServer {
    TestServer::set(&Callers { cors_origins: format!("{APP}, http://localhost:5173").parse().unwrap(), ..unlimited() })
}

#[test]
fn a_listed_origin_gets_cors_headers_on_preflights_responses_and_errors() {
    let server = server();
    let page = server.anonymous().with("Origin", APP);
    let asked = page
        .with("Access-Control-Request-Method", "PATCH")
        .with("Access-Control-Request-Headers", "authorization,content-type,if-match")
        .send("OPTIONS", "/households/1", None);
    assert_eq!(asked.status, 200, "{}", asked.text);
    assert_eq!(asked.header("access-control-allow-origin"), APP);
    assert!(asked.header("access-control-allow-methods").contains("PATCH"));
    assert!(asked.header("access-control-allow-headers").to_lowercase().contains("if-match"));
    assert_eq!(asked.header("access-control-allow-credentials"), "", "no credentials: tokens are not cookies");

    let read = page.get("/catalogues");
    read.expect(200);
    assert_eq!(read.header("access-control-allow-origin"), APP);
    let shown = read.header("access-control-expose-headers").to_lowercase();
    for header in ["etag", "location", "retry-after", "idempotent-replayed", "x-request-id"] {
        assert!(shown.contains(header), "{header}: {shown}");
    }
    assert!(read.headers.get_all("vary").iter().any(|vary| vary.to_str().unwrap().contains("Origin")));

    // Without the header a page could not read the error.
    let refused = page.get("/me");
    refused.expect_problem(401, "unauthenticated");
    assert_eq!(refused.header("access-control-allow-origin"), APP);
}

#[test]
fn a_401_of_an_ended_session_has_cors_headers() {
    let world = World::on(server());
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let page = world.server.anonymous().with("Origin", APP);
    let tokens = page.post("/auth/login", json!({"username": "ianan", "password": PASSWORD})).expect(200);
    let page = page.with_token(tokens["access_token"].as_str().unwrap());
    let refused = page.get("/localities?limit=0");
    refused.expect_invalid(&[("?limit", "range")]);
    assert_eq!(refused.header("access-control-allow-origin"), APP);
    page.step("/auth/logout").expect(204);
    // The second is refused before its handler opens a transaction.
    for path in ["/me", "/localities?limit=0"] {
        let refused = page.get(path);
        refused.expect_problem(401, "unauthenticated");
        assert_eq!(refused.header("access-control-allow-origin"), APP, "{path}");
        assert!(refused.header("access-control-expose-headers").to_lowercase().contains("x-request-id"), "{path}");
    }
}

#[test]
fn other_origins_get_no_cors_headers() {
    for server in [server(), TestServer::start()] {
        for origin in ["https://evil.example", "https://app.example.vn.evil.example", "http://app.example.vn", "null"] {
            let page = server.anonymous().with("Origin", origin);
            let read = page.get("/catalogues");
            assert_eq!((read.status, read.header("access-control-allow-origin")), (200, ""), "{origin}");
            let asked = page.with("Access-Control-Request-Method", "GET").send("OPTIONS", "/me", None);
            assert!(matches!(asked.status, 400 | 405), "{}", asked.status);
            assert_eq!(asked.header("access-control-allow-origin"), "", "{origin}");
            assert_eq!(asked.header("content-type"), "application/problem+json");
        }
    }
}

#[test]
fn responses_with_personal_data_are_no_store() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let made = head.post("/households", crate::harness::household(village, "Rơ Mah Hyen")).expect(201);
    let record = format!("/households/{}", made["id"].as_str().unwrap());
    for personal in [record.as_str(), "/households", "/me", "/hardship-lists", "/visits", "/users/none"] {
        assert_eq!(head.get(personal).header("cache-control"), "no-store", "{personal}");
    }
    for impersonal in ["/localities", "/programmes"] {
        assert_eq!(head.get(impersonal).header("cache-control"), "private, no-cache", "{impersonal}");
    }
    assert_eq!(
        head.get("/aggregates/support").header("cache-control"),
        "private, max-age=60, stale-while-revalidate=300"
    );
    let unchanged = head.with("If-None-Match", &head.get(&record).etag()).get(&record);
    assert_eq!((unchanged.status, unchanged.header("cache-control")), (304, "no-store"));
}

#[test]
fn an_unchanged_page_with_a_next_page_is_304_with_the_headers_of_the_answer() {
    let world = World::new();
    let province = world.province(world.gialai);
    for path in ["/localities?level=commune&limit=2", "/aggregates/support?group_by=commune"] {
        let read = province.get(path);
        read.expect(200);
        let again = province.with("If-None-Match", &read.etag()).get(path);
        assert_eq!((again.status, again.etag()), (304, read.etag()), "{path}");
        let vary = |answer: &Answer| {
            let mut values: Vec<String> =
                answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap().to_owned()).collect();
            values.retain(|value| value != "accept-encoding");
            values
        };
        assert_eq!(vary(&again), vary(&read), "{path}");
    }
}
