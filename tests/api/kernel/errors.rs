use std::io::Read;
use std::process::{Command, Stdio};

use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Client, TestServer, World, household, unique};

/// A server, an official of a commune, and the path of a village in it.
fn arranged() -> (World, Client, String) {
    let world = World::new();
    let id = world.village(world.ianan, "Tung");
    let official = world.commune(world.ianan);
    (world, official, format!("/localities/{id}"))
}

fn new_village(world: &World) -> Value {
    json!({"name": "Tung", "kind": "lang", "parent_id": world.ianan})
}

#[test]
fn an_unknown_path_gets_404_as_a_problem() {
    let (_world, official, _) = arranged();
    for path in
        ["/nothing", "/localities/", "//localities", "/LOCALITIES", "/Localities", "/localities/%2e%2e/users", "/.."]
    {
        official.get(path).expect_problem(404, "not_found");
    }
    official.get(&format!("/users/{}/", Uuid::now_v7())).expect_problem(404, "not_found");
}

#[test]
fn a_wrong_method_gets_405_with_allow() {
    let (_world, official, village) = arranged();
    let allowed = |answer: &Answer| {
        let mut methods: Vec<String> = answer.header("allow").split(", ").map(str::to_owned).collect();
        methods.sort();
        methods.join(" ")
    };
    for (method, path, expected) in [
        ("PUT", village.as_str(), "DELETE GET HEAD PATCH"),
        ("POST", village.as_str(), "DELETE GET HEAD PATCH"),
        ("DELETE", "/localities", "GET HEAD POST"),
        ("PATCH", "/me", "GET HEAD"),
        ("GET", "/auth/login", "POST"),
        ("PROPFIND", "/users", "GET HEAD POST"),
        ("OPTIONS", "/users", "GET HEAD POST"),
    ] {
        let answer = official.send(method, path, None);
        answer.expect_problem(405, "method_not_allowed");
        assert_eq!(allowed(&answer), expected, "{method} {path}");
    }
    // Not an id of `/gifts/{id}`.
    let bulk = official.patch("/gifts/confirm", json!({}));
    bulk.expect_problem(405, "method_not_allowed");
    assert_eq!(allowed(&bulk), "POST");
    let overridden = official.with("X-HTTP-Method-Override", "DELETE").get(&village);
    overridden.expect(200);
    official.get(&village).expect(200);
    let health = official.send("POST", "/health/live", None);
    assert_eq!((health.status, allowed(&health).as_str()), (405, "GET HEAD"));
}

#[test]
fn head_is_answered_like_get_without_a_body() {
    let (world, official, village) = arranged();
    let token = format!("Bearer {}", official.token());
    let path = format!("/api/v1{village}");
    for (path, authorized) in [(path.as_str(), true), ("/health/live", false), ("/api/v1/openapi.json", false)] {
        let headers: &[(&str, &str)] = if authorized { &[("Authorization", token.as_str())] } else { &[] };
        let answer = world.server.raw(&format!("HEAD {path}"), headers, b"");
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.is_empty(), "{path}");
    }
    let answer = world.server.raw(&format!("HEAD {path}"), &[("Authorization", &token)], b"");
    assert_eq!(answer.header("etag").unwrap(), "\"1\"");
    assert_eq!(world.server.raw("HEAD /api/v1/me", &[], b"").status, 401);
    let answer = world.server.raw("HEAD /api/v1/auth/login", &[], b"");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    let answer = world.server.raw("PUT /api/v1/gifts", &[], b"");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD, POST")));
}

#[test]
fn a_malformed_body_gets_400() {
    let (world, official, _) = arranged();
    for body in ["", "{", "{\"name\": }", "{\"name\": \"a\"} x", "nul", "'; DROP TABLE users; --"] {
        official.send("POST", "/localities", Some(body.to_owned())).expect_problem(400, "malformed_request");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    official.send("POST", "/localities", Some(deep)).expect_problem(400, "malformed_request");
    let token = format!("Bearer {}", official.token());
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json"), ("Content-Length", "14")];
    let answer = world.server.raw("POST /api/v1/localities", &headers, b"{\"name\":\"\xff\xfe\"}\n");
    answer.expect_problem(400, "malformed_request");
}

#[test]
fn a_body_that_is_not_an_object_gets_422() {
    let (_world, official, _) = arranged();
    for body in ["[]", "null", "1", "\"text\"", "[{\"name\": \"a\"}]"] {
        official.send("POST", "/localities", Some(body.to_owned())).expect_invalid(&[("#", "invalid_type")]);
    }
}

#[test]
fn a_body_of_another_media_type_gets_415() {
    let (world, official, village) = arranged();
    let body = || Some(new_village(&world).to_string());
    for other in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jsonx", "json"] {
        official
            .with("Content-Type", other)
            .send("POST", "/localities", body())
            .expect_problem(415, "unsupported_media_type");
    }
    let token = format!("Bearer {}", official.token());
    let text = new_village(&world).to_string();
    let length = text.len().to_string();
    let untyped = [("Authorization", token.as_str()), ("Content-Length", length.as_str())];
    world
        .server
        .raw("POST /api/v1/localities", &untyped, text.as_bytes())
        .expect_problem(415, "unsupported_media_type");
    official.with("Content-Type", "Application/JSON; charset=utf-8").send("POST", "/localities", body()).expect(201);
    official
        .with("Content-Type", "application/merge-patch+json")
        .with("If-Match", "*")
        .send("PATCH", &village, Some(json!({"latitude": 13.78}).to_string()))
        .expect(200);
}

#[test]
fn a_plain_chunked_or_compressed_body_over_one_mebibyte_gets_413() {
    let (world, official, _) = arranged();
    let token = format!("Bearer {}", official.token());
    let json = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
    let ten = 10 * 1024 * 1024;
    let length = ten.to_string();

    let body = vec![b' '; ten];
    let headers = [json.as_slice(), &[("Content-Length", length.as_str())]].concat();
    world.server.raw("POST /api/v1/localities", &headers, &body).expect_problem(413, "payload_too_large");

    let mut chunked = Vec::new();
    for _ in 0..160 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&body[..0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let headers = [json.as_slice(), &[("Transfer-Encoding", "chunked")]].concat();
    world.server.raw("POST /api/v1/localities", &headers, &chunked).expect_problem(413, "payload_too_large");

    // 10 MiB compressed to 10 KiB: the limit applies to the unpacked size.
    let zipped = gzip(&body);
    assert!(zipped.len() < 20_000);
    let length = zipped.len().to_string();
    let headers = [json.as_slice(), &[("Content-Encoding", "gzip"), ("Content-Length", length.as_str())]].concat();
    world.server.raw("POST /api/v1/localities", &headers, &zipped).expect_problem(413, "payload_too_large");

    // Authentication is checked before the size.
    let headers = [("Content-Type", "application/json"), ("Content-Length", "10485760")];
    world.server.raw("POST /api/v1/localities", &headers, &body).expect_problem(401, "unauthenticated");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = gzip.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut input, &bytes).unwrap());
    let mut zipped = Vec::new();
    gzip.stdout.take().unwrap().read_to_end(&mut zipped).unwrap();
    writer.join().unwrap();
    gzip.wait().unwrap();
    zipped
}

#[test]
fn a_null_character_is_reported_with_its_pointer() {
    let (world, official, _) = arranged();
    let mut body = new_village(&world);
    body["name"] = json!("Tu\0ng");
    body["ethnic_groups"] = json!(["10", "1\0"]);
    official
        .post("/localities", body)
        .expect_invalid(&[("#/ethnic_groups/1", "null_character"), ("#/name", "null_character")]);
    official.get("/localities?q=%00").expect_invalid(&[("?q", "null_character")]);
    official
        .get("/localities?code=a%00b&q=%00")
        .expect_invalid(&[("?code", "null_character"), ("?q", "null_character")]);
}

#[test]
fn all_unknown_fields_and_parameters_are_reported() {
    let (world, official, _) = arranged();
    let mut body = new_village(&world);
    body["scope_path"] = json!("0.");
    body["a/b~c"] = json!(1);
    body["profiles"] = json!([{"year": 2026, "houses": 3}]);
    let problem = official.post("/localities", body).expect_problem(422, "invalid");
    let mut pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["#/a~1b~0c", "#/profiles/0/houses", "#/scope_path"]);
    assert!(problem["errors"].as_array().unwrap().iter().all(|error| error["code"] == "unknown_field"));
    official
        .get("/localities?nam=a&scope=0.&limit=1")
        .expect_invalid(&[("?nam", "unknown_field"), ("?scope", "unknown_field")]);
}

#[test]
fn all_validation_errors_are_reported_together() {
    let (world, official, _) = arranged();
    let body = json!({"name": "", "kind": "xa", "parent_id": world.ianan, "latitude": 91, "longitude": -181,
        "ethnic_groups": ["99"], "profiles": [{"year": 1, "households": -1}]});
    official.post("/localities", body).expect_invalid(&[
        ("#/ethnic_groups", "invalid_value"),
        ("#/kind", "wrong_level"),
        ("#/latitude", "range"),
        ("#/longitude", "range"),
        ("#/name", "length"),
        ("#/profiles/0/households", "range"),
        ("#/profiles/0/year", "range"),
    ]);
}

#[test]
fn missing_mistyped_unknown_and_out_of_range_fields_are_reported_together() {
    let world = World::new();
    let head = world.head(world.village(world.ianan, "Tung"));
    let body = json!({"id": "1", "head_name": 5, "head_birth_year": 1500, "ethnic_group": null, "hamlet": "A",
        "deprivations": ["I01", "i99", 3], "phone": "x", "note": "\u{0}", "members": [{"name": "Siu A"},
        {"sex": "m", "birth_year": "1990", "age": 3}, {"name": "", "birth_year": 1500}, null]});
    head.post("/households", body).expect_invalid(&[
        ("#/deprivations/1", "invalid_value"),
        ("#/deprivations/2", "invalid_type"),
        ("#/ethnic_group", "required"),
        ("#/hamlet", "unknown_field"),
        ("#/head_birth_year", "range"),
        ("#/head_name", "invalid_type"),
        ("#/id", "not_uuid_v7"),
        ("#/members/1/age", "unknown_field"),
        ("#/members/1/birth_year", "invalid_type"),
        ("#/members/1/name", "required"),
        ("#/members/1/sex", "invalid_value"),
        ("#/members/2/birth_year", "range"),
        ("#/members/2/name", "length"),
        ("#/members/3", "required"),
        ("#/note", "null_character"),
        ("#/phone", "phone_number"),
        ("#/poverty_status", "required"),
        ("#/village_id", "required"),
    ]);
    let query = "limit=0&sort=colour&status=lost&village_id=5&hamlet=A&possible_duplicate=perhaps";
    head.get(&format!("/households?{query}")).expect_invalid(&[
        ("?hamlet", "unknown_field"),
        ("?limit", "range"),
        ("?possible_duplicate", "invalid_value"),
        ("?sort", "invalid_value"),
        ("?status", "invalid_value"),
        ("?village_id", "invalid_value"),
    ]);
    let days = "from=2026-02-30&to=x&as_of=0026-01-01&within=5&organisation_id=6";
    world.commune(world.ianan).get(&format!("/aggregates/support?{days}")).expect_invalid(&[
        ("?as_of", "invalid_value"),
        ("?from", "invalid_value"),
        ("?organisation_id", "invalid_value"),
        ("?to", "invalid_value"),
        ("?within", "invalid_value"),
    ]);
}

#[test]
fn wrong_types_and_values_are_reported_with_their_pointer() {
    let (world, official, _) = arranged();
    let with = |field: &str, value: Value| {
        let mut body = new_village(&world);
        body[field] = value;
        official.post("/localities", body)
    };
    with("kind", json!("city")).expect_invalid(&[("#/kind", "invalid_value")]);
    with("kind", json!(5)).expect_invalid(&[("#/kind", "invalid_type")]);
    with("name", Value::Null).expect_invalid(&[("#/name", "required")]);
    with("name", json!({"a": 1})).expect_invalid(&[("#/name", "invalid_type")]);
    with("parent_id", json!("no id")).expect_invalid(&[("#/parent_id", "invalid_value")]);
    with("valid_from", json!("2026-02-30")).expect_invalid(&[("#/valid_from", "invalid_value")]);
    with("ethnic_groups", json!("yes")).expect_invalid(&[("#/ethnic_groups", "invalid_type")]);
    with("latitude", json!("1")).expect_invalid(&[("#/latitude", "invalid_type")]);
    with("profiles", json!([{"year": 2026.5}])).expect_invalid(&[("#/profiles/0/year", "invalid_type")]);
    with("profiles", json!([{"year": 3_000_000_000_i64}])).expect_invalid(&[("#/profiles/0/year", "invalid_value")]);
    for query in ["level=city", "as_of=yesterday", "twinned=perhaps", "parent_id=5", "count=2"] {
        let name = query.split('=').next().unwrap();
        official.get(&format!("/localities?{query}")).expect_invalid(&[(&format!("?{name}"), "invalid_value")]);
    }
}

#[test]
fn problems_are_in_vietnamese_unless_accept_language_prefers_english() {
    let server = TestServer::start();
    let told = |language: Option<&str>| {
        let anonymous = match language {
            Some(language) => server.anonymous().with("Accept-Language", language),
            None => server.anonymous(),
        };
        let answer = anonymous.get("/me");
        let body = answer.expect_problem(401, "unauthenticated");
        assert!(answer.header("vary").to_lowercase().contains("accept-language"), "{}", answer.header("vary"));
        (answer.header("content-language").to_owned(), body["detail"].as_str().unwrap().to_owned())
    };
    let vietnamese = told(None);
    assert_eq!(vietnamese.0, "vi");
    for language in ["vi", "vi-VN", "en;q=0.5, vi", "fr", "*", ";;;,,", "en;q=x", ""] {
        assert_eq!(told(Some(language)), vietnamese, "{language}");
    }
    let english = told(Some("en"));
    assert_eq!(english.0, "en");
    assert_ne!(english.1, vietnamese.1);
    assert_eq!(told(Some("en-GB, vi;q=0.9")), english);
}

#[test]
fn a_problem_contains_the_request_id() {
    let (_world, official, _) = arranged();
    for answer in [official.get("/nothing"), official.get("/api-keys"), official.get("/localities?limit=0")] {
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(body["request_id"], answer.header("x-request-id"));
        assert_eq!(body["status"], answer.status);
        assert_eq!(body["type"], format!("urn:ketnghia:problem:{}", body["code"].as_str().unwrap()));
        assert!(body["instance"].as_str().unwrap().starts_with("/api/v1/"));
    }
    let title =
        |language: &str| official.with("Accept-Language", language).get("/nothing").expect(404)["title"].clone();
    assert_eq!((title("vi"), title("en")), (json!("Không tìm thấy"), json!("Not found")));
    let good = official.get("/me");
    assert_eq!(good.header("x-request-id").len(), 36);
    assert_ne!(
        good.header("x-request-id"),
        official.with("X-Request-Id", good.header("x-request-id")).get("/me").header("x-request-id")
    );
}

#[test]
fn a_record_out_of_scope_and_an_unknown_id_get_identical_responses() {
    let (world, official, _) = arranged();
    let foreign = world.village(world.kongchro, "Hle Hlang");
    let bare = |answer: Answer, id: &str| {
        let mut headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        let request_id = answer.header("x-request-id").to_owned();
        (answer.status, headers, answer.text.replace(&request_id, "-").replace(id, "-"))
    };
    let unknown = Uuid::now_v7().to_string();
    let foreign = foreign.to_string();
    let call = |method: &str, id: &str, tail: &str| {
        let caller = official.with("If-Match", "\"1\"").with("If-None-Match", "\"1\"");
        let body = (method == "PATCH").then(|| json!({"latitude": 13.78}).to_string());
        bare(caller.send(method, &format!("/localities/{id}{tail}"), body), id)
    };
    for (method, tail) in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/children"), ("GET", "/history")] {
        let expected = call(method, &unknown, tail);
        assert_eq!(expected.0, 404);
        assert_eq!(call(method, &foreign, tail), expected, "{method} {tail}");
    }
    // A malformed UUID is answered like an unknown id. (Of the same length, so that Content-Length is equal.)
    let expected = call("GET", &unknown, "");
    assert_eq!(call("GET", &"x".repeat(36), ""), expected);
    let braces = format!("{{{}}}", &unknown[..34]);
    assert_eq!(official.get(&format!("/localities/{}", braces.replace('{', "%7B").replace('}', "%7D"))).status, 404);
    // An id in a body.
    let told = |parent: &str| {
        let answer = official.post("/localities", json!({"name": "a", "kind": "lang", "parent_id": parent}));
        answer.expect_invalid(&[("#/parent_id", "not_found")]);
        bare(answer, parent)
    };
    assert_eq!(told(&foreign), told(&unknown));
    // An id as a filter gives an empty list.
    for id in [&foreign, &unknown] {
        assert_eq!(official.get(&format!("/localities?parent_id={id}")).expect(200)["items"], json!([]));
    }
}

#[test]
fn sql_in_a_search_is_treated_as_text() {
    let (world, official, village) = arranged();
    let province = world.province(world.gialai);
    for q in ["'%20OR%201=1%20--", "%25", "_", "%5C", "';DROP%20TABLE%20localities;--", "%24%24", "a%27%29%3B"] {
        official.get(&format!("/localities?q={q}")).expect(200);
        province.get(&format!("/users?q={q}")).expect(200);
    }
    assert_eq!(official.get("/localities?q=%27%20OR%201=1%20--").expect(200)["items"], json!([]));
    official.get(&village).expect(200);
}

#[test]
fn cursors_continue_after_the_page_and_altered_or_foreign_ones_are_refused() {
    let world = World::new();
    let official = world.province(world.gialai);
    let all = official.get("/localities?level=commune&limit=200&count=true").expect(200);
    let mut names = Vec::new();
    let mut cursor = String::new();
    let mut last = String::new();
    loop {
        let page = official.get(&format!("/localities?level=commune&limit=70{cursor}")).expect(200);
        names.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        last.clone_from(&cursor);
    }
    assert_eq!(names.len(), usize::try_from(all["total"].as_i64().unwrap()).unwrap());
    names.dedup();
    let mut unique = names.clone();
    unique.sort_by_key(Value::to_string);
    unique.dedup();
    assert_eq!(unique.len(), names.len(), "no record is on two pages");

    let refused = |path: &str| drop(official.get(path).expect_problem(400, "cursor_invalid"));
    refused("/localities?level=commune&limit=70&cursor=rubbish");
    refused("/localities?level=commune&limit=70&cursor=%00".replace("%00", "%2e%2e").as_str());
    let middle = last.len() / 2;
    let flipped = if last.as_bytes()[middle] == b'A' { "B" } else { "A" };
    refused(&format!("/localities?level=commune{}{flipped}{}", &last[..middle], &last[middle + 1..]));
    refused(&format!("/localities?level=province{last}"));
    refused(&format!("/localities?level=commune&sort=-name{last}"));
    refused(&format!("/localities/{}/children?limit=70{last}", world.gialai));
    refused(&format!("/users?limit=70{last}"));
    official.get(&format!("/localities?level=commune&limit=10{last}")).expect(200);
}

#[test]
fn the_page_limit_is_between_1_and_200() {
    let world = World::new();
    let official = world.province(world.gialai);
    for list in ["/localities", "/users", "/api-keys"] {
        for limit in ["0", "-1", "201", "99999999"] {
            official.get(&format!("{list}?limit={limit}")).expect_invalid(&[("?limit", "range")]);
        }
        for limit in ["abc", "1.5", "99999999999999999999"] {
            official.get(&format!("{list}?limit={limit}")).expect_invalid(&[("?limit", "invalid_value")]);
        }
        for sort in ["password", "-rank", "name;--", ""] {
            official.get(&format!("{list}?limit=0&sort={sort}")).expect(422);
        }
        official.get(&format!("{list}?sort=scope_path")).expect_invalid(&[("?sort", "invalid_value")]);
        official.get(&format!("{list}?limit=200")).expect(200);
    }
}

#[test]
fn a_change_requires_if_match_with_the_current_version() {
    let (world, official, village) = arranged();
    let change = |tag: Option<&str>, name: &str| {
        let caller = tag.map_or_else(|| official.clone(), |tag| official.with("If-Match", tag));
        caller.send("PATCH", &village, Some(json!({"name": name}).to_string()))
    };
    assert_eq!(official.get(&village).etag(), "\"1\"");
    assert_eq!(world.province(world.gialai).get(&village).etag(), "\"1\"", "the same ETag for every caller");
    change(None, "a").expect_problem(428, "precondition_required");
    official.send("DELETE", &village, None).expect_problem(428, "precondition_required");
    for unquoted in ["1", "\"1", "W/1", ""] {
        change(Some(unquoted), "a").expect_problem(400, "malformed_request");
    }
    let stale = change(Some("\"7\""), "a");
    let problem = stale.expect_problem(412, "version_conflict");
    assert_eq!((&problem["current"], stale.etag().as_str()), (&official.get(&village).expect(200), "\"1\""));
    change(Some("W/\"1\""), "a").expect_problem(412, "version_conflict");
    change(Some("\"7\", \"1\""), "b").expect(200);
    change(Some("\"1\""), "c").expect_problem(412, "version_conflict");
    assert_eq!(change(Some("*"), "d").expect(200)["version"], 3);

    #[derive(QueryableByName)]
    struct Forced {
        #[diesel(sql_type = Bool)]
        forced: bool,
    }
    let entries: Vec<Forced> =
        diesel::sql_query("SELECT forced FROM audit_events WHERE resource = 'localities' AND action = 'update' AND step IS NULL ORDER BY id")
            .load(&mut world.server.sql())
            .unwrap();
    assert_eq!(
        entries.iter().map(|entry| entry.forced).collect::<Vec<_>>(),
        [true, true],
        "several versions count as forced, like *"
    );

    let missing = format!("/localities/{}", Uuid::now_v7());
    for tag in ["*", "\"1\"", "W/\"1\""] {
        official.with("If-Match", tag).send("DELETE", &missing, None).expect_problem(404, "not_found");
    }
    official.send("DELETE", &missing, None).expect_problem(404, "not_found");
    official.delete(&village).expect(204);
    official.with("If-Match", "\"3\"").send("DELETE", &village, None).expect_problem(404, "not_found");
}

#[test]
fn places_of_the_catalogue_are_readable_and_cannot_be_changed() {
    let (world, official, _) = arranged();
    let forced = official.with("If-Match", "*");
    for (place, status, code) in
        [(world.ianan, 403, "forbidden"), (world.gialai, 404, "not_found"), (world.kongchro, 404, "not_found")]
    {
        let path = format!("/localities/{place}");
        forced.get(&path).expect(200);
        forced.send("PATCH", &path, Some(json!({"latitude": 13.78}).to_string())).expect_problem(status, code);
        forced.send("DELETE", &path, None).expect_problem(status, code);
    }
}

#[test]
fn an_empty_patch_changes_nothing() {
    let (_world, official, village) = arranged();
    let before = official.get(&village).expect(200);
    assert_eq!(official.patch(&village, json!({})).expect(200), before);
}

#[test]
fn if_none_match_with_the_current_etag_gets_304() {
    let (world, official, village) = arranged();
    for path in [village.as_str(), "/me", "/localities?level=village", "/catalogues"] {
        let answer = official.get(path);
        answer.expect(200);
        let tag = answer.etag();
        assert!(tag.starts_with('"'), "{path}: {tag}");
        for wanted in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = official.with("If-None-Match", &wanted).get(path);
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
            assert_eq!(again.etag(), tag);
        }
        official.with("If-None-Match", "\"x\"").get(path).expect(200);
        let vary = answer.header("vary").to_lowercase();
        assert!(vary.contains("authorization") && vary.contains("accept-language"), "{vary}");
    }
    let tag = official.get(&village).etag();
    world.commune(world.kongchro).with("If-None-Match", &tag).get(&village).expect_problem(404, "not_found");
    official.patch(&village, json!({"latitude": 13.78})).expect(200);
    official.with("If-None-Match", &tag).get(&village).expect(200);
}

#[test]
fn entity_tags_of_over_1000_characters_are_refused() {
    let (_world, official, village) = arranged();
    let tags = |length: usize| format!("\"{}\"", "7".repeat(length - 2));
    official.with("If-None-Match", &tags(1000)).get(&village).expect(200);
    official.with("If-None-Match", &tags(1001)).get(&village).expect_problem(400, "malformed_request");
    let change = |tags: &str| official.with("If-Match", tags).send("PATCH", &village, Some("{}".into()));
    change(&tags(1000)).expect_problem(412, "version_conflict");
    change(&tags(1001)).expect_problem(400, "malformed_request");
}

#[test]
fn responses_are_compressed_as_accept_encoding_asks() {
    let (world, official, _) = arranged();
    let token = format!("Bearer {}", official.token());
    let get = |encoding: &str| {
        let headers = [("Authorization", token.as_str()), ("Accept-Encoding", encoding)];
        world.server.raw("GET /api/v1/localities?limit=200", &headers, b"")
    };
    let plain = get("identity");
    assert_eq!((plain.status, plain.header("content-encoding")), (200, None));
    let zipped = get("gzip");
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    assert!(zipped.body.len() * 4 < plain.body.len(), "{} of {}", zipped.body.len(), plain.body.len());
    assert!(zipped.headers("vary").any(|value| value.eq_ignore_ascii_case("accept-encoding")));
    get("identity;q=0, br;q=1, *;q=0").expect_problem(406, "not_acceptable");
}

#[test]
fn problems_contain_no_internal_details() {
    let (world, official, _) = arranged();
    let province = world.province(world.gialai);
    let name = unique("lang");
    let answers = [
        official.get("/localities?as_of=999999-01-01"),
        official.get("/localities?as_of=0001-01-01"),
        official.get("/localities?as_of=262142-12-31"),
        official.post("/localities", json!({"name": "x", "kind": "lang", "parent_id": world.ianan, "valid_from": "-0001-01-01"})),
        official.post("/localities", json!({"name": "x", "kind": "lang", "parent_id": world.ianan, "valid_from": "+262142-12-31"})),
        official.post("/localities", json!({"name": "x".repeat(121), "kind": "lang", "parent_id": world.ianan})),
        province.post("/users", json!({"username": name, "full_name": "\u{202e}x\u{1b}[31m", "role": "commune", "locality_id": world.ianan})),
        province.post("/api-keys", json!({"name": "x", "locality_id": world.gialai, "expires_on": "+262142-12-31"})),
        province.get("/users?q=x&sort=created_at&cursor=AAAA"),
    ];
    for answer in answers {
        assert!(answer.status < 500, "{} {}", answer.status, answer.text);
        for inside in ["SELECT", "diesel", "panicked", "src/", "relation ", "constraint"] {
            assert!(!answer.text.contains(inside), "{}", answer.text);
        }
    }
}

#[test]
fn an_array_that_is_too_long_is_reported_without_the_errors_of_its_entries() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let member = |name: &str| json!({"name": name});
    let mut body = household(village, "Siu A");
    body["members"] = Value::from((0..31).map(|_| member("")).collect::<Vec<_>>());
    head.post("/households", body.clone()).expect_invalid(&[("#/members", "length")]);
    body["members"] = Value::from(vec![member("Siu B"), member("")]);
    head.post("/households", body).expect_invalid(&[("#/members/1/name", "length")]);
}

#[test]
fn an_operation_without_parameters_refuses_all_of_them() {
    let world = World::new();
    let official = world.commune(world.ianan);
    official.get("/me?x=1&y=2").expect_invalid(&[("?x", "unknown_field"), ("?y", "unknown_field")]);
    official
        .get(&format!("/localities/{}?as_of=2025-01-01", world.ianan))
        .expect_invalid(&[("?as_of", "unknown_field")]);
    world.server.anonymous().get("/me?x=1").expect_problem(401, "unauthenticated");
}

#[test]
fn dates_outside_the_supported_range_are_invalid() {
    let world = World::new();
    let official = world.commune(world.ianan);
    for day in ["%2B262142-12-31", "-9999-01-01", "20260-01-01", "2026-02-30"] {
        official.get(&format!("/localities?as_of={day}")).expect_invalid(&[("?as_of", "invalid_value")]);
        official.get(&format!("/aggregates/support?from={day}")).expect_problem(422, "invalid");
        assert!(official.get(&format!("/gifts?from={day}")).status < 500);
    }
    let village = json!({"name": "X", "kind": "lang", "parent_id": world.ianan, "valid_from": "-9999-01-01"});
    official.post("/localities", village).expect_invalid(&[("#/valid_from", "invalid_value")]);
}
