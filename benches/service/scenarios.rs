//! The scenarios: requests to the service, and the SQL of the same query.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{Datelike, Utc};
use diesel::connection::SimpleConnection;
use ketnghia::access::policy::Role;
use ketnghia::access::tokens::{Bearer, Tokens};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::caller::Caller;
use crate::data::{Cluster, DATABASE, PASSWORD};
use crate::load::{Call, Calls, agent, send};
use crate::many;
use crate::server::Server;
use crate::statements::{Statements, households_of, insert_gift, insert_visit};

/// Callers of each kind.
const CALLERS: usize = 64;
/// Callers whose SQL pgbench runs; few, because each of its connections plans each statement once.
pub const SCRIPTS: usize = 4;

pub struct Scenario {
    pub name: &'static str,
    pub calls: Box<Calls>,
    /// The bare statement, for a few callers; `entered` is the transaction with its entry function.
    pub bare: Vec<Statements>,
    pub entered: Vec<Statements>,
}

pub struct Stage {
    pub heads: Vec<Caller>,
    pub communes: Vec<Caller>,
    pub provinces: Vec<Caller>,
    pub units: Vec<Caller>,
    drafts: Vec<(Caller, String)>,
    /// Heads, each with 200 gifts to confirm.
    to_confirm: Vec<Caller>,
    /// Units that see a hundred households of a village.
    crowded: Vec<Caller>,
    cursors: Vec<Vec<String>>,
    pub admin: Caller,
    /// The official of the province with the most villages.
    largest: Caller,
    key: Arc<str>,
    pub disabled: Vec<String>,
}

pub fn nth<T: Clone>(items: &[T], n: usize) -> Option<T> {
    items.get(n.checked_rem(items.len())?).cloned()
}

impl Stage {
    pub fn new(cluster: &Cluster, server: &Server) -> Result<Self, String> {
        let (tokens, _) = cluster.keys()?;
        prepare(cluster)?;
        many::prepare(cluster)?;
        let users = "SELECT u.id AS user, u.username, u.locality_id AS place, u.scope_path AS path, u.auth_version FROM users u WHERE u.active AND u.role";
        let people = |sql: &str, role: Role| -> Result<Vec<Caller>, String> {
            cluster.rows(sql)?.into_iter().map(|row| caller(&tokens, row, role)).collect()
        };
        // With the households of their first page and their villages, for the statements that read the parts.
        let readers = |condition: &str| {
            format!(
                "SELECT c.*, page.homes, page.villages FROM ({users} = {condition}) c CROSS JOIN LATERAL (
                   SELECT array_agg(h.id) AS homes, array_agg(DISTINCT h.village_id) AS villages FROM (
                     SELECT id, village_id FROM households WHERE scope_path >= c.path AND scope_path < left(c.path, -1) || '/'
                      ORDER BY head_name, id LIMIT 50) h) page"
            )
        };
        let head = readers(&format!("'village_head' ORDER BY md5(u.username) LIMIT {CALLERS}"));
        let commune = readers(&format!("'commune' ORDER BY md5(u.username) LIMIT {CALLERS}"));
        let unit = format!(
            "SELECT u.id AS user, u.scope_path AS path, u.auth_version, t.id AS twinning, t.locality_id AS village, t.organisation_id AS organisation, \
                    t.scope_path AS village_path, (SELECT id FROM households h WHERE h.village_id = t.locality_id AND h.listed LIMIT 1) AS home \
               FROM users u JOIN twinnings t ON t.organisation_id = u.organisation_id WHERE u.role = 'twinning_unit' AND u.active ORDER BY md5(u.username) LIMIT {CALLERS}"
        );
        let drafts = "SELECT u.id AS user, u.auth_version, l.id AS list FROM hardship_lists l JOIN users u ON u.locality_id = l.village_id WHERE l.round = 12 AND l.status = 'draft' AND u.active";
        let provinces = people(
            &readers(
                "'province' AND EXISTS (SELECT FROM households h WHERE h.scope_path >= u.scope_path AND h.scope_path < left(u.scope_path, -1) || '/')",
            ),
            Role::Province,
        )?;
        let admin =
            people(&format!("{users} = 'admin' LIMIT 1"), Role::Admin)?.pop().ok_or("there is no administrator")?;
        let most_villages = format!(
            "{users} = 'province' ORDER BY (SELECT count(*) FROM localities l WHERE l.level = 'village' AND l.province_id = u.locality_id) DESC LIMIT 1"
        );
        let largest = people(&most_villages, Role::Province)?.pop().ok_or("there is no province")?;
        let disabled = cluster.rows("SELECT username FROM users WHERE NOT active")?;
        let mut stage = Self {
            heads: people(&head, Role::VillageHead)?,
            communes: people(&commune, Role::Commune)?,
            units: people(&unit, Role::TwinningUnit)?,
            drafts: people(drafts, Role::VillageHead)?
                .into_iter()
                .map(|caller| (caller.clone(), caller.text("list")))
                .collect(),
            cursors: Vec::new(),
            key: "".into(),
            disabled: disabled.iter().filter_map(|row| Some(row.get("username")?.as_str()?.to_owned())).collect(),
            to_confirm: people(many::TO_CONFIRM, Role::VillageHead)?,
            crowded: people(many::CROWDED, Role::TwinningUnit)?,
            provinces,
            admin,
            largest,
        };
        stage.cursors = stage.provinces.iter().map(|caller| cursors(server, caller)).collect::<Result<_, _>>()?;
        stage.key = make_key(server, &stage)?;
        Ok(stage)
    }
}

fn caller(tokens: &Tokens, row: Value, role: Role) -> Result<Caller, String> {
    let user: Uuid = row.get("user").and_then(Value::as_str).and_then(|id| id.parse().ok()).ok_or("no user")?;
    let version = row.get("auth_version").and_then(Value::as_i64).and_then(|version| version.try_into().ok());
    // The session of a user of the data set has the user's id.
    let token = tokens
        .sign(
            Bearer {
                user,
                session: user,
                auth_version: version.unwrap_or(1),
                generation: 0,
                role,
                must_change_password: false,
            },
            Utc::now(),
        )
        .map_err(|problem| problem.to_string())?;
    Ok(Caller { token: token.into(), session: user.to_string(), row: row.into() })
}

/// Creates drafts to be submitted, an administrator, and disabled accounts for each run.
fn prepare(cluster: &Cluster) -> Result<(), String> {
    let year = Utc::now().year();
    let sql = format!(
        "SET session_replication_role = replica;
         DELETE FROM hardship_items WHERE list_id IN (SELECT id FROM hardship_lists WHERE round = 12);
         DELETE FROM hardship_lists WHERE round = 12;
         INSERT INTO hardship_lists (id, village_id, scope_path, year, round, created_at, updated_at, version, changed_xid)
         SELECT gen_random_uuid(), id, scope_path, {year}, 12, now(), now(), 1, pg_current_xact_id() FROM localities WHERE level = 'village';
         INSERT INTO hardship_items (id, list_id, village_id, scope_path, household_id, reasons, needs, priority, created_at, updated_at, version, changed_xid)
         SELECT gen_random_uuid(), l.id, l.village_id, l.scope_path, h.id, '{{other}}', '{{food}}', 1, now(), now(), 1, pg_current_xact_id()
           FROM hardship_lists l CROSS JOIN LATERAL (SELECT id FROM households h WHERE h.village_id = l.village_id LIMIT 5) h WHERE l.round = 12;
         INSERT INTO users (id, username, full_name, role, must_change_password, created_at, updated_at, version, changed_xid)
         VALUES ('018bcfe5-6800-7000-8000-000000000001', 'bench-admin', 'bench-admin', 'admin', false, now(), now(), 1, pg_current_xact_id())
         ON CONFLICT DO NOTHING;
         INSERT INTO sessions (id, user_id, created_at, refreshed_at) SELECT id, id, now(), now() FROM users WHERE username = 'bench-admin' ON CONFLICT DO NOTHING;
         -- Sign-ins end the least recently used sessions of an account: this keeps those of the readers.
         UPDATE sessions SET created_at = now(), refreshed_at = now() + interval '1 day';
         INSERT INTO users (id, username, full_name, role, active, must_change_password, created_at, updated_at, version, changed_xid)
         SELECT gen_random_uuid(), 'disabled' || n, 'disabled', 'admin', false, false, now(), now(), 1, pg_current_xact_id()
           FROM generate_series(1, 64) n ON CONFLICT DO NOTHING;
         INSERT INTO user_passwords (user_id, hash) SELECT u.id, p.hash FROM users u, (SELECT hash FROM user_passwords LIMIT 1) p
          WHERE NOT u.active ON CONFLICT DO NOTHING;
         DELETE FROM sign_in_failures;
         SET session_replication_role = origin"
    );
    cluster.connect(DATABASE)?.batch_execute(&sql).map_err(|error| error.to_string())
}

pub fn get(path: String, token: &Arc<str>, check: fn(&Value) -> bool) -> Call {
    Call { method: "GET", path, token: Some(token.clone()), body: None, expect: 200, check }
}

pub fn post(
    path: String,
    token: Option<&Arc<str>>,
    body: Option<&Value>,
    expect: u16,
    check: fn(&Value) -> bool,
) -> Call {
    Call { method: "POST", path, token: token.cloned(), body: body.map(Value::to_string), expect, check }
}

pub fn sign_in(username: &str, password: &str, expect: u16) -> Call {
    let body = json!({"username": username, "password": password});
    post("/auth/login".into(), None, Some(&body), expect, |_| true)
}

fn items(answer: &Value) -> Option<&Vec<Value>> {
    answer.get("items")?.as_array()
}

/// Whether a page has households of one village only, with their parts.
fn is_one_village(answer: &Value) -> bool {
    let Some(items) = items(answer) else { return false };
    let villages: std::collections::HashSet<_> = items.iter().filter_map(|item| item.get("village_id")).collect();
    villages.len() == 1 && are_whole(answer)
}

fn are_whole(answer: &Value) -> bool {
    let whole = |home: &Value| {
        home.get("members").and_then(Value::as_array).is_some_and(|members| members.len() == 2)
            && home.get("phone").and_then(Value::as_str) == Some("0905123456")
            && home.get("village_name").is_some_and(Value::is_string)
    };
    items(answer).is_some_and(|items| !items.is_empty() && items.iter().all(whole))
}

fn has_rows(answer: &Value) -> bool {
    answer.get("rows").and_then(Value::as_array).is_some_and(|rows| !rows.is_empty())
        && answer.pointer("/totals/gifts").and_then(Value::as_i64).is_some_and(|gifts| gifts > 0)
}

/// Reads the cursors of the first pages of a province.
fn cursors(server: &Server, caller: &Caller) -> Result<Vec<String>, String> {
    let mut cursors = Vec::new();
    let mut path = "/households".to_owned();
    for _ in 0..4 {
        let (_, body) = send(&agent(), &server.url, &get(path, &caller.token, |_| true))?;
        let page: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        let Some(cursor) = page.get("next_cursor").and_then(Value::as_str) else { break };
        path = format!("/households?cursor={cursor}");
        cursors.push(cursor.to_owned());
    }
    if cursors.is_empty() { Err("a province has only one page of households".into()) } else { Ok(cursors) }
}

fn make_key(server: &Server, stage: &Stage) -> Result<Arc<str>, String> {
    let province = stage.provinces.first().ok_or("there is no province")?;
    let body = json!({"name": "bench", "locality_id": province.text("place")});
    let (_, answer) =
        send(&agent(), &server.url, &post("/api-keys".into(), Some(&province.token), Some(&body), 201, |_| true))?;
    let answer: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
    answer.get("key").and_then(Value::as_str).map(Into::into).ok_or_else(|| format!("no key was created: {answer}"))
}

/// Calls that depend on the caller only.
pub fn each(callers: &[Caller], call: impl Fn(&Caller) -> Call + Send + Sync + 'static) -> Box<Calls> {
    let callers = callers.to_vec();
    Box::new(move |n, i| nth(&callers, n + i * 7).map(|caller| call(&caller)))
}

pub fn all(stage: &Stage) -> Result<Vec<Scenario>, String> {
    let year = Utc::now().year();
    let only = |name, calls| Scenario { name, calls, bare: Vec::new(), entered: Vec::new() };
    let lists = |callers: &[Caller], condition: fn(&Caller) -> String, reach: &'static str| {
        let some = || callers.iter().take(SCRIPTS);
        (
            some().map(|caller| households_of(caller, &condition(caller), false)).collect(),
            some().map(|caller| households_of(caller, reach, true)).collect(),
        )
    };
    let exact = |caller: &Caller| format!("scope_path = '{}'", caller.text("path"));
    let range = |caller: &Caller| {
        let path = caller.text("path");
        format!("scope_path >= '{path}' AND scope_path < '{}/'", path.trim_end_matches('.'))
    };
    let head_sql = lists(&stage.heads, exact, "scope_path = (SELECT app_low())");
    let commune_sql = lists(&stage.communes, range, "scope_path = ANY ((SELECT app_paths())::text[])");
    let province_sql =
        lists(&stage.provinces, range, "scope_path >= (SELECT app_low()) AND scope_path < (SELECT app_high())");
    let of_village = each(&stage.heads, |head| get("/households".into(), &head.token, is_one_village));
    let of_commune = each(&stage.communes, |caller| get("/households".into(), &caller.token, are_whole));
    let pages: HashMap<_, _> = stage
        .provinces
        .iter()
        .zip(&stage.cursors)
        .map(|(caller, cursors)| (caller.session.clone(), cursors.clone()))
        .collect();
    let turn = AtomicUsize::new(0);
    let of_province = each(&stage.provinces, move |caller| {
        let cursor = pages.get(&caller.session).and_then(|cursors| nth(cursors, turn.fetch_add(1, Ordering::Relaxed)));
        get(format!("/households?cursor={}", cursor.unwrap_or_default()), &caller.token, are_whole)
    });
    let one = each(&stage.heads, |head| {
        let home = head.row.pointer("/homes/0").and_then(Value::as_str).unwrap_or_default();
        get(format!("/households/{home}"), &head.token, |home| home.get("head_name").is_some())
    });
    let gift = |unit: &Caller| json!({"household_id": unit.text("home"), "category": "food", "description": "Gạo", "value_vnd": 200_000, "funding_source": "donor", "id": Uuid::now_v7()});
    let today = (Utc::now() - chrono::TimeDelta::days(1)).date_naive();
    let gifts = each(&stage.units, move |unit| {
        let mut gift = gift(unit);
        for (field, value) in [
            ("twinning_id", unit.text("twinning")),
            ("village_id", unit.text("village")),
            ("given_on", today.to_string()),
        ] {
            if let Some(fields) = gift.as_object_mut() {
                fields.insert(field.into(), value.into());
            }
        }
        post("/gifts".into(), Some(&unit.token), Some(&gift), 201, |gift| {
            gift.get("status").is_some_and(|status| status == "recorded")
        })
    });
    let visits = each(&stage.units, move |unit| {
        let gifts: Vec<Value> = (0..5).map(|_| gift(unit)).collect();
        let visit = json!({"id": Uuid::now_v7(), "twinning_id": unit.text("twinning"), "village_id": unit.text("village"), "visited_on": today,
            "purpose": "handover", "participants": 4, "household_ids": [unit.text("home")], "gifts": gifts});
        post("/visits".into(), Some(&unit.token), Some(&visit), 201, |visit| {
            visit.get("gifts").and_then(Value::as_array).is_some_and(|gifts| gifts.len() == 5)
        })
    });
    let (drafts, next) = (stage.drafts.clone(), AtomicUsize::new(0));
    let submitted: Box<Calls> = Box::new(move |_, _| {
        let (head, list) = drafts.get(next.fetch_add(1, Ordering::Relaxed))?;
        let right = |list: &Value| list.get("status").is_some_and(|status| status == "submitted");
        Some(post(format!("/hardship-lists/{list}/submit"), Some(&head.token), None, 200, right))
    });
    let support = |callers: &[Caller], group: &'static str| {
        each(callers, move |caller| {
            let path = format!("/aggregates/support?group_by={group}&from={}-01-01&to={}-12-31", year - 1, year - 1);
            get(path, &caller.token, has_rows)
        })
    };
    let key = Caller { token: stage.key.clone(), session: String::new(), row: Value::Null.into() };
    let heads: Vec<String> = stage.heads.iter().map(|head| head.text("username")).collect();
    let signed_in: Box<Calls> = Box::new(move |n, i| Some(sign_in(&nth(&heads, n + i * 7)?, PASSWORD, 200)));
    let mut all = vec![
        Scenario { name: "households of a village", calls: of_village, bare: head_sql.0, entered: head_sql.1 },
        Scenario { name: "households of a commune", calls: of_commune, bare: commune_sql.0, entered: commune_sql.1 },
        Scenario {
            name: "households of a province, by cursor",
            calls: of_province,
            bare: province_sql.0,
            entered: province_sql.1,
        },
        only("one household", one),
        only("support by commune, a province's year", support(&stage.provinces, "commune")),
        only("support by month, a province's year", support(&stage.provinces, "month")),
        only("support by commune, key of a province", support(&[key], "commune")),
        only("support by province, the country's year", support(std::slice::from_ref(&stage.admin), "province")),
        Scenario {
            name: "a gift",
            calls: gifts,
            bare: stage.units.iter().take(SCRIPTS).map(|unit| insert_gift(unit, false)).collect(),
            entered: stage.units.iter().take(SCRIPTS).map(|unit| insert_gift(unit, true)).collect(),
        },
        Scenario {
            name: "a visit with five gifts",
            calls: visits,
            bare: stage.units.iter().take(SCRIPTS).map(|unit| insert_visit(unit, false)).collect(),
            entered: stage.units.iter().take(SCRIPTS).map(|unit| insert_visit(unit, true)).collect(),
        },
        only("a list submitted", submitted),
    ];
    all.extend(many::scenarios(&stage.largest, &stage.crowded, &stage.to_confirm));
    all.push(only("sign-in", signed_in));
    Ok(all)
}
