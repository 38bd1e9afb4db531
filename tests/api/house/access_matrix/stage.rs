//! Places and callers of the matrix, and accounts, keys and sessions in every relation to them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use ketnghia::places::loader::locality_id;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Caller, Relation};
use crate::harness::{Client, PASSWORD, TestServer, World, id_of, unique};

/// Tables that refused calls may write to.
const BOOKKEEPING: &str = "'audit_events', 'sign_in_failures', 'sign_in_addresses', 'devices', 'sessions', 'refresh_tokens', '__diesel_schema_migrations'";

pub struct Stage {
    pub world: World,
    pub province: Uuid,
    /// Only before 2025-07-01.
    pub district: Option<Uuid>,
    pub commune: Uuid,
    /// The village of the head, with which the unit is twinned.
    pub village: Uuid,
    /// A commune of another district, or the next commune.
    pub sibling: Uuid,
    /// A commune of another province.
    pub far: Uuid,
    /// The unit, and its twinning with the village.
    pub organisation: Uuid,
    pub twinning: Uuid,
    officials: HashMap<Uuid, Client>,
    admin: Client,
    clients: HashMap<Caller, Client>,
    names: HashMap<Caller, String>,
    sql: RefCell<PgConnection>,
    counting: String,
    rounds: Cell<u32>,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Stage {
    pub fn today() -> Self {
        let world = World::new();
        let (province, commune, sibling) = (world.gialai, world.ianan, world.kongchro);
        Self::of(world, province, None, commune, sibling)
    }

    pub fn with_districts() -> Self {
        let server = TestServer::start();
        server.set_clock("2025-06-01T02:00:00Z");
        // Ia Sao in Ia Grai, Yang Trung in Kông Chro, both in the Gia Lai of that time.
        let place = |code: &str| locality_id(2024, code);
        Self::of(World::on(server), place("64"), Some(place("628")), place("23767"), place("23845"))
    }

    fn of(world: World, province: Uuid, district: Option<Uuid>, commune: Uuid, sibling: Uuid) -> Self {
        let admin = world.admin();
        let provinces = admin.get("/localities?level=province").expect(200);
        let other = provinces["items"].as_array().unwrap().iter().map(id_of).find(|id| *id != province).unwrap();
        let mut far = id_of(&admin.get(&format!("/localities/{other}/children?limit=1")).expect(200)["items"][0]);
        if district.is_some() {
            far = id_of(&admin.get(&format!("/localities/{far}/children?limit=1")).expect(200)["items"][0]);
        }
        let officials: HashMap<Uuid, Client> =
            [commune, sibling, far].into_iter().map(|place| (place, world.commune(place))).collect();
        let mut sql = world.server.sql();
        let counting: Line = diesel::sql_query(format!(
            "SELECT 'SELECT concat_ws('' '', ' || string_agg(format('(SELECT concat(%L, count(*), ''/'', %s) FROM %I)', c.relname || ' ',
                CASE WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'version') THEN 'sum(version)' ELSE '0' END,
                c.relname), ', ' ORDER BY c.relname) || ') AS line' AS line
               FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ({BOOKKEEPING})"
        ))
        .get_result(&mut sql)
        .unwrap();
        let mut stage = Self {
            province,
            district,
            commune,
            village: Uuid::nil(),
            sibling,
            far,
            organisation: Uuid::now_v7(),
            twinning: Uuid::nil(),
            officials,
            admin,
            clients: HashMap::new(),
            names: HashMap::new(),
            sql: RefCell::new(sql),
            counting: counting.line,
            rounds: Cell::new(0),
            world,
        };
        stage.village = stage.new_village(commune);
        let organisation = stage.organisation;
        stage.as_system(&format!(
            "INSERT INTO organisations (id, name, kind, level, locality_id)
             VALUES ('{organisation}', 'Văn phòng', 'department', 'commune', '{commune}')"
        ));
        stage.twinning = stage.new_twinning(organisation, stage.village);
        for caller in [
            Caller::Admin,
            Caller::Province,
            Caller::District,
            Caller::Commune,
            Caller::Unit,
            Caller::Head,
            Caller::Key,
            Caller::Deactivated,
        ] {
            if caller != Caller::District || district.is_some() {
                let name = unique("caller");
                stage.clients.insert(caller, stage.newcomer(caller, &name));
                stage.names.insert(caller, name);
            }
        }
        stage.clients.insert(Caller::Anonymous, stage.world.server.anonymous());
        stage
    }

    /// Runs a statement in a transaction that entered as `system`.
    pub fn as_system(&self, sql: &str) {
        let now = self.world.server.db.clock.now().to_rfc3339();
        let sql = format!("BEGIN; SET LOCAL ROLE app; SELECT app_enter_system('{now}'); {sql}; COMMIT");
        self.sql.borrow_mut().batch_execute(&sql).unwrap();
    }

    pub fn delete(&self, table: &str, id: Uuid) {
        self.as_system(&format!("DELETE FROM {table} WHERE id = '{id}'"));
    }

    /// Returns one value by SQL.
    pub fn ask(&self, word: &str) -> Option<String> {
        let sql = format!("SELECT word::text AS line FROM ({word}) AS asked (word)");
        let line: Option<Line> = diesel::sql_query(sql).get_result(&mut *self.sql.borrow_mut()).optional().unwrap();
        line.map(|line| line.line)
    }

    /// The account of the caller; a random id for a caller without one.
    pub fn user_id(&self, caller: Caller) -> Uuid {
        let name = self.names.get(&caller).map_or("", String::as_str);
        let id = self.ask(&format!("SELECT id FROM users WHERE username = '{name}'"));
        id.map_or_else(Uuid::now_v7, |id| id.parse().unwrap())
    }

    /// A new number with each call.
    pub fn next(&self) -> u32 {
        self.rounds.replace(self.rounds.get() + 1)
    }

    /// Number of rows and sum of versions of each table.
    pub fn contents(&self) -> String {
        let line: Line = diesel::sql_query(&self.counting).get_result(&mut *self.sql.borrow_mut()).unwrap();
        line.line
    }

    /// Runs with changed policies (`name ON table USING …`) and restores them.
    pub fn with_policies(&self, policies: &[&str], run: impl FnOnce()) {
        let mut back = Vec::new();
        for policy in policies {
            let (name, rest) = policy.split_once(" ON ").unwrap();
            let (table, _) = rest.split_once(' ').unwrap();
            let before: Line = diesel::sql_query(format!(
                "SELECT format('ALTER POLICY {name} ON {table} USING (%s)', qual) || CASE WHEN with_check IS NULL THEN '' ELSE format(' WITH CHECK (%s)', with_check) END AS line
                   FROM pg_policies WHERE tablename = '{table}' AND policyname = '{name}'"
            ))
            .get_result(&mut *self.sql.borrow_mut())
            .unwrap();
            back.push(before.line);
            self.sql.borrow_mut().batch_execute(&format!("ALTER POLICY {policy}")).unwrap();
        }
        run();
        self.sql.borrow_mut().batch_execute(&back.join(";")).unwrap();
    }

    /// The client of the caller; a new one of the same kind where the call ends the session.
    pub fn client(&self, caller: Caller, ends_session: bool) -> Client {
        if ends_session && !matches!(caller, Caller::Anonymous | Caller::Deactivated | Caller::Key) {
            return self.newcomer(caller, &unique("caller"));
        }
        self.clients[&caller].clone()
    }

    fn newcomer(&self, caller: Caller, name: &str) -> Client {
        if caller == Caller::Key {
            return self.world.server.anonymous().with_token(self.new_key(self.commune)["key"].as_str().unwrap());
        }
        let id = self.make(name, caller);
        let client = self.world.sign_in(name);
        if caller == Caller::Deactivated {
            self.admin.step(&format!("/users/{id}/deactivate")).expect(200);
        }
        client
    }

    fn make(&self, name: &str, caller: Caller) -> Uuid {
        match caller {
            Caller::Admin => self.world.make_user(name, "admin", None, None),
            Caller::Province => self.world.make_user(name, "province", Some(self.province), None),
            Caller::District => self.world.make_user(name, "district", self.district, None),
            Caller::Head => self.world.make_user(name, "village_head", Some(self.village), None),
            Caller::Unit => self.world.make_user(name, "twinning_unit", None, Some(self.organisation)),
            Caller::Commune | Caller::Deactivated | Caller::Anonymous | Caller::Key => {
                self.world.make_user(name, "commune", Some(self.commune), None)
            }
        }
    }

    /// Tokens of a new user.
    pub fn tokens(&self) -> Value {
        let name = unique("somebody");
        self.make(&name, Caller::Commune);
        self.world.server.anonymous().post("/auth/login", json!({"username": name, "password": PASSWORD})).expect(200)
    }

    pub fn new_village(&self, commune: Uuid) -> Uuid {
        let body = json!({"name": unique("lang"), "kind": "lang", "parent_id": commune});
        id_of(&self.officials[&commune].post("/localities", body).expect(201))
    }

    fn new_key(&self, place: Uuid) -> Value {
        self.admin.post("/api-keys", json!({"name": "x", "locality_id": place})).expect(201)
    }

    /// The caller's own place.
    fn place_of(&self, caller: Caller) -> Option<Uuid> {
        match caller {
            Caller::Admin => None,
            Caller::Province => Some(self.province),
            Caller::District => self.district,
            Caller::Head | Caller::Unit => Some(self.village),
            Caller::Commune | Caller::Key | Caller::Anonymous | Caller::Deactivated => Some(self.commune),
        }
    }

    /// A commune outside the scope of the caller; None for an administrator.
    fn commune_outside(&self, caller: Caller) -> Option<Uuid> {
        match caller {
            Caller::Admin => None,
            Caller::Province => Some(self.far),
            _ => Some(self.sibling),
        }
    }

    pub fn has_places_below(caller: Caller) -> bool {
        !matches!(caller, Caller::Head | Caller::Unit)
    }
}

/// A new village below or outside the place of the caller.
pub fn villages(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    match relation {
        Relation::Below => Stage::has_places_below(caller).then(|| stage.new_village(stage.commune)),
        // The next village of the same commune is outside for a village head and a unit.
        Relation::Outside if !Stage::has_places_below(caller) => Some(stage.new_village(stage.commune)),
        Relation::Outside => stage.commune_outside(caller).map(|commune| stage.new_village(commune)),
        _ => None,
    }
}

/// A place: the caller's own, a village below, a village outside.
pub fn localities(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    if relation == Relation::Own { stage.place_of(caller) } else { villages(stage, caller, relation) }
}

/// A commune, as the parent of a village.
pub fn communes(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let is_own = stage.place_of(caller) == Some(stage.commune);
    match relation {
        Relation::Own if is_own => Some(stage.commune),
        Relation::Below if !is_own => Some(stage.commune),
        Relation::Outside => stage.commune_outside(caller),
        _ => None,
    }
}

/// A place that an API key may be created for.
pub fn dashboard_places(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    match relation {
        Relation::Own => stage.place_of(caller),
        _ => communes(stage, caller, relation),
    }
}

/// An account of the caller's own office, of one below, or of one outside.
pub fn users(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let name = unique("account");
    match relation {
        Relation::Own => Some(stage.make(&name, caller)),
        Relation::Below => Some(match caller {
            Caller::Admin => stage.make(&name, Caller::Province),
            Caller::Province | Caller::District => stage.make(&name, Caller::Commune),
            _ => stage.make(&name, Caller::Head),
        }),
        Relation::Outside => {
            let commune = stage.commune_outside(caller)?;
            let village = stage.new_village(commune);
            Some(stage.world.make_user(&name, "village_head", Some(village), None))
        }
        _ => None,
    }
}

pub fn api_keys(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    dashboard_places(stage, caller, relation).map(|place| id_of(&stage.new_key(place)))
}

/// Another session of the caller, or one of another user of the same office.
pub fn sessions(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let user = match relation {
        Relation::Own if matches!(caller, Caller::Key | Caller::Anonymous | Caller::Deactivated) => return None,
        Relation::Own => stage.world.sign_in(&stage.names[&caller]),
        Relation::Outside => stage.newcomer(
            if caller == Caller::Key || caller == Caller::Deactivated { Caller::Commune } else { caller },
            &unique("other"),
        ),
        _ => return None,
    };
    let sessions = user.get("/me/sessions").expect(200);
    sessions["items"].as_array().unwrap().iter().find(|session| session["current"] == true).map(id_of)
}
