use ketnghia::places::loader::locality_id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{Giving, as_system};
use crate::harness::{Client, World};

#[test]
fn a_twinning_shows_programme_organisation_place_and_status() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let organisation = world.organisation(world.ianan, "Văn phòng xã");
    let programme = world.programme(world.ianan);
    let twinning = world.twinning(programme, organisation, village);
    let shown = world.commune(world.ianan).get(&format!("/twinnings/{twinning}")).expect(200);
    assert_eq!(shown["programme_title"], "Kế hoạch kết nghĩa");
    assert_eq!(shown["organisation_name"], "Văn phòng xã");
    assert_eq!((&shown["locality_name"], &shown["locality_level"]), (&json!("Tung"), &json!("village")));
    assert_eq!((&shown["status"], &shown["lead"], &shown["ends_on"]), (&json!("active"), &json!(true), &json!(null)));
}

/// Village, organisation and programme of Ia Nan for a twinning.
struct Pair {
    village: Uuid,
    organisation: Uuid,
    programme: Uuid,
}

impl Pair {
    fn of(world: &World) -> Self {
        Self {
            village: world.village(world.ianan, "Tung"),
            organisation: world.organisation(world.ianan, "Văn phòng xã"),
            programme: world.programme(world.ianan),
        }
    }

    fn request(&self) -> Value {
        json!({"programme_id": self.programme, "organisation_id": self.organisation, "locality_id": self.village,
            "lead": false, "starts_on": "2025-07-01"})
    }

    fn with(&self, changes: Value) -> Value {
        let mut new = self.request();
        for (field, value) in changes.as_object().unwrap() {
            new[field] = value.clone();
        }
        new
    }
}

fn count(client: &Client, query: &str) -> Value {
    client.get(&format!("/twinnings?count=true&{query}")).expect(200)["total"].clone()
}

#[test]
fn a_twinning_is_read_from_both_ends_and_not_from_elsewhere() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let company = world.organisation(world.kongchro, "Công ty");
    let twinning = world.twinning(world.programme(world.ianan), company, village);
    let path = format!("/twinnings/{twinning}");

    let readers = [
        world.commune(world.ianan),
        world.head(village),
        world.province(world.gialai),
        world.admin(),
        // The side of the organisation, where the village itself is out of scope.
        world.unit(company),
        world.commune(world.kongchro),
    ];
    for reader in readers {
        assert_eq!(reader.get(&path).expect(200)["locality_name"], "Tung");
        assert_eq!(count(&reader, ""), 1);
    }
    let strangers = [
        world.head(world.village(world.ianan, "Nú")),
        world.head(world.village(world.kongchro, "Tnang")),
        world.unit(world.organisation(world.ianan, "Phòng")),
        world.province(world.quangngai),
    ];
    for stranger in strangers {
        stranger.get(&path).expect_problem(404, "not_found");
        assert_eq!(count(&stranger, &format!("locality_id={village}")), 0);
    }

    // Both sides are in Ia Nan, so it is out of scope for Kông Chro.
    let office = world.organisation(world.ianan, "Văn phòng xã");
    let own = world.twinning(world.programme(world.ianan), office, village);
    world.commune(world.kongchro).get(&format!("/twinnings/{own}")).expect_problem(404, "not_found");
    // A unit reads the other twinnings of its villages.
    world.unit(company).get(&format!("/twinnings/{own}")).expect(200);
}

#[test]
fn a_unit_reads_its_ended_twinnings() {
    let world = World::new();
    let pair = Pair::of(&world);
    let twinning =
        world.twinning_between(pair.programme, pair.organisation, pair.village, "2024-01-01", Some("2024-12-31"));
    let unit = world.unit(pair.organisation);
    let shown = unit.get(&format!("/twinnings/{twinning}")).expect(200);
    assert_eq!((&shown["status"], &shown["locality_name"]), (&json!("ended"), &json!("Tung")));
    assert_eq!(shown["locality_level"], "village");
}

#[test]
fn an_ended_organisation_or_programme_hides_the_households_from_the_unit() {
    for ending in ["UPDATE organisations SET valid_to", "UPDATE programmes SET ends_on"] {
        let giving = Giving::new();
        let seen = |client: &Client| client.get(&format!("/households/{}", giving.home)).status;
        assert_eq!(seen(&giving.unit), 200);
        as_system(&giving.world, &format!("{ending} = '2026-11-22'"));
        assert_eq!(seen(&giving.unit), 200, "active on the last day: {ending}");
        as_system(&giving.world, &format!("{ending} = '2026-11-21'"));
        assert_eq!(seen(&giving.unit), 404, "{ending}");
        // The unit still reads its own twinning.
        giving.unit.get(&format!("/twinnings/{}", giving.twinning)).expect(200);
    }
}

#[test]
fn only_officials_of_the_place_write_twinnings() {
    let world = World::new();
    let pair = Pair::of(&world);
    let path = format!("/twinnings/{}", world.twinning(pair.programme, pair.organisation, pair.village));
    for refused in [world.unit(pair.organisation), world.head(pair.village), world.admin()] {
        refused.post("/twinnings", pair.request()).expect_problem(403, "forbidden");
        refused.patch(&path, json!({"lead": false})).expect_problem(403, "forbidden");
        refused.delete(&path).expect_problem(403, "forbidden");
    }
    let neighbour = world.commune(world.kongchro);
    neighbour.post("/twinnings", pair.request()).expect_invalid(&[("#/locality_id", "not_found")]);
    let blind = neighbour.with("If-Match", "\"1\"");
    blind.send("PATCH", &path, Some(json!({"lead": false}).to_string())).expect_problem(404, "not_found");
    blind.send("DELETE", &path, None).expect_problem(404, "not_found");

    // An official of the place of the organisation reads, but does not write.
    let company = world.organisation(world.kongchro, "Công ty");
    let path = format!("/twinnings/{}", world.twinning(world.programme(world.ianan), company, pair.village));
    neighbour.get(&path).expect(200);
    neighbour.patch(&path, json!({"lead": false})).expect_problem(404, "not_found");
    neighbour.delete(&path).expect_problem(404, "not_found");
}

#[test]
fn the_references_of_a_twinning_must_fit_together() {
    let world = World::new();
    let pair = Pair::of(&world);
    let official = world.commune(world.ianan);
    let refuse = |changes: Value, wrong: (&str, &str)| {
        official.post("/twinnings", pair.with(changes)).expect_invalid(&[wrong]);
    };
    refuse(json!({"programme_id": Uuid::now_v7()}), ("#/programme_id", "not_found"));
    refuse(json!({"organisation_id": Uuid::now_v7()}), ("#/organisation_id", "not_found"));
    let elsewhere = world.village(world.kongchro, "Tnang");
    for unseen in [elsewhere, world.kongchro, world.gialai, Uuid::now_v7()] {
        refuse(json!({"locality_id": unseen}), ("#/locality_id", "not_found"));
    }
    refuse(json!({"starts_on": "2018-12-31"}), ("#/starts_on", "outside_programme"));
    refuse(json!({"ends_on": "2025-06-30"}), ("#/ends_on", "period_reversed"));
    refuse(json!({"starts_on": "-9999-01-01"}), ("#/starts_on", "invalid_value"));
    refuse(json!({"suspended": true}), ("#/suspended", "unknown_field"));
    refuse(json!({"lead": null}), ("#/lead", "required"));
    refuse(json!({"decision_number": ""}), ("#/decision_number", "length"));
    let own = world.place_organisation(pair.village, "Làng Tung");
    refuse(json!({"organisation_id": own}), ("#/organisation_id", "its_own_place"));
    official.get("/twinnings?colour=red").expect_invalid(&[("?colour", "unknown_field")]);
    official.get("/twinnings?active_on=%2B99999-01-01").expect_invalid(&[("?active_on", "invalid_value")]);

    let province = world.province(world.gialai);
    province
        .post("/twinnings", pair.with(json!({"locality_id": world.gialai})))
        .expect_invalid(&[("#/locality_id", "wrong_level")]);
    // A programme of a commune is not valid for another commune; one of the province is valid for its communes.
    let elsewhere = pair.with(json!({"locality_id": elsewhere}));
    province.post("/twinnings", elsewhere).expect_invalid(&[("#/programme_id", "programme_elsewhere")]);
    let wide = world.programme(world.gialai);
    let pair = Pair { programme: wide, ..pair };
    // This commune began on 2025-07-01.
    let commune = |starts_on: &str| pair.with(json!({"locality_id": world.kongchro, "starts_on": starts_on}));
    province.post("/twinnings", commune("2025-06-30")).expect_invalid(&[("#/starts_on", "outside_locality")]);
    province.post("/twinnings", commune("2025-07-01")).expect(201);
    // And its predecessor of the same code ended the day before.
    let before = |starts_on: &str| {
        let id = locality_id(2024, "23824");
        pair.with(json!({"locality_id": id, "starts_on": starts_on}))
    };
    province.post("/twinnings", before("2025-07-01")).expect_invalid(&[("#/starts_on", "outside_locality")]);
    province.post("/twinnings", before("2025-06-30")).expect(201);
}

#[test]
fn a_twinning_must_start_while_its_programme_is_in_force() {
    let world = World::new();
    let pair = Pair::of(&world);
    let official = world.commune(world.ianan);
    official.patch(&format!("/programmes/{}", pair.programme), json!({"ends_on": "2025-12-31"})).expect(200);
    official
        .post("/twinnings", pair.with(json!({"starts_on": "2026-01-01"})))
        .expect_invalid(&[("#/starts_on", "outside_programme")]);
    official.post("/twinnings", pair.with(json!({"starts_on": "2025-12-31"}))).expect(201);
}

#[test]
fn twinnings_of_one_pair_and_programme_do_not_overlap() {
    let world = World::new();
    let pair = Pair::of(&world);
    let official = world.commune(world.ianan);
    let first = official.post("/twinnings", pair.request()).expect(201);
    official.post("/twinnings", pair.request()).expect_problem(409, "twinning_exists");
    let later = |starts_on: &str| pair.with(json!({"starts_on": starts_on}));
    official.post("/twinnings", later("2026-01-01")).expect_problem(409, "twinning_exists");
    let path = format!("/twinnings/{}", first["id"].as_str().unwrap());
    official.patch(&path, json!({"ends_on": "2025-12-31"})).expect(200);
    official.post("/twinnings", later("2025-12-31")).expect_problem(409, "twinning_exists");
    let second = official.post("/twinnings", later("2026-01-01")).expect(201);
    let path = format!("/twinnings/{}", second["id"].as_str().unwrap());
    official.patch(&path, json!({"starts_on": "2025-07-01"})).expect_problem(409, "twinning_exists");
    official.patch(&path, json!({"lead": false, "ends_on": "2026-12-31"})).expect(200);
    let other = json!({"programme_id": world.programme(world.ianan), "starts_on": "2026-02-01"});
    official.post("/twinnings", pair.with(other)).expect(201);
}

#[test]
fn of_parallel_overlapping_twinnings_one_is_created() {
    let world = World::new();
    let pair = Pair::of(&world);
    let official = world.commune(world.ianan);
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> = (1..=6)
            .map(|day| pair.with(json!({"starts_on": format!("2026-01-0{day}")})))
            .map(|new| scope.spawn(|| official.post("/twinnings", new).status))
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

#[test]
fn a_change_of_a_twinning_requires_if_match_and_is_validated() {
    let world = World::new();
    let pair = Pair::of(&world);
    let official = world.commune(world.ianan);
    let path = format!("/twinnings/{}", world.twinning(pair.programme, pair.organisation, pair.village));
    let end = json!({"ends_on": "2026-12-31", "decision_number": "12/QĐ-UBND", "lead": false}).to_string();
    official.send("PATCH", &path, Some(end.clone())).expect_problem(428, "precondition_required");
    let stale = official.with("If-Match", "\"7\"").send("PATCH", &path, Some(end.clone()));
    assert_eq!(stale.expect_problem(412, "version_conflict")["current"]["version"], 1);
    let changed = official.with("If-Match", "\"1\"").send("PATCH", &path, Some(end)).expect(200);
    assert_eq!((&changed["ends_on"], &changed["version"]), (&json!("2026-12-31"), &json!(2)));
    assert_eq!((&changed["decision_number"], &changed["lead"]), (&json!("12/QĐ-UBND"), &json!(false)));
    assert_eq!(official.patch(&path, json!({})).expect(200)["version"], 2, "an empty PATCH does not raise the version");

    official
        .patch(&path, json!({"id": "x", "version": 9}))
        .expect_invalid(&[("#/id", "unknown_field"), ("#/version", "unknown_field")]);
    official.patch(&path, json!({"ends_on": "2023-12-31"})).expect_invalid(&[("#/ends_on", "period_reversed")]);
    official.patch(&path, json!({"starts_on": "2027-01-01"})).expect_invalid(&[("#/ends_on", "period_reversed")]);
    official.patch(&path, json!({"starts_on": "2018-12-31"})).expect_invalid(&[("#/starts_on", "outside_programme")]);
    official
        .patch(&path, json!({"locality_id": world.ianan, "organisation_id": pair.organisation}))
        .expect_invalid(&[("#/locality_id", "unknown_field"), ("#/organisation_id", "unknown_field")]);
}

#[test]
fn the_status_of_a_twinning_follows_the_day_and_a_suspension() {
    let world = World::new();
    let pair = Pair::of(&world);
    let official = world.commune(world.ianan);
    let twinning =
        world.twinning_between(pair.programme, pair.organisation, pair.village, "2024-01-01", Some("2026-11-22"));
    let path = format!("/twinnings/{twinning}");
    let status = || official.get(&path).expect(200)["status"].clone();
    assert_eq!(status(), "active", "active on the last day");
    let suspension = json!({"starts_on": "2026-11-20", "ends_on": "2026-11-22", "reason": "Chờ sắp xếp lại đơn vị"});
    let suspended = official.patch(&path, json!({"suspensions": [suspension]})).expect(200);
    assert_eq!((&suspended["status"], &suspended["suspensions"]), (&json!("suspended"), &json!([suspension])));
    assert_eq!(count(&official, "active_on=2026-11-22"), json!(0));
    assert_eq!(count(&official, "active_on=2026-11-19"), json!(1));
    official
        .patch(&path, json!({"suspensions": [{"starts_on": "2026-11-20", "ends_on": "2026-11-19"}]}))
        .expect_invalid(&[("#/suspensions/0/ends_on", "period_reversed")]);
    official.patch(&path, json!({"suspensions": []})).expect(200);

    world.server.set_clock("2026-11-22T16:59:59Z");
    let official = world.commune(world.ianan);
    let active = official.get(&path).expect(200);
    assert_eq!(active["status"], "active", "23:59:59 of this day in Vietnam");
    world.server.set_clock("2026-11-22T17:00:00Z");
    let official = world.commune(world.ianan);
    let ended = official.get(&path).expect(200);
    assert_eq!(ended["status"], "ended");
    let one_more = active["version"].as_i64().map(|version| version + 1);
    assert_eq!(ended["version"].as_i64(), one_more, "the status is part of the record");
    world.server.set_clock("2026-11-22T18:00:00Z");
    let official = world.commune(world.ianan);
    assert_eq!(official.get(&path).expect(200)["version"], ended["version"], "once a day");
    assert_eq!((count(&official, "status=ended"), count(&official, "status=active")), (json!(1), json!(0)));
}

#[test]
fn twinnings_are_filtered_and_sorted_newest_first() {
    let world = World::new();
    let pair = Pair::of(&world);
    let official = world.commune(world.ianan);
    let company = world.organisation(world.kongchro, "Công ty");
    let other = world.programme(world.ianan);
    world.twinning_between(pair.programme, pair.organisation, pair.village, "2024-01-01", Some("2025-12-31"));
    world.twinning_between(other, company, pair.village, "2025-01-01", None);
    world.twinning_between(pair.programme, company, world.ianan, "2026-01-01", None);
    let starts = |query: &str| -> Vec<String> {
        let page = official.get(&format!("/twinnings?{query}")).expect(200);
        page["items"].as_array().unwrap().iter().map(|item| item["starts_on"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(starts(""), ["2026-01-01", "2025-01-01", "2024-01-01"]);
    assert_eq!(starts("sort=starts_on"), ["2024-01-01", "2025-01-01", "2026-01-01"]);
    assert_eq!(starts(&format!("locality_id={}", pair.village)), ["2025-01-01", "2024-01-01"]);
    assert_eq!(starts(&format!("organisation_id={company}")), ["2026-01-01", "2025-01-01"]);
    assert_eq!(starts(&format!("programme_id={other}")), ["2025-01-01"]);
    assert_eq!(starts("active_on=2025-12-31"), ["2025-01-01", "2024-01-01"]);
    assert_eq!(starts("status=ended"), ["2024-01-01"]);
    assert_eq!(starts("status=ended&status=active"), ["2026-01-01", "2025-01-01", "2024-01-01"]);
    let first = official.get("/twinnings?limit=2").expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(starts(&format!("limit=2&cursor={cursor}")), ["2024-01-01"]);
    official.get("/twinnings?status=paused").expect_invalid(&[("?status", "invalid_value")]);
}

#[test]
fn a_repeated_creation_of_a_twinning_adds_nothing_and_restores_no_deleted_one() {
    let world = World::new();
    let pair = Pair::of(&world);
    let official = world.commune(world.ianan);
    let new = pair.with(json!({"id": Uuid::now_v7()}));
    let made = official.post("/twinnings", new.clone()).expect(201);
    let again = official.post("/twinnings", new.clone());
    assert_eq!(again.expect(200), made);
    assert_eq!(again.header("idempotent-replayed"), "true");
    let mut other = new.clone();
    other["lead"] = json!(true);
    official.post("/twinnings", other).expect_problem(409, "id_conflict");
    assert_eq!(count(&official, ""), 1);
    official.delete(&format!("/twinnings/{}", made["id"].as_str().unwrap())).expect(204);
    official.post("/twinnings", new).expect_problem(409, "deleted");
}
