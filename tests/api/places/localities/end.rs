//! Villages that end: merged into one village, divided among several, or dissolved.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{as_system, organisation, twinning};
use crate::harness::insight::rows;
use crate::harness::{Client, World, id_of};
use ketnghia::places::loader::locality_id;

/// Two villages of Ia Nan; the first one ends.
struct Stage {
    world: World,
    official: Client,
    ending: Uuid,
    other: Uuid,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let [ending, other] = ["Klă", "Tung"].map(|name| world.village(world.ianan, name));
        Self { official: world.commune(world.ianan), world, ending, other }
    }

    fn path(&self) -> String {
        format!("/localities/{}/end", self.ending)
    }

    /// The end on 2026-06-30 with changes.
    fn body(&self, changes: Value) -> Value {
        let mut body = json!({"ends_on": "2026-06-30", "successor_ids": [self.other], "legal_basis": "12/NQ-HĐND", "twinnings": "end"});
        for (field, value) in changes.as_object().unwrap() {
            body[field] = value.clone();
        }
        body
    }

    fn end(&self, changes: Value) -> Value {
        self.official.post(&self.path(), self.body(changes)).expect(200)
    }

    fn twinned(&self, place: Uuid) -> (Uuid, Uuid) {
        let unit = organisation(&self.world, self.world.ianan, "Văn phòng");
        (unit, twinning(&self.world, unit, place, None))
    }

    fn gift(&self, twinning: Uuid, village: Uuid, given_on: &str) -> Value {
        json!({"twinning_id": twinning, "village_id": village, "category": "food", "description": "Gạo", "value_vnd": 100_000,
            "funding_source": "organisation_own", "given_on": given_on})
    }
}

fn numbers(moved: i64, to_assign: i64, twinnings: i64, accounts: i64) -> Value {
    json!({"households_moved": moved, "households_to_assign": to_assign, "twinnings": twinnings, "accounts": accounts})
}

/// Households by village on a day.
fn households(client: &Client, day: &str) -> Vec<(Value, Value)> {
    let answer = client.get(&format!("/aggregates/poverty?group_by=village&as_of={day}")).expect(200);
    let row = |row: &Value| (row["key"]["village"]["name"].clone(), row["values"]["households"].clone());
    rows(&answer).iter().map(row).collect()
}

/// Case 35: 12 households and 2 twinnings; the village ends on 2026-06-30 into another one.
#[test]
fn a_village_that_merges_gives_its_households_and_its_open_gifts_to_the_other() {
    let stage = Stage::new();
    let world = &stage.world;
    world.households(stage.ending, 12, "poor", 2025);
    let (unit, tie) = stage.twinned(stage.ending);
    let (_, second) = stage.twinned(stage.ending);
    let gift = id_of(&world.unit(unit).post("/gifts", stage.gift(tie, stage.ending, "2026-05-10")).expect(201));
    let head = world.head(stage.other);
    let former = world.user("langkla", "village_head", Some(stage.ending), None);
    head.get(&format!("/gifts/{gift}")).expect_problem(404, "not_found");

    let succeed = json!({"twinnings": "succeed"});
    let planned = stage.end(json!({"twinnings": "succeed", "dry_run": true}));
    assert_eq!(planned, numbers(12, 0, 2, 1));
    assert_eq!(stage.official.get(&format!("/localities/{}", stage.ending)).expect(200)["valid_to"], Value::Null);
    let done = stage.end(succeed.clone());
    assert_eq!(done, planned);
    assert_eq!(stage.end(succeed), done, "the same call again has the same answer");
    stage
        .official
        .post(&stage.path(), stage.body(json!({"ends_on": "2026-06-29"})))
        .expect_problem(409, "invalid_transition");

    let read = stage.official.get(&format!("/localities/{}", stage.ending)).expect(200);
    assert_eq!(read["valid_to"], "2026-06-30");
    let history = stage.official.get(&format!("/localities/{}/history", stage.ending)).expect(200);
    let next = &history["successors"][0];
    assert_eq!(
        (&next["id"], &next["effective_on"], &next["certain"]),
        (&json!(stage.other), &json!("2026-07-01"), &json!(true))
    );
    assert_eq!((&next["extent"], &next["legal_basis"]), (&json!("whole"), &json!("12/NQ-HĐND")));
    assert_eq!(history["end_legal_basis"], "12/NQ-HĐND");
    let before = stage.official.get(&format!("/localities/{}/history", stage.other)).expect(200);
    assert_eq!(before["predecessors"][0]["id"], json!(stage.ending));

    let homes = head.get("/households?count=true").expect(200);
    assert_eq!(homes["total"], 12);
    assert!(homes["items"].as_array().unwrap().iter().all(|home| home["village_id"] == json!(stage.other)));
    assert_eq!(households(&stage.official, "2026-11-22"), [(json!("Tung"), json!(12))]);
    assert_eq!(
        households(&stage.official, "2026-06-30&from=2026-01-01&to=2026-06-30"),
        [(json!("Klă"), json!(12)), (json!("Tung"), json!(0))]
    );
    assert_eq!(households(&stage.official, "2026-07-01&from=2026-01-01&to=2026-07-01"), [(json!("Tung"), json!(12))]);

    for ended in [tie, second] {
        let read = stage.official.get(&format!("/twinnings/{ended}")).expect(200);
        assert_eq!((&read["ends_on"], &read["status"]), (&json!("2026-06-30"), &json!("ended")));
    }
    let succeeded = stage.official.get(&format!("/twinnings?locality_id={}&status=active", stage.other)).expect(200);
    let mut before: Vec<Uuid> = Vec::new();
    for twinning in succeeded["items"].as_array().unwrap() {
        assert_eq!((&twinning["starts_on"], &twinning["last_day"]), (&json!("2026-07-01"), &Value::Null));
        before.push(twinning["predecessor_id"].as_str().unwrap().parse().unwrap());
    }
    before.sort();
    let mut both = vec![tie, second];
    both.sort();
    assert_eq!(before, both);
    assert_eq!(former.get("/me").expect(200)["locality"]["valid_to"], "2026-06-30");
    assert_eq!(former.get("/households").expect(200)["items"], json!([]), "the account waits for another place");

    // The gift keeps its village, and the head of the other one confirms it.
    let listed = head.get("/gifts").expect(200);
    assert_eq!((id_of(&listed["items"][0]), &listed["items"][0]["village_id"]), (gift, &json!(stage.ending)));
    let tag = head.get(&format!("/gifts/{gift}")).etag();
    let confirmed = head.with("If-Match", &tag).send("POST", &format!("/gifts/{gift}/confirm"), None).expect(200);
    assert_eq!(confirmed["status"], "confirmed");
    let of_village = |day: &str| {
        let answer = stage
            .official
            .get(&format!("/aggregates/support?group_by=village&from=2026-01-01&to=2026-12-31&as_of={day}"));
        let answer = answer.expect(200);
        let row = |row: &Value| (row["key"]["village"]["id"].clone(), row["values"]["gifts"].clone());
        (
            rows(&answer).iter().map(row).filter(|(_, gifts)| gifts != 0).collect::<Vec<_>>(),
            answer["totals"]["gifts"].clone(),
        )
    };
    assert_eq!(of_village("2026-06-30"), (vec![(json!(stage.ending), json!(1))], json!(1)));
    assert_eq!(of_village("2026-07-01"), (vec![(json!(stage.other), json!(1))], json!(1)));
    assert_eq!(of_village("2026-11-22"), (vec![(json!(stage.other), json!(1))], json!(1)));
}

#[test]
fn a_record_of_a_later_day_keeps_a_village_from_ending() {
    let stage = Stage::new();
    let (unit, tie) = stage.twinned(stage.ending);
    let (above, commune_tie) = stage.twinned(stage.world.ianan);
    for (unit, tie) in [(unit, tie), (above, commune_tie)] {
        stage.world.unit(unit).post("/gifts", stage.gift(tie, stage.ending, "2026-07-01")).expect(201);
    }
    let refused = stage.official.post(&stage.path(), stage.body(json!({}))).expect_problem(409, "in_use");
    assert_eq!(refused["counts"], json!({"gifts": 2}), "also of a twinning with the commune");
    assert_eq!(stage.official.get(&format!("/localities/{}", stage.ending)).expect(200)["version"], 1);
    assert_eq!(stage.end(json!({"ends_on": "2026-07-01"})), numbers(0, 0, 1, 0));
    let late = stage.world.unit(above);
    late.post("/gifts", stage.gift(commune_tie, stage.ending, "2026-07-02")).expect_problem(422, "invalid");
    late.post("/gifts", stage.gift(commune_tie, stage.ending, "2026-06-30")).expect(201);
}

#[test]
fn a_twinning_that_starts_later_keeps_a_village_from_ending() {
    let stage = Stage::new();
    let (_, tie) = stage.twinned(stage.ending);
    as_system(&stage.world, &format!("UPDATE twinnings SET starts_on = '2026-07-01' WHERE id = '{tie}'"));
    let refused = stage.official.post(&stage.path(), stage.body(json!({}))).expect_problem(409, "in_use");
    assert_eq!(refused["counts"], json!({"twinnings": 1}));
    assert_eq!(stage.end(json!({"ends_on": "2026-07-01"})), numbers(0, 0, 1, 0));
}

/// The second version of the village follows its commune to the successor of 2025-07-01.
#[test]
fn a_village_that_ended_before_its_commune_ends_with_its_first_version() {
    let world = World::new();
    let dakkoi = locality_id(2025, "23485");
    let (official, village) = (world.commune(dakkoi), world.village(dakkoi, "Kon Dơ Xing"));
    let path = format!("/localities/{village}");
    let versions = |client: &Client| {
        let history = client.get(&format!("{path}/history")).expect(200);
        let row = |version: &Value| (version["valid_from"].clone(), version["valid_to"].clone());
        (
            history["versions"].as_array().unwrap().iter().map(row).collect::<Vec<_>>(),
            history["versions"][0]["id"].clone(),
        )
    };
    let (before, first) = versions(&official);
    assert_eq!(before, [(Value::Null, json!("2025-06-30")), (json!("2025-07-01"), Value::Null)]);
    let former = json!({"parent_id": locality_id(2024, "23482")}).to_string();
    let first = format!("{path}/versions/{}", first.as_str().unwrap());
    official.with("If-Match", "*").send("PATCH", &first, Some(former)).expect(200);
    official.post(&format!("{path}/end"), json!({"ends_on": "2025-05-31", "twinnings": "end"})).expect(200);
    let ended = [(Value::Null, json!("2025-05-31"))];
    assert_eq!(versions(&official).0, ended);
    // The tree of the next day is the same.
    world.server.set_clock("2026-11-23T02:00:00Z");
    assert_eq!(versions(&world.commune(dakkoi)).0, ended);
}

#[test]
fn a_version_of_a_later_day_keeps_a_village_from_ending() {
    let stage = Stage::new();
    let new = json!({"valid_from": "2026-08-01", "name": "Klăh"});
    stage.official.post(&format!("/localities/{}/versions", stage.ending), new).expect(201);
    let refused = stage.official.post(&stage.path(), stage.body(json!({}))).expect_problem(409, "in_use");
    assert_eq!(refused["counts"], json!({"locality_versions": 1}));
}

#[test]
fn the_households_of_a_divided_village_stay_until_each_is_moved() {
    let stage = Stage::new();
    let world = &stage.world;
    let third = world.village(world.ianan, "Nú");
    world.households(stage.ending, 2, "poor", 2025);
    world.households(stage.other, 1, "poor", 2025);
    let (_, tie) = stage.twinned(stage.ending);
    assert_eq!(stage.end(json!({"successor_ids": [stage.other, third]})), numbers(0, 2, 1, 0));
    let history = stage.official.get(&format!("/localities/{}/history", stage.ending)).expect(200);
    let next: Vec<_> =
        history["successors"].as_array().unwrap().iter().map(|next| (&next["extent"], &next["certain"])).collect();
    assert_eq!(next, [(&json!("part"), &json!(false)); 2]);
    let waiting = stage.official.get("/households?village_ended=true").expect(200);
    let homes = waiting["items"].as_array().unwrap();
    assert_eq!(homes.len(), 2);
    assert_eq!(stage.official.get("/households?village_ended=false").expect(200)["items"].as_array().unwrap().len(), 1);
    let counted = households(&stage.official, "2026-11-22");
    assert_eq!(
        counted,
        [(json!("Klă"), json!(2)), (json!("Tung"), json!(1))],
        "counted in the former village until then"
    );
    stage.official.patch(&format!("/households/{}", id_of(&homes[0])), json!({"village_id": third})).expect(200);
    assert_eq!(stage.official.get("/households?village_ended=true").expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(stage.official.get(&format!("/twinnings/{tie}")).expect(200)["status"], "ended");
    // Villages of another commune: only a range that holds all of them.
    let [last, far] =
        [(world.ianan, "Ring"), (world.kongchro, "Hle Hlang")].map(|(commune, name)| world.village(commune, name));
    let (path, body) = (format!("/localities/{last}/end"), stage.body(json!({"successor_ids": [stage.other, far]})));
    stage.official.post(&path, body.clone()).expect_invalid(&[("#/successor_ids/1", "not_found")]);
    let (_, tie) = stage.twinned(last);
    let kongchro = world.commune(world.kongchro);
    kongchro.get(&format!("/twinnings/{tie}")).expect_problem(404, "not_found");
    world.province(world.gialai).post(&path, body).expect(200);
    // Each commune that holds a successor reads the twinnings of the village.
    kongchro.get(&format!("/twinnings/{tie}")).expect(200);
    stage.official.get(&format!("/twinnings/{tie}")).expect(200);
}

#[test]
fn a_household_that_came_later_keeps_a_village_from_ending() {
    let stage = Stage::new();
    let home = stage.world.household(&stage.official, stage.other, "Rơ Châm");
    let moves = json!({"village_id": stage.ending, "moved_on": "2026-07-01"});
    stage.official.patch(&format!("/households/{home}"), moves).expect(200);
    let third = stage.world.village(stage.world.ianan, "Nú");
    let into = json!({"successor_ids": [third]});
    let refused = stage.official.post(&stage.path(), stage.body(into)).expect_problem(409, "in_use");
    assert_eq!(refused["counts"], json!({"households": 1}));
    stage.end(json!({"ends_on": "2026-07-01", "successor_ids": [third]}));
    let moved = stage.official.get(&format!("/households/{home}")).expect(200);
    assert_eq!((&moved["village_id"], &moved["moved_on"]), (&json!(third), &json!("2026-07-02")));
}

#[test]
fn a_dissolved_village_has_no_active_household_left() {
    let stage = Stage::new();
    stage.world.households(stage.ending, 3, "poor", 2025);
    let alone = json!({"successor_ids": []});
    let refused = stage.official.post(&stage.path(), stage.body(alone.clone())).expect_problem(409, "in_use");
    assert_eq!(refused["counts"], json!({"households": 3}));
    as_system(
        &stage.world,
        &format!(
            "UPDATE households SET status = 'moved_away', status_since = '2026-06-01' WHERE village_id = '{}'",
            stage.ending
        ),
    );
    assert_eq!(stage.end(alone), numbers(0, 0, 0, 0));
    assert_eq!(stage.official.get("/localities?level=village").expect(200)["items"].as_array().unwrap().len(), 1);
    let history = stage.official.get(&format!("/localities/{}/history", stage.ending)).expect(200);
    assert_eq!((&history["successors"], &history["end_legal_basis"]), (&json!([]), &json!("12/NQ-HĐND")));
}

#[test]
fn a_village_that_ends_today_is_lived_in_until_tonight() {
    let stage = Stage::new();
    let world = &stage.world;
    world.households(stage.ending, 2, "poor", 2025);
    let head = world.user("langkla", "village_head", Some(stage.ending), None);
    assert_eq!(stage.end(json!({"ends_on": "2026-11-22"})), numbers(2, 0, 0, 1));
    assert_eq!(head.get("/households").expect(200)["items"].as_array().unwrap().len(), 2);
    world.server.set_clock("2026-11-23T02:00:00Z");
    let homes = world.head(stage.other).get("/households").expect(200);
    assert_eq!(homes["items"].as_array().unwrap().len(), 2);
    assert_eq!(world.sign_in("langkla").get("/households").expect(200)["items"], json!([]));
}

#[test]
fn wrong_days_and_successors_are_named() {
    let stage = Stage::new();
    let world = &stage.world;
    let wrong = |changes: Value, errors: &[(&str, &str)]| {
        stage.official.post(&stage.path(), stage.body(changes)).expect_invalid(errors);
    };
    wrong(json!({"ends_on": "2026-11-23"}), &[("#/ends_on", "in_the_future")]);
    wrong(json!({"successor_ids": [stage.ending]}), &[("#/successor_ids/0", "circular")]);
    wrong(json!({"successor_ids": [stage.other, stage.other]}), &[("#/successor_ids/1", "duplicate")]);
    wrong(json!({"successor_ids": [world.ianan]}), &[("#/successor_ids/0", "wrong_level")]);
    wrong(json!({"successor_ids": [Uuid::now_v7()]}), &[("#/successor_ids/0", "not_found")]);
    wrong(json!({"successor_ids": vec![stage.other; 6]}), &[("#/successor_ids", "length")]);
    wrong(json!({"twinnings": "move"}), &[("#/twinnings", "invalid_value")]);
    wrong(json!({"twinnings": "succeed", "successor_ids": []}), &[("#/successor_ids", "required")]);
    wrong(json!({"twinnings": null}), &[("#/twinnings", "required")]);
    let young = json!({"name": "Mới", "kind": "lang", "parent_id": world.ianan, "valid_from": "2026-07-02"});
    let young = id_of(&stage.official.post("/localities", young).expect(201));
    wrong(json!({"successor_ids": [young]}), &[("#/successor_ids/0", "ended")]);
    assert_eq!(
        stage
            .official
            .post(
                &stage.path(),
                stage.body(json!({"ends_on": "2026-07-01", "successor_ids": [young], "dry_run": true}))
            )
            .status,
        200
    );
    let of_young = format!("/localities/{young}/end");
    stage
        .official
        .post(&of_young, stage.body(json!({"ends_on": "2026-07-01"})))
        .expect_invalid(&[("#/ends_on", "period_reversed")]);
    stage.end(json!({}));
    stage
        .official
        .post(&of_young, stage.body(json!({"ends_on": "2026-07-02", "successor_ids": [stage.ending]})))
        .expect_invalid(&[("#/successor_ids/0", "ended")]);
}

#[test]
fn the_commune_and_the_officials_above_end_its_villages() {
    let stage = Stage::new();
    let world = &stage.world;
    let end = |caller: &Client| caller.post(&stage.path(), stage.body(json!({"dry_run": true})));
    for writer in [world.province(world.gialai), world.commune(world.ianan)] {
        end(&writer).expect(200);
    }
    end(&world.head(stage.ending)).expect_problem(403, "forbidden");
    end(&world.admin()).expect_problem(403, "forbidden");
    end(&world.commune(world.kongchro)).expect_problem(404, "not_found");
    end(&world.province(world.quangngai)).expect_problem(404, "not_found");
    let commune = format!("/localities/{}/end", world.ianan);
    world.province(world.gialai).post(&commune, stage.body(json!({}))).expect_problem(403, "forbidden");
    let stale =
        stage.official.with("If-Match", "\"9\"").send("POST", &stage.path(), Some(stage.body(json!({})).to_string()));
    stale.expect_problem(412, "version_conflict");
}

#[test]
fn a_unit_of_the_other_village_does_not_see_the_merged_one() {
    let stage = Stage::new();
    let world = &stage.world;
    let (unit, _) = stage.twinned(stage.other);
    let head = world.head(stage.ending);
    let home = world.household(&head, stage.ending, "Rơ Châm");
    let list = id_of(&world.approved_list(&head, &stage.official, stage.ending, &[home]));
    stage.end(json!({}));
    let unit = world.unit(unit);
    unit.get(&format!("/localities/{}", stage.ending)).expect_problem(404, "not_found");
    unit.get(&format!("/hardship-lists/{list}")).expect_problem(404, "not_found");
    unit.get(&format!("/households/{home}")).expect_problem(404, "not_found");
    world.head(stage.other).get(&format!("/hardship-lists/{list}")).expect(200);
}

#[test]
fn a_post_or_flag_that_begins_after_the_last_day_prevents_the_end() {
    let stage = Stage::new();
    let post =
        json!({"locality_id": stage.ending, "post": "village_head", "person_name": "Siu A", "from_on": "2026-08-01"});
    let post = id_of(&stage.official.post("/locality-posts", post).expect(201));
    let refused = stage.official.post(&stage.path(), stage.body(json!({}))).expect_problem(409, "in_use");
    assert_eq!(refused["counts"]["locality_posts"], 1);
    stage.official.delete(&format!("/locality-posts/{post}")).expect(204);
    stage.official.post(&stage.path(), stage.body(json!({}))).expect(200);
}
