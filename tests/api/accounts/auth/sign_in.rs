use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use ketnghia::config::Callers;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, TestServer, World, unlimited};

fn try_password(world: &World, username: &str, password: &str) -> Answer {
    world.server.anonymous().post("/auth/login", json!({"username": username, "password": password}))
}

/// A problem without the fields that differ between requests.
fn unstamped(mut body: Value) -> Value {
    body["request_id"] = Value::Null;
    body["instance"] = Value::Null;
    body
}

#[test]
fn a_signed_in_user_reads_role_place_and_permissions_at_me() {
    let world = World::new();
    let me = world.commune(world.ianan).get("/me").expect(200);
    assert_eq!(me["role"], "commune");
    assert_eq!(me["locality"]["code"], "23884");
    assert_eq!(me["must_change_password"], false);
    assert!(me["permissions"].as_array().unwrap().contains(&json!("hardship_lists:decide")));
}

#[test]
fn case_and_surrounding_space_of_a_username_are_ignored() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    try_password(&world, " IaNan ", PASSWORD).expect(200);
}

#[test]
fn a_wrong_password_an_unknown_user_and_a_deactivated_account_get_the_same_response() {
    let world = World::new();
    world.make_user("known", "commune", Some(world.ianan), None);
    let gone = world.make_user("gone", "commune", Some(world.ianan), None);
    world.province(world.gialai).step(&format!("/users/{gone}/deactivate")).expect(200);
    let answers = [
        try_password(&world, "known", "not the password"),
        try_password(&world, "nobody", "not the password"),
        try_password(&world, "gone", PASSWORD),
    ];
    let bodies: Vec<Value> =
        answers.iter().map(|answer| unstamped(answer.expect_problem(401, "invalid_credentials"))).collect();
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], bodies[2]);
    for answer in &answers {
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.header("content-length"), answers[0].header("content-length"));
    }
}

#[test]
fn responses_with_tokens_are_no_store_and_not_compressed() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let body = json!({"username": "ianan", "password": PASSWORD}).to_string();
    let length = body.len().to_string();
    let headers = [("Content-Type", "application/json"), ("Content-Length", &length), ("Accept-Encoding", "gzip")];
    let answer = world.server.raw("POST /api/v1/auth/login", &headers, body.as_bytes());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-encoding"), None);
    assert!(answer.header("date").is_some(), "clients compute the expiry from Date and expires_in");
    assert_eq!(answer.json()["expires_in"], 900);
    assert_eq!(answer.json()["token_type"], "Bearer");

    let body = json!({"refresh_token": answer.json()["refresh_token"]}).to_string();
    let length = body.len().to_string();
    let headers = [("Content-Type", "application/json"), ("Content-Length", &length), ("Accept-Encoding", "gzip")];
    let answer = world.server.raw("POST /api/v1/auth/refresh", &headers, body.as_bytes());
    assert_eq!((answer.status, answer.header("content-encoding")), (200, None));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn after_ten_wrong_passwords_each_failure_lengthens_the_delay() {
    let world = World::new();
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    world.make_user("ianan2", "commune", Some(world.ianan), None);
    let before = try_password(&world, "ianan", PASSWORD).expect(200);

    for _ in 0..10 {
        try_password(&world, "ianan", "wrong").expect_problem(401, "invalid_credentials");
    }
    // On a slow machine a second may pass between two tries; then the next one is counted, too.
    let refused = (0..4)
        .map(|_| try_password(&world, "ianan", "wrong"))
        .find(|answer| answer.status == 429)
        .expect("a delayed try");
    refused.expect_problem(429, "too_many_requests");
    let first: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=8).contains(&first), "{first}");
    try_password(&world, "ianan", PASSWORD).expect_problem(429, "too_many_requests");

    // Refused tries are not counted; the next failure after the delay doubles it.
    let mut last = first;
    for _ in 0..3 {
        let clock = &world.server.db.clock;
        clock.set(clock.now() + TimeDelta::seconds(i64::try_from(last).unwrap() + 1));
        try_password(&world, "ianan", "wrong").expect_problem(401, "invalid_credentials");
        let refused = try_password(&world, "ianan", "wrong");
        refused.expect_problem(429, "too_many_requests");
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!(wait > last, "{wait} after {last}");
        last = wait;
    }

    let anonymous = world.server.anonymous();
    anonymous.post("/auth/refresh", json!({"refresh_token": before["refresh_token"]})).expect(200);
    try_password(&world, "ianan2", PASSWORD).expect(200);

    let reset = world.province(world.gialai).step(&format!("/users/{id}/reset-password")).expect(200);
    try_password(&world, "ianan", reset["one_time_password"].as_str().unwrap()).expect(200);
}

#[test]
fn an_unknown_username_is_delayed_like_a_known_one() {
    let world = World::new();
    for _ in 0..10 {
        try_password(&world, "nobody", "wrong").expect_problem(401, "invalid_credentials");
    }
    assert!((0..4).any(|_| try_password(&world, "nobody", "wrong").status == 429));
}

#[test]
fn a_successful_sign_in_resets_the_failure_counter() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    for _ in 0..2 {
        for _ in 0..9 {
            try_password(&world, "ianan", "wrong").expect_problem(401, "invalid_credentials");
        }
        try_password(&world, "ianan", PASSWORD).expect(200);
    }
}

#[test]
fn an_invalid_sign_in_body_gets_422() {
    let world = World::new();
    let anonymous = world.server.anonymous();
    anonymous.post("/auth/login", json!({"username": "a"})).expect_invalid(&[("#/password", "required")]);
    anonymous
        .post("/auth/login", json!({"username": "", "password": "x".repeat(129)}))
        .expect_invalid(&[("#/password", "length"), ("#/username", "length")]);
    anonymous
        .post("/auth/login", json!({"username": "a", "password": "b", "role": "admin"}))
        .expect_invalid(&[("#/role", "unknown_field")]);
}

/// Sends calls from as many threads, released together by a barrier.
fn at_once(calls: usize, call: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let start = Barrier::new(calls);
    thread::scope(|scope| {
        let call = |index| {
            start.wait();
            call(index)
        };
        let threads: Vec<_> = (0..calls).map(|index| scope.spawn(move || call(index))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn how_many(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[test]
fn parallel_guesses_are_limited_like_sequential_ones() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let answers = at_once(48, |index| try_password(&world, "ianan", &format!("guess {index}")));
    // On a slow machine a second or two may pass, and each allows another try.
    assert!(how_many(&answers, 401) <= 12, "{}", how_many(&answers, 401));
    assert!(how_many(&answers, 429) >= 30, "{}", how_many(&answers, 429));
}

#[test]
fn thirty_parallel_sign_ins_with_the_right_password_succeed() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let answers = at_once(30, |_| try_password(&world, "ianan", PASSWORD));
    assert_eq!(how_many(&answers, 200), 30);
}

#[test]
fn a_full_sign_in_queue_answers_503_with_retry_after_and_other_calls_succeed() {
    let world = World::new();
    for user in 0..200 {
        world.make_user(&format!("user{user}"), "commune", Some(world.ianan), None);
    }
    let reader = world.commune(world.ianan);
    let over = AtomicBool::new(false);
    let (answers, reads) = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut reads = Vec::new();
            while !over.load(Ordering::Relaxed) {
                reads.push(reader.get("/localities?limit=1").status);
            }
            reads
        });
        let answers = at_once(200, |index| try_password(&world, &format!("user{index}"), PASSWORD));
        over.store(true, Ordering::Relaxed);
        (answers, reading.join().unwrap())
    });
    assert_eq!(how_many(&answers, 200) + how_many(&answers, 503), 200);
    // Of one address 12 are queued and served. 64 more wait for the queue for five seconds, which a busy machine may need for less
    // than all of them.
    assert!(how_many(&answers, 200) >= 12, "{}", how_many(&answers, 200));
    let refused = answers.iter().find(|answer| answer.status == 503).expect("a sign-in beyond the queue");
    refused.expect_problem(503, "overloaded");
    assert_eq!(refused.header("retry-after"), "2");
    assert!(reads.len() > 1 && reads.iter().all(|status| *status == 200), "{reads:?}");
    try_password(&world, "user0", PASSWORD).expect(200);
}

#[test]
fn wrong_current_passwords_at_a_password_change_are_counted_and_delayed() {
    let world = World::new();
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    let tokens = try_password(&world, "ianan", PASSWORD).expect(200);
    let me = world.server.anonymous().with_token(tokens["access_token"].as_str().unwrap());
    let change =
        |current: &str| me.put("/me/password", json!({"current_password": current, "new_password": "k9vx-72mq"}));
    // An invalid new password is refused before the current one is checked, and not counted.
    for _ in 0..12 {
        me.put("/me/password", json!({"current_password": "x", "new_password": "12345678"}))
            .expect_invalid(&[("#/new_password", "weak_password")]);
    }
    for _ in 0..10 {
        change("wrong").expect_invalid(&[("#/current_password", "invalid_value")]);
    }
    let refused = (0..4).map(|_| change("wrong")).find(|answer| answer.status == 429).expect("a delayed try");
    refused.expect_problem(429, "too_many_requests");
    assert!(!refused.header("retry-after").is_empty());
    // Sign-in is not delayed by it, and the session does not end.
    try_password(&world, "ianan", PASSWORD).expect(200);
    me.get("/me").expect(200);
    world.server.anonymous().post("/auth/refresh", json!({"refresh_token": tokens["refresh_token"]})).expect(200);
    let told = world.province(world.gialai).get(&format!("/audit-events?id={id}&limit=4")).expect(200);
    let steps: Vec<&str> =
        told["items"].as_array().unwrap().iter().map(|entry| entry["step"].as_str().unwrap()).collect();
    assert!(steps.contains(&"current_password_wrong"), "{steps:?}");

    // The right password after the delay resets the counter.
    let clock = &world.server.db.clock;
    clock.set(clock.now() + TimeDelta::seconds(30));
    change(PASSWORD).expect(204);
    for _ in 0..9 {
        try_password(&world, "ianan", "wrong").expect_problem(401, "invalid_credentials");
    }
    try_password(&world, "ianan", "k9vx-72mq").expect(200);
}

#[test]
fn the_delay_after_failures_is_at_most_24_hours() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    for failures in [27, 99, 100, 5_000] {
        let now = world.server.db.clock.now();
        let sql = format!(
            "INSERT INTO sign_in_failures VALUES ('name ianan', {failures}, '{0}') ON CONFLICT (subject) DO UPDATE SET failures = {failures}, last_at = '{0}'",
            now.to_rfc3339()
        );
        world.server.sql().batch_execute(&sql).unwrap();
        let refused = try_password(&world, "ianan", PASSWORD);
        refused.expect_problem(429, "too_many_requests");
        let wait: i64 = refused.header("retry-after").parse().unwrap();
        assert!((86_390..=86_400).contains(&wait), "{wait} after {failures}");
        world.server.db.clock.set(now + TimeDelta::seconds(86_401));
        try_password(&world, "ianan", PASSWORD).expect(200);
    }
}

/// A sign-in with a device token.
fn on_device(world: &World, password: &str, device: &Value) -> Answer {
    let credentials = json!({"username": "ianan", "password": password, "device_token": device});
    world.server.anonymous().post("/auth/login", credentials)
}

#[test]
fn guesses_on_a_username_do_not_delay_a_known_device() {
    let world = World::new();
    world.make_user("ianan", "commune", Some(world.ianan), None);
    world.make_user("other", "commune", Some(world.ianan), None);
    let phone = try_password(&world, "ianan", PASSWORD).expect(200)["device_token"].clone();
    let others = try_password(&world, "other", PASSWORD).expect(200)["device_token"].clone();
    for _ in 0..10 {
        try_password(&world, "ianan", "wrong").expect(401);
    }
    assert!((0..4).any(|_| try_password(&world, "ianan", "wrong").status == 429));
    let again = on_device(&world, PASSWORD, &phone).expect(200);
    assert_eq!(again["device_token"], phone, "it is the same device");
    // A device token of another account or a forged one does not count.
    for unknown in [others, json!("kd_rubbish"), json!(""), json!(phone.as_str().unwrap().replace("kd_", "kd_A"))] {
        on_device(&world, PASSWORD, &unknown).expect_problem(429, "too_many_requests");
    }
    // Guesses with the device token are counted and delayed, too.
    for _ in 0..10 {
        on_device(&world, "wrong", &phone).expect(401);
    }
    assert!((0..4).any(|_| on_device(&world, "wrong", &phone).status == 429));
}

#[test]
fn a_username_that_looks_like_another_counter_key_is_counted_separately() {
    let callers = Callers { trusted_proxy: "127.0.0.1".parse().unwrap(), ..unlimited() };
    let world = World::on(TestServer::set(&callers));
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    let from = |address: &str, name: &str, password: &str| {
        let client = world.server.anonymous().with("X-Forwarded-For", address).with("X-Forwarded-Proto", "https");
        client.post("/auth/login", json!({"username": name, "password": password}))
    };
    let owner = from("203.0.113.5", "ianan", PASSWORD).expect(200);
    for name in ["203.0.113.5", "password ianan", "name ianan", &format!("naming {id}"), &format!("password {id}")] {
        let refused =
            (0..20).map(|_| from("198.51.100.7", name, "wrong")).filter(|answer| answer.status == 429).count();
        assert!(refused > 0, "{name}");
    }
    from("203.0.113.5", "ianan", PASSWORD).expect(200);
    let change = json!({"current_password": PASSWORD, "new_password": "ba con trâu trắng"});
    let client = world.server.anonymous().with_token(owner["access_token"].as_str().unwrap());
    let client = client.with("X-Forwarded-For", "203.0.113.5").with("X-Forwarded-Proto", "https");
    client.put("/me/password", change).expect(204);
}

fn reset_counters(world: &World) {
    world.server.sql().batch_execute("DELETE FROM sign_in_failures").unwrap();
}

#[test]
fn an_account_knows_its_last_twenty_devices_and_a_reset_removes_them() {
    let world = World::new();
    let account = world.make_user("ianan", "commune", Some(world.ianan), None);
    let locked_out = |device: &Value| {
        reset_counters(&world);
        for _ in 0..10 {
            try_password(&world, "ianan", "wrong").expect(401);
        }
        assert!((0..4).any(|_| try_password(&world, "ianan", "wrong").status == 429));
        on_device(&world, "wrong", device).status == 429
    };
    let phone = try_password(&world, "ianan", PASSWORD).expect(200)["device_token"].clone();
    assert!(!locked_out(&phone), "the device has a count of its own");
    reset_counters(&world);

    // Twenty sign-ins of other devices replace it. It gets a new token when it signs in again.
    for _ in 0..20 {
        try_password(&world, "ianan", PASSWORD).expect(200);
    }
    assert!(locked_out(&phone), "twenty others have signed in since");
    reset_counters(&world);
    let again = on_device(&world, PASSWORD, &phone).expect(200)["device_token"].clone();
    assert_ne!(again, phone);
    assert!(!locked_out(&again));

    // A password change removes all devices but the one that changes it.
    reset_counters(&world);
    let own = try_password(&world, "ianan", PASSWORD).expect(200);
    let change = json!({"current_password": PASSWORD, "new_password": "ba con trâu trắng"});
    world.server.anonymous().with_token(own["access_token"].as_str().unwrap()).put("/me/password", change).expect(204);
    assert!(locked_out(&again));
    assert!(!locked_out(&own["device_token"]));

    // Ending a session removes its device; signing out does not.
    reset_counters(&world);
    let lost = try_password(&world, "ianan", "ba con trâu trắng").expect(200);
    reset_counters(&world);
    let own_client = world.server.anonymous().with_token(own["access_token"].as_str().unwrap());
    let sessions = own_client.get("/me/sessions").expect(200)["items"].as_array().unwrap().clone();
    for session in sessions.iter().filter(|session| session["current"] == false) {
        own_client.delete(&format!("/me/sessions/{}", session["id"].as_str().unwrap())).expect(204);
    }
    assert!(locked_out(&lost["device_token"]));
    reset_counters(&world);
    own_client.step("/auth/logout").expect(204);
    assert!(!locked_out(&own["device_token"]));

    // A reset removes all devices.
    world.province(world.gialai).step(&format!("/users/{account}/reset-password")).expect(200);
    assert!(locked_out(&own["device_token"]));
}

#[test]
fn a_one_time_password_signs_in_once_and_can_be_replaced_until_it_expires() {
    let world = World::new();
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    let official = world.province(world.gialai);
    let reset = || {
        let reset = official.step(&format!("/users/{id}/reset-password")).expect(200);
        reset["one_time_password"].as_str().unwrap().to_owned()
    };
    let one_time = reset();
    let tokens = try_password(&world, "ianan", &one_time).expect(200);
    try_password(&world, "ianan", &one_time).expect_problem(401, "invalid_credentials");
    let me = world.server.anonymous().with_token(tokens["access_token"].as_str().unwrap());
    me.put("/me/password", json!({"current_password": one_time, "new_password": "k9vx-72mq"})).expect(204);
    try_password(&world, "ianan", "k9vx-72mq").expect(200);

    // Of parallel sign-ins one succeeds.
    let one_time = reset();
    let answers = at_once(8, |_| try_password(&world, "ianan", &one_time));
    assert_eq!(how_many(&answers, 200), 1);

    // After eight days it cannot be replaced in the session that it opened either.
    let one_time = reset();
    let tokens = try_password(&world, "ianan", &one_time).expect(200);
    let clock = &world.server.db.clock;
    clock.set(clock.now() + TimeDelta::days(8));
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    let tokens = world.server.anonymous().post("/auth/refresh", refresh).expect(200);
    let me = world.server.anonymous().with_token(tokens["access_token"].as_str().unwrap());
    me.put("/me/password", json!({"current_password": one_time, "new_password": "k9vx-72mz"}))
        .expect_invalid(&[("#/current_password", "invalid_value")]);
}

/// Other clients sign in with the old password during the change.
#[test]
fn a_sign_in_during_a_password_change_reset_or_deactivation_leaves_no_session() {
    let world = World::new();
    let official = world.province(world.gialai);
    for change in ["password", "reset-password", "deactivate"] {
        let id = world.make_user(change, "commune", Some(world.ianan), None);
        let owner = world.sign_in(change);
        let (over, entered) = (AtomicBool::new(false), AtomicBool::new(false));
        let opened: Vec<Value> = thread::scope(|scope| {
            let attackers: Vec<_> = (0..6)
                .map(|_| {
                    scope.spawn(|| {
                        let mut opened = Vec::new();
                        while !over.load(Ordering::Relaxed) {
                            let answer = try_password(&world, change, PASSWORD);
                            if answer.status == 200 {
                                opened.push(answer.expect(200));
                                entered.store(true, Ordering::Relaxed);
                            }
                        }
                        opened
                    })
                })
                .collect();
            // At least one sign-in has succeeded before the change, however slow the machine is.
            while !entered.load(Ordering::Relaxed) {
                thread::sleep(std::time::Duration::from_millis(20));
            }
            if change == "password" {
                let new = json!({"current_password": PASSWORD, "new_password": "k9vx-72mq"});
                owner.put("/me/password", new).expect(204);
            } else {
                official.step(&format!("/users/{id}/{change}")).expect(200);
            }
            thread::sleep(std::time::Duration::from_millis(300));
            over.store(true, Ordering::Relaxed);
            attackers.into_iter().flat_map(|attacker| attacker.join().unwrap()).collect()
        });
        assert!(!opened.is_empty(), "{change}: no sign-in succeeded before the change");
        for tokens in opened {
            let session = world.server.anonymous().with_token(tokens["access_token"].as_str().unwrap());
            session.get("/me").expect_problem(401, "unauthenticated");
        }
    }
}

#[test]
fn an_address_over_its_hourly_failures_gets_429_despite_forged_forwarding_headers() {
    let world = World::on(TestServer::set(&Callers { sign_in_failures_per_address: 12, ..unlimited() }));
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let before = try_password(&world, "ianan", PASSWORD).expect(200);
    let from = |address: &str, name: &str, password: &str| {
        let client = world.server.anonymous().with("X-Forwarded-For", address).with("X-Real-IP", address);
        client.post("/auth/login", json!({"username": name, "password": password}))
    };
    for index in 0..12 {
        from(&format!("203.0.113.{index}"), &format!("user{index}"), "wrong")
            .expect_problem(401, "invalid_credentials");
    }
    let refused = from("203.0.113.99", "ianan", PASSWORD);
    refused.expect_problem(429, "too_many_requests");
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    // A refresh is not limited, and the next hour starts a new count.
    world.server.anonymous().post("/auth/refresh", json!({"refresh_token": before["refresh_token"]})).expect(200);
    let clock = &world.server.db.clock;
    clock.set(clock.now() + TimeDelta::hours(1));
    from("203.0.113.99", "ianan", PASSWORD).expect(200);
}

#[test]
fn behind_the_trusted_proxy_failures_are_counted_for_each_client_address() {
    let callers =
        Callers { sign_in_failures_per_address: 3, trusted_proxy: "127.0.0.1".parse().unwrap(), ..unlimited() };
    let world = World::on(TestServer::set(&callers));
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let from = |chain: &str, name: &str, password: &str| {
        let client = world.server.anonymous().with("X-Forwarded-For", chain).with("X-Forwarded-Proto", "https");
        client.post("/auth/login", json!({"username": name, "password": password}))
    };
    // Only the last address is set by the proxy; the others are sent by the client.
    for index in 0..3 {
        from(&format!("10.0.0.{index}, 203.0.113.7"), &format!("user{index}"), "wrong").expect(401);
    }
    from("203.0.113.7", "ianan", PASSWORD).expect_problem(429, "too_many_requests");
    from("203.0.113.8", "ianan", PASSWORD).expect(200);
    // An IPv6 client is counted by its /64.
    for index in 0..3 {
        from(&format!("2001:db8:0:1::{index}"), &format!("other{index}"), "wrong").expect(401);
    }
    from("2001:db8:0:1:ffff::1", "ianan", PASSWORD).expect_problem(429, "too_many_requests");
    from("2001:db8:0:2::1", "ianan", PASSWORD).expect(200);
}

#[test]
fn a_request_that_reached_the_trusted_proxy_over_http_is_refused() {
    let behind = TestServer::set(&Callers { trusted_proxy: "127.0.0.0/8".parse().unwrap(), ..unlimited() });
    let plain = behind.anonymous().with("X-Forwarded-Proto", "http");
    plain.get("/catalogues").expect_problem(403, "https_required");
    behind.anonymous().with("X-Forwarded-Proto", "https").get("/catalogues").expect(200);
    behind.anonymous().get("/health/live").expect(200);
    // From other addresses than the proxy the header is ignored.
    TestServer::start().anonymous().with("X-Forwarded-Proto", "http").get("/catalogues").expect(200);
}

#[test]
fn an_unreadable_x_forwarded_for_of_the_trusted_proxy_gets_400() {
    let behind = TestServer::set(&Callers { trusted_proxy: "127.0.0.1".parse().unwrap(), ..unlimited() });
    for chain in ["rubbish", "203.0.113.7, unknown", "203.0.113.7, ", "203.0.113.7, 999.1.1.1"] {
        let client = behind.anonymous().with("X-Forwarded-For", chain);
        client.get("/catalogues").expect_problem(400, "malformed_request");
    }
    // A port is accepted; from other addresses than the proxy the header is ignored.
    for chain in ["203.0.113.7:4711", "[2001:db8::1]:4711"] {
        behind.anonymous().with("X-Forwarded-For", chain).get("/catalogues").expect(200);
    }
    TestServer::start().anonymous().with("X-Forwarded-For", "rubbish").get("/catalogues").expect(200);
}
