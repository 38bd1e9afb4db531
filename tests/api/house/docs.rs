//! The manuals match the program: settings, security, compose.yaml.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};
use ketnghia::cli::arguments::Cli;
use ketnghia::kernel::http::peer::TrustedProxy;

use crate::harness::sources;

const SETTINGS: &str = include_str!("../../../docs/settings.md");
const SECURITY: &str = include_str!("../../../docs/security.md");
const EXAMPLE: &str = include_str!("../../../.env.example");
const COMPOSE: &str = include_str!("../../../compose.yaml");
const INSTALLATION: &str = include_str!("../../../docs/installation.md");

/// Every setting with an environment variable, in the order of the command line.
fn settings() -> Vec<Arg> {
    fn collect(command: &Command, found: &mut Vec<Arg>) {
        for argument in command.get_arguments().filter(|argument| argument.get_env().is_some()) {
            if found.iter().all(|known| known.get_env() != argument.get_env()) {
                found.push(argument.clone());
            }
        }
        command.get_subcommands().for_each(|command| collect(command, found));
    }
    let mut found = Vec::new();
    collect(&Cli::command(), &mut found);
    found
}

fn name(argument: &Arg) -> &str {
    argument.get_env().unwrap().to_str().unwrap()
}

#[test]
fn settings_md_matches_the_command_line() {
    let mut table = String::from("| setting | default | meaning |\n|---|---|---|\n");
    for argument in settings() {
        let default = argument.get_default_values().first().map_or("", |value| value.to_str().unwrap());
        let default = if default.is_empty() { "–".to_owned() } else { format!("`{default}`") };
        writeln!(table, "| `{}` | {default} | {} |", name(&argument), argument.get_help().unwrap()).unwrap();
    }
    assert!(SETTINGS.contains(&table), "docs/settings.md should say:\n{table}");
    assert_eq!(
        SETTINGS.matches("\n| `").count(),
        table.matches("\n| `").count() + 2,
        "the settings of the command line, RUST_LOG and PG_BIN_DIR"
    );
}

#[test]
fn env_example_names_every_setting() {
    for argument in settings() {
        assert!(EXAMPLE.contains(&format!("\n# {}=", name(&argument))), "{} in .env.example", name(&argument));
    }
}

#[test]
fn compose_yaml_trusts_the_subnet_of_its_own_proxy() {
    let line = COMPOSE.lines().find_map(|line| line.trim().strip_prefix("TRUSTED_PROXY: &outside ${OUTSIDE_SUBNET:-"));
    let subnet = line.and_then(|rest| rest.strip_suffix('}')).expect("a subnet by default");
    assert!(subnet.parse::<TrustedProxy>().is_ok(), "{subnet}");
    assert!(COMPOSE.contains("- subnet: *outside\n"), "the trusted subnet is that of the network");
    assert!(INSTALLATION.contains(subnet) && INSTALLATION.contains("`OUTSIDE_SUBNET`"), "{subnet}");
}

/// docs/security.md names a test for each promise; a renamed or removed test would prove nothing.
#[test]
fn every_test_named_in_security_md_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names: Vec<&str> = SECURITY.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    // The first two explain the form.
    let names = &names[2..];
    assert!(names.len() > 50, "{}", names.len());
    let mut missing = Vec::new();
    for &name in names {
        let (module, test) = name.rsplit_once("::").unwrap();
        let found = match module.strip_prefix("unit ") {
            Some(unit) => sources(&root.join("src")).iter().any(|path| {
                let stem = path.with_extension("");
                let is_of = stem.ends_with(unit) || stem.ends_with(Path::new(unit).join("mod"));
                is_of && holds(path, test)
            }),
            None => sources(&root.join("tests/api")).iter().any(|path| {
                let stem = path.with_extension("");
                let of_file = if stem.ends_with("mod") { stem.parent().unwrap() } else { &stem };
                of_file.ends_with(module.replace("::", "/")) && holds(path, test)
            }),
        };
        if !found {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

fn holds(path: &Path, test: &str) -> bool {
    fs::read_to_string(path).unwrap().contains(&format!("fn {test}("))
}
