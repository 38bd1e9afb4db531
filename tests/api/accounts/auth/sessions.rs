use std::thread;

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::Text;
use ketnghia::config::Callers;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, PASSWORD, TestServer, World, unlimited};

fn sign_in(world: &World, username: &str) -> Value {
    world.server.anonymous().post("/auth/login", json!({"username": username, "password": PASSWORD})).expect(200)
}

fn refresh(world: &World, token: &Value) -> Answer {
    world.server.anonymous().post("/auth/refresh", json!({"refresh_token": token}))
}

fn client(world: &World, tokens: &Value) -> Client {
    world.server.anonymous().with_token(tokens["access_token"].as_str().unwrap())
}

fn pass(world: &World, time: TimeDelta) {
    let clock = &world.server.db.clock;
    clock.set(clock.now() + time);
}

fn a_user() -> World {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    world
}

#[test]
fn a_refresh_returns_a_new_token_pair() {
    let world = a_user();
    let first = sign_in(&world, "ianan");
    let second = refresh(&world, &first["refresh_token"]).expect(200);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["user"]["username"], "ianan");
    client(&world, &second).get("/me").expect(200);
    refresh(&world, &second["refresh_token"]).expect(200);
}

#[test]
fn a_refresh_repeated_hours_later_returns_the_same_token() {
    let world = a_user();
    let first = sign_in(&world, "ianan");
    let lost = refresh(&world, &first["refresh_token"]).expect(200);
    pass(&world, TimeDelta::hours(3));
    let again = refresh(&world, &first["refresh_token"]).expect(200);
    assert_eq!(again["refresh_token"], lost["refresh_token"]);
    refresh(&world, &again["refresh_token"]).expect(200);
}

#[test]
fn a_refresh_token_repeated_after_its_successor_was_used_ends_the_session() {
    let world = a_user();
    let first = sign_in(&world, "ianan");
    let second = refresh(&world, &first["refresh_token"]).expect(200);
    // A copied token can be repeated until the access token of its successor is used.
    refresh(&world, &first["refresh_token"]).expect(200);
    client(&world, &second).get("/me").expect(200);
    refresh(&world, &first["refresh_token"]).expect_problem(401, "invalid_grant");
    client(&world, &second).get("/me").expect_problem(401, "unauthenticated");
    let events = |step: &str| world.count("audit_events", &format!("step = '{step}'"));
    assert_eq!((events("refresh_token_replayed"), events("refresh_token_reused")), (1, 1));
}

#[test]
fn a_refresh_cannot_be_repeated_after_a_day_or_from_another_device() {
    let world = a_user();
    let first = sign_in(&world, "ianan");
    refresh(&world, &first["refresh_token"]).expect(200);
    pass(&world, TimeDelta::hours(23));
    refresh(&world, &first["refresh_token"]).expect(200);
    pass(&world, TimeDelta::hours(2));
    refresh(&world, &first["refresh_token"]).expect_problem(401, "invalid_grant");

    let anonymous = world.server.anonymous();
    let phone = json!({"username": "ianan", "password": PASSWORD, "device_name": "Điện thoại"});
    let first = anonymous.post("/auth/login", phone).expect(200);
    let from = |device: &str| {
        anonymous.post("/auth/refresh", json!({"refresh_token": first["refresh_token"], "device_name": device}))
    };
    from("Điện thoại").expect(200);
    from("Điện thoại").expect(200);
    from("Máy khác").expect_problem(401, "invalid_grant");
    from("Điện thoại").expect_problem(401, "invalid_grant");

    // Nor without a device_name, where the session has one.
    let phone = json!({"username": "ianan", "password": PASSWORD, "device_name": "Điện thoại"});
    let first = anonymous.post("/auth/login", phone).expect(200);
    refresh(&world, &first["refresh_token"]).expect(200);
    refresh(&world, &first["refresh_token"]).expect_problem(401, "invalid_grant");
}

#[test]
fn a_sign_in_beyond_twenty_sessions_ends_the_least_recently_used_one() {
    let world = a_user();
    let oldest = sign_in(&world, "ianan");
    pass(&world, TimeDelta::seconds(1));
    let used = sign_in(&world, "ianan");
    pass(&world, TimeDelta::seconds(1));
    let used = refresh(&world, &used["refresh_token"]).expect(200);
    for _ in 0..18 {
        sign_in(&world, "ianan");
    }
    client(&world, &oldest).get("/me").expect(200);
    sign_in(&world, "ianan");
    client(&world, &oldest).get("/me").expect_problem(401, "unauthenticated");
    client(&world, &used).get("/me").expect(200);
}

#[test]
fn an_older_refresh_token_ends_its_session_and_no_other() {
    let world = a_user();
    let elsewhere = sign_in(&world, "ianan");
    let first = sign_in(&world, "ianan");
    let second = refresh(&world, &first["refresh_token"]).expect(200);
    let third = refresh(&world, &second["refresh_token"]).expect(200);
    client(&world, &third).get("/me").expect(200);

    refresh(&world, &first["refresh_token"]).expect_problem(401, "invalid_grant");

    refresh(&world, &third["refresh_token"]).expect_problem(401, "invalid_grant");
    client(&world, &third).get("/me").expect_problem(401, "unauthenticated");
    client(&world, &elsewhere).get("/me").expect(200);
    assert_eq!(world.count("audit_events", "action = 'security' AND step = 'refresh_token_reused'"), 1);
}

#[test]
fn twenty_parallel_refreshes_with_one_token_all_succeed() {
    let world = a_user();
    let first = sign_in(&world, "ianan");
    let children: Vec<Value> = thread::scope(|scope| {
        let calls: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| refresh(&world, &first["refresh_token"]).expect(200)["refresh_token"].clone()))
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(children.iter().all(|child| *child == children[0]));
    assert_eq!(world.count("refresh_tokens", "true"), 2, "the token and its one successor");
    assert_eq!(world.count("sessions", "revoked_at IS NOT NULL"), 0);
    refresh(&world, &children[0]).expect(200);
}

#[test]
fn a_session_unused_for_45_days_expires() {
    let world = a_user();
    let (used, unused) = (sign_in(&world, "ianan"), sign_in(&world, "ianan"));
    pass(&world, TimeDelta::days(45) - TimeDelta::minutes(1));
    let used = refresh(&world, &used["refresh_token"]).expect(200);
    pass(&world, TimeDelta::minutes(2));
    refresh(&world, &unused["refresh_token"]).expect_problem(401, "session_expired");
    refresh(&world, &used["refresh_token"]).expect(200);
}

#[test]
fn a_session_in_use_ends_after_180_days() {
    let world = a_user();
    let mut tokens = sign_in(&world, "ianan");
    for _ in 0..4 {
        pass(&world, TimeDelta::days(44));
        tokens = refresh(&world, &tokens["refresh_token"]).expect(200);
    }
    pass(&world, TimeDelta::days(5));
    refresh(&world, &tokens["refresh_token"]).expect_problem(401, "session_expired");
    client(&world, &tokens).get("/me").expect(401);
}

#[test]
fn unknown_refresh_tokens_and_access_tokens_are_refused_at_a_refresh() {
    let world = a_user();
    let tokens = sign_in(&world, "ianan");
    for rubbish in [json!("kr_nothing"), json!("' or 1=1 --"), tokens["access_token"].clone()] {
        let answer = refresh(&world, &rubbish);
        if rubbish.as_str().unwrap().len() > 200 {
            answer.expect_invalid(&[("#/refresh_token", "length")]);
        } else {
            answer.expect_problem(401, "invalid_grant");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    client(&world, &tokens).get("/me").expect(200);
}

#[test]
fn signing_out_revokes_the_access_token_and_the_refresh_token() {
    let world = a_user();
    let (here, elsewhere) = (sign_in(&world, "ianan"), sign_in(&world, "ianan"));
    client(&world, &here).step("/auth/logout").expect(204);
    client(&world, &here).get("/me").expect_problem(401, "unauthenticated");
    refresh(&world, &here["refresh_token"]).expect_problem(401, "invalid_grant");
    client(&world, &here).step("/auth/logout").expect_problem(401, "unauthenticated");
    client(&world, &elsewhere).get("/me").expect(200);
}

#[test]
fn a_password_change_ends_the_other_sessions_and_keeps_the_current_one() {
    let world = a_user();
    let (here, elsewhere) = (sign_in(&world, "ianan"), sign_in(&world, "ianan"));
    let new = "ba con trâu trắng";
    client(&world, &here).put("/me/password", json!({"current_password": PASSWORD, "new_password": new})).expect(204);
    client(&world, &here).get("/localities?limit=1").expect(200);
    refresh(&world, &here["refresh_token"]).expect(200);
    client(&world, &elsewhere).get("/me").expect_problem(401, "unauthenticated");
    refresh(&world, &elsewhere["refresh_token"]).expect_problem(401, "invalid_grant");
    let anonymous = world.server.anonymous();
    anonymous.post("/auth/login", json!({"username": "ianan", "password": PASSWORD})).expect(401);
    anonymous.post("/auth/login", json!({"username": "ianan", "password": new})).expect(200);
}

#[test]
fn passwords_of_wrong_length_and_guessable_ones_are_refused() {
    let world = World::new();
    world.make_user("kongchro", "commune", Some(world.kongchro), None);
    let official = world.province(world.gialai);
    let users = official.get("/users?q=kongchro").expect(200);
    official
        .patch(&format!("/users/{}", users["items"][0]["id"].as_str().unwrap()), json!({"phone": "0912345678"}))
        .expect(200);
    let me = world.sign_in("kongchro");
    let change = |from: &str, to: &str| me.put("/me/password", json!({"current_password": from, "new_password": to}));

    let wrong = |to: &str, code: &str| change(PASSWORD, to).expect_invalid(&[("#/new_password", code)]);
    wrong("k9vx-72", "length");
    wrong(&"k9vx-72m".repeat(17), "length");
    for weak in [
        "12345678",
        "12345678a",
        "Password1",
        "ketnghia",
        "Kết nghĩa 2026",
        "kongchro1",
        "aaaaaaaa",
        "Kông Chro",
        "kong chro 1",
        "KONGCHRO",
        "0912345678",
        "0912 345 678",
        "Gia Lai 2026",
        "xã Kông Chro 1",
    ] {
        wrong(weak, "weak_password");
    }
    // The village with its kind and the places above it; for a unit the place that manages it.
    let village = world.village(world.ianan, "Tung");
    let unit = world.organisation(world.ianan, "Công ty Bình Dương");
    world.make_user("congty.mot", "twinning_unit", None, Some(unit));
    for (person, weak) in [
        (world.head(village), ["làng Tung", "langtung1", "IaNan2026", "GiaLai2026"]),
        (world.sign_in("congty.mot"), ["Ia Nan 26", "xã Ia Nan", "tỉnh Gia Lai", "GiaLai2026"]),
    ] {
        for word in weak {
            let change = json!({"current_password": PASSWORD, "new_password": word});
            person.put("/me/password", change).expect_invalid(&[("#/new_password", "weak_password")]);
        }
    }
    wrong(PASSWORD, "same_password");
    change("not mine", "k9vx-72mq").expect_invalid(&[("#/current_password", "invalid_value")]);

    let mut current = PASSWORD.to_owned();
    for length in [8, 64, 128] {
        let new: String = "k9vx-72m".chars().cycle().take(length).collect();
        change(&current, &new).expect(204);
        current = new;
    }
}

#[test]
fn a_user_lists_the_sessions_and_ends_that_of_a_lost_device() {
    let world = a_user();
    let phone = json!({"username": "ianan", "password": PASSWORD, "device_name": "Điện thoại"});
    let lost = world.server.anonymous().post("/auth/login", phone).expect(200);
    let (here, elsewhere) = (sign_in(&world, "ianan"), sign_in(&world, "ianan"));
    let me = client(&world, &here);
    let sessions = me.get("/me/sessions?count=true").expect(200);
    assert_eq!(sessions["total"], 3);
    let items = sessions["items"].as_array().unwrap();
    assert_eq!(items.iter().filter(|session| session["current"] == true).count(), 1);
    let device = items.iter().find(|session| session["device_name"] == "Điện thoại").unwrap();

    let path = format!("/me/sessions/{}", device["id"].as_str().unwrap());
    me.send("DELETE", &path, None).expect(204);
    client(&world, &lost).get("/me").expect_problem(401, "unauthenticated");
    refresh(&world, &lost["refresh_token"]).expect_problem(401, "invalid_grant");
    me.send("DELETE", &path, None).expect_problem(404, "not_found");
    client(&world, &elsewhere).get("/me").expect(200);

    let first = me.get("/me/sessions?limit=1").expect(200);
    let second = me.get(&format!("/me/sessions?limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).expect(200);
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
    assert_eq!(second["next_cursor"], Value::Null);

    pass(&world, TimeDelta::days(46));
    let again = client(&world, &sign_in(&world, "ianan"));
    assert_eq!(again.get("/me/sessions?count=true").expect(200)["total"], 1, "expired sessions are not listed");
}

#[test]
fn a_user_cannot_end_a_session_of_another_user() {
    let world = a_user();
    world.make_user("other", "commune", Some(world.ianan), None);
    let other = client(&world, &sign_in(&world, "other"));
    let theirs = other.get("/me/sessions").expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let me = client(&world, &sign_in(&world, "ianan"));
    me.send("DELETE", &format!("/me/sessions/{theirs}"), None).expect_problem(404, "not_found");
    other.get("/me").expect(200);
}

#[derive(QueryableByName)]
struct Secret {
    #[diesel(sql_type = Text)]
    stored: String,
}

#[test]
fn the_database_contains_no_password_and_no_token_in_clear() {
    let world = a_user();
    let tokens = sign_in(&world, "ianan");
    let row: Secret = diesel::sql_query(
        "SELECT (SELECT string_agg(p::text, '') FROM user_passwords p) || (SELECT string_agg(t::text, '') FROM refresh_tokens t)
            || (SELECT string_agg(s::text, '') FROM sessions s) || (SELECT string_agg(a::text, '') FROM audit_events a) AS stored",
    )
    .get_result(&mut world.server.sql())
    .unwrap();
    assert!(row.stored.contains("$argon2id$"));
    for secret in [PASSWORD, tokens["refresh_token"].as_str().unwrap(), tokens["access_token"].as_str().unwrap()] {
        assert!(!row.stored.contains(secret));
    }
}

#[test]
fn session_idle_days_and_session_absolute_days_limit_a_session() {
    let callers = Callers { session_idle_days: 2, session_absolute_days: 3, ..unlimited() };
    let world = World::on(TestServer::set(&callers));
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let (used, unused) = (sign_in(&world, "ianan"), sign_in(&world, "ianan"));
    pass(&world, TimeDelta::hours(47));
    let used = refresh(&world, &used["refresh_token"]).expect(200);
    pass(&world, TimeDelta::hours(2));
    refresh(&world, &unused["refresh_token"]).expect_problem(401, "session_expired");
    let used = refresh(&world, &used["refresh_token"]).expect(200);
    let me = client(&world, &used);
    assert_eq!(me.get("/me/sessions?count=true").expect(200)["total"], 1);
    pass(&world, TimeDelta::hours(24));
    refresh(&world, &used["refresh_token"]).expect_problem(401, "session_expired");
}

#[test]
fn a_deactivation_and_a_password_reset_end_all_sessions_of_an_account() {
    let world = World::new();
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    let official = world.province(world.gialai);
    let before = [sign_in(&world, "ianan"), sign_in(&world, "ianan")];
    official.step(&format!("/users/{id}/deactivate")).expect(200);
    official.step(&format!("/users/{id}/activate")).expect(200);
    let between = sign_in(&world, "ianan");
    official.step(&format!("/users/{id}/reset-password")).expect(200);
    for tokens in before.iter().chain([&between]) {
        client(&world, tokens).get("/me").expect_problem(401, "unauthenticated");
        refresh(&world, &tokens["refresh_token"]).expect_problem(401, "invalid_grant");
    }
}

#[test]
fn tokens_of_another_installation_are_refused() {
    let (here, elsewhere) = (a_user(), a_user());
    let tokens = sign_in(&elsewhere, "ianan");
    refresh(&here, &tokens["refresh_token"]).expect_problem(401, "invalid_grant");
    client(&here, &tokens).get("/me").expect_problem(401, "unauthenticated");
}
