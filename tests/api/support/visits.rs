use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{self, Giving};
use crate::harness::id_of;

fn visit(at: &Giving) -> Value {
    json!({
        "twinning_id": at.twinning, "village_id": at.village, "visited_on": "2026-11-18", "purpose": "holiday",
        "occasion": "Đại đoàn kết 18/11", "participants": 6, "household_ids": [at.home],
        "recorded_at": "2031-02-03T04:05:06Z",
    })
}

fn gift(value_vnd: i64) -> Value {
    json!({"category": "food", "description": "Gạo", "quantity": 10.5, "unit": "kg", "value_vnd": value_vnd,
           "funding_source": "organisation_own"})
}

fn five_gifts(at: &Giving) -> Value {
    let mut body = visit(at);
    body["id"] = json!(Uuid::now_v7());
    let mut gifts: Vec<Value> = (1..=5).map(|number| gift(number * 100_000)).collect();
    gifts[0]["household_id"] = json!(at.home);
    gifts[0]["hardship_item_id"] = json!(at.item);
    gifts[1]["id"] = json!(Uuid::now_v7());
    body["gifts"] = json!(gifts);
    body
}

fn with(body: &Value, field: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[field] = value;
    body
}

#[test]
fn a_visit_is_recorded_with_its_gifts_in_one_request() {
    let at = Giving::new();
    let body = five_gifts(&at);
    let answer = at.unit.post("/visits", body.clone());
    let made = answer.expect(201);
    assert_eq!(answer.header("location"), format!("/api/v1/visits/{}", id_of(&made)));
    assert_eq!(made["organisation_id"], json!(at.organisation));
    assert_eq!((&made["organisation_name"], &made["village_name"]), (&json!("Văn phòng"), &json!("Tung")));
    assert_eq!(made["household_ids"], json!([at.home]));
    assert_eq!(made["recorded_at"], "2031-02-03T04:05:06Z", "the time of the client is kept, even if wrong");
    assert_eq!(made["version"], 1, "visit and gifts are created in one step");
    assert_eq!(made["on_behalf_of"], Value::Null);
    let gifts = made["gifts"].as_array().unwrap();
    assert_eq!(gifts.len(), 5);
    let first = gifts.iter().find(|gift| gift["value_vnd"] == 100_000).unwrap();
    assert_eq!((&first["given_on"], &first["status"]), (&json!("2026-11-18"), &json!("recorded")));
    assert_eq!((&first["quantity"], &first["household_head_name"]), (&json!(10.5), &json!("Rơ Mah Hyen")));
    assert_eq!(first["twinning_id"], json!(at.twinning));

    let again = at.unit.post("/visits", body.clone());
    assert_eq!(again.expect(200)["id"], made["id"]);
    assert_eq!(again.header("idempotent-replayed"), "true");
    at.unit.post("/visits", with(&body, "participants", json!(7))).expect_problem(409, "id_conflict");

    for reader in [&at.head, &at.official, &at.world.province(at.world.gialai)] {
        let list = reader.get(&format!("/visits?village_id={}&count=true", at.village)).expect(200);
        assert_eq!(list["total"], 1);
        assert_eq!(list["items"][0]["gifts"].as_array().unwrap().len(), 5);
    }
}

#[test]
fn a_visit_with_one_invalid_gift_is_not_written() {
    let at = Giving::new();
    let body = five_gifts(&at);
    let bad = |index: usize, field: &str, value: Value| {
        let mut body = body.clone();
        body["gifts"][index][field] = value;
        at.unit.post("/visits", body)
    };
    bad(2, "value_vnd", json!(-1)).expect_invalid(&[("#/gifts/2/value_vnd", "range")]);
    bad(2, "value_vnd", json!(1_000_000_000_001_i64)).expect_invalid(&[("#/gifts/2/value_vnd", "range")]);
    bad(3, "quantity", json!(0)).expect_invalid(&[("#/gifts/3/quantity", "invalid_value")]);
    bad(3, "quantity", json!(1.2345)).expect_invalid(&[("#/gifts/3/quantity", "invalid_value")]);
    bad(3, "quantity", json!("5")).expect_invalid(&[("#/gifts/3/quantity", "invalid_type")]);
    bad(4, "twinning_id", json!(at.twinning)).expect_invalid(&[("#/gifts/4/twinning_id", "unknown_field")]);
    bad(4, "village_id", json!(at.village)).expect_invalid(&[("#/gifts/4/village_id", "unknown_field")]);
    bad(4, "given_on", json!("2026-11-18")).expect_invalid(&[("#/gifts/4/given_on", "unknown_field")]);
    bad(1, "household_id", json!(at.unlisted)).expect_invalid(&[("#/gifts/1/household_id", "not_found")]);
    bad(1, "household_id", json!(Uuid::now_v7())).expect_invalid(&[("#/gifts/1/household_id", "not_found")]);
    bad(1, "id", json!(Uuid::new_v5(&at.village, b"5"))).expect_invalid(&[("#/gifts/1/id", "not_uuid_v7")]);
    bad(1, "id", json!("one")).expect_invalid(&[("#/gifts/1/id", "not_uuid_v7")]);
    bad(2, "id", body["gifts"][1]["id"].clone()).expect_invalid(&[("#/gifts/2/id", "duplicate")]);
    bad(2, "member_id", json!(Uuid::now_v7()))
        .expect_invalid(&[("#/gifts/2/household_id", "required"), ("#/gifts/2/member_id", "not_found")]);

    let mut many = body.clone();
    many["gifts"] = json!(vec![gift(1); 201]);
    at.unit.post("/visits", many).expect_invalid(&[("#/gifts", "length")]);

    for list in ["/visits", "/gifts"] {
        assert_eq!(at.official.get(&format!("{list}?count=true")).expect(200)["total"], 0);
    }
    at.unit.post("/visits", body).expect(201);
}

#[test]
fn the_id_of_a_gift_can_be_used_once() {
    let at = Giving::new();
    let body = five_gifts(&at);
    let taken = body["gifts"][1]["id"].clone();
    at.unit.post("/visits", body).expect(201);
    let mut other = five_gifts(&at);
    other["gifts"][3]["id"] = taken.clone();
    let problem = at.unit.post("/visits", other.clone()).expect_problem(409, "id_conflict");
    assert_eq!(problem["errors"][0]["pointer"], "#/gifts/3/id");
    at.unit.delete(&format!("/gifts/{}", taken.as_str().unwrap())).expect(204);
    at.unit.post("/visits", other.clone()).expect_problem(409, "id_conflict");
    let mut alone = gift(1);
    for (field, value) in [("id", &taken), ("twinning_id", &json!(at.twinning)), ("village_id", &json!(at.village))] {
        alone[field] = value.clone();
    }
    alone["given_on"] = json!("2026-11-18");
    at.unit.post("/gifts", alone).expect_problem(409, "id_conflict");
    assert_eq!(at.official.get("/visits?count=true").expect(200)["total"], 1);
}

#[test]
fn a_visit_must_lie_within_its_twinning() {
    let at = Giving::new();
    let world = &at.world;
    let other = world.village(world.ianan, "Sơn");
    let elsewhere = world.village(world.kongchro, "Hle Hlang");
    let body = visit(&at);
    let refused = |field: &str, value: Value, code: &str| {
        let pointer = format!("#/{field}");
        at.unit.post("/visits", with(&body, field, value)).expect_invalid(&[(&pointer, code)]);
    };
    refused("visited_on", json!("2100-01-01"), "in_the_future");
    refused("visited_on", json!("2026-11-23"), "in_the_future");
    refused("visited_on", json!("2023-12-31"), "outside_twinning");
    refused("village_id", json!(elsewhere), "not_found");
    refused("village_id", json!(other), "not_found");
    refused("village_id", json!(Uuid::now_v7()), "not_found");
    refused("village_id", json!(world.ianan), "wrong_level");
    refused("twinning_id", json!(Uuid::now_v7()), "not_found");
    refused("participants", json!(0), "range");
    refused("visited_on", json!("-9999-01-01"), "outside_twinning");
    refused("recorded_at", json!("+20000-01-01T00:00:00Z"), "invalid_value");

    // The unit is twinned with both villages; a visit must name the right twinning.
    giving::twinning(world, at.organisation, other, None);
    refused("village_id", json!(other), "village_outside_twinning");

    // A twinning with the commune includes its villages.
    let with_commune = giving::organisation(world, world.ianan, "Công ty");
    let twinning = giving::twinning(world, with_commune, world.ianan, None);
    let mut whole = with(&body, "twinning_id", json!(twinning));
    whole["household_ids"] = json!([]);
    let company = world.unit(with_commune);
    company.post("/visits", with(&whole, "village_id", json!(other))).expect(201);
    company
        .post("/visits", with(&whole, "village_id", json!(elsewhere)))
        .expect_invalid(&[("#/village_id", "not_found")]);

    giving::as_system(
        world,
        &format!(
            "UPDATE twinnings SET suspensions = '[{{\"starts_on\": \"2026-01-01\"}}]' WHERE id = '{}'",
            at.twinning
        ),
    );
    refused("visited_on", json!("2026-11-18"), "outside_twinning");
}

#[test]
fn an_ended_twinning_accepts_visits_up_to_its_last_day() {
    let at = Giving::new();
    let world = &at.world;
    let organisation = giving::organisation(world, world.ianan, "Công ty cà phê");
    let twinning = giving::twinning(world, organisation, at.village, Some("2026-06-30"));
    let mut body = with(&visit(&at), "twinning_id", json!(twinning));
    body["household_ids"] = json!([]);
    at.official.post("/visits", body.clone()).expect_invalid(&[("#/visited_on", "outside_twinning")]);
    // The commune still sees the village, and the company has no account.
    at.official.post("/visits", with(&body, "visited_on", json!("2026-06-30"))).expect(201);
    let unit = world.unit(organisation);
    // More than LATE_ENTRY_DAYS (90) have passed.
    unit.post("/visits", body.clone()).expect_invalid(&[("#/twinning_id", "outside_twinning")]);
    unit.post("/visits", with(&body, "visited_on", json!("2026-06-30")))
        .expect_invalid(&[("#/twinning_id", "outside_twinning")]);
    // The unit still reads and changes its own record.
    let mine = unit.get("/visits").expect(200)["items"][0].clone();
    assert_eq!(mine["village_name"], "Tung");
    let path = format!("/visits/{}", id_of(&mine));
    assert_eq!(unit.patch(&path, json!({"findings": "Đường vào làng lầy lội"})).expect(200)["participants"], 6);
}

#[test]
fn households_of_a_visit_must_be_visible_to_the_caller_and_lie_in_the_village() {
    let at = Giving::new();
    let world = &at.world;
    let other = world.village(world.ianan, "Sơn");
    let neighbour = giving::household(world, other, "Siu Blê");
    let mut body = visit(&at);
    body["household_ids"] = json!([at.home, at.unlisted, at.home]);
    at.unit
        .post("/visits", body.clone())
        .expect_invalid(&[("#/household_ids/1", "not_found"), ("#/household_ids/2", "duplicate")]);
    body["household_ids"] = json!(vec![at.home; 501]);
    at.unit.post("/visits", body.clone()).expect_invalid(&[("#/household_ids", "length")]);

    let silent = giving::organisation(world, world.ianan, "Hội Nông dân");
    body["twinning_id"] = json!(giving::twinning(world, silent, at.village, None));
    body["household_ids"] = json!([at.unlisted, neighbour]);
    at.official.post("/visits", body.clone()).expect_invalid(&[("#/household_ids/1", "household_elsewhere")]);
    let moved = format!(
        "UPDATE households SET status = 'moved_away', status_since = '2026-11-18' WHERE id = '{}'",
        at.unlisted
    );
    giving::as_system(world, &moved);
    body["household_ids"] = json!([at.unlisted]);
    at.official.post("/visits", body.clone()).expect_invalid(&[("#/household_ids/0", "household_not_active")]);
    body["visited_on"] = json!("2026-11-17");
    at.official.post("/visits", body).expect(201);
}

#[test]
fn only_the_recorder_of_a_visit_changes_or_deletes_it() {
    let at = Giving::new();
    let made = at.unit.post("/visits", five_gifts(&at)).expect(201);
    let path = format!("/visits/{}", id_of(&made));
    at.official.patch(&path, json!({"participants": 9})).expect_problem(403, "forbidden");
    at.head.patch(&path, json!({"participants": 9})).expect_problem(403, "forbidden");
    at.head.delete(&path).expect_problem(403, "forbidden");
    at.world.province(at.world.gialai).patch(&path, json!({"participants": 9})).expect_problem(403, "forbidden");
    let changed = at.unit.patch(&path, json!({"participants": 9, "occasion": null, "household_ids": []})).expect(200);
    assert_eq!((&changed["participants"], &changed["occasion"]), (&json!(9), &Value::Null));
    assert_eq!(changed["household_ids"], json!([]));
    assert_eq!(changed["gifts"].as_array().unwrap().len(), 5);
    at.unit.patch(&path, json!({"household_ids": [at.unlisted]})).expect_invalid(&[("#/household_ids/0", "not_found")]);
    at.unit.patch(&path, json!({"visited_on": "2026-11-17"})).expect_problem(409, "in_use");
    at.unit.patch(&path, json!({"visited_on": "2026-11-18"})).expect(200);
    at.unit.patch(&path, json!({"status": "x"})).expect_invalid(&[("#/status", "unknown_field")]);
    at.unit
        .send("PATCH", &path, Some(json!({"participants": 2}).to_string()))
        .expect_problem(428, "precondition_required");
    at.unit
        .with("If-Match", "\"1\"")
        .send("PATCH", &path, Some(json!({"participants": 2}).to_string()))
        .expect_problem(412, "version_conflict");
    at.unit.delete(&path).expect_problem(409, "in_use");

    let empty = at.unit.post("/visits", visit(&at)).expect(201);
    let path = format!("/visits/{}", id_of(&empty));
    at.unit.patch(&path, json!({"visited_on": "2100-01-01"})).expect_invalid(&[("#/visited_on", "in_the_future")]);
    assert_eq!(at.unit.patch(&path, json!({"visited_on": "2026-11-17"})).expect(200)["visited_on"], "2026-11-17");
    at.unit.delete(&path).expect(204);
    at.unit.get(&path).expect_problem(404, "not_found");
}

#[test]
fn a_commune_records_visits_only_for_units_without_an_account() {
    let at = Giving::new();
    let world = &at.world;
    let mut body = visit(&at);
    at.official.post("/visits", body.clone()).expect_invalid(&[("#/twinning_id", "organisation_has_account")]);
    at.head.post("/visits", body.clone()).expect_invalid(&[("#/twinning_id", "not_your_organisation")]);
    world
        .province(world.gialai)
        .post("/visits", body.clone())
        .expect_invalid(&[("#/twinning_id", "organisation_has_account")]);
    world.admin().post("/visits", body.clone()).expect_problem(403, "forbidden");
    world.commune(world.kongchro).post("/visits", body.clone()).expect_invalid(&[("#/twinning_id", "not_found")]);

    let silent = giving::organisation(world, world.ianan, "Hội Nông dân");
    body["twinning_id"] = json!(giving::twinning(world, silent, at.village, None));
    body["gifts"] = json!([gift(5)]);
    let made = at.official.post("/visits", body.clone()).expect(201);
    assert_eq!((&made["organisation_id"], &made["on_behalf_of"]), (&json!(silent), &json!(silent)));
    assert_eq!(made["gifts"][0]["on_behalf_of"], json!(silent));
    assert_eq!(made["acted_by"], at.official.get("/me").expect(200)["id"]);
    at.head.post("/visits", body.clone()).expect_invalid(&[("#/twinning_id", "not_your_organisation")]);
    at.unit.post("/visits", body.clone()).expect_invalid(&[("#/twinning_id", "not_your_organisation")]);

    let account = world.make_user("hoi-nong-dan", "twinning_unit", None, Some(silent));
    at.official.post("/visits", body.clone()).expect_invalid(&[("#/twinning_id", "organisation_has_account")]);
    giving::as_system(world, &format!("UPDATE users SET active = false WHERE id = '{account}'"));
    at.official.post("/visits", body).expect(201);
}

#[test]
fn a_commune_that_gives_in_another_commune_records_there_only_for_itself() {
    let at = Giving::new();
    let world = &at.world;
    let giver = giving::place_organisation(world, world.gialai, world.kongchro);
    let own = giving::twinning(world, giver, at.village, None);
    let silent = giving::organisation(world, world.ianan, "Hội Nông dân");
    let theirs = giving::twinning(world, silent, at.village, None);
    let official = world.commune(world.kongchro);
    let body = with(&visit(&at), "twinning_id", json!(own));
    let made = official.post("/visits", with(&body, "gifts", json!([gift(5)]))).expect(201);
    assert_eq!(made["on_behalf_of"], Value::Null);
    official
        .post("/visits", with(&body, "twinning_id", json!(theirs)))
        .expect_invalid(&[("#/twinning_id", "not_your_organisation")]);
    // Officials confirm and correct gifts in their own area only.
    let gift = format!("/gifts/{}", id_of(&made["gifts"][0]));
    let colleague = world.commune(world.kongchro);
    assert_eq!(colleague.get(&gift).expect(200)["allowed_actions"], json!(["update", "delete", "name"]));
    colleague.step(&format!("{gift}/confirm")).expect_problem(403, "forbidden");
    at.head.step(&format!("{gift}/confirm")).expect(200);
    colleague.patch(&gift, json!({"value_vnd": 6, "reason": "x"})).expect_problem(403, "forbidden");
}

#[test]
fn a_giving_village_records_a_visit_and_the_receiving_village_confirms_its_gift() {
    let world = crate::harness::World::new();
    let thon9 = world.village(world.kongchro, "Thôn 9");
    let hlehlang = world.village(world.kongchro, "Hle Hlang");
    let organisation = giving::place_organisation(&world, world.kongchro, thon9);
    let twinning = giving::twinning(&world, organisation, hlehlang, None);
    let body = json!({"twinning_id": twinning, "village_id": hlehlang, "visited_on": "2026-11-18", "purpose": "holiday",
        "participants": 20, "gifts": [gift(300_000)]});
    // An account of the place counts as an account of the organisation.
    let official = world.commune(world.kongchro);
    let giver = world.head(thon9);
    official.post("/visits", body.clone()).expect_invalid(&[("#/twinning_id", "organisation_has_account")]);
    let made = giver.post("/visits", body).expect(201);
    let gift = format!("/gifts/{}", id_of(&made["gifts"][0]));
    assert_eq!(giver.get(&gift).expect(200)["allowed_actions"], json!(["update", "delete", "name"]));
    // Another head of the giving village cannot confirm it either.
    world.head(thon9).step(&format!("{gift}/confirm")).expect_problem(403, "forbidden");
    world.head(thon9).post(&format!("{gift}/dispute"), json!({"reason": "x"})).expect_problem(403, "forbidden");
    giver.step(&format!("{gift}/confirm")).expect_problem(403, "forbidden");
    let receiver = world.head(hlehlang);
    assert_eq!(receiver.get(&gift).expect(200)["allowed_actions"], json!(["confirm", "dispute", "name"]));
    assert_eq!(receiver.step(&format!("{gift}/confirm")).expect(200)["status"], "confirmed");
}

#[test]
fn callers_out_of_scope_cannot_read_visits_and_gifts() {
    let at = Giving::new();
    let world = &at.world;
    let made = at.unit.post("/visits", five_gifts(&at)).expect(201);
    let stranger = giving::organisation(world, world.kongchro, "Công ty khác");
    giving::twinning(world, stranger, world.kongchro, None);
    for caller in [world.unit(stranger), world.commune(world.kongchro), world.province(world.quangngai)] {
        caller.get(&format!("/visits/{}", id_of(&made))).expect_problem(404, "not_found");
        caller.get(&format!("/gifts/{}", id_of(&made["gifts"][0]))).expect_problem(404, "not_found");
        for list in ["/visits", "/gifts"] {
            let page = caller.get(&format!("{list}?village_id={}&count=true", at.village)).expect(200);
            assert_eq!((&page["items"], &page["total"]), (&json!([]), &json!(0)));
        }
    }
    at.world.server.anonymous().get("/visits").expect_problem(401, "unauthenticated");
}

#[test]
fn visits_are_filtered_paged_and_sorted_latest_first() {
    let at = Giving::new();
    for day in ["2026-01-05", "2026-03-05", "2026-02-05", "2026-02-05"] {
        at.unit.post("/visits", with(&visit(&at), "visited_on", json!(day))).expect(201);
    }
    let days = |path: &str| -> Vec<String> {
        let mut days = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = at.unit.get(&next).expect(200);
            days.extend(page["items"].as_array().unwrap().iter().map(|v| v["visited_on"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}&cursor={cursor}"),
                None => return days,
            }
        }
    };
    assert_eq!(days("/visits?limit=1"), ["2026-03-05", "2026-02-05", "2026-02-05", "2026-01-05"]);
    assert_eq!(days("/visits?limit=3&sort=visited_on"), ["2026-01-05", "2026-02-05", "2026-02-05", "2026-03-05"]);
    assert_eq!(days("/visits?from=2026-02-05&to=2026-02-28").len(), 2);
    assert_eq!(days(&format!("/visits?twinning_id={}", at.twinning)).len(), 4);
    assert_eq!(days(&format!("/visits?organisation_id={}", Uuid::now_v7())).len(), 0);
    at.unit
        .get("/visits?from=-9999-01-01&to=%2B262142-12-31")
        .expect_invalid(&[("?from", "invalid_value"), ("?to", "invalid_value")]);
    at.unit.get("/visits?sort=participants&x=1").expect_invalid(&[("?sort", "invalid_value"), ("?x", "unknown_field")]);
    at.unit.get("/visits?sort=participants").expect_invalid(&[("?sort", "invalid_value")]);
}
