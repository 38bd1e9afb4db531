//! The manuals match the program: settings, security, compose.yaml.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};
use ketnghia::cli::arguments::Cli;
use ketnghia::kernel::http::peer::TrustedProxy;
use serde_json::Value;

use crate::harness::sources;

const SETTINGS: &str = include_str!("../../../docs/settings.md");
const SECURITY: &str = include_str!("../../../docs/security.md");
const EXAMPLE: &str = include_str!("../../../.env.example");
const COMPOSE: &str = include_str!("../../../compose.yaml");
const INSTALLATION: &str = include_str!("../../../docs/installation.md");
const GUIDE: &str = include_str!("../../../docs/api-guide.md");
const DOCUMENT: &str = include_str!("../../../openapi/openapi.json");

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

/// The first two cells of each row of the guide's table with this head.
fn rows(head: &str) -> Vec<(&'static str, &'static str)> {
    let table = GUIDE.split_once(head).expect(head).1;
    // The rest of the head, and the line below it.
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(str::trim);
        (cells.next().unwrap().trim_matches('`'), cells.next().unwrap())
    })
    .collect()
}

fn words<'d>(document: &'d Value, schema: &str) -> BTreeSet<&'d str> {
    let listed = document["components"]["schemas"][schema]["enum"].as_array().unwrap();
    listed.iter().map(|word| word.as_str().unwrap()).collect()
}

/// The status of each problem code that the document names with a status: in the description of an answer, or as
/// "409 `list_exists`" in the description of an operation.
fn statuses(document: &Value) -> BTreeMap<&str, &str> {
    let codes = words(document, "ProblemCode");
    let mut found = BTreeMap::new();
    for operation in document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let shared = answer["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#')));
            let description = shared.unwrap_or(answer)["description"].as_str().unwrap();
            for word in description.split([' ', ',', ':', '.']) {
                // Without backticks `deleted` and `invalid` are words of English.
                let quoted = word.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
                let code = quoted.unwrap_or(if word.contains('_') { word } else { "" });
                if codes.contains(code) {
                    found.insert(code, status.as_str());
                }
            }
        }
        let parts: Vec<&str> = operation["description"].as_str().unwrap_or_default().split('`').collect();
        for pair in parts.windows(2).filter(|pair| codes.contains(pair[1])) {
            let before = pair[0].split_whitespace().next_back().unwrap_or_default();
            if before.len() == 3 && before.parse::<u16>().is_ok() {
                found.insert(pair[1], before);
            }
        }
    }
    found
}

#[test]
fn the_api_guide_names_every_problem_code_and_every_field_code() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let problems = rows("| code of the problem | status | meaning | action of the client |");
    let fields = rows("| code of the field | meaning |");
    for (schema, table) in [("ProblemCode", &problems), ("ProblemFieldCode", &fields)] {
        let told: BTreeSet<&str> = table.iter().map(|(word, _)| *word).collect();
        assert_eq!(told, words(&document, schema), "the table of {schema} in docs/api-guide.md");
        assert_eq!(told.len(), table.len(), "{schema}: a row is repeated");
    }
    let statuses = statuses(&document);
    assert!(statuses.len() > 25, "the document names the status of most codes: {statuses:?}");
    for (code, status) in statuses {
        assert!(problems.contains(&(code, status)), "docs/api-guide.md: the status of {code} is {status}");
    }
}
