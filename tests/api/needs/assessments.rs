//! Poverty assessments: proposed and confirmed, by round, day and standard.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{Giving, as_system};
use crate::harness::{Client, World, household, id_of};

const ASSESSMENTS: &str = "/household-assessments";

/// A village of Ia Nan with its head and its commune.
struct Village {
    world: World,
    id: Uuid,
    head: Client,
    official: Client,
}

impl Village {
    fn new() -> Self {
        let world = World::new();
        let id = world.village(world.ianan, "Klă");
        let (head, official) = (world.head(id), world.commune(world.ianan));
        Self { world, id, head, official }
    }

    /// A household without an assessment.
    fn home(&self, name: &str) -> Uuid {
        let id = Uuid::now_v7();
        let columns = "id, village_id, head_name, ethnic_group";
        as_system(
            &self.world,
            &format!("INSERT INTO households ({columns}) VALUES ('{id}', '{}', '{name}', '10')", self.id),
        );
        id
    }

    /// Signs in again on another day.
    fn on(mut self, day: &str) -> Self {
        self.world.server.set_clock(&format!("{day}T02:00:00Z"));
        (self.head, self.official) = (self.world.head(self.id), self.world.commune(self.world.ianan));
        self
    }

    fn poor(&self, to: &str) -> Value {
        self.official.get(&format!("/aggregates/poverty?to={to}")).expect(200)["totals"]["poor"].clone()
    }
}

fn result(home: Uuid, status: &str) -> Value {
    json!({"household_id": home, "poverty_status": status})
}

fn with(mut body: Value, more: &Value) -> Value {
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

/// Case 18: a head proposes, and the commune confirms.
#[test]
fn a_proposed_assessment_counts_from_its_confirmation_on() {
    let at = Village::new();
    let made = at.head.post("/households", household(at.id, "Siu Pyui")).expect(201);
    assert_eq!((&made["poverty_status"], &made["poverty_year"]), (&Value::Null, &Value::Null));
    let proposed = &made["proposed_assessment"];
    assert_eq!((&proposed["poverty_status"], &proposed["status"]), (&json!("poor"), &json!("proposed")));
    assert_eq!(at.poor("2026-12-31"), json!(0));
    let waiting = at.official.get("/households?assessment_status=proposed&count=true").expect(200);
    assert_eq!(waiting["total"], json!(1));

    let path = format!("{ASSESSMENTS}/{}", id_of(proposed));
    assert_eq!(at.head.get(&path).expect(200)["allowed_actions"], json!(["update", "delete"]));
    assert_eq!(at.official.get(&path).expect(200)["allowed_actions"], json!(["confirm", "return", "update", "delete"]));
    at.head.step(&format!("{path}/confirm")).expect_problem(403, "forbidden");
    at.official.send("POST", &format!("{path}/confirm"), None).expect_problem(428, "precondition_required");
    let confirmed = at.official.step(&format!("{path}/confirm")).expect(200);
    assert_eq!((&confirmed["status"], &confirmed["allowed_actions"]), (&json!("confirmed"), &json!([])));
    assert_eq!(at.poor("2026-12-31"), json!(1));
    let home = at.head.get(&format!("/households/{}", id_of(&made))).expect(200);
    assert_eq!(
        (&home["poverty_status"], &home["poverty_year"], &home["poverty_standard"], &home["proposed_assessment"]),
        (&json!("poor"), &json!(2026), &json!("nd07_2021"), &Value::Null)
    );
    assert!(home["version"].as_i64() > made["version"].as_i64(), "its household is another version");
}

#[test]
fn the_commune_enters_confirmed_assessments() {
    let at = Village::new();
    let made = at.official.post("/households", household(at.id, "Siu Pyui")).expect(201);
    assert_eq!((&made["poverty_status"], &made["proposed_assessment"]), (&json!("poor"), &Value::Null));
    let body = with(result(at.home("Siu B"), "near_poor"), &json!({"decision_number": "12/QĐ-UBND"}));
    let entered = at.official.post(ASSESSMENTS, body).expect(201);
    assert_eq!(
        (&entered["status"], &entered["round"]),
        (&json!("confirmed"), &json!({"year": 2026, "kind": "regular"}))
    );
    let path = format!("{ASSESSMENTS}/{}", id_of(&entered));
    at.official.patch(&path, json!({"poverty_status": "poor"})).expect_problem(409, "invalid_transition");
    at.official.delete(&path).expect_problem(409, "invalid_transition");
    at.world
        .province(at.world.gialai)
        .post(ASSESSMENTS, result(at.home("Siu C"), "poor"))
        .expect_problem(403, "forbidden");
}

#[test]
fn a_returned_assessment_is_changed_and_proposed_again() {
    let at = Village::new();
    let proposed = at.head.post(ASSESSMENTS, result(at.home("Siu A"), "poor")).expect(201);
    let path = format!("{ASSESSMENTS}/{}", id_of(&proposed));
    at.official.post(&format!("{path}/return"), json!({})).expect_invalid(&[("#/reason", "required")]);
    let returned = at.official.post(&format!("{path}/return"), json!({"reason": "Chưa họp dân"})).expect(200);
    assert_eq!((&returned["status"], &returned["return_reason"]), (&json!("returned"), &json!("Chưa họp dân")));
    at.official.step(&format!("{path}/confirm")).expect_problem(409, "invalid_transition");
    at.head.patch(&path, json!({"poverty_status": "near_poor", "score_b1": 130})).expect(200);
    assert_eq!(at.head.step(&format!("{path}/propose")).expect(200)["status"], "proposed");
    let confirmed = at.official.step(&format!("{path}/confirm")).expect(200);
    assert_eq!((&confirmed["poverty_status"], &confirmed["score_b1"]), (&json!("near_poor"), &json!(130)));
}

/// Case 19: several in a year, and years apart.
#[test]
fn the_latest_confirmed_assessment_until_a_day_counts_on_it() {
    let at = Village::new();
    let home = at.home("Siu A");
    let annual = json!({"assessed_on": "2025-11-20", "round": {"year": 2025, "kind": "annual"}});
    at.official.post(ASSESSMENTS, with(result(home, "poor"), &annual)).expect(201);
    at.official
        .post(ASSESSMENTS, with(result(home, "newly_escaped"), &json!({"assessed_on": "2026-06-01"})))
        .expect(201);
    assert_eq!((at.poor("2026-05-31"), at.poor("2026-06-01")), (json!(1), json!(0)));
    let years = at.official.get("/aggregates/poverty?group_by=year&from=2025-01-01&to=2026-12-31").expect(200);
    let of = |row: usize| {
        let row = &years["rows"][row];
        (row["key"]["year"].clone(), row["values"]["poor"].clone(), row["values"]["newly_escaped"].clone())
    };
    assert_eq!(of(0), (json!("2025"), json!(1), json!(0)));
    assert_eq!(of(1), (json!("2026"), json!(0), json!(1)));
    let standards = at.official.get("/aggregates/poverty?group_by=standard").expect(200);
    assert_eq!(standards["rows"][0]["key"]["standard"], "nd07_2021");
}

/// Case 20: a review of December typed in January, and a day without a standard.
#[test]
fn a_round_is_of_the_year_of_its_day_and_a_day_needs_a_standard() {
    let at = Village::new().on("2027-01-05");
    let home = at.home("Siu A");
    let december = json!({"assessed_on": "2026-12-10", "round": {"year": 2026, "kind": "annual"}});
    let typed = at.official.post(ASSESSMENTS, with(result(home, "poor"), &december)).expect(201);
    assert_eq!((&typed["round"]["year"], &typed["standard"]), (&json!(2026), &json!("nd07_2021")));
    at.official.post(ASSESSMENTS, result(home, "poor")).expect_invalid(&[("#/assessed_on", "no_standard")]);
    let mut foreign = december.clone();
    foreign["round"]["year"] = json!(2027);
    at.official
        .post(ASSESSMENTS, with(result(at.home("Siu B"), "poor"), &foreign))
        .expect_invalid(&[("#/round/year", "outside_round")]);
    as_system(
        &at.world,
        "INSERT INTO poverty_standards (code, name_vi, name_en, starts_on, ends_on, indicators, lines)
         VALUES ('nd351_2025', 'Chuẩn 2027-2030', 'Standard 2027', '2027-01-01', '2030-12-31', '[]', '{}')",
    );
    let later = at.official.post(ASSESSMENTS, result(home, "poor")).expect(201);
    assert_eq!((&later["round"]["year"], &later["standard"]), (&json!(2027), &json!("nd351_2025")));
}

/// Case 21.
#[test]
fn indicators_and_standard_are_those_of_the_day() {
    let at = Village::new();
    let home = at.home("Siu A");
    let before = json!({"assessed_on": "2021-12-20", "deprivations": ["I07", "I03"]});
    at.official
        .post(ASSESSMENTS, with(result(home, "poor"), &before))
        .expect_invalid(&[("#/deprivations/0", "not_of_standard"), ("#/deprivations/1", "not_of_standard")]);
    let old = json!({"assessed_on": "2024-05-01", "standard": "before_2022"});
    at.official
        .post(ASSESSMENTS, with(result(home, "poor"), &old))
        .expect_invalid(&[("#/standard", "not_valid_on_day")]);
    at.official.get(&format!("{ASSESSMENTS}?standard=ND07")).expect_invalid(&[("?standard", "invalid_value")]);
    let spelled = json!({"standard": "ND07", "deprivations": ["i1"]});
    let answer = at.official.post(ASSESSMENTS, with(result(home, "poor"), &spelled));
    assert_eq!(answer.expect(422)["errors"][0]["code"], "invalid_value");
    let unknown = json!({"standard": "nd99"});
    at.official.post(ASSESSMENTS, with(result(home, "poor"), &unknown)).expect_invalid(&[("#/standard", "not_found")]);
    let past =
        at.official.post(ASSESSMENTS, with(result(home, "poor"), &json!({"assessed_on": "2021-12-20"}))).expect(201);
    assert_eq!(past["standard"], "before_2022");
    for day in ["1989-12-31", "2026-11-23"] {
        let code = if day < "2000" { "invalid_value" } else { "in_the_future" };
        at.official
            .post(ASSESSMENTS, with(result(home, "poor"), &json!({"assessed_on": day})))
            .expect_invalid(&[("#/assessed_on", code)]);
    }
}

/// Case 22.
#[test]
fn points_that_contradict_the_status_are_a_warning() {
    let at = Village::new();
    let warned = |day: &str, status: &str, more: Value| {
        let home = at.home("Siu A");
        let body = with(with(result(home, status), &json!({"assessed_on": day})), &more);
        at.official.post(ASSESSMENTS, body).expect(201)["warnings"].clone()
    };
    let doubt = json!([{"code": "points_disagree"}]);
    let four = json!({"score_b1": 132, "deprivations": ["I01", "I02", "I03", "I04"]});
    let two = json!({"score_b1": 132, "deprivations": ["I01", "I02"]});
    assert_eq!(warned("2026-05-01", "near_poor", four.clone()), doubt);
    assert_eq!(warned("2026-05-01", "near_poor", two.clone()), json!([]));
    assert_eq!(warned("2026-05-01", "poor", four), json!([]));
    assert_eq!(warned("2026-05-01", "poor", two), doubt);
    assert_eq!(warned("2026-05-01", "poor", json!({"score_b1": 140})), doubt, "not below the line of rural areas");
    assert_eq!(warned("2026-05-01", "average", json!({"score_b1": 140})), json!([]));
    assert_eq!(warned("2026-05-01", "poor", json!({})), json!([]), "without points there is nothing to compare");
}

#[test]
fn a_round_has_one_assessment_and_a_confirmed_one_is_corrected_by_another() {
    let at = Village::new();
    let home = at.home("Siu A");
    let annual = json!({"assessed_on": "2026-11-10", "round": {"year": 2026, "kind": "annual"}});
    let first = at.official.post(ASSESSMENTS, with(result(home, "poor"), &annual)).expect(201);
    let again = json!({"assessed_on": "2026-11-20", "round": {"year": 2026, "kind": "annual"}});
    at.head.post(ASSESSMENTS, with(result(home, "poor"), &again)).expect_problem(409, "assessment_exists");
    at.head.post(ASSESSMENTS, with(result(home, "poor"), &json!({"assessed_on": "2026-11-10"}))).expect(201);
    at.head
        .post(ASSESSMENTS, with(result(home, "near_poor"), &json!({"assessed_on": "2026-11-10"})))
        .expect_problem(409, "assessment_exists");

    let corrects = with(with(result(home, "near_poor"), &annual), &json!({"corrects_id": id_of(&first)}));
    at.head.post(ASSESSMENTS, corrects.clone()).expect_problem(403, "forbidden");
    let other = with(result(at.home("Siu B"), "poor"), &json!({"corrects_id": id_of(&first)}));
    at.official.post(ASSESSMENTS, other).expect_invalid(&[("#/corrects_id", "not_found")]);
    let second = at.official.post(ASSESSMENTS, corrects.clone()).expect(201);
    let before = at.official.get(&format!("{ASSESSMENTS}/{}", id_of(&first))).expect(200);
    assert_eq!((&before["poverty_status"], &before["corrected_by_id"]), (&json!("poor"), &second["id"]));
    assert_eq!(at.poor("2026-12-31"), json!(0), "the corrected one counts nowhere");
    assert_eq!(at.head.get(&format!("/households/{home}")).expect(200)["poverty_status"], "near_poor");
    at.official.post(ASSESSMENTS, corrects).expect_invalid(&[("#/corrects_id", "not_confirmed")]);
}

#[test]
fn a_household_is_assessed_on_days_on_which_it_was_active() {
    let at = Village::new();
    let home = at.home("Siu A");
    let gone = json!({"status": "dissolved", "status_since": "2026-05-01"});
    at.head.patch(&format!("/households/{home}"), gone).expect(200);
    let on = |day: &str| at.official.post(ASSESSMENTS, with(result(home, "poor"), &json!({"assessed_on": day})));
    on("2026-05-01").expect_invalid(&[("#/assessed_on", "household_not_active")]);
    on("2026-04-30").expect(201);
}

#[test]
fn a_unit_reads_confirmed_assessments_of_listed_households() {
    let stage = Giving::new();
    let proposed = stage.head.post(ASSESSMENTS, result(stage.home, "poor")).expect(201);
    stage.official.post(ASSESSMENTS, result(stage.unlisted, "poor")).expect(201);
    let path = format!("{ASSESSMENTS}/{}", id_of(&proposed));
    let total = || stage.unit.get(&format!("{ASSESSMENTS}?count=true")).expect(200)["total"].clone();
    stage.unit.get(&path).expect_problem(404, "not_found");
    assert_eq!(total(), json!(0));
    stage.official.step(&format!("{path}/confirm")).expect(200);
    assert_eq!(stage.unit.get(&path).expect(200)["allowed_actions"], json!([]));
    assert_eq!(total(), json!(1));
    let all = format!("{ASSESSMENTS}?count=true&village_id={}&year=2026&status=confirmed", stage.village);
    assert_eq!(stage.head.get(&all).expect(200)["total"], json!(2));
    assert_eq!(stage.head.get(&format!("{all}&poverty_status=near_poor")).expect(200)["total"], json!(0));
    let elsewhere = stage.world.commune(stage.world.kongchro);
    elsewhere.get(&path).expect_problem(404, "not_found");
    elsewhere.post(ASSESSMENTS, result(stage.home, "poor")).expect_invalid(&[("#/household_id", "not_found")]);
}

#[test]
fn forty_assessments_are_confirmed_in_one_request() {
    let at = Village::new();
    let made: Vec<Value> =
        (0..40).map(|n| at.head.post(ASSESSMENTS, result(at.home(&format!("Siu {n}")), "poor")).expect(201)).collect();
    let stale = at
        .head
        .patch(&format!("{ASSESSMENTS}/{}", id_of(&made[3])), json!({"poverty_status": "near_poor"}))
        .expect(200);
    assert_eq!(stale["version"], json!(2));
    let items: Vec<Value> = made.iter().map(|one| json!({"id": one["id"], "version": one["version"]})).collect();
    let body = json!({"items": items, "decision_number": "15/QĐ-UBND", "decision_date": "2026-11-21"});
    at.head.post(&format!("{ASSESSMENTS}/confirm"), body.clone()).expect_problem(403, "forbidden");
    let answer = at.official.post(&format!("{ASSESSMENTS}/confirm"), body.clone()).expect(200);
    let outcomes = |answer: &Value, wanted: &str| {
        answer["results"].as_array().unwrap().iter().filter(|one| one["outcome"] == wanted).count()
    };
    assert_eq!((outcomes(&answer, "confirmed"), outcomes(&answer, "rejected")), (39, 1));
    assert_eq!(answer["results"][3]["problem"]["code"], "version_conflict");
    let one = at.official.get(&format!("{ASSESSMENTS}/{}", id_of(&made[0]))).expect(200);
    assert_eq!((&one["decision_number"], &one["decision_date"]), (&json!("15/QĐ-UBND"), &json!("2026-11-21")));
    let again = at.official.post(&format!("{ASSESSMENTS}/confirm"), body).expect(200);
    assert_eq!(outcomes(&again, "replayed"), 39);
    assert_eq!(at.poor("2026-12-31"), json!(39));
}

/// Case 24: a household that moves leaves past years as they were.
#[test]
fn a_household_counts_where_it_lived_on_the_day() {
    let at = Village::new();
    let (world, tung) = (&at.world, at.id);
    let nú = world.village(world.ianan, "Nú");
    let poor = json!({"assessed_on": "2024-11-01", "round": {"year": 2024, "kind": "annual"}});
    let homes = [at.home("Siu A"), at.home("Siu B")];
    for home in homes {
        at.official.post(ASSESSMENTS, with(result(home, "poor"), &poor)).expect(201);
    }
    let by_village = |caller: &Client, to: &str| {
        let answer = caller.get(&format!("/aggregates/poverty?group_by=village&from={}-01-01&to={to}", &to[..4]));
        let answer = answer.expect(200);
        let of = |village: Uuid| {
            let rows = answer["rows"].as_array().unwrap().iter();
            let mut found = rows.filter(|row| row["key"]["village"]["id"] == json!(village));
            found.next().map_or(0, |row| row["values"]["poor"].as_i64().unwrap())
        };
        (of(tung), of(nú))
    };
    assert_eq!(by_village(&at.official, "2024-12-31"), (2, 0));
    let path = format!("/households/{}", homes[0]);
    at.official
        .patch(&path, json!({"village_id": nú, "moved_on": "2026-11-23"}))
        .expect_invalid(&[("#/moved_on", "in_the_future")]);
    at.official.patch(&path, json!({"moved_on": "2026-05-01"})).expect_invalid(&[("#/moved_on", "not_moved")]);
    let moved = at.official.patch(&path, json!({"village_id": nú, "moved_on": "2026-05-01"})).expect(200);
    assert_eq!(moved["moved_on"], "2026-05-01");
    assert_eq!(by_village(&at.official, "2024-12-31"), (2, 0), "the past is as it was");
    assert_eq!(by_village(&at.official, "2026-04-30"), (2, 0));
    assert_eq!(by_village(&at.official, "2026-05-01"), (1, 1));
    assert_eq!(by_village(&at.head, "2024-12-31"), (2, 0), "also for the head of the village that it left");
    assert_eq!(by_village(&world.head(nú), "2024-12-31"), (0, 0));

    at.official
        .patch(&path, json!({"village_id": tung, "moved_on": "2026-04-30"}))
        .expect_invalid(&[("#/moved_on", "before_last_move")]);
    at.official.patch(&path, json!({"moved_on": "2026-06-01"})).expect(200);
    assert_eq!(by_village(&at.official, "2026-05-31"), (2, 0), "the day of the move was corrected");
    at.official.patch(&path, json!({"village_id": tung, "moved_on": "2026-06-01"})).expect(200);
    assert_eq!(by_village(&at.official, "2026-06-01"), (2, 0), "another village on that day corrects the move");
    let history = at.official.get(&format!("{path}/history")).expect(200);
    let moves: Vec<&Value> =
        history["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "moved").collect();
    assert_eq!(moves.len(), 2);
    assert_eq!(moves[1]["happened_on"], json!("2026-05-01"));
}

#[test]
fn a_birth_date_decides_the_birth_year() {
    let at = Village::new();
    let mut body = household(at.id, "Siu A");
    body["head_birth_year"] = json!(1960);
    body["head_birth_date"] = json!("1961-03-08");
    body["members"] = json!([{"name": "Siu B", "birth_date": "2013-05-06", "ethnic_group": "10"}]);
    let made = at.head.post("/households", body.clone()).expect(201);
    assert_eq!((&made["head_birth_year"], &made["members"][0]["birth_year"]), (&json!(1961), &json!(2013)));
    assert_eq!(made["members"][0]["ethnic_group"], "10");
    let path = format!("/households/{}", id_of(&made));
    let changed = at.head.patch(&path, json!({"head_birth_year": 1962})).expect(200);
    assert_eq!((&changed["head_birth_year"], &changed["head_birth_date"]), (&json!(1962), &Value::Null));
    body["head_birth_date"] = json!("2026-11-23");
    body["members"][0]["birth_date"] = json!("2027-01-01");
    at.head
        .post("/households", body)
        .expect_invalid(&[("#/head_birth_date", "in_the_future"), ("#/members/0/birth_date", "in_the_future")]);
}

#[test]
fn a_household_takes_its_poverty_from_assessments_only() {
    let at = Village::new();
    let path = format!("/households/{}", at.home("Siu A"));
    at.head.patch(&path, json!({"poverty_status": "poor"})).expect_invalid(&[("#/poverty_status", "unknown_field")]);
    let mut early = household(at.id, "Siu B");
    early["assessed_on"] = json!("2025-11-01");
    early["round"] = json!({"year": 2025, "kind": "annual"});
    let made = at.official.post("/households", early).expect(201);
    assert_eq!((&made["poverty_year"], &made["poverty_assessed_on"]), (&json!(2025), &json!("2025-11-01")));
    let causes = at.world.server.anonymous().get("/catalogues/poverty_causes").expect(200);
    let code = |word: &str| {
        causes["items"].as_array().unwrap().iter().find(|item| item["code"] == word).unwrap()["official_code"].clone()
    };
    assert_eq!((code("no_knowledge"), code("disaster")), (json!("5"), json!("8")));
    let standards = at.world.server.anonymous().get("/catalogues/poverty_standards").expect(200);
    assert_eq!(standards["items"][1]["details"]["lines"]["rural"]["score_b1"], json!(140));
}

#[test]
fn repeated_values_and_decisions_of_the_future_are_refused() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let official = world.commune(world.ianan);
    let home = id_of(&official.post("/households", household(village, "Siu A")).expect(201));
    let new = |changes: Value| {
        let mut body = json!({"household_id": home, "poverty_status": "poor", "assessed_on": "2026-05-01"});
        for (field, value) in changes.as_object().unwrap() {
            body[field] = value.clone();
        }
        official.post("/household-assessments", body)
    };
    new(json!({"deprivations": ["I01", "I02", "I01"], "score_b1": 132}))
        .expect_invalid(&[("#/deprivations/2", "duplicate")]);
    new(json!({"poverty_causes": ["no_labour", "no_labour"]})).expect_invalid(&[("#/poverty_causes/1", "duplicate")]);
    new(json!({"decision_date": "2026-11-23"})).expect_invalid(&[("#/decision_date", "in_the_future")]);
    let head = world.head(village);
    let proposal = json!({"household_id": home, "poverty_status": "near_poor", "assessed_on": "2026-06-01"});
    let proposal = id_of(&head.post("/household-assessments", proposal).expect(201));
    official
        .post(&format!("/household-assessments/{proposal}/confirm"), json!({"decision_date": "2026-11-23"}))
        .expect_invalid(&[("#/decision_date", "in_the_future")]);
    let sheet = official.get("/household-assessments.csv?sort=assessed_on").text;
    assert!(sheet.contains(",round_year,round_kind,") && sheet.contains(",2026,regular,"), "{sheet}");
}
