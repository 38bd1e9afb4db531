//! Gifts to many households, to villages and to communes; names added later; listed items that a gift meets; and many confirmations in
//! one request.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{self, Giving, item_status};
use crate::harness::{Answer, Client, World, id_of};

fn gift(at: &Giving, category: &str, value_vnd: i64) -> Value {
    json!({
        "twinning_id": at.twinning, "village_id": at.village, "category": category, "description": "Quà Tết",
        "value_vnd": value_vnd, "funding_source": "organisation_own", "given_on": "2026-02-10",
    })
}

fn with(body: &Value, changes: Value) -> Value {
    let mut body = body.clone();
    for (field, value) in changes.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

fn path(made: &Value) -> String {
    format!("/gifts/{}", id_of(made))
}

/// Homes of a village, the first `listed` of them on an approved list.
fn homes(at: &Giving, all: usize, listed: usize) -> Vec<Uuid> {
    let homes: Vec<Uuid> = (0..all).map(|n| giving::household(&at.world, at.village, &format!("Rơ Mah {n}"))).collect();
    let list = Uuid::now_v7();
    let items = homes.iter().take(listed).map(|home| {
        let item = Uuid::now_v7();
        format!("('{item}', '{list}', '{}', '{home}', '{{disabled}}', '{{food}}', 1, true)", at.village)
    });
    let items: Vec<String> = items.collect();
    if !items.is_empty() {
        giving::as_system(
            &at.world,
            &format!(
                "INSERT INTO hardship_lists (id, village_id, year, round, status, approved_at)
                 VALUES ('{list}', '{}', 2026, 12, 'approved', app_now());
                 INSERT INTO hardship_items (id, list_id, village_id, household_id, reasons, needs, priority, approved) VALUES {}",
                at.village,
                items.join(", ")
            ),
        );
    }
    homes
}

/// An item of a list of a year, with needs, approved on a day.
fn item(at: &Giving, home: Uuid, year: i32, need: &str, approved_at: &str) -> Uuid {
    let (id, list) = (Uuid::now_v7(), Uuid::now_v7());
    giving::as_system(
        &at.world,
        &format!(
            "INSERT INTO hardship_lists (id, village_id, year, round, status, approved_at)
             VALUES ('{list}', '{village}', {year},
                     (SELECT count(*) + 1 FROM hardship_lists WHERE village_id = '{village}'), 'approved', '{approved_at}');
             INSERT INTO hardship_items (id, list_id, village_id, household_id, reasons, needs, priority, approved)
             VALUES ('{id}', '{list}', '{village}', '{home}', '{{disabled}}', '{{{need}}}', 1, true)",
            village = at.village
        ),
    );
    id
}

fn totals(by: &Client, query: &str) -> Value {
    by.get(&format!("/aggregates/support?from=2026-01-01&to=2026-12-31{query}")).expect(200)["totals"].clone()
}

fn counts(by: &Client) -> (Value, Value, Value) {
    let totals = totals(by, "");
    (totals["households_helped"].clone(), totals["households_reached"].clone(), totals["gift_value_vnd"].clone())
}

/// Sixty parcels, of which the unit names twelve homes.
fn parcels(at: &Giving, homes: &[Uuid]) -> Value {
    with(
        &gift(at, "food", 18_000_000),
        json!({"unit_value_vnd": 300_000, "households_count": 60, "recipients": &homes[..12]}),
    )
}

/// Cases 7, 8 and 9.
#[test]
fn parcels_for_sixty_homes_count_named_and_unnamed_ones() {
    let at = Giving::new();
    let homes = homes(&at, 42, 34);
    at.unit
        .post("/gifts", with(&parcels(&at, &homes), json!({"value_vnd": 17_000_000})))
        .expect_invalid(&[("#/unit_value_vnd", "does_not_add_up")]);
    let made = at.unit.post("/gifts", parcels(&at, &homes)).expect(201);
    assert_eq!((&made["recipient_kind"], &made["version"]), (&json!("many"), &json!(1)));
    assert_eq!((&made["households_count"], &made["households_named"]), (&json!(60), &json!(12)));
    let of_all = |helped: i64, reached: i64, value: i64| (json!(helped), json!(reached), json!(value));
    for by in [&at.unit, &at.head, &at.official] {
        assert_eq!(counts(by), of_all(12, 60, 18_000_000));
    }
    at.head.step(&format!("{}/confirm", path(&made))).expect(200);

    let names = json!({"household_ids": &homes[12..]});
    let named = at.official.post(&format!("{}/recipients", path(&made)), names.clone()).expect(200);
    assert_eq!((&named["status"], &named["households_named"]), (&json!("confirmed"), &json!(42)));
    let version = named["version"].clone();
    let again = at.official.post(&format!("{}/recipients", path(&made)), names).expect(200);
    assert_eq!(again["version"], version, "names that are there already change nothing");
    assert_eq!(counts(&at.official), of_all(42, 60, 18_000_000));
    let read = at.unit.get(&path(&made)).expect(200);
    assert_eq!(read["households_named"], json!(42));
    assert_eq!(read["recipients"].as_array().unwrap().len(), 34, "those that the unit sees");
    assert_eq!(counts(&at.unit).0, json!(42), "numbers are whole");
    at.unit
        .post(&format!("{}/recipients", path(&made)), json!({"household_ids": [homes[0]]}))
        .expect_problem(403, "forbidden");

    let february = with(&parcels(&at, &homes), json!({"given_on": "2026-02-20"}));
    at.unit.post("/gifts", february).expect(201);
    assert_eq!(counts(&at.official), of_all(42, 108, 36_000_000));
    // Precomputed counts are the same.
    let province = at.world.province(at.world.gialai);
    assert_eq!(counts(&province), of_all(42, 108, 36_000_000));
    ketnghia::insight::aggregates::summaries::refresh(&at.world.server.db).unwrap();
    assert_eq!(counts(&province), of_all(42, 108, 36_000_000));
    let total = |query: &str| at.official.get(&format!("/gifts?count=true&{query}")).expect(200)["total"].clone();
    assert_eq!(total("recipient_kind=many"), json!(2));
    assert_eq!(total(&format!("household_id={}", homes[40])), json!(1));
    assert_eq!(total(&format!("household_id={}", homes[0])), json!(2));
}

/// Case 10.
#[test]
fn parcels_for_a_group_without_names_help_nobody_known() {
    let at = Giving::new();
    let body = with(&gift(&at, "food", 5_100_000), json!({"recipient_group": "all", "households_count": 51}));
    at.unit.post("/gifts", body).expect(201);
    assert_eq!(counts(&at.unit), (json!(0), json!(51), json!(5_100_000)));
    let total = |query: &str| at.unit.get(&format!("/gifts?count=true&{query}")).expect(200)["total"].clone();
    assert_eq!((total("recipient_group=all"), total("recipient_group=poor")), (json!(1), json!(0)));
}

/// Case 11.
#[test]
fn parcels_that_are_missing_are_disputed_and_corrected() {
    let at = Giving::new();
    let homes = homes(&at, 12, 12);
    let made = at.unit.post("/gifts", parcels(&at, &homes)).expect(201);
    at.head.post(&format!("{}/dispute", path(&made)), json!({"reason": "Thiếu 3 suất"})).expect(200);
    let corrected = json!({"households_count": 57, "value_vnd": 17_100_000, "reason": "Theo biên bản"});
    let recorded = at.official.patch(&path(&made), corrected).expect(200);
    assert_eq!((&recorded["status"], &recorded["households_count"]), (&json!("recorded"), &json!(57)));
    assert_eq!(recorded["version"], json!(3), "one version for each request");
    let confirmed = at.head.step(&format!("{}/confirm", path(&made))).expect(200);
    assert_eq!(confirmed["value_vnd"], 17_100_000);
    assert_eq!(counts(&at.official), (json!(12), json!(57), json!(17_100_000)));
}

/// Case 12.
#[test]
fn a_gift_to_a_commune_is_confirmed_by_its_second_official() {
    let at = Giving::new();
    let twinning = giving::twinning(&at.world, at.organisation, at.world.ianan, None);
    let body = with(
        &gift(&at, "equipment", 25_000_000),
        json!({"twinning_id": twinning, "village_id": null, "commune_id": at.world.ianan}),
    );
    let unit = at.world.unit(at.organisation);
    unit.post("/gifts", with(&body, json!({"village_id": at.village})))
        .expect_invalid(&[("#/commune_id", "exclusive")]);
    unit.post("/gifts", with(&body, json!({"commune_id": null}))).expect_invalid(&[("#/village_id", "required")]);
    unit.post("/gifts", with(&body, json!({"commune_id": at.world.kongchro})))
        .expect_invalid(&[("#/commune_id", "village_outside_twinning")]);
    unit.post("/gifts", with(&body, json!({"commune_id": at.village})))
        .expect_invalid(&[("#/commune_id", "wrong_level")]);
    let paper = with(&body, json!({"entered_from": "paper"}));
    let made = at.official.post("/gifts", paper).expect(201);
    assert_eq!((&made["recipient_kind"], &made["village_id"]), (&json!("commune"), &Value::Null));
    at.head.get(&path(&made)).expect_problem(404, "not_found");
    at.official.step(&format!("{}/confirm", path(&made))).expect_problem(403, "own_submission");
    let second = at.world.commune(at.world.ianan);
    second.step(&format!("{}/confirm", path(&made))).expect(200);
    let rows =
        second.get("/aggregates/support?group_by=village&from=2026-01-01&to=2026-12-31").expect(200)["rows"].clone();
    let values: Vec<(&Value, &Value)> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["values"]["gifts"] != 0)
        .map(|row| (&row["key"]["village"], &row["values"]["gift_value_vnd"]))
        .collect();
    assert_eq!(values, [(&Value::Null, &json!(25_000_000))]);
    let by_commune = second.get("/aggregates/support?group_by=commune&from=2026-01-01&to=2026-12-31").expect(200);
    assert_eq!(by_commune["rows"][0]["values"]["gift_value_vnd"], json!(25_000_000));
    // The unit records for the commune itself, and visits it.
    unit.post("/gifts", body).expect(201);
    let visit = json!({"twinning_id": twinning, "commune_id": at.world.ianan, "visited_on": "2026-02-10", "purpose": "handover"});
    let visited = unit.post("/visits", visit).expect(201);
    assert_eq!(visited["commune_id"], json!(at.world.ianan));
    assert_eq!(unit.get(&format!("/visits?commune_id={}&count=true", at.world.ianan)).expect(200)["total"], 1);
}

/// Cases 13 and 15.
#[test]
fn a_confirmed_gift_helps_the_only_listed_item_of_the_year() {
    let at = Giving::new();
    let of = |year: i32, need: &str| {
        let home = giving::household(&at.world, at.village, &format!("Siu {year}"));
        (home, item(&at, home, year, need, "2026-01-02T00:00:00Z"))
    };
    let (home, housing) = of(2026, "housing");
    let made = at.unit.post("/gifts", with(&gift(&at, "food", 15_000_000), json!({"household_id": home}))).expect(201);
    assert_eq!(made["met_items"], json!([{"hardship_item_id": housing, "household_id": home, "automatic": true}]));
    assert_eq!(item_status(&at.world, housing), "open");
    at.head.step(&format!("{}/confirm", path(&made))).expect(200);
    assert_eq!(item_status(&at.world, housing), "helped");
    let open = at.head.get("/hardship-items?unhelped_days=0&limit=200").expect(200);
    assert!(open["items"].as_array().unwrap().iter().all(|item| item["id"] != json!(housing)));

    let (home, last_year) = of(2025, "food");
    let body = with(&gift(&at, "food", 1_000), json!({"household_id": home, "given_on": "2026-01-05"}));
    let made = at.unit.post("/gifts", body).expect(201);
    at.head.step(&format!("{}/confirm", path(&made))).expect(200);
    assert_eq!((item_status(&at.world, last_year), made["met_items"].clone()), ("open".to_owned(), json!([])));
}

/// Case 14.
#[test]
fn a_gift_meets_the_item_whose_needs_fit_and_a_link_chooses_another() {
    let at = Giving::new();
    let home = giving::household(&at.world, at.village, "Siu Blê");
    let housing = item(&at, home, 2026, "housing", "2026-02-01T00:00:00Z");
    let food = item(&at, home, 2026, "food", "2026-03-01T00:00:00Z");
    let give = |category: &str| {
        at.unit.post("/gifts", with(&gift(&at, category, 1_000_000), json!({"household_id": home}))).expect(201)
    };
    let met = |made: &Value| made["met_items"].as_array().unwrap().first().map(|met| met["hardship_item_id"].clone());
    assert_eq!(met(&give("food")), Some(json!(food)));
    let cash = give("cash");
    assert_eq!(met(&cash), None);
    at.head.step(&format!("{}/confirm", path(&cash))).expect(200);
    let linked = at.head.post(&format!("{}/link", path(&cash)), json!({"hardship_item_id": housing})).expect(200);
    assert_eq!(linked["status"], "confirmed");
    assert_eq!(linked["met_items"][0]["automatic"], json!(false));
    assert_eq!(item_status(&at.world, housing), "helped");
    at.head
        .post(&format!("{}/link", path(&cash)), json!({"hardship_item_id": at.item}))
        .expect_invalid(&[("#/hardship_item_id", "item_elsewhere")]);
    let unlinked = at.head.post(&format!("{}/unlink", path(&cash)), json!({"hardship_item_id": housing})).expect(200);
    assert_eq!((&unlinked["status"], &unlinked["met_items"]), (&json!("confirmed"), &json!([])));
    assert_eq!(item_status(&at.world, housing), "open");
    at.head
        .post(&format!("{}/unlink", path(&cash)), json!({"hardship_item_id": housing}))
        .expect_invalid(&[("#/hardship_item_id", "item_elsewhere")]);
}

#[test]
fn the_items_of_recipients_are_helped_when_their_gift_is_confirmed_and_opened_when_it_is_corrected() {
    let at = Giving::new();
    let homes = homes(&at, 3, 0);
    let items: Vec<Uuid> = homes.iter().map(|home| item(&at, *home, 2026, "food", "2026-01-01T00:00:00Z")).collect();
    let statuses = || items.iter().map(|item| item_status(&at.world, *item)).collect::<Vec<_>>();
    let body = with(&gift(&at, "food", 600_000), json!({"recipients": &homes[..2], "unit_value_vnd": 300_000}));
    let made = at.unit.post("/gifts", body).expect(201);
    assert_eq!(made["households_count"], json!(2), "the number of recipients");
    assert_eq!(made["met_items"].as_array().unwrap().len(), 2);
    at.head.step(&format!("{}/confirm", path(&made))).expect(200);
    assert_eq!(statuses(), ["helped", "helped", "open"]);
    at.head
        .post(&format!("{}/recipients", path(&made)), json!({"household_ids": [homes[2]]}))
        .expect_invalid(&[("#/household_ids", "more_than")]);
    at.official
        .patch(&path(&made), json!({"households_count": 3, "value_vnd": 900_000, "reason": "Thêm một hộ"}))
        .expect(200);
    assert_eq!(statuses(), ["open", "open", "open"]);
    let added = at.head.post(&format!("{}/recipients", path(&made)), json!({"household_ids": [homes[2]]})).expect(200);
    assert_eq!(added["households_named"], json!(3));
    at.head.step(&format!("{}/confirm", path(&made))).expect(200);
    assert_eq!(statuses(), ["helped", "helped", "helped"]);
    let removed = format!("{}/recipients/{}", path(&made), homes[0]);
    let remove = |by: &Client, path: &str| by.send("DELETE", path, None);
    remove(&at.head, &removed).expect(204);
    assert_eq!(statuses(), ["open", "helped", "helped"]);
    remove(&at.head, &removed).expect_problem(404, "not_found");
    remove(&at.unit, &format!("{}/recipients/{}", path(&made), homes[1])).expect_problem(403, "forbidden");
}

#[test]
fn the_recipients_of_a_gift_must_fit_together() {
    let at = Giving::new();
    let homes = homes(&at, 2, 2);
    let elsewhere = giving::household(&at.world, at.world.village(at.world.ianan, "Sơn"), "Siu Blê");
    let refused = |changes: Value, wrong: &[(&str, &str)]| {
        at.unit.post("/gifts", with(&gift(&at, "food", 600_000), changes)).expect_invalid(wrong);
    };
    refused(json!({"household_id": homes[0], "recipients": [homes[1]]}), &[("#/recipients", "exclusive")]);
    refused(json!({"household_id": homes[0], "recipient_group": "poor"}), &[("#/recipient_group", "exclusive")]);
    refused(json!({"household_id": homes[0], "households_count": 3}), &[("#/households_count", "exclusive")]);
    refused(json!({"recipient_group": "poor"}), &[("#/households_count", "required")]);
    refused(json!({"households_count": 3}), &[("#/recipient_group", "required")]);
    refused(json!({"recipients": homes, "households_count": 1}), &[("#/recipients", "more_than")]);
    refused(json!({"recipients": [homes[0], homes[0]]}), &[("#/recipients/1", "duplicate")]);
    refused(json!({"recipients": [homes[0], at.unlisted]}), &[("#/recipients/1", "not_found")]);
    refused(json!({"recipients": homes, "unit_value_vnd": 1}), &[("#/unit_value_vnd", "does_not_add_up")]);
    refused(json!({"unit_value_vnd": 1}), &[("#/households_count", "required")]);
    refused(json!({"category": "equipment", "recipients": homes}), &[("#/category", "not_for_households")]);
    refused(json!({"recipient_group": "rich", "households_count": 1}), &[("#/recipient_group", "invalid_value")]);
    refused(json!({"recipient_group": "poor", "households_count": 0}), &[("#/households_count", "range")]);
    let paper = json!({"recipients": [elsewhere], "entered_from": "paper"});
    at.official
        .post("/gifts", with(&gift(&at, "food", 600_000), paper))
        .expect_invalid(&[("#/recipients/0", "household_elsewhere")]);
    let visit = json!({"twinning_id": at.twinning, "village_id": at.village, "visited_on": "2026-02-10", "purpose": "holiday",
        "gifts": [{"category": "food", "description": "Gạo", "value_vnd": 600_000, "funding_source": "donor", "recipients": [homes[0], at.unlisted]}]});
    at.unit.post("/visits", visit).expect_invalid(&[("#/gifts/0/recipients/1", "not_found")]);
    assert_eq!(at.official.get("/gifts?count=true").expect(200)["total"], 0);
}

/// Case 16.
#[test]
fn forty_four_gifts_are_confirmed_in_one_request_and_three_are_rejected() {
    let at = Giving::new();
    let sơn = at.world.village(at.world.ianan, "Sơn");
    let elsewhere = giving::twinning(&at.world, at.organisation, sơn, None);
    let unit = at.world.unit(at.organisation);
    let mut made: Vec<Value> = (0..44).map(|n| unit.post("/gifts", gift(&at, "cash", 1_000 + n)).expect(201)).collect();
    at.head.post(&format!("{}/dispute", path(&made[3])), json!({"reason": "Chưa nhận"})).expect(200);
    made[3]["version"] = json!(2);
    made[7] = unit
        .post("/gifts", with(&gift(&at, "cash", 1), json!({"twinning_id": elsewhere, "village_id": sơn})))
        .expect(201);
    unit.patch(&path(&made[11]), json!({"value_vnd": 5})).expect(200);
    let items = |gifts: &[Value]| -> Value {
        gifts.iter().map(|gift| json!({"id": gift["id"], "version": gift["version"]})).collect()
    };
    let answer = at.head.post("/gifts/confirm", json!({"items": items(&made)})).expect(200);
    let results = answer["results"].as_array().unwrap();
    let outcomes = |word: &str| results.iter().filter(|result| result["outcome"] == word).count();
    assert_eq!((outcomes("confirmed"), outcomes("rejected")), (41, 3), "{answer}");
    let rejected = |index: usize| results[index]["problem"]["code"].as_str().unwrap();
    assert_eq!((rejected(3), rejected(7), rejected(11)), ("invalid_transition", "not_found", "version_conflict"));
    assert_eq!((&results[0]["id"], &results[0]["version"]), (&made[0]["id"], &json!(2)));
    // The answer was lost.
    let again = at.head.post("/gifts/confirm", json!({"items": items(&made[..2])})).expect(200);
    assert_eq!(again["results"][0]["outcome"], "replayed");
    // The same gift twice, and a version that was not read beside the right one.
    let new = unit.post("/gifts", gift(&at, "cash", 7)).expect(201);
    let stale = json!({"id": new["id"], "version": 9});
    let twice = json!({"items": [stale, items(std::slice::from_ref(&new))[0], stale]});
    let answer = at.head.post("/gifts/confirm", twice).expect(200);
    let outcomes = ["rejected", "confirmed", "replayed"].map(Value::from);
    let told: Vec<Value> =
        answer["results"].as_array().unwrap().iter().map(|result| result["outcome"].clone()).collect();
    assert_eq!(told, outcomes, "{answer}");
    assert_eq!(answer["results"][0]["problem"]["current"]["version"], 1, "{answer}");
    let many: Vec<Value> = (0..201).map(|_| json!({"id": Uuid::now_v7(), "version": 1})).collect();
    at.head.post("/gifts/confirm", json!({"items": many})).expect_invalid(&[("#/items", "length")]);
    at.head.post("/gifts/confirm", json!({"items": []})).expect_invalid(&[("#/items", "empty")]);
    at.head
        .post("/gifts/confirm", json!({"items": [{"id": made[0]["id"]}]}))
        .expect_invalid(&[("#/items/0/version", "required")]);
    unit.post("/gifts/confirm", json!({"items": items(&made[..1])})).expect_problem(403, "forbidden");
}

/// As if each were confirmed by itself: a gift meets what those before it in the request have not helped.
#[test]
fn gifts_that_are_confirmed_together_meet_different_listed_items() {
    let at = Giving::new();
    let [twice, hut] = ["Siu Hai", "Siu Nhà"].map(|name| giving::household(&at.world, at.village, name));
    let first = item(&at, twice, 2026, "food", "2026-03-01");
    let second = item(&at, twice, 2026, "food", "2026-04-01");
    let roof = item(&at, hut, 2026, "housing", "2026-03-01");
    let rice = item(&at, hut, 2026, "food", "2026-04-01");
    let given = [(twice, "food"), (twice, "food"), (hut, "food"), (hut, "cash")].map(|(home, category)| {
        let new = with(&gift(&at, category, 100_000), json!({"household_id": home}));
        json!({"id": at.unit.post("/gifts", new).expect(201)["id"], "version": 1})
    });
    at.head.post("/gifts/confirm", json!({"items": given})).expect(200);
    assert_eq!([first, second, roof, rice].map(|item| item_status(&at.world, item)), ["helped"; 4]);
}

/// The record of another resource, and one that the caller no longer sees, are not found.
#[test]
fn a_repetition_is_told_for_gifts_of_the_callers_range_only() {
    let at = Giving::new();
    let made = at.unit.post("/gifts", gift(&at, "cash", 100_000)).expect(201);
    let body = json!({"items": [{"id": made["id"], "version": 1}]});
    let official = at.world.user("canbo", "commune", Some(at.world.ianan), None);
    official.post("/gifts/confirm", body.clone()).expect(200);
    assert_eq!(official.post("/gifts/confirm", body.clone()).expect(200)["results"][0]["outcome"], "replayed");
    let of_another_resource = format!(
        "UPDATE steps SET resource = 'household_assessments' WHERE record_id = '{}'",
        made["id"].as_str().unwrap()
    );
    at.world.server.sql().batch_execute(&of_another_resource).unwrap();
    let answer = official.post("/gifts/confirm", body.clone()).expect(200);
    assert_eq!(answer["results"][0]["problem"]["code"], "version_conflict", "{answer}");
    let elsewhere = json!({"locality_id": at.world.kongchro});
    let account = format!("/users/{}", official.get("/me").expect(200)["id"].as_str().unwrap());
    at.world.province(at.world.gialai).patch(&account, elsewhere).expect(200);
    let answer = at.world.sign_in("canbo").post("/gifts/confirm", body).expect(200);
    assert_eq!(answer["results"][0]["problem"]["code"], "not_found", "{answer}");
}

/// Case 17.
#[test]
fn money_that_was_lent_stands_beside_the_values() {
    let at = Giving::new();
    at.unit.post("/gifts", gift(&at, "cash", 190_000_000)).expect(201);
    at.unit.post("/gifts", with(&gift(&at, "cash", 10_000_000), json!({"funding_source": "credit"}))).expect(201);
    let province = at.world.province(at.world.gialai);
    let check = |by: &Client| {
        let totals = totals(by, "");
        assert_eq!(totals["gift_value_vnd"], json!(190_000_000));
        assert_eq!((&totals["value_vnd"], &totals["loans_arranged_vnd"]), (&json!(190_000_000), &json!(10_000_000)));
        assert_eq!(totals["gifts"], json!(2), "the list has two");
    };
    check(&at.unit);
    check(&province);
    ketnghia::insight::aggregates::summaries::refresh(&at.world.server.db).unwrap();
    check(&province);
}

#[test]
fn merged_households_are_one_recipient() {
    let at = Giving::new();
    let homes = homes(&at, 2, 2);
    let made = at.unit.post("/gifts", with(&gift(&at, "food", 600_000), json!({"recipients": homes}))).expect(201);
    let merge = |_: &World| -> Answer {
        at.official.post(&format!("/households/{}/merge", homes[1]), json!({"into": homes[0]}))
    };
    merge(&at.world).expect(200);
    let read = at.official.get(&path(&made)).expect(200);
    assert_eq!((&read["recipients"], &read["households_named"]), (&json!([homes[0]]), &json!(1)));
    assert_eq!(counts(&at.official), (json!(1), json!(2), json!(600_000)));
}

#[test]
fn a_gift_that_names_the_merged_household_names_the_survivor_afterwards() {
    let at = Giving::new();
    let homes = homes(&at, 3, 2);
    let made =
        at.unit.post("/gifts", with(&gift(&at, "food", 600_000), json!({"recipients": &homes[..2]}))).expect(201);
    at.official.post(&format!("/households/{}/merge", homes[0]), json!({"into": homes[2]})).expect(200);
    let read = at.official.get(&path(&made)).expect(200);
    assert_eq!((&read["households_named"], &read["households_count"]), (&json!(2), &json!(2)));
    assert!(read["recipients"].as_array().unwrap().contains(&json!(homes[2])), "{read}");
}

#[test]
fn the_item_that_a_gift_helped_goes_with_its_household_to_the_survivor_of_a_merge() {
    let at = Giving::new();
    let survivor = giving::household(&at.world, at.village, "Rơ Mah Hyên");
    let body = with(&gift(&at, "food", 1_000), json!({"household_id": at.home}));
    let made = at.unit.post("/gifts", body).expect(201);
    at.head.step(&format!("{}/confirm", path(&made))).expect(200);
    assert_eq!(item_status(&at.world, at.item), "helped");
    at.official.post(&format!("/households/{}/merge", at.home), json!({"into": survivor})).expect(200);
    assert_eq!(item_status(&at.world, at.item), "helped");
    let read = at.official.get(&path(&made)).expect(200);
    assert_eq!(read["met_items"][0]["hardship_item_id"], json!(at.item));
}

#[test]
fn names_that_two_callers_add_at_once_are_all_counted() {
    let at = Giving::new();
    let homes = homes(&at, 12, 0);
    let body = with(&gift(&at, "food", 1_000), json!({"recipient_group": "all", "households_count": 10}));
    let made = at.unit.post("/gifts", body).expect(201);
    let add = |by: &Client, home: Uuid| {
        by.post(&format!("{}/recipients", path(&made)), json!({"household_ids": [home]})).status
    };
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> = homes.iter().map(|home| scope.spawn(|| add(&at.head, *home))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 10].as_slice(), &[422; 2]].concat(), "ten homes, and no more");
    assert_eq!(at.official.get(&path(&made)).expect(200)["households_named"], json!(10));
}

#[test]
fn a_unit_makes_no_gift_to_one_household_of_a_gift_with_names_that_it_does_not_see() {
    let at = Giving::new();
    let hidden = giving::household(&at.world, at.village, "Siu Ẩn");
    let body = with(&gift(&at, "food", 1_000), json!({"recipient_group": "poor", "households_count": 60}));
    let made = at.unit.post("/gifts", body).expect(201);
    at.head.post(&format!("{}/recipients", path(&made)), json!({"household_ids": [hidden]})).expect(200);
    assert_eq!(at.unit.get(&path(&made)).expect(200)["recipients"], json!([]));
    let to_one = json!({"household_id": at.home, "recipient_group": null, "households_count": null});
    at.unit.patch(&path(&made), to_one).expect_invalid(&[("#/recipients", "exclusive")]);
    // Other names do not take the hidden one away.
    let renamed = at.unit.patch(&path(&made), json!({"recipients": [at.home]})).expect(200);
    assert_eq!(renamed["households_named"], json!(2));
}

#[test]
fn the_value_of_a_gift_is_corrected_after_its_household_moved() {
    let at = Giving::new();
    let village = at.world.village(at.world.ianan, "Nú");
    let made = at.unit.post("/gifts", with(&gift(&at, "food", 9_000), json!({"household_id": at.home}))).expect(201);
    at.head.post(&format!("{}/dispute", path(&made)), json!({"reason": "Chỉ nhận một nửa"})).expect(200);
    at.official.patch(&format!("/households/{}", at.home), json!({"village_id": village})).expect(200);
    let corrected = at.official.patch(&path(&made), json!({"value_vnd": 4_500, "reason": "Theo biên bản"})).expect(200);
    assert_eq!((&corrected["status"], &corrected["value_vnd"]), (&json!("recorded"), &json!(4_500)));
}

#[test]
fn of_two_gifts_that_chose_one_item_the_second_confirmed_helps_the_next() {
    let at = Giving::new();
    let home = giving::household(&at.world, at.village, "Siu Blê");
    let items = ["2026-02-01", "2026-03-01"].map(|day| item(&at, home, 2026, "food", &format!("{day}T00:00:00Z")));
    let give = || at.unit.post("/gifts", with(&gift(&at, "food", 1_000), json!({"household_id": home}))).expect(201);
    let gifts = [give(), give()];
    for made in &gifts {
        at.head.step(&format!("{}/confirm", path(made))).expect(200);
    }
    assert_eq!(items.map(|item| item_status(&at.world, item)), ["helped", "helped"]);
}

#[test]
fn a_dispute_of_a_gift_to_a_commune_is_settled_by_the_province_too() {
    let at = Giving::new();
    let twinning = giving::twinning(&at.world, at.organisation, at.world.ianan, None);
    let body = with(
        &gift(&at, "cash", 1_000),
        json!({"twinning_id": twinning, "village_id": null, "commune_id": at.world.ianan}),
    );
    let made = at.world.unit(at.organisation).post("/gifts", body).expect(201);
    at.official.post(&format!("{}/dispute", path(&made)), json!({"reason": "Chưa nhận"})).expect(200);
    let province = at.world.province(at.world.gialai);
    assert_eq!(province.get(&path(&made)).expect(200)["allowed_actions"], json!(["settle"]));
    let settlement = json!({"resolution": "not_delivered", "note": "Chưa có phiếu nhập"});
    assert_eq!(province.post(&format!("{}/settle", path(&made)), settlement).expect(200)["status"], "not_delivered");
}

#[test]
fn a_gift_to_a_former_commune_counts_by_the_tree_of_a_later_day() {
    let at = Giving::new();
    let former = ketnghia::places::loader::locality_id(2024, "23845");
    let twinning = giving::twinning(&at.world, at.organisation, former, None);
    let body = json!({"twinning_id": twinning, "commune_id": former, "category": "cash", "description": "Tiền mặt",
        "value_vnd": 25_000_000, "funding_source": "donor", "given_on": "2025-03-01", "entered_from": "paper"});
    let province = at.world.province(at.world.gialai);
    province.post("/gifts", body).expect(201);
    let totals = |query: &str| {
        let path = format!("/aggregates/support?from=2025-01-01&to=2025-12-31{query}");
        province.get(&path).expect(200)["totals"]["gift_value_vnd"].clone()
    };
    for query in ["", "&as_of=2025-12-31", "&as_of=2025-06-30"] {
        assert_eq!(totals(query), json!(25_000_000), "{query}");
    }
    let rows =
        province.get("/aggregates/support?from=2025-01-01&to=2025-12-31&as_of=2025-12-31&group_by=commune").expect(200);
    assert_eq!(rows["rows"][0]["key"]["commune"]["id"], json!(at.world.kongchro), "its successor");
}

/// The head does not see the twinning of the commune.
#[test]
fn the_head_names_homes_of_a_gift_of_a_unit_that_stands_by_the_commune() {
    let at = Giving::new();
    let office = giving::organisation(&at.world, at.world.ianan, "Ban Dân tộc");
    let wide = giving::twinning(&at.world, office, at.world.ianan, None);
    let body = with(
        &gift(&at, "food", 18_000_000),
        json!({"twinning_id": wide, "recipient_group": "poor", "households_count": 60}),
    );
    let made = at.official.post("/gifts", body).expect(201);
    let named = at.head.post(&format!("{}/recipients", path(&made)), json!({"household_ids": [at.home]})).expect(200);
    assert_eq!(named["households_named"], 1);
}

#[test]
fn a_gift_names_the_homes_that_lived_in_the_village_on_its_day() {
    let at = Giving::new();
    let other = at.world.village(at.world.ianan, "Nú");
    at.official
        .patch(&format!("/households/{}", at.home), json!({"village_id": other, "moved_on": "2026-05-01"}))
        .expect(200);
    let on = |day: &str, changes: Value| {
        let body = with(&gift(&at, "cash", 500_000), json!({"given_on": day, "entered_from": "paper"}));
        at.official.post("/gifts", with(&body, changes))
    };
    let late = on("2026-04-01", json!({"household_id": at.home})).expect(201);
    on("2026-05-01", json!({"household_id": at.home})).expect_invalid(&[("#/household_id", "household_elsewhere")]);
    let many = on("2026-04-01", json!({"recipient_group": "poor", "households_count": 5})).expect(201);
    let names = json!({"household_ids": [at.home]});
    at.official.post(&format!("{}/recipients", path(&many)), names.clone()).expect(200);
    let after = on("2026-06-01", json!({"recipient_group": "poor", "households_count": 5})).expect(201);
    at.official
        .post(&format!("{}/recipients", path(&after)), names)
        .expect_invalid(&[("#/household_ids/0", "household_elsewhere")]);
    // Another day is no other household.
    let moved = at.official.patch(&path(&late), json!({"given_on": "2026-04-02"})).expect(200);
    assert_eq!(moved["household_id"], json!(at.home));
}
