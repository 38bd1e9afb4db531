//! Statements of requests are prepared once for each connection: their text is neither parsed nor planned at every call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use diesel::connection::SimpleConnection;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use serde_json::json;

use crate::harness::giving::Giving;
use crate::harness::{household, id_of, item};

#[derive(Default)]
struct Seen {
    /// The number of executions of each text.
    run: BTreeMap<String, usize>,
    prepared: BTreeSet<String>,
}

static SEEN: Mutex<Option<Seen>> = Mutex::new(None);
/// The database whose connections are watched; other tests run beside this one.
static WATCHED: Mutex<Option<String>> = Mutex::new(None);

/// Statements that stay as they are, with the reason.
const PLANNED_ANEW: &[(&str, &str)] = &[
    ("BEGIN", "a command without a plan"),
    ("COMMIT", "a command without a plan"),
    ("SET ROLE", "once for each connection"),
    ("INSERT INTO \"gifts\"", "one row for each gift of a visit"),
    ("INSERT INTO \"hardship_items\"", "one row for each item of a list"),
    ("INSERT INTO \"household_members\"", "one row for each member"),
    ("INSERT INTO \"household_private\"", "one row for each member"),
    ("UPDATE \"households\" SET", "the fields that are changed: a connection never forgets a prepared statement"),
    ("UPDATE \"hardship_lists\" SET", "the fields that a step writes"),
    ("UPDATE \"hardship_items\" SET", "the fields that are changed"),
    ("UPDATE hardship_items SET", "executed: once for an approval"),
    ("UPDATE \"gifts\" SET", "the fields that a step writes"),
    ("WITH recorded AS", "aggregates: by their grouping and filters"),
    ("SELECT l.id, l.level, v.code", "lists of places: by their filters, planned for their values"),
];

/// Watches one connection.
struct Watch {
    is_wanted: bool,
}

impl Instrumentation for Watch {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                let watched = WATCHED.lock().unwrap();
                self.is_wanted = watched.as_ref().is_some_and(|name| url.contains(&format!("/{name}?")));
            }
            InstrumentationEvent::StartQuery { query, .. } if self.is_wanted => {
                let text = query.to_string();
                let text = text.split(" -- binds").next().unwrap_or_default().trim().to_owned();
                if let Some(seen) = SEEN.lock().unwrap().as_mut() {
                    *seen.run.entry(text).or_default() += 1;
                }
            }
            InstrumentationEvent::CacheQuery { sql, .. } if self.is_wanted => {
                if let Some(seen) = SEEN.lock().unwrap().as_mut() {
                    seen.prepared.insert(sql.to_owned());
                }
            }
            _ => {}
        }
    }
}

/// A day of a village, a commune and a unit.
fn work(stage: &Giving, number: usize) {
    let Giving { head, official, unit, village, .. } = stage;
    let mut body = household(*village, &format!("Siu {number}"));
    body["members"] = json!([{"name": "Siu Con", "identity_number": format!("06221300{number:04}")}]);
    let home = id_of(&official.post("/households", body).expect(201));
    let path = format!("/households/{home}");
    for read in ["", "/history"] {
        official.get(&format!("{path}{read}")).expect(200);
    }
    official.patch(&path, json!({"address": format!("Xóm {number}")})).expect(200);
    official.step(&format!("{path}/reveal")).expect(200);
    let list = json!({"village_id": village, "year": 2000 + number, "items": [item(home)]});
    let list = format!("/hardship-lists/{}", id_of(&head.post("/hardship-lists", list).expect(201)));
    head.step(&format!("{list}/submit")).expect(200);
    official.step(&format!("{list}/approve")).expect(200);
    let visit = json!({"twinning_id": stage.twinning, "village_id": village, "visited_on": "2026-11-20", "purpose": "handover",
        "gifts": [{"category": "food", "description": "Gạo", "value_vnd": 100_000, "funding_source": "donor", "household_id": home}]});
    let visit = unit.post("/visits", visit).expect(201);
    let gift = visit["gifts"][0]["id"].as_str().unwrap();
    head.step(&format!("/gifts/{gift}/confirm")).expect(200);
    for caller in [head, official, unit] {
        for path in [
            "/me",
            "/households",
            "/hardship-lists",
            "/hardship-items",
            "/visits",
            "/gifts",
            "/twinnings",
            "/localities?q=tung",
            "/localities?level=village",
            "/household-assessments",
            "/organisations",
            "/programmes",
        ] {
            caller.get(path);
        }
        caller.get(&format!("/localities/{village}")).expect(200);
        caller.get(&format!("/localities/{village}/registers")).expect(200);
        caller.get("/aggregates/support?group_by=village").expect(200);
    }
}

#[test]
fn statements_of_requests_are_prepared_once() {
    *SEEN.lock().unwrap() = Some(Seen::default());
    set_default_instrumentation(|| Some(Box::new(Watch { is_wanted: false }))).unwrap();
    let stage = Giving::new();
    *WATCHED.lock().unwrap() = Some(stage.world.server.database.clone());
    // The pool connects anew.
    let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    stage.world.server.sql().batch_execute(all).unwrap();
    for number in 0..3 {
        work(&stage, number);
    }
    let seen = SEEN.lock().unwrap().take().unwrap();
    let anew: Vec<&String> = seen
        .run
        .iter()
        .filter(|(text, count)| **count > 1 && !seen.prepared.contains(*text))
        .map(|(text, _)| text)
        .filter(|text| !PLANNED_ANEW.iter().any(|(begin, _)| text.starts_with(begin)))
        .collect();
    assert!(seen.prepared.len() > 50, "few statements were watched: {}", seen.prepared.len());
    assert!(anew.is_empty(), "planned at each call: {anew:#?}");
    // While a newer schema adds a column to a result, a kept statement with all columns fails.
    let open: Vec<_> = seen.prepared.iter().filter(|text| text.contains("SELECT * FROM app_")).collect();
    assert!(open.is_empty(), "without the names of the columns: {open:#?}");
    let unused = |(begin, _): &&(&str, &str)| !seen.run.keys().any(|text| text.starts_with(begin));
    let unused: Vec<_> = PLANNED_ANEW.iter().filter(unused).collect();
    assert!(unused.is_empty(), "not run: {unused:?}");
}
