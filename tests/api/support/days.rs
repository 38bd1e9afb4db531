//! The days of twinnings and of the records within them: late records, records from paper, suspensions, and changes of days
//! that would leave records outside.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{self, Giving};
use crate::harness::{TestServer, World, id_of};

fn visit(twinning: Uuid, village: Uuid, day: &str) -> Value {
    json!({"twinning_id": twinning, "village_id": village, "visited_on": day, "purpose": "holiday"})
}

fn gift(twinning: Uuid, village: Uuid, day: &str) -> Value {
    json!({
        "twinning_id": twinning, "village_id": village, "given_on": day, "category": "food", "description": "Gạo",
        "value_vnd": 300_000, "funding_source": "organisation_own",
    })
}

/// làng Tung, twinned with an office until 2025-12-31.
fn ended_twinning() -> (Giving, Uuid) {
    let at = Giving::new();
    let twinning = giving::twinning(&at.world, at.organisation, at.village, Some("2025-12-31"));
    // The other twinning of the harness would show the village.
    giving::as_system(&at.world, &format!("UPDATE twinnings SET ends_on = '2025-12-31' WHERE id = '{}'", at.twinning));
    (at, twinning)
}

/// Signs in again: tokens are valid for minutes.
fn on(server: &TestServer, moment: &str) {
    server.set_clock(moment);
}

/// Case 3.
#[test]
fn a_unit_records_late_for_ninety_days_after_the_last_day() {
    let (at, twinning) = ended_twinning();
    let body = visit(twinning, at.village, "2025-12-30");
    on(&at.world.server, "2026-01-02T03:00:00Z");
    let unit = at.world.unit(at.organisation);
    // The unit names the village and its listed household, and reads nothing of them.
    unit.get(&format!("/localities/{}", at.village)).expect_problem(404, "not_found");
    unit.get(&format!("/households/{}", at.home)).expect_problem(404, "not_found");
    let mut with_home = body.clone();
    with_home["household_ids"] = json!([at.home]);
    with_home["gifts"] = json!([{"household_id": at.home, "category": "food", "description": "Gạo", "value_vnd": 300_000,
        "funding_source": "organisation_own"}]);
    let made = unit.post("/visits", with_home.clone()).expect(201);
    assert_eq!((&made["participants"], &made["entered_from"]), (&Value::Null, &json!("unit")));
    assert_eq!(made["gifts"][0]["household_head_name"], Value::Null);
    unit.get(&format!("/households/{}", at.home)).expect_problem(404, "not_found");
    with_home["household_ids"] = json!([at.unlisted]);
    unit.post("/visits", with_home).expect_invalid(&[("#/household_ids/0", "not_found")]);
    unit.post("/visits", visit(twinning, at.village, "2026-01-01"))
        .expect_invalid(&[("#/visited_on", "outside_twinning")]);
    on(&at.world.server, "2026-03-31T16:59:59Z");
    at.world.unit(at.organisation).post("/visits", body.clone()).expect(201);
    on(&at.world.server, "2026-03-31T17:00:00Z");
    let refused = at.world.unit(at.organisation).with("Accept-Language", "en").post("/visits", body);
    refused.expect_invalid(&[("#/twinning_id", "outside_twinning")]);
    let told = &refused.text;
    assert!(told.contains("2025-12-31") && told.contains("2026-03-31"), "{told}");
}

#[test]
fn a_unit_changes_the_household_of_its_late_gift() {
    let (at, twinning) = ended_twinning();
    on(&at.world.server, "2026-01-02T03:00:00Z");
    let unit = at.world.unit(at.organisation);
    let path = format!("/gifts/{}", id_of(&unit.post("/gifts", gift(twinning, at.village, "2025-12-30")).expect(201)));
    assert_eq!(unit.patch(&path, json!({"household_id": at.home})).expect(200)["household_id"], json!(at.home));
    unit.patch(&path, json!({"household_id": at.unlisted})).expect_invalid(&[("#/household_id", "not_found")]);
    unit.delete(&path).expect(204);
}

/// Case 4.
#[test]
fn an_official_enters_a_paper_record_of_a_unit_with_an_account() {
    let (at, twinning) = ended_twinning();
    on(&at.world.server, "2026-06-01T03:00:00Z");
    let body = visit(twinning, at.village, "2025-12-30");
    let paper = |value: &str| {
        let mut body = body.clone();
        body["entered_from"] = json!(value);
        body
    };
    for official in [at.world.commune(at.world.ianan), at.world.province(at.world.gialai)] {
        official.post("/visits", body.clone()).expect_invalid(&[("#/twinning_id", "organisation_has_account")]);
        official.post("/visits", paper("unit")).expect_invalid(&[("#/entered_from", "invalid_value")]);
        let made = official.post("/visits", paper("paper")).expect(201);
        assert_eq!((&made["entered_from"], &made["on_behalf_of"]), (&json!("paper"), &json!(at.organisation)));
        let unit = at.world.unit(at.organisation);
        let read = unit.get(&format!("/visits/{}", id_of(&made))).expect(200);
        assert_eq!(read["acted_by"], official.get("/me").expect(200)["id"]);
        let changed = unit.patch(&format!("/visits/{}", id_of(&made)), json!({"participants": 4})).expect(200);
        assert_eq!((&changed["participants"], &changed["entered_from"]), (&json!(4), &json!("paper")));
    }
    let official = at.world.commune(at.world.ianan);
    let mut paper_gift = gift(twinning, at.village, "2025-12-30");
    paper_gift["entered_from"] = json!("paper");
    official.post("/gifts", paper_gift.clone()).expect(201);
    let count = |query: &str| official.get(&format!("{query}&count=true")).expect(200)["total"].clone();
    assert_eq!(count("/visits?entered_from=paper"), json!(2));
    assert_eq!(count("/gifts?entered_from=paper"), json!(1));
    assert_eq!(count("/gifts?entered_from=unit"), json!(0));
    paper_gift["entered_from"] = json!("paper");
    paper_gift["given_on"] = json!("2026-05-01");
    official.post("/gifts", paper_gift).expect_invalid(&[("#/given_on", "outside_twinning")]);
}

/// Case 5.
#[test]
fn a_record_of_a_day_before_the_suspension_is_sent_during_it() {
    let at = Giving::new();
    on(&at.world.server, "2026-05-20T03:00:00Z");
    let official = at.world.commune(at.world.ianan);
    let path = format!("/twinnings/{}", at.twinning);
    official.patch(&path, json!({"suspensions": [{"starts_on": "2026-05-10"}]})).expect(200);
    let unit = at.world.unit(at.organisation);
    unit.get(&format!("/localities/{}", at.village)).expect_problem(404, "not_found");
    unit.post("/visits", visit(at.twinning, at.village, "2026-05-09")).expect(201);
    unit.post("/visits", visit(at.twinning, at.village, "2026-05-10"))
        .expect_invalid(&[("#/visited_on", "outside_twinning")]);
    // A suspension does not begin before a record.
    let earlier = json!({"suspensions": [{"starts_on": "2026-05-09"}]});
    let refused = official.patch(&path, earlier);
    assert_eq!(refused.expect_problem(409, "in_use")["counts"], json!({"visits": 1}));
}

/// Case 6.
#[test]
fn a_twinning_with_a_split_commune_is_seen_by_the_communes_that_hold_its_villages() {
    let world = World::new();
    let former = ketnghia::places::loader::locality_id(2024, "21997");
    let province = world.province(world.gialai);
    // Villages entered under the former commune, and assigned to two of today's communes.
    let communes = province.get(&format!("/localities/{former}/history")).expect(200);
    let successors: Vec<Uuid> = communes["successors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| place["id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(successors.len() > 1, "{communes}");
    let organisation = giving::organisation(&world, world.gialai, "Sở Nội vụ");
    let twinning = giving::twinning(&world, organisation, former, None);
    assert_eq!(province.get(&format!("/twinnings/{twinning}")).expect(200)["last_day"], "2025-06-30");
    for (index, commune) in successors.iter().take(2).enumerate() {
        let body =
            json!({"name": format!("Kon {index}"), "kind": "lang", "parent_id": former, "current_parent_id": commune});
        let village = id_of(&province.post("/localities", body).expect(201));
        let official = world.commune(*commune);
        let shown = official.get(&format!("/twinnings/{twinning}")).expect(200);
        assert_eq!((&shown["status"], &shown["last_day"]), (&json!("ended"), &json!("2025-06-30")));
        let listed = official.get(&format!("/twinnings?organisation_id={organisation}")).expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        official.post("/visits", visit(twinning, village, "2025-06-30")).expect(201);
        official
            .post("/visits", visit(twinning, village, "2025-07-01"))
            .expect_invalid(&[("#/visited_on", "outside_twinning")]);
    }
    world.commune(world.ianan).get(&format!("/twinnings/{twinning}")).expect_problem(404, "not_found");
}

/// Case 25.
#[test]
fn a_twinning_ends_with_its_programme() {
    let at = Giving::new();
    let programme: Uuid = at.official.get(&format!("/twinnings/{}", at.twinning)).expect(200)["programme_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let province = at.world.province(at.world.gialai);
    let path = format!("/programmes/{programme}");
    province.patch(&path, json!({"ends_on": "2025-12-31"})).expect(200);
    let ended = at.official.get(&format!("/twinnings/{}", at.twinning)).expect(200);
    assert_eq!(
        (&ended["status"], &ended["last_day"], &ended["ends_on"]),
        (&json!("ended"), &json!("2025-12-31"), &Value::Null)
    );
    at.official
        .post("/gifts", {
            let mut body = gift(at.twinning, at.village, "2026-05-05");
            body["entered_from"] = json!("paper");
            body
        })
        .expect_invalid(&[("#/given_on", "outside_twinning")]);
    province.patch(&path, json!({"ends_on": null})).expect(200);
    assert_eq!(at.official.get(&format!("/twinnings/{}", at.twinning)).expect(200)["status"], "active");
    // A programme that begins after a twinning.
    let refused = province.patch(&path, json!({"effective_on": "2024-01-02"}));
    assert_eq!(refused.expect_problem(409, "in_use")["counts"], json!({"twinnings": 1}));
}

fn given(at: &Giving, day: &str) {
    at.unit.post("/gifts", gift(at.twinning, at.village, day)).expect(201);
}

/// Case 26.
#[test]
fn a_twinning_is_not_shortened_before_its_records() {
    let at = Giving::new();
    ["2026-05-04", "2026-05-05", "2026-05-06"].iter().for_each(|day| given(&at, day));
    at.unit.post("/visits", visit(at.twinning, at.village, "2026-05-06")).expect(201);
    let path = format!("/twinnings/{}", at.twinning);
    let refused = at.official.patch(&path, json!({"ends_on": "2026-05-04"}));
    assert_eq!(refused.expect_problem(409, "in_use")["counts"], json!({"gifts": 2, "visits": 1}));
    let refused = at.official.patch(&path, json!({"starts_on": "2026-05-05"}));
    assert_eq!(refused.expect_problem(409, "in_use")["counts"], json!({"gifts": 1}));
    assert_eq!(at.official.get(&path).expect(200)["ends_on"], Value::Null);
    at.official.patch(&path, json!({"starts_on": "2026-05-04", "ends_on": "2026-05-06"})).expect(200);
}

/// Case 27.
#[test]
fn an_organisation_ends_its_twinnings_or_is_refused() {
    let at = Giving::new();
    let path = format!("/organisations/{}", at.organisation);
    let others: Vec<Uuid> = ["Klă", "Nú"]
        .iter()
        .map(|name| giving::twinning(&at.world, at.organisation, at.world.village(at.world.kongchro, name), None))
        .collect();
    given(&at, "2026-07-03");
    let refused = at.official.patch(&path, json!({"valid_to": "2026-06-30"}));
    assert_eq!(refused.expect_problem(409, "in_use")["counts"], json!({"gifts": 1}));
    let province = at.world.province(at.world.gialai);
    for twinning in others.iter().chain([&at.twinning]) {
        assert_eq!(province.get(&format!("/twinnings/{twinning}")).expect(200)["ends_on"], Value::Null);
    }
    at.official.patch(&path, json!({"valid_to": "2026-07-03"})).expect(200);
    for twinning in others.iter().chain([&at.twinning]) {
        let ended = province.get(&format!("/twinnings/{twinning}")).expect(200);
        assert_eq!((&ended["ends_on"], &ended["last_day"]), (&json!("2026-07-03"), &json!("2026-07-03")));
    }
}

#[test]
fn a_twinning_lies_within_programme_organisation_and_place() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let village = world.village(world.ianan, "Tung");
    let programme = official
        .post("/programmes", json!({"title": "Kế hoạch", "kind": "plan", "effective_on": "2024-01-01", "ends_on": "2026-12-31", "locality_id": world.ianan}))
        .expect(201);
    let organisation = official
        .post("/organisations", json!({"name": "Đội", "kind": "department", "locality_id": world.ianan, "valid_from": "2024-06-01", "valid_to": "2026-06-30"}))
        .expect(201);
    let made = |starts_on: &str, ends_on: Value| {
        official.post(
            "/twinnings",
            json!({"programme_id": programme["id"], "organisation_id": organisation["id"], "locality_id": village, "lead": true,
                "starts_on": starts_on, "ends_on": ends_on}),
        )
    };
    made("2023-12-31", Value::Null).expect_invalid(&[("#/starts_on", "outside_programme")]);
    made("2024-05-31", Value::Null).expect_invalid(&[("#/starts_on", "outside_organisation")]);
    made("2024-06-01", json!("2027-01-01")).expect_invalid(&[("#/ends_on", "outside_programme")]);
    made("2024-05-31", json!("2026-07-01"))
        .expect_invalid(&[("#/starts_on", "outside_organisation"), ("#/ends_on", "outside_organisation")]);
    let twinning = made("2024-06-01", Value::Null).expect(201);
    assert_eq!((&twinning["last_day"], &twinning["status"]), (&json!("2026-06-30"), &json!("ended")));
    let path = format!("/twinnings/{}", id_of(&twinning));
    official.patch(&path, json!({"ends_on": "2026-07-01"})).expect_invalid(&[("#/ends_on", "outside_organisation")]);
    let earlier = official.patch(&path, json!({"ends_on": "2026-06-01"})).expect(200);
    assert_eq!(earlier["last_day"], "2026-06-01");
}

#[test]
fn one_organisation_leads_at_a_place_under_a_programme_at_a_time() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let village = world.village(world.ianan, "Tung");
    let programme = official
        .post(
            "/programmes",
            json!({"title": "Kế hoạch", "kind": "plan", "effective_on": "2024-01-01", "locality_id": world.ianan}),
        )
        .expect(201);
    let twinned = |name: &str, lead: bool, starts_on: &str| {
        let organisation = giving::organisation(&world, world.ianan, name);
        official.post(
            "/twinnings",
            json!({"programme_id": programme["id"], "organisation_id": organisation, "locality_id": village, "lead": lead, "starts_on": starts_on}),
        )
    };
    let first = twinned("Văn phòng", true, "2025-01-01").expect(201);
    let second = twinned("Công ty", false, "2025-01-01").expect(201);
    twinned("Hội", true, "2026-01-01").expect_problem(409, "lead_exists");
    let path = |twinning: &Value| format!("/twinnings/{}", id_of(twinning));
    official.patch(&path(&second), json!({"lead": true})).expect_problem(409, "lead_exists");
    official.patch(&path(&first), json!({"ends_on": "2025-12-31"})).expect(200);
    let third = twinned("Hội", true, "2026-01-01").expect(201);
    official.patch(&path(&third), json!({"starts_on": "2025-12-31"})).expect_problem(409, "lead_exists");
    official.patch(&path(&first), json!({"ends_on": null})).expect_problem(409, "lead_exists");
    official.patch(&path(&first), json!({"lead": false})).expect(200);
    official.patch(&path(&third), json!({"starts_on": "2025-12-31"})).expect(200);
}

/// A refusal of a delete names the dependent records.
#[test]
fn a_refused_delete_counts_the_dependent_records() {
    let at = Giving::new();
    given(&at, "2026-07-03");
    let refused = at.official.delete(&format!("/twinnings/{}", at.twinning));
    assert_eq!(refused.expect_problem(409, "in_use")["counts"], json!({"gifts": 1}));
    let refused = at.official.delete(&format!("/organisations/{}", at.organisation));
    let counts = refused.expect_problem(409, "in_use")["counts"].clone();
    assert_eq!(counts, json!({"gifts": 1, "twinnings": 1, "users": 1}));
}

/// A commune that gives in its own village is an official of the place, too.
#[test]
fn a_commune_that_gives_at_home_records_late_without_a_limit() {
    let world = World::new();
    let village = world.village(world.ianan, "Klă");
    let giver = giving::place_organisation(&world, world.ianan, world.ianan);
    let twinning = giving::twinning(&world, giver, village, Some("2025-12-31"));
    on(&world.server, "2026-06-01T03:00:00Z");
    world.commune(world.ianan).post("/gifts", gift(twinning, village, "2025-12-30")).expect(201);
    // In another commune it has the limit of a unit.
    let elsewhere = world.village(world.kongchro, "Tnang");
    let twinning = giving::twinning(&world, giver, elsewhere, Some("2025-12-31"));
    world
        .commune(world.ianan)
        .post("/gifts", gift(twinning, elsewhere, "2025-12-30"))
        .expect_invalid(&[("#/village_id", "not_found")]);
}
