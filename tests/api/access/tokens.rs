use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, TestServer, World};

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn read(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A server with a signed-in official, and header and claims of their token.
struct Forge {
    world: World,
    token: String,
    header: Value,
    claims: Value,
}

impl Forge {
    fn new() -> Self {
        let world = World::new();
        let token = world.commune(world.ianan).token().to_owned();
        let mut parts = token.split('.');
        let (header, claims) = (read(parts.next().unwrap()), read(parts.next().unwrap()));
        Self { world, token, header, claims }
    }

    /// The signing key of the service.
    fn key(&self) -> Vec<u8> {
        let folder = PathBuf::from(format!("/tmp/ketnghia-test-{}/keys", std::process::id()));
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "pk8"))
            .collect();
        files.sort();
        std::fs::read(files.last().unwrap()).unwrap()
    }

    /// A token with changed claims, signed with the right key.
    fn signed(&self, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
        let mut claims = self.claims.as_object().unwrap().clone();
        change(&mut claims);
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = self.header["kid"].as_str().map(str::to_owned);
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&self.key())).unwrap()
    }

    fn me(&self, token: &str) -> Answer {
        self.world.server.anonymous().with_token(token).get("/me")
    }

    #[track_caller]
    fn refused(&self, what: &str, token: &str) {
        let answer = self.me(token);
        assert_eq!(answer.status, 401, "{what}");
        answer.expect_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{what}");
    }
}

#[test]
fn an_access_token_is_accepted_as_issued() {
    let forge = Forge::new();
    forge.me(&forge.token).expect(200);
    forge.me(&forge.signed(|_| {})).expect(200);
    assert_eq!(forge.header["alg"], "EdDSA");
}

#[test]
fn tokens_with_another_algorithm_are_refused() {
    let forge = Forge::new();
    let claims = part(&forge.claims);
    for alg in ["none", "None", "NONE", ""] {
        let mut header = forge.header.clone();
        header["alg"] = json!(alg);
        forge.refused(alg, &format!("{}.{claims}.", part(&header)));
        forge.refused(alg, &format!("{}.{claims}.{}", part(&header), forge.token.rsplit('.').next().unwrap()));
    }
    // The public key used as an HMAC secret: the classic confusion of algorithms.
    let private = forge.key();
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_pkcs8(&private).unwrap();
    let public = aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref().to_vec();
    for secret in [public.clone(), URL_SAFE_NO_PAD.encode(&public).into_bytes()] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = forge.header["kid"].as_str().map(str::to_owned);
        let token = jsonwebtoken::encode(&header, &forge.claims, &EncodingKey::from_secret(&secret)).unwrap();
        forge.refused("HS256", &token);
    }
}

#[test]
fn tokens_are_verified_with_the_keys_of_the_service_only() {
    let forge = Forge::new();
    let rest = forge.token.split_once('.').unwrap().1;
    for kid in [json!("unknown"), json!("../../etc/passwd"), json!("' or 1=1 --"), json!(""), json!(null), json!(7)] {
        let mut header = forge.header.clone();
        header["kid"] = kid.clone();
        forge.refused(&kid.to_string(), &format!("{}.{rest}", part(&header)));
    }
    let mut header = forge.header.clone();
    header.as_object_mut().unwrap().remove("kid");
    forge.refused("no kid", &format!("{}.{rest}", part(&header)));
    for (name, value) in [
        ("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})),
        ("jku", json!("https://example.org/keys")),
        ("x5u", json!("https://example.org/cert")),
    ] {
        let mut header = forge.header.clone();
        header[name] = value;
        forge.refused(name, &format!("{}.{rest}", part(&header)));
    }
    let stranger = aws_lc_rs::signature::Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = forge.header["kid"].as_str().map(str::to_owned);
    let key = EncodingKey::from_ed_der(stranger.as_ref());
    forge.refused("a stranger's key", &jsonwebtoken::encode(&header, &forge.claims, &key).unwrap());
}

#[test]
fn an_altered_token_is_refused() {
    let forge = Forge::new();
    let parts: Vec<&str> = forge.token.split('.').collect();
    let mut claims = forge.claims.clone();
    claims["role"] = json!("admin");
    forge.refused("edited payload", &format!("{}.{}.{}", parts[0], part(&claims), parts[2]));
    forge.refused("a dot missing", &format!("{}.{}{}", parts[0], parts[1], parts[2]));
    forge.refused("one part missing", &format!("{}.{}", parts[0], parts[1]));
    forge.refused("trailing bytes", &format!("{}x", forge.token));
    forge.refused("a trailing part", &format!("{}.x", forge.token));
    forge.refused("no signature", &format!("{}.{}.", parts[0], parts[1]));
    forge.refused("rubbish", "abc");
    forge.refused("empty", "");
    let long = forge.me(&format!("{}{}", forge.token, "x".repeat(64 * 1024)));
    assert!(matches!(long.status, 401 | 431), "{}", long.status);
}

#[test]
fn a_token_with_a_missing_or_wrong_claim_is_refused() {
    let forge = Forge::new();
    for name in ["exp", "iss", "aud", "sub", "sid", "ver", "role", "token_use", "nbf", "iat"] {
        forge.refused(&format!("no {name}"), &forge.signed(|claims| drop(claims.remove(name))));
    }
    let other = |name: &str, value: Value| forge.signed(|claims| drop(claims.insert(name.into(), value)));
    forge.refused("another audience", &other("aud", json!("elsewhere")));
    forge.refused("audiences without ours", &other("aud", json!(["elsewhere", "nowhere"])));
    forge.refused("another issuer", &other("iss", json!("elsewhere")));
    forge.refused("another use", &other("token_use", json!("download")));
    forge.refused("an older version", &other("ver", json!(0)));
    forge.refused("an unknown session", &other("sid", json!(uuid::Uuid::now_v7())));
    forge.refused("an unknown role", &other("role", json!("root")));
}

#[test]
fn a_token_is_refused_before_nbf_and_60_seconds_after_exp() {
    let forge = Forge::new();
    let exp = forge.claims["exp"].as_i64().unwrap();
    let at = |seconds: i64| {
        let instant = chrono::DateTime::from_timestamp(exp + seconds, 0).unwrap();
        forge.world.server.db.clock.set(instant);
    };
    at(59);
    forge.me(&forge.token).expect(200);
    at(61);
    forge.refused("expired", &forge.token);
    at(-900 - 300);
    forge.refused("not yet", &forge.token);
    at(-60);
    forge.me(&forge.token).expect(200);
}

#[test]
fn a_refresh_token_is_refused_as_an_access_token() {
    let forge = Forge::new();
    forge.world.make_user("other", "commune", Some(forge.world.ianan), None);
    let tokens = forge
        .world
        .server
        .anonymous()
        .post("/auth/login", json!({"username": "other", "password": PASSWORD}))
        .expect(200);
    forge.refused("refresh token", tokens["refresh_token"].as_str().unwrap());
}

#[test]
fn exactly_one_authorization_header_with_the_bearer_scheme_is_accepted() {
    let forge = Forge::new();
    let bearer = format!("Bearer {}", forge.token);
    let get = |headers: &[(&str, &str)]| forge.world.server.raw("GET /api/v1/me", headers, b"");
    assert_eq!(get(&[("Authorization", &bearer)]).status, 200);
    assert_eq!(get(&[("authorization", &bearer.replacen("Bearer", "bearer", 1))]).status, 200);
    for headers in [
        vec![("Authorization", bearer.as_str()), ("Authorization", bearer.as_str())],
        vec![("Authorization", "Basic YTpi")],
        vec![("Authorization", forge.token.as_str())],
        vec![("Authorization", "Bearer")],
        vec![("X-User-Id", "admin"), ("X-Forwarded-For", "127.0.0.1")],
        vec![],
    ] {
        let answer = get(&headers);
        answer.expect_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[test]
fn a_revoked_token_gets_401_before_403_and_422() {
    let forge = Forge::new();
    let caller = forge.world.server.anonymous().with_token(&forge.token);
    caller.post("/api-keys", json!({})).expect_problem(403, "forbidden");
    caller.post("/localities", json!({})).expect_problem(422, "invalid");
    caller.step("/auth/logout").expect(204);
    caller.post("/api-keys", json!({})).expect_problem(401, "unauthenticated");
    caller.post("/localities", json!({})).expect_problem(401, "unauthenticated");
    caller.get("/localities?limit=0").expect_problem(401, "unauthenticated");
}

#[test]
fn public_calls_ignore_an_invalid_token() {
    let forge = Forge::new();
    forge.world.server.anonymous().with_token("rubbish").get("/catalogues").expect(200);
}

/// Adds a signing key and returns its file.
fn add_key(folder: &Path, name: &str) -> PathBuf {
    let key = aws_lc_rs::signature::Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
    let file = folder.join(name);
    std::fs::write(&file, key.as_ref()).unwrap();
    file
}

#[test]
fn a_new_signing_key_is_used_after_a_minute_and_sessions_survive_the_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let first = add_key(folder.path(), "1.pk8");
    let world = World::on(TestServer::with_keys(folder.path()));
    world.make_user("ianan", "commune", Some(world.ianan), None);
    let anonymous = world.server.anonymous();
    let call = |path: &str, body: Value| anonymous.post(path, body).expect(200);
    let me = |tokens: &Value| anonymous.with_token(tokens["access_token"].as_str().unwrap()).get("/me");
    let key = |tokens: &Value| read(tokens["access_token"].as_str().unwrap().split('.').next().unwrap())["kid"].clone();
    let refreshed = |tokens: &Value| call("/auth/refresh", json!({"refresh_token": tokens["refresh_token"]}));
    let clock = &world.server.db.clock;
    // The server does so every twenty seconds and on SIGHUP.
    let reload = || world.server.state.tokens.reload(clock.now());

    let before = call("/auth/login", json!({"username": "ianan", "password": PASSWORD}));
    add_key(folder.path(), "2.pk8");
    reload();
    let meanwhile = refreshed(&before);
    assert_eq!(key(&meanwhile), key(&before), "other replicas may not have read the new key yet");
    clock.set(clock.now() + TimeDelta::seconds(61));
    let after = refreshed(&meanwhile);
    assert_ne!(key(&after), key(&before));
    for tokens in [&before, &meanwhile, &after] {
        me(tokens).expect(200);
    }

    std::fs::remove_file(first).unwrap();
    reload();
    me(&before).expect_problem(401, "unauthenticated");
    me(&after).expect(200);
    me(&refreshed(&after)).expect(200);
}
