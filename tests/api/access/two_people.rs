//! The rule of two persons: a user does not confirm or approve an own record through an account that the user created.

use chrono::TimeDelta;
use ketnghia::config::Callers;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::Giving;
use crate::harness::{Client, TestServer, World, id_of, unlimited};

/// Creates an account as an official and replaces its one-time password.
fn made_by(world: &World, official: &Client, username: &str, more: &[(&str, Value)]) -> (Uuid, Client) {
    let mut new = json!({"username": username, "full_name": "Rơ Mah Tung"});
    for (field, value) in more {
        new[*field] = value.clone();
    }
    let made = official.post("/users", new).expect(201);
    (id_of(&made), replace_password(world, username, made["one_time_password"].as_str().unwrap()))
}

fn replace_password(world: &World, username: &str, one_time: &str) -> Client {
    let anonymous = world.server.anonymous();
    let tokens = anonymous.post("/auth/login", json!({"username": username, "password": one_time})).expect(200);
    let client = anonymous.with_token(tokens["access_token"].as_str().unwrap());
    client.put("/me/password", json!({"current_password": one_time, "new_password": "ba con trâu trắng"})).expect(204);
    client
}

fn head_of(village: Uuid) -> [(&'static str, Value); 2] {
    [("role", json!("village_head")), ("locality_id", json!(village))]
}

/// A gift that an official records for a unit without an account.
fn recorded(at: &Giving, official: &Client) -> String {
    let silent = crate::harness::giving::organisation(&at.world, at.world.ianan, "Hội");
    let twinning = crate::harness::giving::twinning(&at.world, silent, at.village, None);
    let gift = json!({"twinning_id": twinning, "village_id": at.village, "household_id": at.home, "category": "cash",
        "description": "Tiền mặt", "value_vnd": 900_000_000, "funding_source": "donor", "given_on": at.world.today()});
    format!("/gifts/{}", id_of(&official.post("/gifts", gift).expect(201)))
}

#[track_caller]
fn is_refused(caller: &Client, step: &str, body: Option<Value>) {
    let answer = match body {
        Some(body) => caller.post(step, body),
        None => caller.step(step),
    };
    let problem = answer.expect_problem(403, "own_submission");
    assert_eq!(problem["errors"][0]["code"], "same_person", "{problem}");
}

#[test]
fn an_account_created_or_reset_by_the_recorder_of_a_gift_cannot_confirm_it() {
    let at = Giving::new();
    let gift = recorded(&at, &at.official);
    let (puppet_id, puppet) = made_by(&at.world, &at.official, "puppet", &head_of(at.village));
    assert_eq!(puppet.get(&gift).expect(200)["allowed_actions"], json!([]));
    is_refused(&puppet, &format!("{gift}/confirm"), None);
    is_refused(&puppet, &format!("{gift}/dispute"), Some(json!({"reason": "x"})));
    // The official who resets an account knows its password, too.
    at.world.make_user("langtung", "village_head", Some(at.village), None);
    let users = at.official.get("/users?q=langtung").expect(200);
    let reset = format!("/users/{}/reset-password", users["items"][0]["id"].as_str().unwrap());
    let reset = at.official.step(&reset).expect(200);
    let langtung = replace_password(&at.world, "langtung", reset["one_time_password"].as_str().unwrap());
    is_refused(&langtung, &format!("{gift}/confirm"), None);
    // Through two accounts, one created by the other.
    let (_, colleague) = made_by(
        &at.world,
        &at.world.province(at.world.gialai),
        "colleague",
        &[("role", json!("commune")), ("locality_id", json!(at.world.ianan))],
    );
    let (_, theirs) = made_by(&at.world, &colleague, "theirs", &head_of(at.village));
    let other_gift = recorded(&at, &colleague);
    is_refused(&theirs, &format!("{other_gift}/confirm"), None);
    // A head whose account another official created may confirm.
    at.head.step(&format!("{gift}/confirm")).expect(200);
    assert_eq!(puppet.get(&other_gift).expect(200)["allowed_actions"], json!(["confirm", "dispute"]));

    // After TWO_PERSON_DAYS (thirty) the creator no longer counts.
    let third = recorded(&at, &at.official);
    let clock = &at.world.server.db.clock;
    clock.set(clock.now() + TimeDelta::days(31));
    let later =
        at.world.server.anonymous().post("/auth/login", json!({"username": "puppet", "password": "ba con trâu trắng"}));
    let later = at.world.server.anonymous().with_token(later.expect(200)["access_token"].as_str().unwrap());
    later.step(&format!("{third}/confirm")).expect(200);

    // An account that acted can be deactivated but not deleted: the audit names it.
    let above = at.world.province(at.world.gialai);
    above.delete(&format!("/users/{puppet_id}")).expect_problem(409, "in_use");
    above.step(&format!("/users/{puppet_id}/deactivate")).expect(200);
    let told = above.get(&format!("/audit-events?actor_id={puppet_id}")).expect(200);
    let step = told["items"].as_array().unwrap().iter().find(|entry| entry["step"] == "confirm").unwrap();
    assert_eq!((&step["actor_username"], &step["actor_full_name"]), (&json!("puppet"), &json!("Rơ Mah Tung")));
    assert_eq!(step["actor_locality_id"], json!(at.village));
}

#[test]
fn an_official_cannot_settle_a_gift_recorded_by_an_account_they_created() {
    let at = Giving::new();
    let (_, unit) = made_by(
        &at.world,
        &at.official,
        "donvi",
        &[("role", json!("twinning_unit")), ("organisation_id", json!(at.organisation))],
    );
    let gift = json!({"twinning_id": at.twinning, "village_id": at.village, "household_id": at.home, "category": "cash",
        "description": "Tiền mặt", "value_vnd": 1_000_000, "funding_source": "donor", "given_on": at.world.today()});
    let gift = format!("/gifts/{}", id_of(&unit.post("/gifts", gift).expect(201)));
    is_refused(&at.official, &format!("{gift}/confirm"), None);
    at.head.post(&format!("{gift}/dispute"), json!({"reason": "Chưa nhận"})).expect(200);
    let settlement = json!({"resolution": "delivered", "note": "Đã đối chiếu"});
    is_refused(&at.official, &format!("{gift}/settle"), Some(settlement.clone()));
    at.world.commune(at.world.ianan).post(&format!("{gift}/settle"), settlement).expect(200);
}

#[test]
fn approving_a_list_submitted_by_an_account_that_the_approver_created_is_marked_as_doubt() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let official = world.commune(world.ianan);
    let (_, head) = made_by(&world, &official, "langtung", &head_of(village));
    let approve = |head: &Client, name: &str, round: u32| {
        let home = world.household(head, village, name);
        let item = json!({"household_id": home, "reasons": ["temporary_house"], "needs": ["housing"], "priority": 1});
        let list = json!({"village_id": village, "year": 2026, "round": round, "items": [item]});
        let path = format!("/hardship-lists/{}", id_of(&head.post("/hardship-lists", list).expect(201)));
        head.step(&format!("{path}/submit")).expect(200);
        official.step(&format!("{path}/approve")).expect(200);
    };
    approve(&head, "Siu A", 1);
    approve(&world.head(village), "Siu B", 2);
    let above = world.province(world.gialai);
    let doubts = above.get("/audit-events?two_person=doubt&count=true").expect(200);
    let marked: Vec<_> = doubts["items"].as_array().unwrap().iter().map(|entry| &entry["resource"]).collect();
    assert!(marked.contains(&&json!("hardship_lists")), "{doubts}");
    assert!(doubts["items"].as_array().unwrap().iter().all(|entry| entry["two_person"] == "doubt"));
    let lists = above.get("/audit-events?two_person=doubt&resource=hardship_lists").expect(200);
    assert_eq!(lists["items"].as_array().unwrap().len(), 1, "the other list involved two independent users");
    above.get("/audit-events?two_person=certain").expect_invalid(&[("?two_person", "invalid_value")]);
}

#[test]
fn a_list_approved_by_an_author_is_marked_as_doubt_even_if_another_user_submitted_it() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (author, head, second) = (world.commune(world.ianan), world.head(village), world.commune(world.ianan));
    let home = world.household(&head, village, "Siu A");
    let items = |note: &str| json!([{"household_id": home, "reasons": ["temporary_house"], "needs": ["housing"], "priority": 1, "note": note}]);
    let doubts = || {
        let above = world.province(world.gialai);
        let entries = above.get("/audit-events?two_person=doubt&resource=hardship_lists").expect(200);
        entries["items"].as_array().unwrap().len()
    };
    let list = json!({"village_id": village, "year": 2026, "round": 1, "items": items("do xã lập")});
    let path = format!("/hardship-lists/{}", id_of(&author.post("/hardship-lists", list).expect(201)));
    head.step(&format!("{path}/submit")).expect(200);
    author.step(&format!("{path}/approve")).expect(200);
    assert_eq!(doubts(), 1, "the commune wrote the list and approved it");

    // Authors are counted from the last approval on: of the changes of the village after it the official is no author.
    author.post(&format!("{path}/reopen"), json!({"reason": "Bổ sung"})).expect(200);
    head.patch(&path, json!({"items": items("do làng sửa")})).expect(200);
    head.step(&format!("{path}/submit")).expect(200);
    author.step(&format!("{path}/approve")).expect(200);
    assert_eq!(doubts(), 1);

    // The author of a change counts like that of the draft.
    author.post(&format!("{path}/reopen"), json!({"reason": "Bổ sung"})).expect(200);
    second.patch(&path, json!({"items": items("do xã sửa")})).expect(200);
    head.step(&format!("{path}/submit")).expect(200);
    second.step(&format!("{path}/approve")).expect(200);
    assert_eq!(doubts(), 2);
}

#[test]
fn a_user_who_merges_listed_households_counts_as_an_author_of_the_list() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (head, official) = (world.head(village), world.commune(world.ianan));
    let homes = ["Siu A", "Siu B"].map(|name| world.household(&head, village, name));
    let list = world.draft(&head, village, &homes[..1]);
    let path = format!("/hardship-lists/{}", list["id"].as_str().unwrap());
    head.step(&format!("{path}/submit")).expect(200);
    let merge = json!({"into": homes[1]});
    official.post(&format!("/households/{}/merge", homes[0]), merge).expect(200);
    official.step(&format!("{path}/approve")).expect(200);
    let doubts = world.province(world.gialai).get("/audit-events?two_person=doubt&resource=hardship_lists").expect(200);
    assert_eq!(doubts["items"].as_array().unwrap().len(), 1, "{doubts}");
}

#[test]
fn a_list_submitted_and_approved_by_accounts_of_one_creator_is_marked_as_doubt() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let maker = world.province(world.gialai);
    let commune = [("role", json!("commune")), ("locality_id", json!(world.ianan))];
    let (_, author) = made_by(&world, &maker, "xa.mot", &commune);
    let (_, second) = made_by(&world, &maker, "xa.hai", &commune);
    let home = world.household(&author, village, "Siu A");
    let list = world.draft(&author, village, &[home]);
    let path = format!("/hardship-lists/{}", list["id"].as_str().unwrap());
    author.step(&format!("{path}/submit")).expect(200);
    second.step(&format!("{path}/approve")).expect(200);
    let doubts = maker.get("/audit-events?two_person=doubt&resource=hardship_lists").expect(200);
    assert_eq!(doubts["items"].as_array().unwrap().len(), 1, "{doubts}");
}

#[test]
fn two_person_days_sets_how_long_the_creator_of_an_account_counts_as_its_owner() {
    let callers = Callers { two_person_days: 0, ..unlimited() };
    let at = Giving::on(World::on(TestServer::set(&callers)));
    let gift = recorded(&at, &at.official);
    let (_, head) = made_by(&at.world, &at.official, "langtung", &head_of(at.village));
    head.step(&format!("{gift}/confirm")).expect(200);
}

#[test]
fn an_account_without_changes_can_be_deleted_and_one_with_changes_cannot() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let official = world.commune(world.ianan);
    let (idle, head) = made_by(&world, &official, "idle", &head_of(village));
    head.get("/me").expect(200);
    official.delete(&format!("/users/{idle}")).expect(204);
    let (busy, head) = made_by(&world, &official, "busy", &head_of(village));
    let home = world.household(&head, village, "Siu A");
    head.delete(&format!("/households/{home}")).expect(204);
    official.delete(&format!("/users/{busy}")).expect_problem(409, "in_use");
}

#[test]
fn administrators_manage_each_other_but_not_themselves() {
    let world = World::new();
    let (one_id, other_id) =
        (world.make_user("one", "admin", None, None), world.make_user("other", "admin", None, None));
    let (one, other) = (world.sign_in("one"), world.sign_in("other"));
    let seen = one.get("/users?role=admin").expect(200);
    let seen: Vec<_> = seen["items"].as_array().unwrap().iter().map(|user| user["username"].clone()).collect();
    assert_eq!(seen, [json!("other")]);
    one.step(&format!("/users/{one_id}/deactivate")).expect_problem(404, "not_found");
    one.step(&format!("/users/{other_id}/reset-password")).expect(200);
    other.get("/me").expect_problem(401, "unauthenticated");
    one.step(&format!("/users/{other_id}/deactivate")).expect(200);
    // Administrators are created on the command line only.
    one.post("/users", json!({"username": "third", "full_name": "Ba", "role": "admin"}))
        .expect_problem(403, "forbidden");
    world.province(world.gialai).get(&format!("/users/{other_id}")).expect_problem(404, "not_found");
}

#[test]
fn no_author_of_a_gift_can_confirm_it() {
    let at = Giving::new();
    let new = |value: i64| {
        json!({"twinning_id": at.twinning, "village_id": at.village, "household_id": at.home, "category": "cash",
            "description": "Tiền mặt", "value_vnd": value, "funding_source": "donor", "given_on": at.world.today()})
    };
    let gift = format!("/gifts/{}", id_of(&at.unit.post("/gifts", new(1_000)).expect(201)));
    // The official changes the gift of the unit through a second account of the unit.
    let unit = [("role", json!("twinning_unit")), ("organisation_id", json!(at.organisation))];
    let (_, second) = made_by(&at.world, &at.official, "second", &unit);
    second.patch(&gift, json!({"value_vnd": 700_000_000})).expect(200);
    is_refused(&at.official, &format!("{gift}/confirm"), None);
    // A user who corrected the gift stays an author after later corrections.
    let colleague = at.world.commune(at.world.ianan);
    at.head.step(&format!("{gift}/confirm")).expect(200);
    colleague.patch(&gift, json!({"value_vnd": 900_000_000, "reason": "x"})).expect(200);
    let third = at.world.commune(at.world.ianan);
    third.post(&format!("{gift}/dispute"), json!({"reason": "x"})).expect(200);
    third.patch(&gift, json!({"note": "x", "reason": "x"})).expect(200);
    for author in [&colleague, &third] {
        author.step(&format!("{gift}/confirm")).expect_problem(403, "own_submission");
    }
    at.head.step(&format!("{gift}/confirm")).expect(200);
}

#[test]
fn a_gift_recorded_and_confirmed_by_accounts_of_one_creator_is_marked_as_doubt() {
    let at = Giving::new();
    let unit = [("role", json!("twinning_unit")), ("organisation_id", json!(at.organisation))];
    let (_, unit) = made_by(&at.world, &at.official, "donvi", &unit);
    let (_, head) = made_by(&at.world, &at.official, "truong", &head_of(at.village));
    let new = json!({"twinning_id": at.twinning, "village_id": at.village, "household_id": at.home, "category": "cash",
        "description": "Tiền mặt", "value_vnd": 900_000_000, "funding_source": "donor", "given_on": at.world.today()});
    let gift = id_of(&unit.post("/gifts", new.clone()).expect(201));
    head.step(&format!("/gifts/{gift}/confirm")).expect(200);
    let doubts = || at.world.province(at.world.gialai).get("/audit-events?two_person=doubt").expect(200);
    let marked = doubts();
    assert_eq!((&marked["items"][0]["record_id"], &marked["items"][0]["step"]), (&json!(gift), &json!("confirm")));
    let gift = id_of(&unit.post("/gifts", new.clone()).expect(201));
    at.head.step(&format!("/gifts/{gift}/confirm")).expect(200);
    assert_eq!(doubts()["items"].as_array().unwrap().len(), 1, "{marked}");
    // In one request each gift is marked for itself.
    let among = [unit.post("/gifts", new.clone()), at.unit.post("/gifts", new)].map(|made| id_of(&made.expect(201)));
    let items = among.each_ref().map(|id| json!({"id": id, "version": 1}));
    let answer = head.post("/gifts/confirm", json!({"items": items})).expect(200);
    assert!(answer["results"].as_array().unwrap().iter().all(|result| result["outcome"] == "confirmed"), "{answer}");
    let marked = doubts();
    let marked: Vec<_> = marked["items"].as_array().unwrap().iter().map(|entry| &entry["record_id"]).collect();
    assert_eq!(marked.len(), 2, "{marked:?}");
    assert!(marked.contains(&&json!(among[0])), "{marked:?}");
}

#[test]
fn a_password_reset_by_another_official_ends_the_link_to_the_creator() {
    let at = Giving::new();
    let gift = recorded(&at, &at.official);
    let (puppet, _) = made_by(&at.world, &at.official, "puppet", &head_of(at.village));
    let reset = at.world.province(at.world.gialai).step(&format!("/users/{puppet}/reset-password")).expect(200);
    let head = replace_password(&at.world, "puppet", reset["one_time_password"].as_str().unwrap());
    head.step(&format!("{gift}/confirm")).expect(200);
}
