//! Rules that the document states for every operation.

use serde_json::json;

use crate::harness::{World, household};

#[test]
fn an_unsupported_accept_header_gets_406() {
    let world = World::new();
    let official = world.commune(world.ianan);
    for path in ["/me", "/households", "/catalogues", "/aggregates/support"] {
        official.with("Accept", "application/xml").get(path).expect_problem(406, "not_acceptable");
        official.with("Accept", "application/json;q=0").get(path).expect_problem(406, "not_acceptable");
        for taken in ["*/*", "application/*", "text/html, application/json;q=0.1", "rubbish"] {
            official.with("Accept", taken).get(path).expect(200);
        }
    }
    official.with("Accept", "text/csv").get("/aggregates/support").expect(200);
    official.with("Accept", "text/csv").get("/me").expect_problem(406, "not_acceptable");
    world.server.anonymous().with("Accept", "text/csv").get("/me").expect_problem(401, "unauthenticated");
}

#[test]
fn public_calls_refuse_unknown_parameters() {
    let world = World::new();
    let anonymous = world.server.anonymous();
    anonymous.get("/catalogues?x=1").expect_invalid(&[("?x", "unknown_field")]);
    anonymous.get("/openapi.json?x=1").expect_invalid(&[("?x", "unknown_field")]);
    anonymous.get("/catalogues").expect(200);
}

#[test]
fn an_empty_search_filters_nothing_and_one_of_punctuation_finds_nothing() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    world.household(&world.head(village), village, "Siu A");
    let official = world.commune(world.ianan);
    for list in ["/households", "/users", "/localities", "/organisations", "/programmes"] {
        let found = |query: &str| official.get(&format!("{list}?count=true{query}")).expect(200)["total"].clone();
        assert_eq!(found("&q="), found(""), "{list}");
        assert_eq!(found("&q=%25%25"), 0, "{list}: punctuation only");
    }
    assert_eq!(official.get("/households?q=&count=true").expect(200)["total"], 1);
}

#[test]
fn a_search_has_at_most_100_characters_and_a_parameter_at_most_50_values() {
    let world = World::new();
    let official = world.commune(world.ianan);
    for list in ["/households", "/users", "/localities", "/organisations", "/programmes"] {
        official.get(&format!("{list}?q={}", "a".repeat(101))).expect_invalid(&[("?q", "length")]);
        official.get(&format!("{list}?q={}", "a".repeat(100))).expect(200);
    }
    let many = |times: usize| "&status=active".repeat(times);
    official.get(&format!("/households?limit=1{}", many(51))).expect_invalid(&[("?status", "length")]);
    official.get(&format!("/households?limit=1{}", many(50))).expect(200);
}

#[test]
fn a_missing_body_gets_422_at_post_and_400_at_patch() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let errors = head.send("POST", "/households", None).expect_problem(422, "invalid");
    assert_eq!(errors["errors"][0]["code"], "required");
    let made = head.post("/households", household(village, "Siu A")).expect(201);
    let path = format!("/households/{}", made["id"].as_str().unwrap());
    // A PATCH without a body is a transmission fault, not an empty change.
    head.with("If-Match", "\"1\"").send("PATCH", &path, None).expect_problem(400, "malformed_request");
}

#[test]
fn invalid_phone_and_identity_numbers_have_their_own_error_codes() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let mut body = household(village, "Siu A");
    body["phone"] = json!("12");
    body["identity_number"] = json!("0123");
    let english = world.head(village).with("Accept-Language", "en");
    let problem = english.post("/households", body).expect_problem(422, "invalid");
    let told: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| (&error["code"], &error["detail"])).collect();
    assert_eq!(told[0], (&json!("identity_number"), &json!("Needs 9 or 12 digits.")));
    assert_eq!(told[1].0, "phone_number");
}
