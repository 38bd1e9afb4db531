//! Every operation × every identity × every relation to the record. The expected status follows
//! from the policy table and a few rules, written out in `expected`; what differs stands with its
//! row (`rows.rs`), with the reason. The operations come from the served document: one without a
//! row fails, and so does a row without an operation.
//!
//! A new resource adds its rows, and one fixture function that makes a record of it in the relation
//! that is asked for (`stage.rs` has the places and the people, `records.rs` what is written about
//! them). An operation whose body names several records has a row for each.

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

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    Admin,
    Province,
    District,
    Commune,
    Unit,
    Head,
    Key,
    Anonymous,
    /// A commune official with a token of the time before.
    Deactivated,
}

impl Who {
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

/// How the record, or the place that a body names, lies to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The caller's own place, or a record of exactly its rank and place.
    Own,
    /// Further down, in the caller's care.
    Below,
    /// In a sibling place.
    Outside,
    Deleted,
    Unknown,
}

/// Makes a record in one of the relations own, below and outside; None where there is no such thing.
pub type Fixture = fn(&Stage, Who, Relation) -> Option<Uuid>;

/// What an operation is asked about.
#[derive(Clone, Copy)]
pub enum About {
    /// Nothing but the caller.
    Nothing,
    /// All records there are for the caller: those in scope are listed, those outside are not. An
    /// exception with 404 hides a record in scope, one with 200 shows one outside.
    List(Fixture),
    /// The record in the path. Its table, where a deleted one can be told from an unknown one.
    Record(Option<&'static str>, Fixture),
    /// A place or record that the body names, at this pointer. Its table, where it can be deleted.
    Body(&'static str, Option<&'static str>, Fixture),
}

/// A cell that does not follow the rules, and why.
pub struct Exception {
    pub who: &'static [Who],
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
    pub body: fn(&Stage, Who, Option<Uuid>) -> Option<Value>,
    pub success: u16,
    /// Fills `{…}` of the path that is no id.
    pub path: &'static [(&'static str, &'static str)],
    pub query: &'static str,
    /// The call ends the caller's session, so somebody else makes it.
    pub ends_session: bool,
    pub exceptions: &'static [Exception],
}

impl Row {
    fn exception(&self, who: Who, relation: Relation) -> Option<&Exception> {
        self.exceptions.iter().find(|exception| exception.relation == relation && exception.who.contains(&who))
    }

    /// The rules: 401 before 403 before 404 and 422, success else.
    fn expected(&self, who: Who, relation: Relation) -> u16 {
        let Some(word) = self.permission else { return self.success };
        let Some(office) = who.office() else { return 401 };
        let permission = Permission::ALL.iter().find(|permission| permission.word() == word).unwrap();
        if !permission.is_given_to(office) {
            return 403;
        }
        if let Some(exception) = self.exception(who, relation) {
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

/// An operation as the document has it.
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

/// Walks the rows for these people and gives the cells that are not as they should be.
fn walk(stage: &Stage, people: &[Who], rows: &[Row]) -> Vec<String> {
    let operations = operations(&stage.world.server);
    let mut wrong = Vec::new();
    for row in rows {
        let operation = &operations[row.operation];
        for who in people {
            match row.about {
                About::Nothing => call(stage, row, operation, *who, Relation::Own, None, &mut wrong),
                About::List(fixture) => list(stage, row, operation, *who, fixture, &mut wrong),
                About::Record(table, fixture) => each(stage, row, operation, *who, table, fixture, &mut wrong),
                About::Body(_, table, fixture) => each(stage, row, operation, *who, table, fixture, &mut wrong),
            }
        }
    }
    wrong
}

fn each(
    stage: &Stage,
    row: &Row,
    operation: &Operation,
    who: Who,
    table: Option<&str>,
    fixture: Fixture,
    wrong: &mut Vec<String>,
) {
    use Relation::{Below, Deleted, Outside, Own, Unknown};
    // Who is not signed in has no relation to anything.
    let relations: &[Relation] =
        if who.office().is_some() { &[Own, Below, Outside, Deleted, Unknown] } else { &[Outside, Unknown] };
    for relation in relations.iter().copied() {
        let id = match (relation, table) {
            (Unknown, _) => Some(Uuid::now_v7()),
            (Deleted, None) => None,
            (Deleted, Some(table)) => fixture(stage, who, Below)
                .or_else(|| fixture(stage, who, Outside))
                .inspect(|id| stage.delete(table, *id)),
            _ => fixture(stage, who, relation),
        };
        if let Some(id) = id {
            call(stage, row, operation, who, relation, Some(id), wrong);
        }
    }
}

/// Any version, but where one is needed: that of the record.
fn version(stage: &Stage, operation: &Operation, id: Option<Uuid>) -> String {
    let steps = [("/approve", "hardship_lists"), ("/confirm", "gifts"), ("/settle", "gifts")];
    match (steps.iter().find(|(step, _)| operation.path.ends_with(step)), id) {
        (Some((_, table)), Some(id)) => {
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
    who: Who,
    id: Option<Uuid>,
    query: &str,
    body: Option<Value>,
) -> Answer {
    let client = stage.client(who, row.ends_session).with("If-Match", &version(stage, operation, id));
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
    who: Who,
    relation: Relation,
    id: Option<Uuid>,
    wrong: &mut Vec<String>,
) {
    let expected = row.expected(who, relation);
    // A body may need records of its own.
    let body = (row.body)(stage, who, id);
    let may_leave_traces = operation.method != "GET" && expected >= 400;
    let before = may_leave_traces.then(|| stage.contents());
    let answer = send(stage, row, operation, who, id, row.query, body);
    let cell = format!("{} × {who:?} × {relation:?}", row.operation);
    if answer.status != expected {
        wrong.push(format!("{cell}: {} instead of {expected}: {}", answer.status, answer.text));
    }
    if before.is_some_and(|before| answer.status >= 400 && stage.contents() != before) {
        wrong.push(format!("{cell}: was refused and left a trace"));
    }
    if answer.status == 401 && answer.header("www-authenticate") != "Bearer" {
        wrong.push(format!("{cell}: 401 without WWW-Authenticate"));
    }
    if let (About::Body(pointer, ..), 422) = (row.about, answer.status) {
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        let told = (&body["errors"][0]["pointer"], &body["errors"][0]["code"]);
        if row.exception(who, relation).is_none() && told != (&Value::from(pointer), &Value::from("not_found")) {
            wrong.push(format!("{cell}: told {told:?} instead of not_found at {pointer}"));
        }
    }
}

fn list(stage: &Stage, row: &Row, operation: &Operation, who: Who, fixture: Fixture, wrong: &mut Vec<String>) {
    let records: Vec<(Relation, Option<Uuid>)> = [Relation::Own, Relation::Below, Relation::Outside]
        .into_iter()
        .map(|relation| (relation, fixture(stage, who, relation)))
        .collect();
    let expected = row.expected(who, Relation::Below);
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let query = format!("?limit=200{}{cursor}", row.query);
        let answer = send(stage, row, operation, who, None, &query, None);
        if answer.status != expected {
            wrong
                .push(format!("{} × {who:?}: {} instead of {expected}: {}", row.operation, answer.status, answer.text));
        }
        if answer.status != 200 {
            return;
        }
        let page: Value = serde_json::from_str(&answer.text).unwrap();
        // An entry of the audit is known by the record that it is about.
        let id = |item: &Value| item["record_id"].as_str().or(item["id"].as_str()).unwrap().to_owned();
        listed.extend(page["items"].as_array().unwrap().iter().map(id));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for (relation, id) in records {
        let Some(id) = id else { continue };
        let hidden = row.exception(who, relation).map_or(relation == Relation::Outside, |known| known.status == 404);
        if listed.contains(&id.to_string()) == hidden {
            let what = if hidden { "is listed" } else { "is missing" };
            wrong.push(format!("{} × {who:?} × {relation:?}: {what}", row.operation));
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

// One walk in two halves, for they run side by side.

#[test]
fn officials_above_the_village_get_the_expected_status_for_every_operation() {
    let stage = Stage::today();
    assert_nothing(&walk(&stage, &[Who::Admin, Who::Province, Who::Commune], &rows()));
}

#[test]
fn units_heads_keys_and_anonymous_callers_get_the_expected_status_for_every_operation() {
    let stage = Stage::today();
    assert_nothing(&walk(&stage, &[Who::Unit, Who::Head, Who::Key, Who::Anonymous, Who::Deactivated], &rows()));
}

#[test]
fn officials_before_the_end_of_districts_get_the_expected_status_for_every_operation() {
    let stage = Stage::with_districts();
    assert_nothing(&walk(&stage, &[Who::Province, Who::District, Who::Commune], &rows()));
}

/// Who holds what, once more and from the description of the offices: the walk takes the policy
/// table at its word, so the table has a witness.
#[test]
fn every_office_holds_exactly_the_listed_permissions() {
    const ALL_USERS: &str = "account:own localities:read organisations:read programmes:read twinnings:read households:read \
        hardship_lists:read support:read aggregates:read";
    let agreed = [
        (Who::Admin, "users:read users:write api_keys:manage audit:read"),
        (
            Who::Province,
            "users:read users:write api_keys:manage audit:read villages:write organisations:write programmes:write twinnings:write households:reveal",
        ),
        (
            Who::District,
            "users:read users:write audit:read villages:write organisations:write programmes:write twinnings:write households:reveal pledges:write \
             support:record",
        ),
        (
            Who::Commune,
            "users:read users:write audit:read villages:write organisations:write programmes:write twinnings:write households:write households:reveal \
             hardship_lists:write hardship_lists:decide pledges:write support:record support:record_for gifts:confirm gifts:settle",
        ),
        (Who::Unit, "pledges:write support:record"),
        (
            Who::Head,
            "households:write households:reveal hardship_lists:write pledges:write support:record gifts:confirm",
        ),
    ];
    let sorted = |mut words: Vec<&'static str>| {
        words.sort_unstable();
        words
    };
    let held = |who: Who| sorted(who.office().unwrap().permissions().map(Permission::word).collect());
    for (who, words) in agreed {
        assert_eq!(
            held(who),
            sorted(ALL_USERS.split_whitespace().chain(words.split_whitespace()).collect()),
            "{who:?}"
        );
    }
    assert_eq!(held(Who::Key), ["aggregates:read", "localities:read"]);
}

/// The matrix has to see a hole: each form of policy is opened once.
#[test]
fn the_matrix_fails_when_a_policy_lets_every_caller_in() {
    let stage = Stage::today();
    let callers = [Who::Province, Who::Commune, Who::Unit, Who::Head];
    let seen = "readable ON localities USING (true)";
    let written = "villages_changed ON localities USING (level = 'village') WITH CHECK (level = 'village')";
    let deleted = "villages_deleted ON localities USING (level = 'village')";
    let cared_for = "in_care ON users USING (true) WITH CHECK (true)";
    let keys = "in_scope ON api_keys USING (true)";
    let managed = "written ON organisations USING (true) WITH CHECK (true)";
    let either_end = "either_end ON twinnings USING (true)";
    let homes = "in_scope ON households USING (true)";
    let homes_written = "written ON households USING (true) WITH CHECK (true)";
    // Of the villages a unit stands by, more than it should see.
    let drafts = "in_scope ON hardship_lists USING ((scope_path >= app_low() AND scope_path < app_high()) OR village_id = ANY (app_villages()))";
    let unlisted = "in_scope ON households USING ((scope_path >= app_low() AND scope_path < app_high()) OR village_id = ANY (app_villages()))";
    let others_visits = "in_scope ON visits USING ((scope_path >= app_low() AND scope_path < app_high()) OR village_id = ANY (app_villages()))";
    let others_gifts = "in_scope ON gifts USING ((scope_path >= app_low() AND scope_path < app_high()) OR village_id = ANY (app_villages()))";
    let others_pledges = "by_the_unit ON pledges USING (true)";
    let entries = "in_scope ON audit_events USING (true)";
    // Lists say the caller's branch of the policy again (access/reach.rs), so a hole elsewhere in the
    // policy shows where one record is asked for.
    let cases: [(&[&str], &str); 25] = [
        (&[seen], "find_locality"),
        (&[seen], "list_localities"),
        // What may be changed is what may be seen and written: one hole alone is not enough.
        (&[seen, written], "update_locality"),
        (&[seen, written, deleted], "delete_locality"),
        (&[cared_for], "find_user"),
        (&[cared_for], "list_users"),
        (&[cared_for], "update_user"),
        (&[keys], "find_api_key"),
        (&[keys], "list_api_keys"),
        (&[entries], "list_audit_events"),
        (&[managed], "update_organisation"),
        (&[managed], "delete_organisation"),
        (&[either_end], "list_twinnings"),
        (&[either_end], "find_twinning"),
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
            assert!(!wrong.is_empty(), "{operation} did not notice: {policies:?}");
        });
        assert_nothing(&walk(&stage, &callers, &row));
    }
}
