//! The same query directly on PostgreSQL: pgbench with prepared statements, as many clients, the same socket.
//! Bare: the one SELECT or INSERT, as the superuser, who bypasses row-level security. Entered: the whole
//! transaction of the service as `app`, with its entry function and the statements for the parts.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use chrono::Utc;
use ketnghia::postgres::Address;
use serde_json::Value;

use crate::Settings;
use crate::data::{Cluster, DATABASE};
use crate::scenarios::{Caller, Scenario};

/// A script of pgbench.
pub struct Statements(String);

/// Transactions per second of the bare statement and of the entered transaction, where pgbench is installed.
pub fn with_sql(
    cluster: &Cluster,
    settings: &Settings,
    scenario: &Scenario,
) -> Result<(Option<f64>, Option<f64>), String> {
    let Some(pgbench) = find() else { return Ok((None, None)) };
    let run = |scripts: &[Statements], entered| -> Result<Option<f64>, String> {
        if scripts.is_empty() { Ok(None) } else { rate(&pgbench, cluster, settings, scripts, entered).map(Some) }
    };
    Ok((run(&scenario.bare, false)?, run(&scenario.entered, true)?))
}

fn find() -> Option<PathBuf> {
    let configured = Command::new("pg_config").arg("--bindir").output().ok();
    let configured = configured.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let debian =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let named = env::var_os("PG_BIN_DIR").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = named.into_iter().chain(configured).chain(env::split_paths(&path)).chain(debian);
    folders.map(|folder| folder.join("pgbench")).find(|program| program.exists())
}

fn rate(
    pgbench: &Path,
    cluster: &Cluster,
    settings: &Settings,
    scripts: &[Statements],
    entered: bool,
) -> Result<f64, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut command = Command::new(pgbench);
    let clients = settings.clients.to_string();
    let seconds = settings.seconds.ceil().to_string();
    command
        .args(["-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds, "-h"])
        .arg(&cluster.embedded.address().socket);
    for (number, script) in scripts.iter().enumerate() {
        let file = folder.path().join(format!("{number}.sql"));
        fs::write(&file, &script.0).map_err(|error| error.to_string())?;
        command.arg("-f").arg(file);
    }
    // Without an entry function, the settings that triggers read are set here.
    let options = if entered {
        // The settings of the pool's connections.
        "-c role=app -c timezone=UTC -c plan_cache_mode=force_generic_plan".to_owned()
    } else {
        format!("-c timezone=UTC -c app.now={}", Utc::now().format("%Y-%m-%dT%H:%M:%SZ"))
    };
    let login = if entered { Address::LOGIN } else { Address::SUPERUSER };
    let output = command
        .args(["-p", Address::PORT, "-U", login, DATABASE])
        .env("PGOPTIONS", options)
        .output()
        .map_err(|error| format!("cannot run pgbench: {error}"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    match rate {
        Some(rate) if output.status.success() => Ok(rate),
        _ => Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default())),
    }
}

fn entry(caller: &Caller, mode: &str) -> String {
    let now = Utc::now().to_rfc3339();
    let version = caller.row.get("auth_version").and_then(Value::as_i64).unwrap_or(1);
    format!("BEGIN{mode};\nSELECT app_enter('{0}', {version}, -1, '{now}', '{0}');\n", caller.session)
}

/// A page of households; entered, with one query each for their villages, members and phones.
pub fn households_of(caller: &Caller, condition: &str, entered: bool) -> Statements {
    // LIMIT is a parameter, as in the service: the planner estimates it differently from a constant.
    let list = format!("SELECT * FROM households WHERE {condition} ORDER BY head_name, id LIMIT :page;\n");
    const PAGE: &str = "\\set page 51\n";
    if !entered {
        return Statements(format!("{PAGE}{list}"));
    }
    let all = |field: &str| {
        let ids = caller.row.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        ids.collect::<Vec<_>>().join(",")
    };
    let (homes, villages) = (all("homes"), all("villages"));
    let mut script = format!("{PAGE}{}", entry(caller, " READ ONLY"));
    script.push_str(&list);
    let _ = write!(
        script,
        "SELECT l.id, l.name, c.name FROM localities l LEFT JOIN localities c ON c.id = l.commune_id
           WHERE l.id = ANY ('{{{villages}}}');
         SELECT * FROM household_members WHERE household_id = ANY ('{{{homes}}}') ORDER BY created_at, id;
         SELECT * FROM household_private WHERE household_id = ANY ('{{{homes}}}');
         COMMIT;\n"
    );
    Statements(script)
}

const GIFT: &str = "INSERT INTO gifts (id, twinning_id, organisation_id, village_id, scope_path, household_id, category, description, value_vnd, \
    funding_source, given_on, acted_by) VALUES ";

fn gift_values(unit: &Caller) -> String {
    format!(
        "(gen_random_uuid(), '{}', '{}', '{}', '{}', '{}', 'food', 'Gạo', 200000, 'donor', current_date - 1, '{}')",
        unit.text("twinning"),
        unit.text("organisation"),
        unit.text("village"),
        unit.text("village_path"),
        unit.text("home"),
        unit.session,
    )
}

const CLAIM: &str = "SELECT app_claim(gen_random_uuid(), 'gifts', '\\x00');\n";

fn written(unit: &Caller, statements: &str, entered: bool) -> Statements {
    if entered {
        Statements(format!("{}{CLAIM}{statements}COMMIT;\n", entry(unit, "")))
    } else {
        Statements(statements.to_owned())
    }
}

pub fn insert_gift(unit: &Caller, entered: bool) -> Statements {
    written(unit, &format!("{GIFT}{};\n", gift_values(unit)), entered)
}

pub fn insert_visit(unit: &Caller, entered: bool) -> Statements {
    let visit = format!(
        "INSERT INTO visits (id, twinning_id, organisation_id, village_id, scope_path, visited_on, purpose, participants, acted_by) \
         VALUES (gen_random_uuid(), '{}', '{}', '{}', '{}', current_date - 1, 'handover', 4, '{}');\n",
        unit.text("twinning"),
        unit.text("organisation"),
        unit.text("village"),
        unit.text("village_path"),
        unit.session,
    );
    let gifts = vec![gift_values(unit); 5].join(", ");
    let body = format!("{visit}{GIFT}{gifts};\n");
    // Bare, the two statements are still one transaction.
    if entered { written(unit, &body, true) } else { Statements(format!("BEGIN;\n{body}COMMIT;\n")) }
}
