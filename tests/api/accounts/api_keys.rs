use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, World, id_of};

fn key_for(world: &World, official: &Client, place: Uuid) -> (Uuid, Client) {
    let made = official.post("/api-keys", json!({"name": "Bảng số liệu", "locality_id": place})).expect(201);
    (id_of(&made), world.server.anonymous().with_token(made["key"].as_str().unwrap()))
}

#[test]
fn the_secret_of_an_api_key_is_shown_once() {
    let world = World::new();
    let province = world.province(world.gialai);
    let body = json!({"id": Uuid::now_v7(), "name": "Bảng số liệu", "locality_id": world.gialai});
    let made = province.post("/api-keys", body.clone());
    let key = made.expect(201);
    assert!(key["key"].as_str().unwrap().starts_with("kn_"));
    assert_eq!(made.header("cache-control"), "no-store");
    let again = province.post("/api-keys", body);
    assert_eq!((again.header("idempotent-replayed"), &again.expect(200)["key"]), ("true", &Value::Null));
    let path = format!("/api-keys/{}", id_of(&key));
    let shown = province.get(&path).expect(200);
    assert!(!shown.to_string().contains("kn_") && shown.get("secret_hash").is_none());
    assert_eq!(province.get("/api-keys").expect(200)["items"], json!([shown]));
}

#[test]
fn an_api_key_reads_places_without_profiles_and_no_personal_data() {
    let world = World::new();
    let (tung, elsewhere) = (world.village(world.ianan, "Tung"), world.village(world.kongchro, "Hle Hlang"));
    let profiles = json!([{"year": 2026, "households": 164, "population": 702, "minority_households": 158, "poor": null,
                           "near_poor": null}]);
    let commune = world.commune(world.ianan);
    commune.patch(&format!("/localities/{tung}"), json!({"profiles": profiles})).expect(200);
    assert_eq!(commune.get(&format!("/localities/{tung}")).expect(200)["profiles"], profiles);

    let (_, key) = key_for(&world, &world.province(world.gialai), world.ianan);
    let villages = key.get("/localities?level=village").expect(200);
    let ids: Vec<_> = villages["items"].as_array().unwrap().iter().map(id_of).collect();
    assert_eq!(ids, [tung]);
    assert_eq!(villages["items"][0]["profiles"], json!([]));
    assert_eq!(key.get(&format!("/localities/{tung}")).expect(200)["profiles"], json!([]));
    key.get(&format!("/localities/{elsewhere}")).expect_problem(404, "not_found");

    for path in ["/me", "/users", "/api-keys"] {
        key.get(path).expect_problem(403, "forbidden");
    }
    key.step("/auth/logout").expect_problem(403, "forbidden");
    key.post("/localities", json!({})).expect_problem(403, "forbidden");
    key.put("/me/password", json!({})).expect_problem(403, "forbidden");
}

#[test]
fn api_keys_are_created_for_places_in_the_scope_of_the_caller() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let body = |place: Uuid| json!({"name": "x", "locality_id": place});
    let province = world.province(world.gialai);
    for foreign in [world.quangngai, Uuid::now_v7()] {
        province.post("/api-keys", body(foreign)).expect_invalid(&[("#/locality_id", "not_found")]);
    }
    province.post("/api-keys", body(world.gialai)).expect(201);
    let admin = world.admin();
    let (foreign, _) = key_for(&world, &admin, world.quangngai);
    province.get(&format!("/api-keys/{foreign}")).expect_problem(404, "not_found");
    province
        .with("If-Match", "*")
        .send("DELETE", &format!("/api-keys/{foreign}"), None)
        .expect_problem(404, "not_found");
    assert_eq!(province.get("/api-keys?count=true").expect(200)["total"], 1);
    assert_eq!(admin.get("/api-keys?count=true").expect(200)["total"], 2);
    for caller in [world.commune(world.ianan), world.head(village)] {
        caller.post("/api-keys", body(world.ianan)).expect_problem(403, "forbidden");
        caller.get("/api-keys").expect_problem(403, "forbidden");
    }
}

#[test]
fn expired_revoked_and_altered_api_keys_are_refused() {
    let world = World::new();
    let province = world.province(world.gialai);
    let until = world.server.db.clock.today();
    let made =
        province.post("/api-keys", json!({"name": "x", "locality_id": world.gialai, "expires_on": until})).expect(201);
    let expiring = world.server.anonymous().with_token(made["key"].as_str().unwrap());
    let (id, key) = key_for(&world, &province, world.gialai);
    for good in [&expiring, &key] {
        good.get("/localities?limit=1").expect(200);
    }

    let bytes = URL_SAFE_NO_PAD.decode(key.token().strip_prefix("kn_").unwrap()).unwrap();
    let altered = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        format!("kn_{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    for token in [
        altered(&|bytes| bytes[20] ^= 1),
        altered(&|bytes| bytes[0] ^= 1),
        altered(&|bytes| bytes.truncate(47)),
        altered(&|bytes| bytes.push(0)),
        "kn_".to_owned(),
        "kn_' or 1=1 --".to_owned(),
    ] {
        let answer = world.server.anonymous().with_token(&token).get("/localities?limit=1");
        answer.expect_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }

    province.delete(&format!("/api-keys/{id}")).expect(204);
    key.get("/localities?limit=1").expect_problem(401, "unauthenticated");
    key.get("/me").expect_problem(401, "unauthenticated");

    let clock = &world.server.db.clock;
    clock.set(clock.now() + TimeDelta::days(1));
    expiring.get("/localities?limit=1").expect_problem(401, "unauthenticated");
}
