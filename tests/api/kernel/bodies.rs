//! Harmful bodies, long queries and slow bodies: the response is short and fast.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Client, World, household};

const MIB: usize = 1024 * 1024;
/// Far above the time that any of these takes, and far below what they took once (8 s, or a crash).
const SOON: Duration = Duration::from_secs(3);

/// `open`, then `part` repeated with commas up to 1 MiB, then `close`.
fn repeated(open: &str, part: &str, close: &str) -> String {
    let times = (MIB - open.len() - close.len()) / (part.len() + 1);
    format!("{open}{}{close}", vec![part; times].join(","))
}

/// Like `repeated`, with a part for each number.
fn numbered(open: &str, close: &str, part: impl Fn(usize) -> String) -> String {
    let mut body = open.to_owned();
    for number in 0.. {
        let next = part(number);
        if body.len() + next.len() + close.len() + 1 > MIB {
            break;
        }
        if number > 0 {
            body.push(',');
        }
        body.push_str(&next);
    }
    body + close
}

/// Bodies of up to 1 MiB with the expected status.
fn harmful() -> Vec<(&'static str, String, u16)> {
    let letters = |count: usize| "a".repeat(count);
    vec![
        (
            "control characters below a long name",
            repeated(&format!("{{\"{}\":[", letters(300_000)), "\"\\u0001\"", "]}"),
            422,
        ),
        ("control characters", repeated("{\"note\":[", "\"\\u0001\"", "]}"), 413),
        ("a few control characters", format!("{{\"note\":[{}]}}", vec!["\"\\u0001\""; 20_000].join(",")), 422),
        ("four long names", repeated("{", &format!("\"{}\":0", letters(260_000)), "}"), 422),
        ("unknown fields", numbered("{", "}", |number| format!("\"x{number}\":1")), 413),
        ("unknown fields with long names", numbered("{", "}", |number| format!("\"{number:0200}\":1")), 422),
        ("one repeated name", repeated("{", "\"note\":1", "}"), 413),
        ("deep arrays", format!("{}{}", "[".repeat(MIB / 2), "]".repeat(MIB / 2)), 400),
        ("deep objects", "{\"a\":".repeat(MIB / 5), 400),
        ("many values", repeated("{\"note\":[", "0", "]}"), 413),
        ("many empty objects", repeated("{\"members\":[", "{}", "]}"), 413),
        ("many members", repeated("{\"members\":[", "{\"name\":\"\"}", "]}"), 413),
        (
            "long members",
            repeated("{\"members\":[", &format!("{{\"name\":\"\",\"x\":\"{}\"}}", letters(200)), "]}"),
            422,
        ),
        ("a long number", format!("{{\"head_birth_year\":{}}}", "1".repeat(MIB - 30)), 400),
        ("a long fraction", format!("{{\"head_birth_year\":0.{}}}", "1".repeat(MIB - 30)), 422),
        ("a long text", format!("{{\"note\":\"{}\"}}", letters(MIB - 20)), 422),
        ("letters that decompose", format!("{{\"note\":\"{}\"}}", "\u{1D160}".repeat((MIB - 20) / 4)), 422),
        (
            "combining marks on one letter",
            format!("{{\"note\":\"a{}\"}}", "\u{0323}\u{0301}".repeat((MIB - 20) / 4)),
            422,
        ),
        ("the highest code points", format!("{{\"{}\":0}}", "\u{10FFFF}".repeat((MIB - 20) / 4)), 422),
        ("blanks", format!("{{{}}}", " ".repeat(MIB - 2)), 422),
    ]
}

#[track_caller]
fn assert_refused_briefly(caller: &Client, path: &str, kind: &str, body: String, status: u16) {
    assert!(body.len() <= MIB, "{kind}: {}", body.len());
    let asked = Instant::now();
    let answer = caller.send("POST", path, Some(body));
    assert!(asked.elapsed() < SOON, "{kind}: {:?}", asked.elapsed());
    assert_eq!(answer.status, status, "{kind}: {}", answer.text.chars().take(300).collect::<String>());
    assert!(answer.text.len() <= 64 * 1024, "{kind}: an answer of {} bytes", answer.text.len());
    let problem: Value = serde_json::from_str(&answer.text).unwrap();
    assert!(problem["errors"].as_array().unwrap().len() <= 100, "{kind}");
}

#[test]
fn a_harmful_body_of_one_mebibyte_gets_a_short_error_within_three_seconds() {
    let world = World::new();
    let official = world.commune(world.ianan);
    for (kind, body, status) in harmful() {
        assert_refused_briefly(&official, "/households", kind, body.clone(), status);
        assert_refused_briefly(&world.server.anonymous(), "/auth/login", kind, body, 413);
    }
    official.get("/households").expect(200);
}

#[test]
fn a_field_name_over_200_characters_is_refused_and_errors_are_truncated_at_100() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let mut home = household(village, "Siu A");
    home.as_object_mut().unwrap().insert("ư".repeat(201), json!(1));
    head.post("/households", home).expect_invalid(&[("#", "long_name")]);
    let mut home = household(village, "Siu A");
    for number in 0..101 {
        home[format!("x{number}")] = json!(1);
    }
    let problem = head.post("/households", home).expect_problem(422, "invalid");
    assert_eq!((problem["errors"].as_array().unwrap().len(), &problem["errors_truncated"]), (100, &json!(true)));
    let mut home = household(village, "Siu A");
    home["x"] = json!(1);
    assert_eq!(head.post("/households", home).expect_problem(422, "invalid")["errors_truncated"], json!(false));
    assert_eq!(world.count("households", "true"), 0);
}

#[test]
fn a_body_before_sign_in_is_limited_to_16_kib_and_a_compressed_one_by_its_unpacked_size() {
    let world = World::new();
    let long = json!({"username": "a".repeat(16 * 1024), "password": "b"}).to_string();
    world.server.anonymous().send("POST", "/auth/login", Some(long)).expect_problem(413, "payload_too_large");

    let official = world.commune(world.ianan);
    let token = format!("Bearer {}", official.token());
    let send = |content: &[u8], encoding: &str| {
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut zip, content).unwrap();
        let packed = zip.finish().unwrap();
        let length = packed.len().to_string();
        let headers = [
            ("Authorization", token.as_str()),
            ("Content-Type", "application/json"),
            ("Content-Encoding", encoding),
            ("Content-Length", length.as_str()),
        ];
        world.server.raw("POST /api/v1/localities", &headers, &packed)
    };
    let village = json!({"name": "Tung", "kind": "lang", "parent_id": world.ianan}).to_string();
    assert_eq!(send(village.as_bytes(), "gzip").status, 201);
    send(&vec![b'0'; 200 * MIB], "gzip").expect_problem(413, "payload_too_large");
    send(village.as_bytes(), "br").expect_problem(415, "unsupported_media_type");
}

#[test]
fn errors_of_a_long_query_are_truncated_and_a_long_uri_gets_414() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let unknown: Vec<String> = (0..900).map(|number| format!("x{number}=1")).collect();
    let answer = official.get(&format!("/households?{}", unknown.join("&")));
    let problem = answer.expect_problem(422, "invalid");
    assert_eq!((problem["errors"].as_array().unwrap().len(), &problem["errors_truncated"]), (100, &json!(true)));
    for path in [format!("/households?q={}", "a".repeat(8 * 1024)), format!("/{}", "b".repeat(60 * 1024))] {
        let answer = official.get(&path);
        answer.expect_problem(414, "uri_too_long");
        assert!(answer.text.len() < 2_000, "{}", answer.text.len());
    }
}

#[test]
fn an_incomplete_body_gets_408_after_body_seconds() {
    use ketnghia::config::Callers;

    use crate::harness::{TestServer, unlimited};
    let world = World::on(TestServer::set(&Callers { body_seconds: 1, ..unlimited() }));
    let asked = Instant::now();
    let headers = [("Content-Type", "application/json"), ("Content-Length", "100")];
    let answer = world.server.raw("POST /api/v1/auth/login", &headers, b"{\"username\":");
    answer.expect_problem(408, "request_timeout");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}
