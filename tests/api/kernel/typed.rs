//! Text is kept in one spelling, whatever the keyboard sends; and HEAD.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::Giving;
use crate::harness::{Client, id_of};

fn household(at: &Giving, by: &Client, changes: Value) -> Value {
    let mut body =
        json!({"village_id": at.village, "head_name": "Siu Cách", "ethnic_group": "10", "poverty_status": "poor"});
    for (field, value) in changes.as_object().unwrap() {
        body[field] = value.clone();
    }
    by.post("/households", body).expect(201)
}

/// Cases 38 and 39.
#[test]
fn names_have_one_spelling_and_are_found_without_strokes() {
    let at = Giving::new();
    let kept = |name: &str| household(&at, &at.head, json!({"head_name": name}))["head_name"].clone();
    assert_eq!(kept("  Siu  Cách "), "Siu Cách");
    assert_eq!(kept("Siu\nDòng"), "Siu Dòng");
    assert_eq!(kept("H’Nuk"), "H'Nuk");
    household(&at, &at.head, json!({"head_name": "Đinh Yuih", "head_birth_year": 1951}));
    // U+00D0, the letter of another language that looks the same.
    let again = household(&at, &at.head, json!({"head_name": "\u{d0}inh Yuih", "head_birth_year": 1951}));
    assert_eq!(
        (&again["head_name"], &again["warnings"][0]["code"]),
        (&json!("Đinh Yuih"), &json!("possible_duplicate"))
    );
    household(&at, &at.head, json!({"head_name": "Ƀok Hril", "head_birth_year": 1960}));
    let warned = household(&at, &at.head, json!({"head_name": "Bok Hril", "head_birth_year": 1960}));
    assert_eq!(warned["warnings"][0]["code"], "possible_duplicate");
    let found = |q: &str| at.head.get(&format!("/households?q={q}&count=true")).expect(200)["total"].clone();
    assert_eq!((found("dinh%20yuih"), found("bok%20hril")), (json!(2), json!(2)));
}

/// Case 41, by the API.
#[test]
fn names_in_old_encodings_are_refused() {
    let at = Giving::new();
    for name in ["NguyÔn V¨n ¸i", "R¬ Mah H'Bl¬i", "Nguyeãn Vaên AÙi"] {
        let body = json!({"village_id": at.village, "head_name": name, "ethnic_group": "10", "poverty_status": "poor"});
        at.head.post("/households", body).expect_invalid(&[("#/head_name", "legacy_encoding")]);
    }
}

/// Cases 43 and 46.
#[test]
fn capitals_of_ids_words_for_none_and_impossible_positions() {
    let at = Giving::new();
    let id = Uuid::now_v7();
    let body = |id: String| {
        json!({"id": id, "village_id": at.village, "head_name": "Siu Cách", "ethnic_group": "10", "poverty_status": "poor",
            "phone": "không có", "identity_number": "-"})
    };
    let made = at.head.post("/households", body(id.to_string().to_uppercase())).expect(201);
    assert_eq!((&made["id"], &made["phone"], &made["identity_number_last4"]), (&json!(id), &Value::Null, &Value::Null));
    let again = at.head.post("/households", body(id.to_string()));
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, "true"));
    let refused = |latitude: f64, longitude: f64, wrong: &[(&str, &str)]| {
        let mut body = body(Uuid::now_v7().to_string());
        (body["latitude"], body["longitude"]) = (json!(latitude), json!(longitude));
        at.head.post("/households", body).expect_invalid(wrong);
    };
    refused(0.0, 0.0, &[("#/latitude", "no_position"), ("#/longitude", "range")]);
    refused(5.9, 107.0, &[("#/latitude", "range")]);
    refused(13.7, 118.1, &[("#/longitude", "range")]);
    // A password stays as it was typed.
    let changed = json!({"current_password": crate::harness::PASSWORD, "new_password": "  hai  khoảng trắng  "});
    at.head.put("/me/password", changed).expect(204);
    let username = at.head.get("/me").expect(200)["username"].clone();
    let signed = |password: &str| {
        at.world.server.anonymous().post("/auth/login", json!({"username": username, "password": password})).status
    };
    assert_eq!((signed("hai khoảng trắng"), signed("  hai  khoảng trắng  ")), (401, 200));
}

/// Case 46.
#[test]
fn places_are_found_with_the_word_of_their_kind() {
    let at = Giving::new();
    let official = at.world.commune(at.world.kongchro);
    let village = |name: &str, kind: &str| {
        id_of(
            &official
                .post("/localities", json!({"name": name, "kind": kind, "parent_id": at.world.kongchro}))
                .expect(201),
        )
    };
    let (lang, thon) = (village("Hle Hlang", "lang"), village("Hle Hlang", "thon"));
    let first = |q: &str| {
        let page = official.get(&format!("/localities?level=village&q={q}")).expect(200);
        page["items"].as_array().unwrap().iter().map(|place| place["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(first("l%C3%A0ng%20Hle%20Hlang"), [json!(lang), json!(thon)]);
    assert_eq!(first("th%C3%B4n%20hle"), [json!(thon), json!(lang)]);
    let page = official.get("/localities?level=village&q=thon%20hle&limit=1").expect(200);
    let next =
        format!("/localities?level=village&q=thon%20hle&limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(official.get(&next).expect(200)["items"][0]["id"], json!(lang));
    let communes = official.get("/localities?q=x%C3%A3%20Ia%20Nan&count=true").expect(200);
    assert_eq!(communes["items"][0]["id"], json!(at.world.ianan));
    let city = at.world.admin().get("/localities?level=province&q=tp.%20gia%20lai").expect(200);
    assert_eq!(city["items"][0]["id"], json!(at.world.gialai), "a wrong kind finds the place, too");
}

/// Case 43.
#[test]
fn years_of_what_happened_end_with_this_year() {
    let at = Giving::new();
    let refused = |answer: crate::harness::Answer, pointer: &str| answer.expect_invalid(&[(pointer, "in_the_future")]);
    let village = json!({"name": "Klă", "kind": "lang", "parent_id": at.world.ianan, "profiles": [{"year": 2062, "households": 3}]});
    refused(at.official.post("/localities", village), "#/profiles/0/year");
    let office = json!({"name": "Hội", "kind": "department", "locality_id": at.world.ianan,
        "headcounts": [{"year": 2027, "headcount": 3}]});
    refused(at.official.post("/organisations", office), "#/headcounts/0/year");
    refused(at.head.post("/hardship-lists", json!({"village_id": at.village, "year": 2027, "items": []})), "#/year");
    let home =
        json!({"village_id": at.village, "head_name": "Siu Cách", "ethnic_group": "10", "poverty_status": "poor"});
    let mut unborn = home.clone();
    unborn["head_birth_year"] = json!(2027);
    refused(at.head.post("/households", unborn), "#/head_birth_year");
    let mut child = home;
    child["members"] = json!([{"name": "Siu Út", "birth_year": 2027}]);
    refused(at.head.post("/households", child), "#/members/0/birth_year");
}
