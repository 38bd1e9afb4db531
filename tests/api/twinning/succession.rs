//! Twinnings and organisations that others continue: `succeed`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{self, Giving, as_system};
use crate::harness::insight::rows;
use crate::harness::{Client, World, id_of, unique};

fn gift(twinning: Uuid, village: Uuid, given_on: &str) -> Value {
    json!({"twinning_id": twinning, "village_id": village, "category": "food", "description": "Gạo", "value_vnd": 300_000,
        "funding_source": "organisation_own", "given_on": given_on})
}

fn total(client: &Client, list: &str) -> Value {
    client.get(&format!("{list}{}count=true", if list.contains('?') { "&" } else { "?" })).expect(200)["total"].clone()
}

/// Two offices of Ia Nan, the first with a twinning with làng Tung since 2024.
struct Offices {
    giving: Giving,
    successor: Uuid,
}

impl Offices {
    fn new() -> Self {
        let giving = Giving::new();
        let successor = giving.world.organisation(giving.world.ianan, "Phòng Kinh tế");
        Self { giving, successor }
    }

    fn succeed(&self, changes: Value) -> Value {
        let mut body = json!({"successor_id": self.successor, "on": "2026-04-01", "twinnings": "succeed"});
        for (field, value) in changes.as_object().unwrap() {
            body[field] = value.clone();
        }
        body
    }

    fn path(&self) -> String {
        format!("/organisations/{}/succeed", self.giving.organisation)
    }

    fn twinnings_of(&self, organisation: Uuid) -> Vec<Value> {
        let listed = self.giving.official.get(&format!("/twinnings?organisation_id={organisation}")).expect(200);
        listed["items"].as_array().unwrap().clone()
    }
}

#[test]
fn a_twinning_is_continued_with_another_organisation_from_a_day_on() {
    let Offices { giving, successor } = Offices::new();
    let (official, path) = (&giving.official, format!("/twinnings/{}", giving.twinning));
    official.patch(&path, json!({"decision_number": "12/QĐ-UBND", "ends_on": "2026-12-31"})).expect(200);
    let body = json!({"id": Uuid::now_v7(), "on": "2026-07-01", "organisation_id": successor});
    let made = official.post(&format!("{path}/succeed"), body.clone());
    let new = made.expect(201);
    assert_eq!(made.header("location"), format!("/api/v1/twinnings/{}", new["id"].as_str().unwrap()));
    assert_eq!(new["predecessor_id"], json!(giving.twinning));
    assert_eq!((&new["organisation_id"], &new["starts_on"]), (&json!(successor), &json!("2026-07-01")));
    assert_eq!((&new["lead"], &new["decision_number"]), (&json!(true), &json!("12/QĐ-UBND")));
    assert_eq!(new["ends_on"], "2026-12-31", "the planned end stays");
    let former = official.get(&path).expect(200);
    assert_eq!((&former["ends_on"], &former["status"]), (&json!("2026-06-30"), &json!("ended")));
    assert_eq!(former["organisation_id"], json!(giving.organisation));

    let again = official.post(&format!("{path}/succeed"), body.clone());
    assert_eq!(again.expect(200)["id"], new["id"]);
    assert_eq!(again.header("idempotent-replayed"), "true");
    let mut other = body;
    other["lead"] = json!(false);
    official.post(&format!("{path}/succeed"), other).expect_problem(409, "id_conflict");
    assert_eq!(total(official, "/twinnings"), 2);
}

#[test]
fn a_twinning_is_continued_with_another_programme_after_the_former_one_has_ended() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let office = world.organisation(world.ianan, "Văn phòng");
    let official = world.commune(world.ianan);
    let programme = |title: &str, from: &str, to: Option<&str>| {
        let new =
            json!({"title": title, "kind": "plan", "effective_on": from, "ends_on": to, "locality_id": world.ianan});
        id_of(&official.post("/programmes", new).expect(201))
    };
    let (old, new) =
        (programme("2021–2025", "2021-01-01", Some("2025-12-31")), programme("2026–2030", "2026-03-01", None));
    let twinning = world.twinning_between(old, office, village, "2021-01-01", None);
    let path = format!("/twinnings/{twinning}/succeed");
    official
        .post(&path, json!({"on": "2026-01-01", "programme_id": new}))
        .expect_invalid(&[("#/on", "outside_programme")]);
    let made = official.post(&path, json!({"on": "2026-03-01", "programme_id": new, "lead": false})).expect(201);
    assert_eq!((&made["programme_id"], &made["lead"]), (&json!(new), &json!(false)));
    let former = official.get(&format!("/twinnings/{twinning}")).expect(200);
    assert_eq!((&former["ends_on"], &former["last_day"]), (&json!(null), &json!("2025-12-31")), "it ended before");
}

#[test]
fn a_succession_of_a_twinning_names_another_party_and_a_day_within_all_of_them() {
    let Offices { giving, successor } = Offices::new();
    let (world, official) = (&giving.world, &giving.official);
    let path = format!("/twinnings/{}/succeed", giving.twinning);
    let refused = |body: Value, wrong: (&str, &str)| official.post(&path, body).expect_invalid(&[wrong]);
    refused(json!({"on": "2026-07-01"}), ("#/organisation_id", "required"));
    refused(
        json!({"on": "2026-07-01", "organisation_id": giving.organisation, "lead": false}),
        ("#/organisation_id", "required"),
    );
    refused(json!({"on": "2026-11-23", "organisation_id": successor}), ("#/on", "in_the_future"));
    refused(json!({"on": "2024-01-01", "organisation_id": successor}), ("#/on", "period_reversed"));
    refused(json!({"organisation_id": successor}), ("#/on", "required"));
    refused(json!({"on": "2026-07-01", "organisation_id": Uuid::now_v7()}), ("#/organisation_id", "not_found"));
    let elsewhere = world.village(world.kongchro, "Tnang");
    refused(json!({"on": "2026-07-01", "locality_id": elsewhere}), ("#/locality_id", "not_found"));
    refused(json!({"on": "2026-07-01", "locality_id": world.gialai}), ("#/locality_id", "not_found"));
    let later =
        json!({"name": "Phòng mới", "kind": "department", "locality_id": world.ianan, "valid_from": "2026-08-01"});
    let later = id_of(&official.post("/organisations", later).expect(201));
    refused(json!({"on": "2026-07-01", "organisation_id": later}), ("#/on", "outside_organisation"));
    let itself = world.place_organisation(giving.village, "Làng Tung");
    refused(json!({"on": "2026-07-01", "organisation_id": itself}), ("#/organisation_id", "its_own_place"));
    official
        .post(&path, json!({"on": "2026-07-01", "organisation_id": successor, "x": 1}))
        .expect_invalid(&[("#/x", "unknown_field")]);

    // Another organisation leads already at the new place.
    let neighbour = world.village(world.ianan, "Nú");
    let programme = official.get(&format!("/twinnings/{}", giving.twinning)).expect(200)["programme_id"].clone();
    let programme: Uuid = programme.as_str().unwrap().parse().unwrap();
    world.twinning_between(programme, successor, neighbour, "2025-01-01", None);
    let body = json!({"on": "2026-07-01", "locality_id": neighbour});
    official.post(&path, body).expect_problem(409, "lead_exists");
    let body = json!({"on": "2026-07-01", "locality_id": neighbour, "organisation_id": successor, "lead": false});
    official.post(&path, body).expect_problem(409, "twinning_exists");
    assert_eq!(official.get(&format!("/twinnings/{}", giving.twinning)).expect(200)["ends_on"], json!(null));
    official.post(&path, json!({"on": "2026-07-01", "locality_id": neighbour, "lead": false})).expect(201);
}

#[test]
fn records_on_the_first_day_of_the_successor_refuse_a_succession_with_their_counts() {
    let offices = Offices::new();
    let giving = &offices.giving;
    giving.unit.post("/gifts", gift(giving.twinning, giving.village, "2026-04-01")).expect(201);
    giving.unit.post("/gifts", gift(giving.twinning, giving.village, "2026-03-31")).expect(201);
    let one = json!({"on": "2026-04-01", "organisation_id": offices.successor});
    let refused = [
        giving.official.post(&format!("/twinnings/{}/succeed", giving.twinning), one),
        giving.official.post(&offices.path(), offices.succeed(json!({}))),
        giving.official.post(&offices.path(), offices.succeed(json!({"twinnings": "end"}))),
    ];
    for refused in refused {
        assert_eq!(refused.expect_problem(409, "in_use")["counts"], json!({"gifts": 1}));
    }
    let office = giving.official.get(&format!("/organisations/{}", giving.organisation)).expect(200);
    assert_eq!((&office["valid_to"], &office["successor_id"]), (&json!(null), &json!(null)), "nothing changed");
    assert_eq!(total(&giving.official, "/twinnings"), 1);
}

#[test]
fn officials_above_the_place_alone_continue_a_twinning() {
    let Offices { giving, successor } = Offices::new();
    let path = format!("/twinnings/{}/succeed", giving.twinning);
    let body = || json!({"on": "2026-07-01", "organisation_id": successor});
    for refused in [&giving.unit, &giving.head, &giving.world.admin()] {
        refused.post(&path, body()).expect_problem(403, "forbidden");
    }
    giving.world.commune(giving.world.kongchro).post(&path, body()).expect_problem(404, "not_found");
    let stale = giving.official.with("If-Match", "\"7\"");
    assert_eq!(
        stale.post(&path, body()).expect_problem(412, "version_conflict")["current"]["id"],
        json!(giving.twinning)
    );
    giving.world.province(giving.world.gialai).post(&path, body()).expect(201);
}

/// Case 36: office A is succeeded by C on 2026-04-01; C reads A's 12 gifts, which count for A.
#[test]
fn the_successor_of_an_organisation_reads_its_gifts_and_they_count_for_it() {
    let offices = Offices::new();
    let Offices { giving, successor } = &offices;
    for day in 1..=12 {
        giving.unit.post("/gifts", gift(giving.twinning, giving.village, &format!("2026-03-{day:02}"))).expect(201);
    }
    let own = giving.world.unit(*successor);
    assert_eq!(total(&own, "/gifts"), 0);
    let department = giving.world.organisation(giving.world.ianan, "Tổ một cửa");
    giving
        .official
        .patch(&format!("/organisations/{department}"), json!({"parent_id": giving.organisation}))
        .expect(200);

    let office = giving.official.post(&offices.path(), offices.succeed(json!({}))).expect(200);
    assert_eq!((&office["valid_to"], &office["successor_id"]), (&json!("2026-03-31"), &json!(successor)));
    let shown = giving.official.get(&format!("/organisations/{department}")).expect(200);
    assert_eq!(shown["parent_id"], json!(successor));
    let former = &offices.twinnings_of(giving.organisation)[0];
    assert_eq!(former["ends_on"], "2026-03-31");
    let next = &offices.twinnings_of(*successor)[0];
    assert_eq!((&next["predecessor_id"], &next["starts_on"]), (&former["id"], &json!("2026-04-01")));
    assert_eq!((&next["locality_id"], &next["lead"]), (&json!(giving.village), &json!(true)));

    assert_eq!(total(&own, "/gifts"), 12);
    assert_eq!(total(&own, &format!("/gifts?organisation_id={}", giving.organisation)), 12);
    assert_eq!(total(&own, "/twinnings"), 2);
    let first = id_of(&own.get("/gifts?limit=1").expect(200)["items"][0]);
    // Reading is not writing, and the successor's own place does not confirm.
    assert_eq!(own.get(&format!("/gifts/{first}")).expect(200)["allowed_actions"], json!([]));
    own.patch(&format!("/gifts/{first}"), json!({"note": "của chúng tôi"})).expect_problem(403, "forbidden");
    own.delete(&format!("/gifts/{first}")).expect_problem(403, "forbidden");
    for caller in [&own, &giving.official] {
        let sums = caller.get("/aggregates/support?group_by=organisation&from=2026-01-01&to=2026-11-22").expect(200);
        let by: Vec<_> =
            rows(&sums).iter().map(|row| (&row["key"]["organisation"]["id"], &row["values"]["gifts"])).collect();
        assert_eq!(by, [(&json!(giving.organisation), &json!(12))]);
    }
    let stranger = giving.world.unit(department);
    assert_eq!(total(&stranger, "/gifts"), 0, "an attached organisation reads nothing of it");
}

#[test]
fn the_accounts_of_an_organisation_go_over_to_its_successor_and_record_late() {
    let offices = Offices::new();
    let Offices { giving, successor } = &offices;
    let name = unique("canbo");
    giving.world.user(&name, "twinning_unit", None, Some(giving.organisation));
    giving.official.post(&offices.path(), offices.succeed(json!({"on": "2026-10-01"}))).expect(200);
    giving.unit.get("/me").expect_problem(401, "unauthenticated");
    let moved = giving.world.sign_in(&name);
    assert_eq!(moved.get("/me").expect(200)["organisation"]["id"], json!(successor));
    // What the former organisation did is recorded for it, until the late days are over.
    let record = moved.post("/gifts", gift(giving.twinning, giving.village, "2026-09-30")).expect(201);
    assert_eq!(record["organisation_id"], json!(giving.organisation));
    moved.patch(&format!("/gifts/{}", id_of(&record)), json!({"note": "Gạo nếp"})).expect(200);
    let outside = moved.post("/gifts", gift(giving.twinning, giving.village, "2026-10-01"));
    outside.expect_invalid(&[("#/given_on", "outside_twinning")]);
    let next = id_of(&offices.twinnings_of(*successor)[0]);
    moved.post("/gifts", gift(next, giving.village, "2026-10-01")).expect(201);
}

#[test]
fn accounts_stay_and_twinnings_end_where_the_succession_says_so() {
    let offices = Offices::new();
    let Offices { giving, successor } = &offices;
    let body = offices.succeed(json!({"twinnings": "end", "move_users": false}));
    giving.official.post(&offices.path(), body.clone()).expect(200);
    assert_eq!(giving.unit.get("/me").expect(200)["organisation"]["id"], json!(giving.organisation));
    assert_eq!(offices.twinnings_of(giving.organisation)[0]["ends_on"], "2026-03-31");
    assert!(offices.twinnings_of(*successor).is_empty());

    // The same caller repeats it, another one comes too late, and the end is decided.
    giving.official.post(&offices.path(), body.clone()).expect(200);
    giving.world.commune(giving.world.ianan).post(&offices.path(), body).expect_problem(409, "invalid_transition");
    let reopened = giving.official.patch(&format!("/organisations/{}", giving.organisation), json!({"valid_to": null}));
    reopened.expect_invalid(&[("#/valid_to", "read_only")]);
}

#[test]
fn a_twinning_that_the_successor_has_already_is_only_ended() {
    let offices = Offices::new();
    let Offices { giving, successor } = &offices;
    let former = giving.official.get(&format!("/twinnings/{}", giving.twinning)).expect(200);
    let own = json!({"programme_id": former["programme_id"], "organisation_id": successor, "locality_id": giving.village,
        "lead": false, "starts_on": "2026-01-01"});
    giving.official.post("/twinnings", own).expect(201);
    giving.official.post(&offices.path(), offices.succeed(json!({}))).expect(200);
    assert_eq!(offices.twinnings_of(giving.organisation)[0]["ends_on"], "2026-03-31");
    assert_eq!(offices.twinnings_of(*successor).len(), 1);
}

#[test]
fn an_organisation_goes_over_to_one_of_the_area_of_the_official_on_a_day_within_both() {
    let offices = Offices::new();
    let Offices { giving, successor } = &offices;
    let (world, official) = (&giving.world, &giving.official);
    let refused = |changes: Value, wrong: (&str, &str)| {
        official.post(&offices.path(), offices.succeed(changes)).expect_invalid(&[wrong]);
    };
    let elsewhere = world.organisation(world.kongchro, "Phòng khác");
    refused(json!({"successor_id": elsewhere}), ("#/successor_id", "not_found"));
    refused(json!({"successor_id": Uuid::now_v7()}), ("#/successor_id", "not_found"));
    refused(json!({"successor_id": giving.organisation}), ("#/successor_id", "circular"));
    refused(json!({"on": "2026-11-23"}), ("#/on", "in_the_future"));
    refused(json!({"twinnings": "keep"}), ("#/twinnings", "invalid_value"));
    official.patch(&format!("/organisations/{successor}"), json!({"valid_from": "2026-05-01"})).expect(200);
    refused(json!({}), ("#/on", "outside_organisation"));
    official.patch(&format!("/organisations/{}", giving.organisation), json!({"valid_from": "2020-01-01"})).expect(200);
    refused(json!({"on": "2020-01-01"}), ("#/on", "period_reversed"));

    for caller in [&giving.unit, &giving.head, &world.admin()] {
        caller.post(&offices.path(), offices.succeed(json!({}))).expect_problem(403, "forbidden");
    }
    let neighbour = world.commune(world.kongchro);
    neighbour.post(&offices.path(), offices.succeed(json!({}))).expect_problem(404, "not_found");
    official.post(&offices.path(), offices.succeed(json!({"on": "2026-05-01"}))).expect(200);
    let back = json!({"successor_id": giving.organisation, "on": "2026-06-01", "twinnings": "end"});
    official
        .post(&format!("/organisations/{successor}/succeed"), back)
        .expect_invalid(&[("#/successor_id", "circular")]);
}

/// Case 35: the two twinnings of a village go on at the one that it merges into.
#[test]
fn the_twinnings_of_a_village_go_on_at_its_successors() {
    let giving = Giving::new();
    let (world, official) = (&giving.world, &giving.official);
    let next = world.village(world.ianan, "Nú");
    let both = giving::organisation(world, world.ianan, "Công đoàn");
    giving::twinning(world, both, giving.village, None);
    let known = official.get(&format!("/twinnings/{}", giving.twinning)).expect(200);
    let known: Uuid = known["programme_id"].as_str().unwrap().parse().unwrap();
    let leader = world.organisation(world.ianan, "Đoàn Thanh niên");
    world.twinning_between(known, leader, next, "2025-01-01", None);
    let path = format!("/localities/{}/end", giving.village);
    let end = |successors: Value, dry_run: bool| {
        let body =
            json!({"ends_on": "2026-06-30", "successor_ids": successors, "twinnings": "succeed", "dry_run": dry_run});
        official.with("If-Match", "*").post(&path, body)
    };
    end(json!([]), false).expect_invalid(&[("#/successor_ids", "required")]);
    assert_eq!(end(json!([next]), true).expect(200)["twinnings"], 2);
    assert_eq!(total(official, "/twinnings"), 3, "a rehearsal changes nothing");
    assert_eq!(end(json!([next]), false).expect(200)["twinnings"], 2);
    let former = official.get(&format!("/twinnings/{}", giving.twinning)).expect(200);
    assert_eq!((&former["ends_on"], &former["status"]), (&json!("2026-06-30"), &json!("ended")));
    let listed = official.get(&format!("/twinnings?locality_id={next}&active_on=2026-07-01")).expect(200);
    let shown: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|item| (&item["organisation_name"], &item["lead"])).collect();
    assert!(shown.contains(&(&json!("Văn phòng"), &json!(false))), "another one leads there: {shown:?}");
    assert!(shown.contains(&(&json!("Công đoàn"), &json!(true))));
    assert_eq!(shown.len(), 3);
}

/// A village that was divided between two communes: each of them reads its twinnings, like those of a commune that was split.
#[test]
fn the_communes_that_hold_the_successors_of_a_village_read_its_twinnings() {
    let giving = Giving::new();
    let world = &giving.world;
    let successor = world.village(world.kongchro, "Tung Hai");
    let path = format!("/twinnings/{}", giving.twinning);
    let neighbour = world.commune(world.kongchro);
    neighbour.get(&path).expect_problem(404, "not_found");
    as_system(
        world,
        &format!(
            "UPDATE localities SET valid_to = '2026-06-30' WHERE id = '{0}';
             INSERT INTO locality_successions (id, predecessor_id, successor_id, effective_on, extent, certain)
             VALUES (gen_random_uuid(), '{0}', '{successor}', '2026-07-01', 'part', false)",
            giving.village
        ),
    );
    assert_eq!(neighbour.get(&path).expect(200)["last_day"], "2026-06-30");
    assert_eq!(total(&neighbour, "/twinnings"), 1);
    giving.official.get(&path).expect(200);
    world.head(successor).get(&path).expect_problem(404, "not_found");
}
