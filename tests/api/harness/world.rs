use chrono::Days;
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use ketnghia::access::passwords;
use ketnghia::places::loader::locality_id;
use serde_json::{Value, json};
use std::sync::OnceLock;
use uuid::Uuid;

use super::client::Client;
use super::cluster::TestServer;

pub const PASSWORD: &str = "mật-khẩu-của-bài-kiểm-tra";

/// A server with the places that most tests use: two provinces, and two communes of Gia Lai.
pub struct World {
    pub server: TestServer,
    pub gialai: Uuid,
    pub quangngai: Uuid,
    pub ianan: Uuid,
    pub kongchro: Uuid,
}

pub fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| passwords::hash(PASSWORD).unwrap())
}

impl World {
    pub fn new() -> Self {
        Self::on(TestServer::start())
    }

    pub fn on(server: TestServer) -> Self {
        Self {
            server,
            gialai: locality_id(2025, "52"),
            quangngai: locality_id(2025, "51"),
            ianan: locality_id(2024, "23884"),
            kongchro: locality_id(2025, "23824"),
        }
    }

    /// Inserts an account by SQL and signs in.
    pub fn user(&self, username: &str, role: &str, locality: Option<Uuid>, organisation: Option<Uuid>) -> Client {
        self.make_user(username, role, locality, organisation);
        self.sign_in(username)
    }

    /// Inserts an account by SQL.
    pub fn make_user(&self, username: &str, role: &str, locality: Option<Uuid>, organisation: Option<Uuid>) -> Uuid {
        let id = Uuid::now_v7();
        let quoted = |id: Option<Uuid>| id.map_or("NULL".to_owned(), |id| format!("'{id}'"));
        let sql = format!(
            "BEGIN; SET LOCAL ROLE app; SELECT app_enter_system('{}');
             INSERT INTO users (id, username, full_name, role, locality_id, organisation_id, must_change_password)
             VALUES ('{id}', '{username}', '{username}', '{role}', {}, {}, false);
             SELECT app_replace_password('{id}', '{}', NULL); COMMIT",
            self.server.db.clock.now().to_rfc3339(),
            quoted(locality),
            quoted(organisation),
            password_hash(),
        );
        self.server.sql().batch_execute(&sql).unwrap();
        id
    }

    pub fn sign_in(&self, username: &str) -> Client {
        let anonymous = self.server.anonymous();
        let tokens = anonymous.post("/auth/login", json!({"username": username, "password": PASSWORD})).expect(200);
        anonymous.with_token(tokens["access_token"].as_str().unwrap())
    }

    pub fn admin(&self) -> Client {
        self.user(&unique("admin"), "admin", None, None)
    }

    pub fn province(&self, place: Uuid) -> Client {
        self.user(&unique("province"), "province", Some(place), None)
    }

    pub fn commune(&self, place: Uuid) -> Client {
        self.user(&unique("commune"), "commune", Some(place), None)
    }

    pub fn head(&self, village: Uuid) -> Client {
        self.user(&unique("head"), "village_head", Some(village), None)
    }

    pub fn unit(&self, organisation: Uuid) -> Client {
        self.user(&unique("unit"), "twinning_unit", None, Some(organisation))
    }

    pub fn village(&self, commune: Uuid, name: &str) -> Uuid {
        let official = self.commune(commune);
        let kind = if name.starts_with("Thôn ") { "thon" } else { "lang" };
        let made = official.post("/localities", json!({"name": name, "kind": kind, "parent_id": commune}));
        id_of(&made.expect(201))
    }

    /// Counts rows by SQL, without policies.
    pub fn count(&self, table: &str, condition: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let sql = format!("SELECT count(*) AS count FROM {table} WHERE {condition}");
        sql_query(sql).get_result::<Count>(&mut self.server.sql()).unwrap().count
    }

    pub fn today(&self) -> String {
        self.server.db.clock.today().to_string()
    }

    pub fn day(&self, before_today: u64) -> String {
        (self.server.db.clock.today() - Days::new(before_today)).to_string()
    }
}

/// A user name that is unique in this test.
pub fn unique(word: &str) -> String {
    format!("{word}-{}", Uuid::now_v7().simple().to_string().split_off(20))
}

pub fn id_of(record: &Value) -> Uuid {
    record["id"].as_str().unwrap().parse().unwrap()
}
