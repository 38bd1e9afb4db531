use std::thread;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{self, Giving, item_status};
use crate::harness::{Client, id_of};

fn gift(at: &Giving) -> Value {
    json!({
        "twinning_id": at.twinning, "village_id": at.village, "household_id": at.home, "hardship_item_id": at.item,
        "category": "livestock", "description": "Bò giống", "quantity": 1, "unit": "con", "value_vnd": 15_000_000,
        "funding_source": "staff_contribution", "given_on": "2026-11-20",
    })
}

fn with(body: &Value, field: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[field] = value;
    body
}

fn record(at: &Giving, by: &Client) -> String {
    format!("/gifts/{}", id_of(&by.post("/gifts", gift(at)).expect(201)))
}

/// A gift that an official recorded for a unit without an account.
fn record_for_a_silent_unit(at: &Giving) -> String {
    let silent = giving::organisation(&at.world, at.world.ianan, "Hội Nông dân");
    let twinning = giving::twinning(&at.world, silent, at.village, None);
    let made = at.official.post("/gifts", with(&gift(at), "twinning_id", json!(twinning))).expect(201);
    assert_eq!(made["on_behalf_of"], json!(silent));
    format!("/gifts/{}", id_of(&made))
}

#[test]
fn a_recorded_gift_is_returned_with_the_fields_that_were_sent() {
    let at = Giving::new();
    let member = giving::member(&at.world, at.home, "Rơ Mah Út");
    let mut body = with(&gift(&at), "member_id", json!(member));
    body["quantity"] = json!(2.125);
    body["note"] = json!("Trao tại nhà rông");
    let made = at.unit.post("/gifts", body.clone()).expect(201);
    for (field, sent) in body.as_object().unwrap() {
        assert_eq!(&made[field], sent, "{field}");
    }
    assert_eq!((&made["status"], &made["visit_id"]), (&json!("recorded"), &Value::Null));
    assert_eq!(made["household_head_name"], "Rơ Mah Hyen");
    assert_eq!(made["allowed_actions"], json!(["update", "delete"]));
    let whole = at.unit.post("/gifts", with(&gift(&at), "quantity", json!(12.0))).expect(201);
    assert_eq!(whole["quantity"], json!(12));
}

#[test]
fn a_gift_sent_fifty_times_in_parallel_is_recorded_once() {
    let at = Giving::new();
    let body = with(&gift(&at), "id", json!(Uuid::now_v7()));
    let senders: Vec<_> = (0..50)
        .map(|_| {
            let (unit, body) = (at.unit.clone(), body.clone());
            thread::spawn(move || unit.post("/gifts", body))
        })
        .collect();
    let answers: Vec<_> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    let replayed =
        |answer: &&crate::harness::Answer| answer.status == 200 && answer.header("idempotent-replayed") == "true";
    assert_eq!(answers.iter().filter(replayed).count(), 49);
    assert_eq!(at.unit.get("/gifts?count=true").expect(200)["total"], 1);
}

#[test]
fn the_references_of_a_gift_must_belong_together() {
    let at = Giving::new();
    let world = &at.world;
    let refused = |by: &Client, changes: &[(&str, Value)], wrong: &[(&str, &str)]| {
        let mut body = gift(&at);
        for (field, value) in changes {
            body[*field] = value.clone();
        }
        by.post("/gifts", body).expect_invalid(wrong);
    };
    refused(&at.unit, &[("value_vnd", json!(-1))], &[("#/value_vnd", "range")]);
    refused(&at.unit, &[("given_on", json!("2100-01-01"))], &[("#/given_on", "in_the_future")]);
    refused(&at.unit, &[("given_on", json!("2023-01-01"))], &[("#/given_on", "outside_twinning")]);
    refused(&at.unit, &[("status", json!("confirmed"))], &[("#/status", "unknown_field")]);
    refused(&at.unit, &[("organisation_id", json!(at.organisation))], &[("#/organisation_id", "unknown_field")]);
    refused(
        &at.unit,
        &[("household_id", json!(at.unlisted)), ("hardship_item_id", Value::Null)],
        &[("#/household_id", "not_found")],
    );
    refused(&at.unit, &[("household_id", Value::Null)], &[("#/household_id", "required")]);
    refused(&at.unit, &[("hardship_item_id", json!(Uuid::now_v7()))], &[("#/hardship_item_id", "not_found")]);

    // The commune sees the referenced records, so the error codes are specific.
    let silent = giving::organisation(world, world.ianan, "Hội Nông dân");
    let twinning = ("twinning_id", json!(giving::twinning(world, silent, at.village, None)));
    let other = world.village(world.ianan, "Sơn");
    let neighbour = giving::household(world, other, "Siu Blê");
    let child = giving::member(world, at.unlisted, "Rơ Mah Lin");
    let draft = giving::listed(world, at.village, at.unlisted, false);
    let by_official = |changes: &[(&str, Value)], wrong: &[(&str, &str)]| {
        let mut all = vec![twinning.clone()];
        all.extend_from_slice(changes);
        refused(&at.official, &all, wrong);
    };
    by_official(
        &[("household_id", json!(neighbour))],
        &[("#/household_id", "household_elsewhere"), ("#/hardship_item_id", "item_elsewhere")],
    );
    by_official(&[("member_id", json!(child))], &[("#/member_id", "member_elsewhere")]);
    by_official(&[("hardship_item_id", json!(draft))], &[("#/hardship_item_id", "item_elsewhere")]);
    by_official(
        &[("household_id", json!(at.unlisted)), ("hardship_item_id", json!(draft))],
        &[("#/hardship_item_id", "not_approved")],
    );
    by_official(&[("village_id", json!(other))], &[("#/village_id", "village_outside_twinning")]);

    let visit = at
        .unit
        .post(
            "/visits",
            json!({"twinning_id": at.twinning, "village_id": at.village,
        "visited_on": "2026-11-18", "purpose": "holiday", "participants": 2}),
        )
        .expect(201);
    let visit = ("visit_id", json!(id_of(&visit)));
    refused(&at.unit, std::slice::from_ref(&visit), &[("#/visit_id", "visit_elsewhere")]);
    by_official(&[visit.clone(), ("given_on", json!("2026-11-18"))], &[("#/visit_id", "visit_elsewhere")]);
    refused(&at.unit, &[("visit_id", json!(Uuid::now_v7()))], &[("#/visit_id", "not_found")]);
    assert_eq!(at.official.get("/gifts?count=true").expect(200)["total"], 0);
    let mut fits = with(&gift(&at), visit.0, visit.1.clone());
    fits["given_on"] = json!("2026-11-18");
    let made = at.unit.post("/gifts", fits).expect(201);
    at.unit
        .patch(&format!("/gifts/{}", id_of(&made)), json!({"given_on": "2026-11-19"}))
        .expect_invalid(&[("#/given_on", "visit_elsewhere")]);
}

#[test]
fn a_confirmation_by_the_village_marks_the_item_as_helped() {
    let at = Giving::new();
    let path = record(&at, &at.unit);
    let confirm = format!("{path}/confirm");
    assert_eq!(item_status(&at.world, at.item), "open");
    at.unit.step(&confirm).expect_problem(403, "forbidden");
    at.world.province(at.world.gialai).step(&confirm).expect_problem(403, "forbidden");
    at.world.commune(at.world.kongchro).step(&confirm).expect_problem(404, "not_found");
    assert_eq!(at.head.get(&path).expect(200)["allowed_actions"], json!(["confirm", "dispute"]));
    let confirmed = at.head.step(&confirm).expect(200);
    assert_eq!((&confirmed["status"], &confirmed["allowed_actions"]), (&json!("confirmed"), &json!([])));
    assert_eq!(item_status(&at.world, at.item), "helped");
    let again = at.head.step(&confirm).expect(200);
    assert_eq!(again["version"], confirmed["version"], "a repeated step changes nothing");
    at.head.post(&confirm, json!({})).expect(200);
    at.official.step(&confirm).expect_problem(409, "invalid_transition");
    at.world.head(at.village).step(&confirm).expect_problem(409, "invalid_transition");
    at.head.post(&format!("{path}/dispute"), json!({"reason": "Chưa nhận"})).expect_problem(409, "invalid_transition");
    at.head.post(&confirm, json!({"note": "x"})).expect_invalid(&[("#/note", "unknown_field")]);
}

#[test]
fn the_recorder_of_a_gift_cannot_confirm_or_dispute_it() {
    let at = Giving::new();
    let path = record_for_a_silent_unit(&at);
    assert_eq!(at.official.get(&path).expect(200)["allowed_actions"], json!(["update", "delete"]));
    at.official.step(&format!("{path}/confirm")).expect_problem(403, "own_submission");
    at.official.post(&format!("{path}/dispute"), json!({"reason": "x"})).expect_problem(403, "own_submission");
    assert_eq!(item_status(&at.world, at.item), "open");
    let colleague = at.world.commune(at.world.ianan);
    assert_eq!(colleague.step(&format!("{path}/confirm")).expect(200)["status"], "confirmed");
}

#[test]
fn the_commune_settles_a_gift_that_the_village_disputed() {
    let at = Giving::new();
    for (resolution, status, item) in [("delivered", "confirmed", "helped"), ("not_delivered", "not_delivered", "open")]
    {
        let path = record(&at, &at.unit);
        let settle = format!("{path}/settle");
        let settlement = json!({"resolution": resolution, "note": "Đã đối chiếu biên bản"});
        at.official.post(&settle, settlement.clone()).expect_problem(409, "invalid_transition");
        at.head.post(&format!("{path}/dispute"), json!({})).expect_invalid(&[("#/reason", "required")]);
        at.head.post(&format!("{path}/dispute"), json!({"reason": ""})).expect_invalid(&[("#/reason", "length")]);
        let disputed = at.head.post(&format!("{path}/dispute"), json!({"reason": "Chưa nhận"})).expect(200);
        assert_eq!((&disputed["status"], &disputed["dispute_reason"]), (&json!("disputed"), &json!("Chưa nhận")));
        at.head.post(&format!("{path}/dispute"), json!({"reason": "Chưa nhận"})).expect(200);
        at.head.post(&format!("{path}/dispute"), json!({"reason": "Khác"})).expect_problem(409, "invalid_transition");
        at.head.post(&settle, settlement.clone()).expect_problem(403, "forbidden");
        at.unit.post(&settle, settlement.clone()).expect_problem(403, "forbidden");
        at.official
            .post(&settle, json!({"resolution": "perhaps", "note": "x"}))
            .expect_invalid(&[("#/resolution", "invalid_value")]);
        assert_eq!(at.official.get(&path).expect(200)["allowed_actions"], json!(["settle", "update"]));
        let settled = at.official.post(&settle, settlement.clone()).expect(200);
        assert_eq!((&settled["status"], &settled["settlement_note"]), (&json!(status), &settlement["note"]));
        assert_eq!(item_status(&at.world, at.item), item);
        at.official.post(&settle, settlement.clone()).expect(200);
        at.world.commune(at.world.ianan).post(&settle, settlement).expect_problem(409, "invalid_transition");
        // A correction detaches the gift from the item, for the second round.
        at.official.patch(&path, json!({"hardship_item_id": null, "reason": "Gắn nhầm dòng"})).expect(200);
        assert_eq!(item_status(&at.world, at.item), "open");
    }
}

#[test]
fn after_its_confirmation_only_the_commune_corrects_a_gift_and_gives_a_reason() {
    let at = Giving::new();
    let path = record(&at, &at.unit);
    at.official.patch(&path, json!({"value_vnd": 1, "reason": "x"})).expect_problem(403, "forbidden");
    at.head.patch(&path, json!({"value_vnd": 1})).expect_problem(403, "forbidden");
    let changed =
        at.unit.patch(&path, json!({"value_vnd": 16_000_000, "note": "Bò cái", "quantity": null})).expect(200);
    assert_eq!((&changed["value_vnd"], &changed["quantity"]), (&json!(16_000_000), &Value::Null));
    // Another user of the unit.
    let colleague = at.world.unit(at.organisation);
    colleague.patch(&path, json!({"unit": "con bò"})).expect(200);
    colleague.patch(&path, json!({"value_vnd": -1})).expect_invalid(&[("#/value_vnd", "range")]);
    colleague
        .patch(&path, json!({"household_id": at.unlisted, "hardship_item_id": null}))
        .expect_invalid(&[("#/household_id", "not_found")]);
    colleague.patch(&path, json!({"household_id": null})).expect_invalid(&[("#/household_id", "required")]);
    colleague.patch(&path, json!({"given_on": "2100-01-01"})).expect_invalid(&[("#/given_on", "in_the_future")]);
    colleague.patch(&path, json!({"village_id": at.village})).expect_invalid(&[("#/village_id", "unknown_field")]);

    at.head.step(&format!("{path}/confirm")).expect(200);
    at.unit.patch(&path, json!({"value_vnd": 1})).expect_problem(403, "forbidden");
    at.unit.delete(&path).expect_problem(409, "invalid_transition");
    at.head.delete(&path).expect_problem(403, "forbidden");
    at.official.delete(&path).expect_problem(403, "forbidden");
    assert_eq!(at.official.get(&path).expect(200)["allowed_actions"], json!(["update"]));
    at.official.patch(&path, json!({"value_vnd": 14_000_000})).expect_invalid(&[("#/reason", "required")]);
    assert_eq!(item_status(&at.world, at.item), "helped");
    let corrected =
        at.official.patch(&path, json!({"value_vnd": 14_000_000, "reason": "Hóa đơn 14 triệu"})).expect(200);
    assert_eq!((&corrected["status"], &corrected["value_vnd"]), (&json!("recorded"), &json!(14_000_000)));
    assert_eq!(corrected["correction_reason"], "Hóa đơn 14 triệu");
    assert_eq!(item_status(&at.world, at.item), "open");
    // A corrected gift can be confirmed again, also by the same user.
    assert_eq!(at.head.step(&format!("{path}/confirm")).expect(200)["status"], "confirmed");
}

#[test]
fn an_item_is_pledged_again_when_its_confirmed_gift_is_corrected() {
    let at = Giving::new();
    let pledge = format!(
        "INSERT INTO pledges (id, item_id, organisation_id, village_id) VALUES ('{}', '{}', '{}', '{}')",
        Uuid::now_v7(),
        at.item,
        at.organisation,
        at.village
    );
    giving::as_system(&at.world, &pledge);
    let path = record(&at, &at.unit);
    assert_eq!(item_status(&at.world, at.item), "pledged");
    at.head.step(&format!("{path}/confirm")).expect(200);
    assert_eq!(item_status(&at.world, at.item), "helped");
    at.official.patch(&path, json!({"reason": "Xem lại"})).expect(200);
    assert_eq!(item_status(&at.world, at.item), "pledged");
    at.head.post(&format!("{path}/dispute"), json!({"reason": "Chưa nhận"})).expect(200);
    assert_eq!(item_status(&at.world, at.item), "pledged");
}

#[test]
fn a_recorded_gift_is_deleted_by_its_unit_only_and_cannot_be_created_again() {
    let at = Giving::new();
    let body = with(&gift(&at), "id", json!(Uuid::now_v7()));
    let path = format!("/gifts/{}", id_of(&at.unit.post("/gifts", body.clone()).expect(201)));
    at.head.delete(&path).expect_problem(403, "forbidden");
    at.official.delete(&path).expect_problem(403, "forbidden");
    at.unit.delete(&path).expect(204);
    at.unit.get(&path).expect_problem(404, "not_found");
    at.unit.post("/gifts", body).expect_problem(409, "deleted");
}

#[test]
fn gifts_are_filtered_and_paged() {
    let at = Giving::new();
    let first = record(&at, &at.unit);
    for (day, category) in [("2026-01-05", "food"), ("2026-02-05", "cash"), ("2026-02-05", "cash")] {
        let mut body = with(&gift(&at), "given_on", json!(day));
        body["category"] = json!(category);
        body["household_id"] = Value::Null;
        body["hardship_item_id"] = Value::Null;
        at.unit.post("/gifts", body).expect(201);
    }
    at.head.step(&format!("{first}/confirm")).expect(200);
    let total = |query: &str| at.head.get(&format!("/gifts?count=true&{query}")).expect(200)["total"].as_i64().unwrap();
    assert_eq!(total(""), 4);
    assert_eq!(total("status=confirmed"), 1);
    assert_eq!(total("status=confirmed&status=recorded"), 4);
    assert_eq!(total("category=cash&category=food"), 3);
    assert_eq!(total(&format!("household_id={}", at.home)), 1);
    assert_eq!(total(&format!("village_id={}&organisation_id={}", at.village, at.organisation)), 4);
    assert_eq!(total(&format!("twinning_id={}", Uuid::now_v7())), 0);
    assert_eq!(total("from=2026-02-05&to=2026-02-05"), 2);
    let mut days = Vec::new();
    let mut next = "/gifts?limit=2".to_owned();
    loop {
        let page = at.head.get(&next).expect(200);
        days.extend(page["items"].as_array().unwrap().iter().map(|gift| gift["given_on"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("/gifts?limit=2&cursor={cursor}");
    }
    assert_eq!(days, ["2026-11-20", "2026-02-05", "2026-02-05", "2026-01-05"]);
    at.head.get("/gifts?status=lost").expect_invalid(&[("?status", "invalid_value")]);
    at.world.server.anonymous().get("/gifts").expect_problem(401, "unauthenticated");
}

#[test]
fn confirm_and_settle_require_if_match_with_the_current_version() {
    let at = Giving::new();
    let path = record(&at, &at.unit);
    let read = at.head.get(&path).etag();
    let confirm = |tag: Option<&str>| {
        let head = tag.map_or_else(|| at.head.clone(), |tag| at.head.with("If-Match", tag));
        head.send("POST", &format!("{path}/confirm"), None)
    };
    confirm(None).expect_problem(428, "precondition_required");
    at.unit.patch(&path, json!({"value_vnd": 900_000_000})).expect(200);
    let stale = confirm(Some(&read));
    assert_eq!(stale.expect_problem(412, "version_conflict")["current"]["value_vnd"], 900_000_000);
    assert_eq!(at.head.get(&path).expect(200)["status"], "recorded");
    let read = at.head.get(&path).etag();
    confirm(Some(&read)).expect(200);
    // A repetition after a lost response succeeds, although the version has changed.
    confirm(Some(&read)).expect(200);
    confirm(None).expect_problem(428, "precondition_required");

    let other = record(&at, &at.unit);
    let dispute = |client: &Client| client.send("POST", &format!("{other}/dispute"), Some(r#"{"reason":"x"}"#.into()));
    dispute(&at.head.with("If-Match", "\"77\"")).expect_problem(412, "version_conflict");
    dispute(&at.head).expect(200);
    let settlement = json!({"resolution": "delivered", "note": "x"}).to_string();
    let settle = |client: &Client| client.send("POST", &format!("{other}/settle"), Some(settlement.clone()));
    settle(&at.official).expect_problem(428, "precondition_required");
    settle(&at.official.with("If-Match", "\"1\"")).expect_problem(412, "version_conflict");
    // `*` and several versions do not name the version that was read.
    for any in ["*", "\"1\", \"2\"", "\"1\",\"2\",\"3\""] {
        settle(&at.official.with("If-Match", any)).expect_problem(428, "precondition_required");
    }
    settle(&at.official.with("If-Match", "\"2\"")).expect(200);
}
