//! Calls every operation as every kind of caller with a record in every relation to the caller. The expected status
//! follows from the policy table and the rules in `expected`; exceptions are given with their row (`rows.rs`) and a
//! reason. The operations are read from the served document: an operation without a row fails, and so does a row
//! without an operation.
//!
//! A new resource adds its rows and one fixture that inserts a record in the wanted relation (`stage.rs` has places and
//! callers, `records.rs` the records of villages). An operation whose body names several records has a row for each.

mod field_rows;
mod records;
mod rows;
mod stage;

use std::collections::BTreeMap;

use ketnghia::access::policy::{Office, Permission, Role};
use serde_json::Value;
use uuid::Uuid;

use crate::harness::giving::value;
use crate::harness::{Answer, TestServer};
use rows::rows;
use stage::Stage;

/// The kinds of callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Caller {
    Admin,
    Province,
    District,
    Commune,
    Unit,
    Head,
    Key,
    Anonymous,
    /// A commune official with a token issued before the deactivation.
    Deactivated,
}

impl Caller {
    fn office(self) -> Option<Office> {
        match self {
            Self::Admin => Some(Office::User(Role::Admin)),
            Self::Province => Some(Office::User(Role::Province)),
            Self::District => Some(Office::User(Role::District)),
            Self::Commune => Some(Office::User(Role::Commune)),
            Self::Unit => Some(Office::User(Role::TwinningUnit)),
            Self::Head => Some(Office::User(Role::VillageHead)),
            Self::Key => Some(Office::Dashboard),
            Self::Anonymous | Self::Deactivated => None,
        }
    }
}

/// The relation of the record, or of the place that a body names, to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The caller's own place, or a record of exactly its rank and place.
    Own,
    /// In a place below that of the caller.
    Below,
    /// In a sibling place.
    Outside,
    Deleted,
    Unknown,
}

/// Inserts a record in the relation own, below or outside; None where the relation does not exist for the caller.
pub type Fixture = fn(&Stage, Caller, Relation) -> Option<Uuid>;

/// The record that an operation is called for.
#[derive(Clone, Copy)]
pub enum About {
    /// No record.
    Nothing,
    /// A list: it contains the records in scope and none outside. An exception with 404 expects a record in scope to be
    /// absent, one with 200 a record outside to be present.
    List(Fixture),
    /// The record in the path, with its table where a deleted record is tested, too.
    Record(Option<&'static str>, Fixture),
    /// A place or record that the body names at this pointer, with its table where a deleted record is tested, too.
    Body(&'static str, Option<&'static str>, Fixture),
}

/// A cell that does not follow the rules, with the reason.
pub struct Exception {
    pub callers: &'static [Caller],
    pub relation: Relation,
    pub status: u16,
    pub reason: &'static str,
}

/// An operation of the API.
pub struct Row {
    pub operation: &'static str,
    /// The word of its permission; None when it needs no sign-in.
    pub permission: Option<&'static str>,
    pub about: About,
    pub body: fn(&Stage, Caller, Option<Uuid>) -> Option<Value>,
    pub success: u16,
    /// Values for the `{…}` of the path other than the id.
    pub path: &'static [(&'static str, &'static str)],
    pub query: &'static str,
    /// The call ends the session, so a new caller of the same kind makes it.
    pub ends_session: bool,
    pub exceptions: &'static [Exception],
}

impl Row {
    fn exception(&self, caller: Caller, relation: Relation) -> Option<&Exception> {
        self.exceptions.iter().find(|exception| exception.relation == relation && exception.callers.contains(&caller))
    }

    /// The rules: 401 before 403 before 404 and 422, otherwise success.
    fn expected(&self, caller: Caller, relation: Relation) -> u16 {
        let Some(word) = self.permission else { return self.success };
        let Some(office) = caller.office() else { return 401 };
        let permission = Permission::ALL.iter().find(|permission| permission.word() == word).unwrap();
        if !permission.is_given_to(office) {
            return 403;
        }
        if let Some(exception) = self.exception(caller, relation) {
            assert!(!exception.reason.is_empty());
            return exception.status;
        }
        match (self.about, relation) {
            (About::Record(..), Relation::Outside | Relation::Deleted | Relation::Unknown) => 404,
            (About::Body(..), Relation::Outside | Relation::Deleted | Relation::Unknown) => 422,
            _ => self.success,
        }
    }
}

/// An operation of the document.
struct Operation {
    method: String,
    path: String,
    permission: Option<String>,
}

fn operations(server: &TestServer) -> BTreeMap<String, Operation> {
    let document = server.anonymous().get("/openapi.json").expect(200);
    let mut found = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let permission = operation.pointer("/security/0/bearer/0").and_then(Value::as_str).map(str::to_owned);
            let path = path.strip_prefix("/api/v1").unwrap_or(path).to_owned();
            let before = found.insert(id.clone(), Operation { method: method.to_uppercase(), path, permission });
            assert!(before.is_none(), "{id} twice");
        }
    }
    found
}

/// Calls the rows as these callers and returns the cells with an unexpected result.
fn walk(stage: &Stage, callers: &[Caller], rows: &[Row]) -> Vec<String> {
    let operations = operations(&stage.world.server);
    let mut wrong = Vec::new();
    for row in rows {
        let operation = &operations[row.operation];
        for caller in callers {
            match row.about {
                About::Nothing => call(stage, row, operation, *caller, Relation::Own, None, &mut wrong),
                About::List(fixture) => list(stage, row, operation, *caller, fixture, &mut wrong),
                About::Record(table, fixture) => each(stage, row, operation, *caller, table, fixture, &mut wrong),
                About::Body(_, table, fixture) => each(stage, row, operation, *caller, table, fixture, &mut wrong),
            }
        }
    }
    wrong
}

fn each(
    stage: &Stage,
    row: &Row,
    operation: &Operation,
    caller: Caller,
    table: Option<&str>,
    fixture: Fixture,
    wrong: &mut Vec<String>,
) {
    use Relation::{Below, Deleted, Outside, Own, Unknown};
    // A caller without a session has no relation to a record.
    let relations: &[Relation] =
        if caller.office().is_some() { &[Own, Below, Outside, Deleted, Unknown] } else { &[Outside, Unknown] };
    for relation in relations.iter().copied() {
        let id = match (relation, table) {
            (Unknown, _) => Some(Uuid::now_v7()),
            (Deleted, None) => None,
            (Deleted, Some(table)) => fixture(stage, caller, Below)
                .or_else(|| fixture(stage, caller, Outside))
                .inspect(|id| stage.delete(table, *id)),
            _ => fixture(stage, caller, relation),
        };
        if let Some(id) = id {
            call(stage, row, operation, caller, relation, Some(id), wrong);
        }
    }
}

/// The value of `If-Match`: `*`, or the version of the record for the steps that require it.
fn version(stage: &Stage, operation: &Operation, id: Option<Uuid>) -> String {
    let one_version = ["/approve", "/confirm", "/settle"].iter().any(|step| operation.path.ends_with(step));
    let table =
        operation.path.split("/{id}").next().and_then(|path| path.rsplit('/').next()).unwrap().replace('-', "_");
    match (one_version, id) {
        (true, Some(id)) => {
            let version = format!("SELECT coalesce(max(version), 1)::text FROM {table} WHERE id = '{id}'");
            format!("\"{}\"", value(&stage.world, &version))
        }
        _ => "*".to_owned(),
    }
}

fn send(
    stage: &Stage,
    row: &Row,
    operation: &Operation,
    caller: Caller,
    id: Option<Uuid>,
    query: &str,
    body: Option<Value>,
) -> Answer {
    let client = stage.client(caller, row.ends_session).with("If-Match", &version(stage, operation, id));
    let mut path = operation.path.clone();
    if let (About::Record(..), Some(id)) = (row.about, id) {
        path = path.replace("{id}", &id.to_string());
    }
    for (name, value) in row.path {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    assert!(!path.contains('{'), "{path}: a parameter without a value");
    client.send(&operation.method, &format!("{path}{query}"), body.map(|body| body.to_string()))
}

fn call(
    stage: &Stage,
    row: &Row,
    operation: &Operation,
    caller: Caller,
    relation: Relation,
    id: Option<Uuid>,
    wrong: &mut Vec<String>,
) {
    let expected = row.expected(caller, relation);
    // A body may need records of its own.
    let body = (row.body)(stage, caller, id);
    let must_not_write = operation.method != "GET" && expected >= 400;
    let before = must_not_write.then(|| stage.contents());
    let answer = send(stage, row, operation, caller, id, row.query, body);
    let cell = format!("{} × {caller:?} × {relation:?}", row.operation);
    if answer.status != expected {
        wrong.push(format!("{cell}: {} instead of {expected}: {}", answer.status, answer.text));
    }
    if before.is_some_and(|before| answer.status >= 400 && stage.contents() != before) {
        wrong.push(format!("{cell}: was refused and wrote rows"));
    }
    if answer.status == 401 && answer.header("www-authenticate") != "Bearer" {
        wrong.push(format!("{cell}: 401 without WWW-Authenticate"));
    }
    if let (About::Body(pointer, ..), 422) = (row.about, answer.status) {
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        let told = (&body["errors"][0]["pointer"], &body["errors"][0]["code"]);
        if row.exception(caller, relation).is_none() && told != (&Value::from(pointer), &Value::from("not_found")) {
            wrong.push(format!("{cell}: {told:?} instead of not_found at {pointer}"));
        }
    }
}

fn list(stage: &Stage, row: &Row, operation: &Operation, caller: Caller, fixture: Fixture, wrong: &mut Vec<String>) {
    let records: Vec<(Relation, Option<Uuid>)> = [Relation::Own, Relation::Below, Relation::Outside]
        .into_iter()
        .map(|relation| (relation, fixture(stage, caller, relation)))
        .collect();
    let expected = row.expected(caller, Relation::Below);
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let query = format!("?limit=200{}{cursor}", row.query);
        let answer = send(stage, row, operation, caller, None, &query, None);
        if answer.status != expected {
            wrong.push(format!(
                "{} × {caller:?}: {} instead of {expected}: {}",
                row.operation, answer.status, answer.text
            ));
        }
        if answer.status != 200 {
            return;
        }
        let page: Value = serde_json::from_str(&answer.text).unwrap();
        // An audit entry is identified by the record that it names.
        let id = |item: &Value| item["record_id"].as_str().or(item["id"].as_str()).unwrap().to_owned();
        listed.extend(page["items"].as_array().unwrap().iter().map(id));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for (relation, id) in records {
        let Some(id) = id else { continue };
        let hidden = row.exception(caller, relation).map_or(relation == Relation::Outside, |known| known.status == 404);
        if listed.contains(&id.to_string()) == hidden {
            let what = if hidden { "is listed" } else { "is missing" };
            wrong.push(format!("{} × {caller:?} × {relation:?}: {what}", row.operation));
        }
    }
}

#[track_caller]
fn assert_nothing(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn operations_and_matrix_rows_match_and_name_the_same_permissions() {
    let operations = operations(&TestServer::start());
    let rows = rows();
    for row in &rows {
        let operation =
            operations.get(row.operation).unwrap_or_else(|| panic!("{}: a row without an operation", row.operation));
        assert_eq!(operation.permission.as_deref(), row.permission, "{}", row.operation);
    }
    for id in operations.keys() {
        assert!(rows.iter().any(|row| row.operation == id), "{id}: an operation without a row");
    }
}

// One run over all callers in two halves, which run in parallel.

#[test]
fn officials_above_the_village_get_the_expected_status_for_every_operation() {
    let stage = Stage::today();
    assert_nothing(&walk(&stage, &[Caller::Admin, Caller::Province, Caller::Commune], &rows()));
}

#[test]
fn units_heads_keys_and_anonymous_callers_get_the_expected_status_for_every_operation() {
    let stage = Stage::today();
    assert_nothing(&walk(
        &stage,
        &[Caller::Unit, Caller::Head, Caller::Key, Caller::Anonymous, Caller::Deactivated],
        &rows(),
    ));
}

#[test]
fn officials_before_the_end_of_districts_get_the_expected_status_for_every_operation() {
    let stage = Stage::with_districts();
    assert_nothing(&walk(&stage, &[Caller::Province, Caller::District, Caller::Commune], &rows()));
}

/// The permissions of each office, written out a second time: the tests above derive their expectation from the policy
/// table, so a mistake in the table would not fail them.
#[test]
fn every_office_holds_exactly_the_listed_permissions() {
    const ALL_USERS: &str = "account:own localities:read posts:read organisations:read programmes:read twinnings:read groups:read households:read \
        hardship_lists:read support:read aggregates:read";
    let agreed = [
        (Caller::Admin, "users:read users:write api_keys:manage audit:read consents:read"),
        (
            Caller::Province,
            "users:read users:write api_keys:manage audit:read villages:write flags:write organisations:write organisations:change programmes:write twinnings:write groups:write households:reveal consents:read \
             gifts:settle support:record support:record_for",
        ),
        (
            Caller::District,
            "users:read users:write audit:read villages:write flags:write organisations:write organisations:change programmes:write twinnings:write groups:write households:reveal consents:read pledges:write \
             support:record support:record_for gifts:settle",
        ),
        (
            Caller::Commune,
            "users:read users:write audit:read villages:write flags:write posts:write organisations:write organisations:change programmes:write twinnings:write groups:write households:write households:reveal consents:read consents:write \
             assessments:confirm registers:complete hardship_lists:write hardship_lists:decide pledges:write support:record support:record_for gifts:confirm gifts:correct gifts:settle",
        ),
        (Caller::Unit, "groups:write organisations:change pledges:write support:record"),
        (
            Caller::Head,
            "posts:write groups:write organisations:change households:write households:reveal consents:read consents:write hardship_lists:write pledges:write support:record gifts:confirm",
        ),
    ];
    let sorted = |mut words: Vec<&'static str>| {
        words.sort_unstable();
        words
    };
    let held = |caller: Caller| sorted(caller.office().unwrap().permissions().map(Permission::word).collect());
    for (caller, words) in agreed {
        assert_eq!(
            held(caller),
            sorted(ALL_USERS.split_whitespace().chain(words.split_whitespace()).collect()),
            "{caller:?}"
        );
    }
    assert_eq!(held(Caller::Key), ["aggregates:read", "localities:read"]);
}

/// Mutation test of the matrix: each form of policy is opened once, and the matrix must fail.
#[test]
fn the_matrix_fails_when_a_policy_lets_every_caller_in() {
    let stage = Stage::today();
    let callers = [Caller::Province, Caller::Commune, Caller::Unit, Caller::Head];
    let seen = "readable ON localities USING (true)";
    let written = "villages_changed ON localities USING (level = 'village') WITH CHECK (level = 'village')";
    let deleted = "villages_deleted ON localities USING (level = 'village')";
    let cared_for = "in_care ON users USING (true) WITH CHECK (true)";
    let keys = "in_scope ON api_keys USING (true)";
    let managed = "written ON organisations USING (true) WITH CHECK (true)";
    let either_end = "either_end ON twinnings USING (true)";
    let groups = "in_scope ON working_groups USING (true)";
    let groups_written = "written ON working_groups USING (true) WITH CHECK (true)";
    let homes = "in_scope ON households USING (true)";
    let homes_written = "written ON households USING (true) WITH CHECK (true)";
    // More of its twinned villages than a unit should see.
    let drafts = "in_scope ON hardship_lists USING ((scope_path >= app_low() AND scope_path < app_high()) OR village_id = ANY (app_villages()))";
    let unlisted = "in_scope ON households USING ((scope_path >= app_low() AND scope_path < app_high()) OR village_id = ANY (app_villages()))";
    let others_visits = "in_scope ON visits USING ((scope_path >= app_low() AND scope_path < app_high()) OR village_id = ANY (app_villages()))";
    let others_gifts = "in_scope ON gifts USING ((scope_path >= app_low() AND scope_path < app_high()) OR village_id = ANY (app_villages()))";
    let others_pledges = "by_the_unit ON pledges USING (true)";
    let consents = "in_scope ON household_consents USING (true)";
    let entries = "in_scope ON audit_events USING (true)";
    // Lists add the caller's branch of the policy as a condition (access/reach.rs), so another branch that is opened
    // shows only in operations on one record.
    let cases: [(&[&str], &str); 28] = [
        (&[seen], "find_locality"),
        (&[seen], "list_localities"),
        // An update needs a policy to read and one to write: opening one alone changes nothing.
        (&[seen, written], "update_locality"),
        (&[seen, written, deleted], "delete_locality"),
        (&[cared_for], "find_user"),
        (&[cared_for], "list_users"),
        (&[cared_for], "update_user"),
        (&[keys], "find_api_key"),
        (&[keys], "list_api_keys"),
        (&[entries], "list_audit_events"),
        (&[consents], "find_household_consent"),
        (&[managed], "delete_organisation"),
        (&[either_end], "list_twinnings"),
        (&[either_end], "find_twinning"),
        (&[groups], "list_working_groups"),
        (&[groups], "find_working_group"),
        (&[groups, groups_written], "update_working_group"),
        (&[unlisted], "list_households"),
        (&[homes], "find_household"),
        (&[homes, homes_written], "update_household"),
        (&[homes], "create_hardship_list"),
        (&[drafts], "list_hardship_lists"),
        (&[drafts], "find_hardship_list"),
        (&[unlisted], "find_household"),
        (&[unlisted], "create_gift"),
        (&[others_visits], "find_visit"),
        (&[others_gifts], "find_gift"),
        (&[others_pledges], "delete_pledge"),
    ];
    for (policies, operation) in cases {
        let row: Vec<Row> = rows().into_iter().filter(|row| row.operation == operation).collect();
        assert_nothing(&walk(&stage, &callers, &row));
        stage.with_policies(policies, || {
            let wrong = walk(&stage, &callers, &row);
            assert!(!wrong.is_empty(), "{operation} did not fail with {policies:?}");
        });
        assert_nothing(&walk(&stage, &callers, &row));
    }
}
