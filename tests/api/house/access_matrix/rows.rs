//! The rows: for each operation its permission, its record and a valid call.

use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::{self, Stage};
use super::{About, Caller, Exception, Relation, Row, field_rows, records};
use crate::harness::{PASSWORD, unique};

const PEERS: &[Exception] = &[Exception {
    callers: &[Caller::Province, Caller::District, Caller::Commune],
    relation: Relation::Own,
    status: 404,
    reason: "an official manages accounts of offices below, not of the same level; administrators manage each other",
}];

const BELOW_ONLY: &[Exception] = &[Exception {
    callers: &[Caller::Province, Caller::District, Caller::Commune],
    relation: Relation::Own,
    status: 404,
    reason: "an official reads entries of accounts of offices below, not of the same level",
}];

const CATALOGUE_PLACES: &[Exception] = &[Exception {
    callers: &[Caller::Province, Caller::District, Caller::Commune],
    relation: Relation::Own,
    status: 403,
    reason: "provinces, districts and communes are readable, and changed by the catalogue alone",
}];

const OWN_PLACE: &[Exception] = &[Exception {
    callers: &[Caller::Province, Caller::District, Caller::Commune],
    relation: Relation::Own,
    status: 403,
    reason: "flags of a place are set by the officials above it",
}];

/// A version or flag that does not exist.
const NO_PART: &str = "01936d4e-0000-7000-8000-000000000000";

/// A sheet has the permission of its list, whose row covers the scope: both are one handler.
fn sheets() -> Vec<Row> {
    let of = |operation, permission| Row::new(operation, permission, About::Nothing, 200);
    vec![
        of("list_households_csv", "households:read"),
        of("list_hardship_items_csv", "hardship_lists:read"),
        of("list_gifts_csv", "support:read"),
        of("list_working_groups_csv", "groups:read"),
        of("list_locality_posts_csv", "posts:read"),
        of("list_household_assessments_csv", "households:read"),
        of("find_coverage_aggregate_csv", "aggregates:read"),
        of("find_support_aggregate_csv", "aggregates:read"),
        of("find_hardship_aggregate_csv", "aggregates:read"),
        of("find_poverty_aggregate_csv", "aggregates:read"),
    ]
}

fn nothing(_: &Stage, _: Caller, _: Option<Uuid>) -> Option<Value> {
    None
}

impl Row {
    pub fn new(operation: &'static str, permission: &'static str, about: About, success: u16) -> Self {
        Self { permission: Some(permission), ..Self::public(operation, about, success) }
    }

    fn public(operation: &'static str, about: About, success: u16) -> Self {
        Self {
            operation,
            permission: None,
            about,
            body: nothing,
            success,
            path: &[],
            query: "",
            ends_session: false,
            exceptions: &[],
        }
    }

    pub fn body(self, body: fn(&Stage, Caller, Option<Uuid>) -> Option<Value>) -> Self {
        Self { body, ..self }
    }

    pub fn except(self, exceptions: &'static [Exception]) -> Self {
        Self { exceptions, ..self }
    }

    fn ends_session(self) -> Self {
        Self { ends_session: true, ..self }
    }
}

pub fn rows() -> Vec<Row> {
    [operations(), access(), users(), api_keys(), audit(), places(), posts(), field_rows::rows(), sheets()]
        .into_iter()
        .flatten()
        .collect()
}

fn operations() -> Vec<Row> {
    vec![
        Row::public("check_liveness", About::Nothing, 200),
        Row::public("check_readiness", About::Nothing, 200),
        Row::public("find_metrics", About::Nothing, 200),
        Row::public("find_openapi", About::Nothing, 200),
        Row::public("list_catalogues", About::Nothing, 200),
        Row { path: &[("name", "ethnic_groups")], ..Row::public("find_catalogue", About::Nothing, 200) },
    ]
}

fn access() -> Vec<Row> {
    vec![
        Row::public("sign_in", About::Nothing, 200)
            .body(|stage, _, _| Some(json!({"username": stage.tokens()["user"]["username"], "password": PASSWORD}))),
        Row::public("refresh_session", About::Nothing, 200)
            .body(|stage, _, _| Some(json!({"refresh_token": stage.tokens()["refresh_token"]}))),
        Row::new("sign_out", "account:own", About::Nothing, 204).ends_session(),
        Row::new("find_me", "account:own", About::Nothing, 200),
        Row::new("change_password", "account:own", About::Nothing, 204)
            .body(|_, _, _| Some(json!({"current_password": PASSWORD, "new_password": "ba con trâu trắng"})))
            .ends_session(),
        Row::new("list_sessions", "account:own", About::List(stage::sessions), 200),
        Row::new("end_session", "account:own", About::Record(None, stage::sessions), 204),
    ]
}

fn users() -> Vec<Row> {
    let account = About::Record(Some("users"), stage::users);
    let of_village = About::Body("#/locality_id", Some("localities"), stage::villages);
    vec![
        Row::new("list_users", "users:read", About::List(stage::users), 200).except(PEERS),
        Row::new("create_user", "users:write", of_village, 201).body(|_, _, village| {
            Some(json!({"username": unique("new"), "full_name": "Rơ Mah Tung", "role": "village_head", "locality_id": village}))
        }),
        Row::new("find_user", "users:read", account, 200).except(PEERS),
        Row::new("update_user", "users:write", account, 200)
            .body(|_, _, _| Some(json!({"full_name": "Rơ Mah Tung"})))
            .except(PEERS),
        Row::new("delete_user", "users:write", account, 204).except(PEERS),
        Row::new("reset_user_password", "users:write", account, 200).except(PEERS),
        Row::new("deactivate_user", "users:write", account, 200).except(PEERS),
        Row::new("activate_user", "users:write", account, 200).except(PEERS),
    ]
}

fn api_keys() -> Vec<Row> {
    let key = About::Record(Some("api_keys"), stage::api_keys);
    vec![
        Row::new("list_api_keys", "api_keys:manage", About::List(stage::api_keys), 200),
        Row::new("create_api_key", "api_keys:manage", About::Body("#/locality_id", None, stage::dashboard_places), 201)
            .body(|_, _, place| Some(json!({"name": "Bảng số liệu", "locality_id": place}))),
        Row::new("find_api_key", "api_keys:manage", key, 200),
        Row::new("revoke_api_key", "api_keys:manage", key, 204),
    ]
}

fn audit() -> Vec<Row> {
    let mut rows = vec![Row::new("list_audit_events", "audit:read", About::List(stage::villages), 200)];
    // Entries of an account are read by the officials above it, and by administrators.
    let of_accounts = Row::new("list_audit_events", "audit:read", About::List(stage::users), 200);
    rows.push(Row { query: "&resource=users", ..of_accounts }.except(BELOW_ONLY));
    rows
}

fn places() -> Vec<Row> {
    let place = About::Record(Some("localities"), stage::localities);
    vec![
        Row::new("list_localities", "localities:read", About::List(stage::localities), 200),
        Row::new("create_locality", "villages:write", About::Body("#/parent_id", None, stage::communes), 201)
            .body(|_, _, commune| Some(json!({"name": unique("lang"), "kind": "lang", "parent_id": commune}))),
        Row::new("find_locality", "localities:read", place, 200),
        Row::new("update_locality", "villages:write", place, 200)
            .body(|_, _, _| Some(json!({"latitude": 13.78})))
            .except(CATALOGUE_PLACES),
        Row::new("delete_locality", "villages:write", place, 204).except(CATALOGUE_PLACES),
        Row::new("list_locality_children", "localities:read", place, 200),
        Row::new("find_locality_history", "localities:read", place, 200),
        Row::new("create_locality_version", "villages:write", place, 201)
            .body(|_, _, _| Some(json!({"valid_from": "2025-01-01", "name": unique("lang")})))
            .except(CATALOGUE_PLACES),
        Row { path: &[("version_id", NO_PART)], ..Row::new("update_locality_version", "villages:write", place, 404) }
            .body(|_, _, _| Some(json!({"code": "01"}))),
        Row { path: &[("version_id", NO_PART)], ..Row::new("delete_locality_version", "villages:write", place, 404) },
        Row::new("end_locality", "villages:write", place, 200)
            .body(|_, _, _| Some(json!({"ends_on": "2025-05-20", "twinnings": "end"})))
            .except(CATALOGUE_PLACES),
        Row::new("list_locality_flags", "localities:read", place, 200),
        Row::new("create_locality_flag", "flags:write", place, 201)
            .body(|_, _, _| Some(json!({"flag": "border"})))
            .except(OWN_PLACE),
        Row { path: &[("flag_id", NO_PART)], ..Row::new("update_locality_flag", "flags:write", place, 404) }
            .body(|_, _, _| Some(json!({"decision_number": "861/QĐ-TTg"}))),
        Row { path: &[("flag_id", NO_PART)], ..Row::new("delete_locality_flag", "flags:write", place, 404) },
    ]
}

fn posts() -> Vec<Row> {
    let post = About::Record(Some("locality_posts"), records::posts);
    let place = About::Body("#/locality_id", Some("localities"), records::home_villages);
    vec![
        Row::new("list_locality_posts", "posts:read", About::List(records::posts), 200),
        Row::new("create_locality_post", "posts:write", place, 201).body(|_, _, village| {
            Some(json!({"locality_id": village, "post": "health_worker", "person_name": "Siu H'Nga"}))
        }),
        Row::new("find_locality_post", "posts:read", post, 200),
        Row::new("update_locality_post", "posts:write", post, 200).body(|_, _, _| Some(json!({"phone": "0905123456"}))),
        Row::new("delete_locality_post", "posts:write", post, 204),
    ]
}
