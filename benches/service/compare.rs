//! The same query directly on PostgreSQL: pgbench with prepared statements, as many clients, the same socket.
//! Bare: the one SELECT or INSERT, as the superuser, who bypasses row-level security. Entered: the whole
//! transaction of the service as `app`, with its entry function and the statements for the parts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use chrono::Utc;
use ketnghia::postgres::Address;

use crate::Settings;
use crate::data::{Cluster, DATABASE};
use crate::scenarios::Scenario;
use crate::statements::Statements;

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
        "-c role=app -c timezone=UTC -c jit=off -c plan_cache_mode=force_generic_plan".to_owned()
    } else {
        format!("-c timezone=UTC -c jit=off -c app.now={}", Utc::now().format("%Y-%m-%dT%H:%M:%SZ"))
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
