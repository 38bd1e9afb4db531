//! Scenarios with many records in one request: the coverage of a province, a gift with a hundred recipients, and two hundred
//! confirmations.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{Datelike, Utc};
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::caller::Caller;
use crate::data::{Cluster, DATABASE};
use crate::load::Calls;
use crate::scenarios::{SCRIPTS, Scenario, each, get, nth, post};
use crate::statements::{confirm_gifts, coverage_of, insert_gift_to_many};

/// Heads with their gifts to confirm; a gift is confirmed once, so the calls of a run are limited.
pub const TO_CONFIRM: &str = "SELECT u.id AS user, u.auth_version, g.items FROM (
       SELECT village_id, jsonb_agg(jsonb_build_object('id', id, 'version', version)) AS items
         FROM gifts WHERE note = 'bench' AND status = 'recorded' GROUP BY village_id) g
  JOIN users u ON u.locality_id = g.village_id AND u.role = 'village_head'";

/// Units with a hundred households of their village that they see.
pub const CROWDED: &str = "SELECT u.id AS user, u.auth_version, t.id AS twinning, t.locality_id AS village, t.organisation_id AS organisation,
       t.scope_path AS village_path, h.homes
  FROM (SELECT village_id, jsonb_agg(id) AS homes FROM households WHERE note = 'bench' GROUP BY village_id) h
  JOIN twinnings t ON t.locality_id = h.village_id
  JOIN users u ON u.organisation_id = t.organisation_id AND u.role = 'twinning_unit'";

/// Inserts gifts to confirm, anew for each run, and households of sixteen villages.
pub fn prepare(cluster: &Cluster) -> Result<(), String> {
    let sql = "SET session_replication_role = replica;
         DELETE FROM gifts WHERE note = 'bench';
         INSERT INTO gifts (id, twinning_id, organisation_id, village_id, scope_path, category, description, value_vnd, funding_source,
             given_on, note, acted_by, created_at, updated_at, version, changed_xid)
         SELECT gen_random_uuid(), t.id, t.organisation_id, t.locality_id, t.scope_path, 'food', 'Gạo', 100000, 'donor', current_date - 1,
                'bench', u.id, now(), now(), 1, pg_current_xact_id()
           FROM (SELECT * FROM twinnings ORDER BY md5(id::text) LIMIT 96) t
           JOIN users u ON u.organisation_id = t.organisation_id AND u.role = 'twinning_unit'
          CROSS JOIN generate_series(1, 200);
         INSERT INTO households (id, village_id, scope_path, head_name, ethnic_group, poverty_status, poverty_year, listed, note,
             created_at, updated_at, version, changed_xid)
         SELECT md5('bench' || t.id || n)::uuid, t.locality_id, t.scope_path, 'Siu ' || n, '10', 'poor', 2026, true, 'bench',
                now(), now(), 1, pg_current_xact_id()
           FROM (SELECT * FROM twinnings ORDER BY md5(id::text) LIMIT 16) t CROSS JOIN generate_series(1, 100) n
             ON CONFLICT DO NOTHING;
         -- Like those of the data set, which the other scenarios check.
         INSERT INTO household_members (id, household_id, scope_path, name, created_at, updated_at, version, changed_xid)
         SELECT md5(part || h.id::text)::uuid, h.id, h.scope_path, h.head_name, now(), now(), 1, pg_current_xact_id()
           FROM households h, generate_series(1, 2) part WHERE h.note = 'bench' ON CONFLICT DO NOTHING;
         INSERT INTO support_changes (village_id, scope_path, year)
         SELECT DISTINCT village_id, scope_path, extract(year FROM given_on)::integer FROM gifts WHERE note = 'bench';
         SET session_replication_role = origin;
         ANALYZE gifts, households";
    let mut conn = cluster.connect(DATABASE)?;
    conn.batch_execute(sql).map_err(|error| error.to_string())?;
    cluster.seal_phones(&mut conn)
}

pub fn scenarios(largest: &Caller, crowded: &[Caller], to_confirm: &[Caller]) -> Vec<Scenario> {
    let year = Utc::now().year();
    let coverage = each(std::slice::from_ref(largest), move |caller| {
        let path = format!("/aggregates/coverage?group_by=village&from={year}-01-01&to={year}-12-31");
        get(path, &caller.token, covers_villages)
    });
    let to_many = each(crowded, |unit| {
        let gift = json!({"id": Uuid::now_v7(), "twinning_id": unit.text("twinning"), "village_id": unit.text("village"),
            "recipients": unit.row.get("homes"), "category": "food", "description": "Gạo", "value_vnd": 20_000_000,
            "funding_source": "donor", "given_on": (Utc::now() - chrono::TimeDelta::days(1)).date_naive()});
        let right = |gift: &Value| gift.get("households_named").is_some_and(|number| number == 100);
        post("/gifts".into(), Some(&unit.token), Some(&gift), 201, right)
    });
    let (heads, next) = (to_confirm.to_vec(), AtomicUsize::new(0));
    let confirmed: Box<Calls> = Box::new(move |_, _| {
        let head = heads.get(next.fetch_add(1, Ordering::Relaxed))?;
        let body = json!({"items": head.row.get("items")});
        Some(post("/gifts/confirm".into(), Some(&head.token), Some(&body), 200, are_confirmed))
    });
    let scripts = |callers: &[Caller], script: fn(&Caller, bool) -> crate::statements::Statements, entered: bool| {
        callers.iter().map(|caller| script(caller, entered)).collect()
    };
    let few: Vec<Caller> = (0..SCRIPTS).filter_map(|n| nth(crowded, n)).collect();
    vec![
        Scenario {
            name: "coverage of a province by village",
            calls: coverage,
            bare: vec![coverage_of(largest, year, false)],
            entered: vec![coverage_of(largest, year, true)],
        },
        Scenario {
            name: "a gift with 100 recipients",
            calls: to_many,
            bare: scripts(&few, insert_gift_to_many, false),
            entered: scripts(&few, insert_gift_to_many, true),
        },
        Scenario {
            name: "200 confirmations in one request",
            calls: confirmed,
            // A script for each head: two connections with one script would wait for each other.
            bare: scripts(to_confirm, confirm_gifts, false),
            entered: scripts(to_confirm, confirm_gifts, true),
        },
    ]
}

/// Whether every village has a row, also those without a visit in the year.
fn covers_villages(answer: &Value) -> bool {
    let rows = answer.get("rows").and_then(Value::as_array);
    rows.is_some_and(|rows| rows.len() >= 20)
        && answer.pointer("/totals/twinned_villages").and_then(Value::as_u64) == rows.map(|rows| rows.len() as u64)
}

fn are_confirmed(answer: &Value) -> bool {
    let results = answer.get("results").and_then(Value::as_array);
    results.is_some_and(|results| {
        results.len() == 200
            && results.iter().all(|result| result.get("outcome").is_some_and(|outcome| outcome == "confirmed"))
    })
}
