use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use ketnghia::places::loader::locality_id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, World, id_of};

fn new_user(username: &str, role: &str, locality: Uuid) -> Value {
    json!({"username": username, "full_name": "Rơ Mah Tung", "role": role, "locality_id": locality})
}

/// Inserts a unit managed by a place, by SQL.
fn organisation(world: &World, place: Uuid) -> Uuid {
    let id = Uuid::now_v7();
    let sql = format!(
        "BEGIN; SET LOCAL ROLE app; SELECT app_enter_system('{}');
         INSERT INTO organisations (id, name, kind, level, locality_id) VALUES ('{id}', 'Văn phòng', 'department', 'commune', '{place}');
         COMMIT",
        world.server.db.clock.now().to_rfc3339(),
    );
    world.server.sql().batch_execute(&sql).unwrap();
    id
}

/// A commune of another province.
fn foreign_commune(world: &World) -> Uuid {
    let communes = format!("/localities?level=commune&parent_id={}&limit=1", world.quangngai);
    id_of(&world.admin().get(&communes).expect(200)["items"][0])
}

/// Signs in with a one-time password.
fn first_sign_in(world: &World, username: &str, one_time: &str) -> Client {
    let anonymous = world.server.anonymous();
    let tokens = anonymous.post("/auth/login", json!({"username": username, "password": one_time})).expect(200);
    anonymous.with_token(tokens["access_token"].as_str().unwrap())
}

#[test]
fn a_new_account_has_a_one_time_password_that_is_shown_once() {
    let world = World::new();
    let official = world.province(world.gialai);
    let id = Uuid::now_v7();
    let mut body = new_user("ianan", "commune", world.ianan);
    body["id"] = json!(id);
    let made = official.post("/users", body.clone());
    let user = made.expect(201);
    let password = user["one_time_password"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/api/v1/users/{id}"));
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(
        (&user["must_change_password"], &user["active"], &user["version"]),
        (&json!(true), &json!(true), &json!(1))
    );

    let again = official.post("/users", body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(200)["one_time_password"], Value::Null);
    let shown = official.get(&format!("/users/{id}")).expect(200);
    assert_eq!(shown.get("one_time_password"), None);

    let me = first_sign_in(&world, "ianan", password);
    assert_eq!(me.get("/me").expect(200)["must_change_password"], true);
    me.get("/localities").expect_problem(403, "password_change_required");
    me.get("/users").expect_problem(403, "password_change_required");
    me.post("/localities", json!({"rubbish": 1})).expect_problem(403, "password_change_required");
    me.step("/auth/logout").expect_problem(403, "password_change_required");
    me.put("/me/password", json!({"current_password": password, "new_password": "ba con trâu trắng"})).expect(204);
    me.get("/localities").expect(200);
    me.get("/users").expect(200);
    assert_eq!(me.get("/me").expect(200)["must_change_password"], false);
    world.server.anonymous().post("/auth/login", json!({"username": "ianan", "password": password})).expect(401);
}

#[test]
fn a_one_time_password_expires_after_seven_days() {
    let world = World::new();
    let made = world.province(world.gialai).post("/users", new_user("ianan", "commune", world.ianan)).expect(201);
    let sign_in = || {
        let body = json!({"username": "ianan", "password": made["one_time_password"]});
        world.server.anonymous().post("/auth/login", body)
    };
    let clock = &world.server.db.clock;
    clock.set(clock.now() + TimeDelta::days(7) - TimeDelta::minutes(1));
    sign_in().expect(200);
    clock.set(clock.now() + TimeDelta::minutes(2));
    sign_in().expect_problem(401, "invalid_credentials");
}

#[test]
fn officials_create_accounts_below_their_own_level_only() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (admin, province, commune) = (world.admin(), world.province(world.gialai), world.commune(world.ianan));
    let admin_account = json!({"username": "other", "full_name": "x", "role": "admin"});
    admin.post("/users", admin_account.clone()).expect_problem(403, "forbidden");
    province.post("/users", admin_account).expect_problem(403, "forbidden");
    province.post("/users", new_user("other", "province", world.gialai)).expect_problem(403, "forbidden");
    commune.post("/users", new_user("other", "province", world.gialai)).expect_problem(403, "forbidden");
    commune.post("/users", new_user("other", "commune", world.ianan)).expect_problem(403, "forbidden");

    admin.post("/users", new_user("province-1", "province", world.gialai)).expect(201);
    province.post("/users", new_user("commune-1", "commune", world.ianan)).expect(201);
    province.post("/users", new_user("head-1", "village_head", village)).expect(201);
    commune.post("/users", new_user("head-2", "village_head", village)).expect(201);
}

#[test]
fn the_place_or_unit_of_an_account_must_fit_its_role_and_the_scope_of_the_official() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let elsewhere = world.village(world.kongchro, "Hle Hlang");
    let (province, commune) = (world.province(world.gialai), world.commune(world.ianan));
    let refused =
        |official: &Client, body: Value, wrong: (&str, &str)| official.post("/users", body).expect_invalid(&[wrong]);
    let unknown = Uuid::now_v7();

    refused(&province, new_user("x-x", "commune", village), ("#/locality_id", "wrong_level"));
    refused(&province, new_user("x-x", "village_head", world.ianan), ("#/locality_id", "wrong_level"));
    refused(&province, new_user("x-x", "commune", unknown), ("#/locality_id", "not_found"));
    refused(&province, new_user("x-x", "commune", foreign_commune(&world)), ("#/locality_id", "not_found"));
    refused(&commune, new_user("x-x", "village_head", elsewhere), ("#/locality_id", "not_found"));
    refused(&commune, new_user("x-x", "village_head", unknown), ("#/locality_id", "not_found"));
    // Yang Trung ended with the districts, and so did district 628.
    refused(&province, new_user("x-x", "commune", locality_id(2024, "23845")), ("#/locality_id", "ended"));
    refused(&province, new_user("x-x", "district", locality_id(2024, "628")), ("#/locality_id", "ended"));
    refused(&province, json!({"username": "x-x", "full_name": "x", "role": "commune"}), ("#/locality_id", "required"));
    refused(
        &province,
        json!({"username": "x-x", "full_name": "x", "role": "twinning_unit"}),
        ("#/organisation_id", "required"),
    );

    let (unit, foreign) = (organisation(&world, world.ianan), organisation(&world, world.kongchro));
    let of_unit = |organisation: Uuid| json!({"username": "unit", "full_name": "x", "role": "twinning_unit", "organisation_id": organisation});
    refused(&commune, of_unit(foreign), ("#/organisation_id", "not_found"));
    refused(&commune, of_unit(unknown), ("#/organisation_id", "not_found"));
    let mut both = of_unit(unit);
    both["locality_id"] = json!(world.ianan);
    refused(&commune, both, ("#/locality_id", "exclusive"));
    let mut both = new_user("x-x", "village_head", village);
    both["organisation_id"] = json!(unit);
    refused(&commune, both, ("#/organisation_id", "exclusive"));
    commune.post("/users", of_unit(unit)).expect(201);
}

#[test]
fn usernames_are_validated_and_unique() {
    let world = World::new();
    let province = world.province(world.gialai);
    for bad in ["Upper", "-dash", "dot.", "sp ace", "đ-ng", "a/b", "x'--"] {
        province
            .post("/users", new_user(bad, "commune", world.ianan))
            .expect_invalid(&[("#/username", "invalid_value")]);
    }
    province.post("/users", new_user("ab", "commune", world.ianan)).expect_invalid(&[("#/username", "length")]);
    province.post("/users", new_user("taken", "commune", world.ianan)).expect(201);
    // The same response, whether the other account is in scope or not.
    world.make_user("hidden", "province", Some(world.quangngai), None);
    for name in ["taken", "hidden"] {
        province.post("/users", new_user(name, "commune", world.ianan)).expect_problem(409, "username_taken");
    }
}

#[test]
fn an_official_who_tries_many_taken_usernames_is_delayed() {
    let world = World::new();
    let (province, other) = (world.province(world.gialai), world.province(world.gialai));
    world.make_user("hidden", "province", Some(world.quangngai), None);
    let taken = new_user("hidden", "commune", world.ianan);
    for _ in 0..10 {
        province.post("/users", taken.clone()).expect_problem(409, "username_taken");
    }
    let answer = province.post("/users", new_user("free", "commune", world.ianan));
    answer.expect_problem(429, "too_many_requests");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(world.count("users", "username = 'free'"), 0);
    other.post("/users", new_user("elsewhere", "commune", world.ianan)).expect(201);
    // Two seconds from now, however long the tries took.
    let clock = &world.server.db.clock;
    clock.set(clock.now() + TimeDelta::seconds(2));
    province.post("/users", new_user("free", "commune", world.ianan)).expect(201);
}

#[test]
fn server_owned_fields_are_refused_as_unknown() {
    let world = World::new();
    let province = world.province(world.gialai);
    let mut body = new_user("ianan", "commune", world.ianan);
    body["active"] = json!(true);
    body["rank"] = json!(0);
    body["scope_path"] = json!("0.");
    province.post("/users", body).expect_invalid(&[
        ("#/active", "unknown_field"),
        ("#/rank", "unknown_field"),
        ("#/scope_path", "unknown_field"),
    ]);
    let id = id_of(&province.post("/users", new_user("ianan", "commune", world.ianan)).expect(201));
    province
        .patch(&format!("/users/{id}"), json!({"version": 9, "must_change_password": false}))
        .expect_invalid(&[("#/must_change_password", "unknown_field"), ("#/version", "unknown_field")]);
}

#[test]
fn accounts_of_peers_and_superiors_get_404() {
    let world = World::new();
    let own = world.make_user("own", "commune", Some(world.ianan), None);
    let me = world.sign_in("own");
    let province = world.make_user("above", "province", Some(world.gialai), None);
    let peer = world.make_user("peer", "commune", Some(world.ianan), None);
    let sibling = world.make_user("sibling", "commune", Some(world.kongchro), None);
    let admin = world.make_user("top", "admin", None, None);
    let village = world.village(world.ianan, "Tung");
    let head = world.make_user("head", "village_head", Some(village), None);
    for other in [own, province, peer, sibling, admin] {
        let path = format!("/users/{other}");
        let forced = me.with("If-Match", "*");
        forced.get(&path).expect_problem(404, "not_found");
        forced.send("PATCH", &path, Some(json!({"full_name": "x"}).to_string())).expect_problem(404, "not_found");
        forced.send("DELETE", &path, None).expect_problem(404, "not_found");
        for step in ["reset-password", "deactivate", "activate"] {
            forced.step(&format!("{path}/{step}")).expect_problem(404, "not_found");
        }
    }
    let listed = me.get("/users").expect(200);
    let ids: Vec<_> = listed["items"].as_array().unwrap().iter().map(id_of).collect();
    assert_eq!(ids, [head]);
    assert_eq!(me.get(&format!("/users?locality_id={}", world.kongchro)).expect(200)["items"], json!([]));
}

#[test]
fn a_village_head_and_a_unit_cannot_manage_accounts() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let unit = organisation(&world, world.ianan);
    for caller in [world.head(village), world.unit(unit)] {
        caller.get("/users").expect_problem(403, "forbidden");
        caller.post("/users", json!({})).expect_problem(403, "forbidden");
    }
}

#[test]
fn a_deactivation_applies_to_the_next_request_and_an_activation_restores_no_session() {
    let world = World::new();
    let province = world.province(world.gialai);
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    let anonymous = world.server.anonymous();
    let tokens =
        anonymous.post("/auth/login", json!({"username": "ianan", "password": crate::harness::PASSWORD})).expect(200);
    let me = anonymous.with_token(tokens["access_token"].as_str().unwrap());
    me.get("/localities").expect(200);
    assert_eq!(province.step(&format!("/users/{id}/deactivate")).expect(200)["active"], false);
    me.get("/localities").expect_problem(401, "unauthenticated");
    me.get("/api-keys").expect_problem(401, "unauthenticated");
    me.get("/me").expect_problem(401, "unauthenticated");
    let refresh = || anonymous.post("/auth/refresh", json!({"refresh_token": tokens["refresh_token"]}));
    refresh().expect_problem(401, "invalid_grant");

    assert_eq!(province.step(&format!("/users/{id}/activate")).expect(200)["active"], true);
    me.get("/me").expect_problem(401, "unauthenticated");
    refresh().expect_problem(401, "invalid_grant");
    world.sign_in("ianan").get("/me").expect(200);
}

#[test]
fn a_move_and_a_demotion_apply_to_the_next_request() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let province = world.province(world.gialai);
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    let path = format!("/users/{id}");

    let me = world.sign_in("ianan");
    me.get(&format!("/localities/{village}")).expect(200);
    province.patch(&path, json!({"locality_id": world.kongchro})).expect(200);
    me.get(&format!("/localities/{village}")).expect_problem(401, "unauthenticated");
    let me = world.sign_in("ianan");
    me.get(&format!("/localities/{village}")).expect_problem(404, "not_found");

    let demoted = province.patch(&path, json!({"role": "village_head", "locality_id": village})).expect(200);
    assert_eq!(demoted["role"], "village_head");
    me.get("/users").expect_problem(401, "unauthenticated");
    world.sign_in("ianan").get("/users").expect_problem(403, "forbidden");

    // A change of the phone number revokes no token.
    let me = world.sign_in("ianan");
    province.patch(&path, json!({"phone": "0905123456"})).expect(200);
    me.get("/me").expect(200);
    let cleared = province.patch(&path, json!({"phone": null})).expect(200);
    assert_eq!(cleared["phone"], Value::Null);
}

#[test]
fn a_password_reset_ends_the_sessions_and_requires_a_new_password() {
    let world = World::new();
    let province = world.province(world.gialai);
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    let before = world.sign_in("ianan");
    let reset = province.step(&format!("/users/{id}/reset-password")).expect(200);
    before.get("/me").expect_problem(401, "unauthenticated");
    let me = first_sign_in(&world, "ianan", reset["one_time_password"].as_str().unwrap());
    me.get("/localities").expect_problem(403, "password_change_required");
}

#[test]
fn an_official_cannot_promote_an_account_to_their_own_level() {
    let world = World::new();
    let province = world.province(world.gialai);
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    let path = format!("/users/{id}");
    province.patch(&path, json!({"role": "province", "locality_id": world.gialai})).expect_problem(403, "forbidden");
    province.patch(&path, json!({"role": "admin", "locality_id": null})).expect_problem(403, "forbidden");
    province.patch(&path, json!({"locality_id": world.quangngai})).expect_invalid(&[("#/locality_id", "not_found")]);
    assert_eq!(province.get(&path).expect(200)["role"], "commune");
}

#[test]
fn deleting_an_account_revokes_its_tokens() {
    let world = World::new();
    let province = world.province(world.gialai);
    let id = world.make_user("ianan", "commune", Some(world.ianan), None);
    let me = world.sign_in("ianan");
    province.delete(&format!("/users/{id}")).expect(204);
    me.get("/me").expect_problem(401, "unauthenticated");
    province.get(&format!("/users/{id}")).expect_problem(404, "not_found");
    province.with("If-Match", "\"1\"").send("DELETE", &format!("/users/{id}"), None).expect_problem(404, "not_found");
}

#[test]
fn an_account_of_an_ended_place_signs_in_and_reads_nothing() {
    let world = World::new();
    let me = world.commune(locality_id(2024, "23845"));
    let account = me.get("/me").expect(200);
    assert_eq!(account["locality"]["valid_to"], "2025-06-30");
    assert_eq!(account["permissions"], json!([]));
    for list in ["/localities", "/localities?as_of=all", "/users"] {
        assert_eq!(me.get(list).expect(200)["items"], json!([]), "{list}");
    }
    me.get(&format!("/localities/{}", world.gialai)).expect_problem(404, "not_found");
    me.post("/localities", json!({"name": "Tung", "kind": "lang", "parent_id": locality_id(2024, "23845")}))
        .expect_invalid(&[("#/parent_id", "not_found")]);
}

#[test]
fn accounts_are_filtered_by_role_place_and_name() {
    let world = World::new();
    let province = world.province(world.gialai);
    for (name, role, place) in [("abc", "commune", world.ianan), ("abd", "commune", world.kongchro)] {
        province.post("/users", new_user(name, role, place)).expect(201);
    }
    let found = |query: &str| {
        let page = province.get(&format!("/users?{query}")).expect(200);
        let names: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["username"].as_str().unwrap().to_owned())
            .collect();
        names.join(" ")
    };
    assert_eq!(found("role=commune"), "abc abd");
    assert_eq!(found("role=village_head"), "");
    assert_eq!(found("role=commune&sort=-username"), "abd abc");
    assert_eq!(found(&format!("locality_id={}", world.ianan)), "abc");
    assert_eq!(found("q=ABD"), "abd");
    assert_eq!(found("q=ro%20mah"), "abc abd");
    assert_eq!(province.get("/users?count=true&limit=1").expect(200)["total"], 2);
}
