//! The order of the areas: an area imports from areas before it and names their tables only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;
use ketnghia::kernel::db::text;

use crate::harness::{TestServer, sources};

/// The areas in order.
const AREAS: [&str; 8] = ["kernel", "access", "places", "twinning", "accounts", "needs", "support", "insight"];
/// The modules after the areas, in order.
const ABOVE: [&str; 11] =
    ["config", "postgres", "jobs", "installation", "openapi", "app", "import", "demo", "cli", "server", "main"];

/// Known exceptions: tables of a later area. This list only shrinks.
const NAMED_UPWARDS: [(&str, &str); 0] = [];
/// Known exceptions: imports from a later area. This list only shrinks.
const IMPORTED_UPWARDS: [(&str, &str); 0] = [];

fn layer(name: &str) -> usize {
    AREAS
        .into_iter()
        .chain(ABOVE)
        .position(|known| known == name)
        .unwrap_or_else(|| panic!("{name} is in no list of this file"))
}

/// The files of the crate: area, name, and code without comments.
fn files() -> Vec<(String, String, String)> {
    sources(Path::new("src"))
        .into_iter()
        .filter(|path| path.file_name().unwrap() != "lib.rs")
        .map(|path| {
            let code: Vec<String> = fs::read_to_string(&path)
                .unwrap()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .map(str::to_owned)
                .collect();
            let name = path.strip_prefix("src").unwrap().to_str().unwrap().to_owned();
            let area = name.split(['/', '.']).next().unwrap().to_owned();
            (area, name, code.join("\n"))
        })
        .collect()
}

/// The entries of the list in braces at the start of a text; nested braces stay in their entry.
fn entries(list: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut found) = (0, 1, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || depth == 1 && c == ',' {
            found.push(list[begin..at].trim());
            begin = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
}

/// The modules named after `crate::` and in `use crate::{…}`.
fn imported(code: &str) -> BTreeSet<String> {
    let names = code
        .split("crate::")
        .skip(1)
        .flat_map(|after| if after.starts_with('{') { entries(after) } else { vec![after] });
    names.map(first_word).filter(|word| !word.is_empty()).collect()
}

/// The tables imported from `schema`, and the words of string literals with SQL.
fn tables_named(code: &str) -> BTreeSet<String> {
    let imports = code
        .split("schema::")
        .skip(1)
        .flat_map(|after| if after.starts_with('{') { entries(after) } else { vec![after] });
    let mut found: BTreeSet<String> = imports.map(first_word).collect();
    for text in code.split('"').skip(1).step_by(2) {
        // A word after a dot is a column, one after a quote a key or a value.
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_.'".contains(c)));
        let words: Vec<&str> = words.filter(|word| !word.contains(['.', '\''])).collect();
        if words.iter().any(|word| ["SELECT", "FROM", "JOIN", "INSERT", "UPDATE", "DELETE", "USING"].contains(word)) {
            found.extend(words.into_iter().map(str::to_owned));
        }
    }
    found
}

#[test]
fn the_parsers_find_imports_and_tables() {
    let code = r#"use crate::{kernel::{db, page}, needs::households}; use crate::places::loader; "SELECT 1 FROM a x, gifts g";
                  use crate::kernel::db::schema::{users, visits::{self}, hardship_lists}; schema::pledges"#;
    assert_eq!(imported(code), ["kernel", "needs", "places"].map(str::to_owned).into());
    for table in ["gifts", "users", "visits", "hardship_lists", "pledges"] {
        assert!(tables_named(code).contains(table), "{table}");
    }
    // The parsers do not read these forms, so the code must not use them.
    for (_, name, code) in files() {
        for hidden in ["super::super", "schema as ", "schema::*", "use ketnghia::", "FROM public.", "JOIN public."] {
            assert!(name == "main.rs" || !code.contains(hidden), "{name}: {hidden}");
        }
    }
}

#[test]
fn an_area_imports_only_from_areas_before_it() {
    let mut upwards = BTreeSet::new();
    for (area, name, code) in files() {
        for other in imported(&code).into_iter().filter(|other| *other != area) {
            if layer(&other) > layer(&area) {
                upwards.insert((name.clone(), other));
            }
        }
    }
    let known = IMPORTED_UPWARDS.map(|(file, area)| (file.to_owned(), area.to_owned()));
    assert_eq!(upwards, BTreeSet::from(known));
}

/// Words of the domain. The kernel serves any domain, so that a resource is added without a change of it.
const DOMAIN: [&str; 12] = [
    "assessment",
    "commune",
    "district",
    "gift",
    "hardship",
    "household",
    "localit",
    "organisation",
    "pledge",
    "province",
    "twinning",
    "village",
];

#[test]
fn the_kernel_names_nothing_of_the_domain() {
    // Written by diesel from all tables; the list of the files of `schema/`.
    let exempt = ["kernel/db/schema.rs", "kernel/db/text.rs"];
    let mut found = Vec::new();
    for (_, path, code) in
        files().into_iter().filter(|(area, path, _)| area == "kernel" && !exempt.contains(&path.as_str()))
    {
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines() {
            // Examples of the document are values and no code.
            let line = line.split("//").next().unwrap_or_default();
            if !line.contains("example =") && DOMAIN.iter().any(|word| line.to_lowercase().contains(word)) {
                found.push(format!("{path}: {}", line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_area_names_only_tables_of_areas_before_it() {
    let owners = owners();
    let mut upwards = BTreeSet::new();
    for (area, name, code) in files().into_iter().filter(|(_, name, _)| !name.ends_with("db/schema.rs")) {
        for table in tables_named(&code) {
            if owners.get(&table).is_some_and(|owner| *owner > layer(&area)) {
                upwards.insert((name.clone(), table));
            }
        }
    }
    let known = NAMED_UPWARDS.map(|(file, table)| (file.to_owned(), table.to_owned()));
    assert_eq!(upwards, BTreeSet::from(known));
}

#[test]
fn every_table_has_an_area() {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let sql = "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                  AND relname <> '__diesel_schema_migrations'";
    let tables: Vec<Table> = diesel::sql_query(sql).load(&mut TestServer::start().sql()).unwrap();
    let there: BTreeSet<String> = tables.into_iter().map(|table| table.name).collect();
    assert_eq!(there, owners().into_keys().collect());
}

#[test]
fn lib_rs_lists_the_modules_in_the_order_of_the_areas() {
    let text = fs::read_to_string("src/lib.rs").unwrap();
    let modules: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")).map(|name| name.trim_end_matches(';')).collect();
    let layers: Vec<usize> = modules.iter().map(|module| layer(module)).collect();
    assert!(layers.is_sorted(), "{modules:?}");
}

/// The position of the area of each table: of the migration that creates it, and of the file of `schema/` that has its
/// `app_table`.
fn owners() -> BTreeMap<String, usize> {
    let (mut created, mut declared) = (BTreeMap::new(), BTreeMap::new());
    for (name, text) in sql_files() {
        for (before, tables) in [("create table ", &mut created), ("app_table('", &mut declared)] {
            for table in text.split(before).skip(1).map(first_word).filter(|table| !table.is_empty()) {
                let known = tables.insert(table.clone(), area_of_sql(&name));
                assert_eq!(known, None, "{table}: {before} occurs twice");
            }
        }
    }
    assert_eq!(created, declared, "the area of the migration of a table has its app_table");
    created
}

/// The position of the area of a file of `schema/` or of a migration, whose name begins with the area.
fn area_of_sql(name: &str) -> usize {
    let area = match name.split('_').next().unwrap() {
        "shapes" | "access" | "search" | "records" => "kernel",
        area => area,
    };
    layer(area)
}

/// The files of `schema/`, and `up.sql` of each migration, with the name of their area and their text without comments.
fn sql_files() -> Vec<(String, String)> {
    let read = |path: &Path| -> String {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| line.split("--").next().unwrap()).collect::<Vec<_>>().join("\n")
    };
    let text = text::FILES
        .iter()
        .map(|(name, _)| ((*name).to_owned(), read(&Path::new("schema").join(format!("{name}.sql")))));
    let migrations = fs::read_dir("migrations").unwrap().map(|folder| {
        let folder = folder.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap();
        let area = name.split_once('_').unwrap().1.to_owned();
        (area, read(&folder.join("up.sql")))
    });
    text.chain(migrations).collect()
}

/// The words after keywords that precede a table, and the arguments of calls that register tables.
fn tables_named_in_sql(text: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String { text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect() };
    let mut found: BTreeSet<String> = text.split("public.").skip(1).map(word).collect();
    for keyword in ["from", "join", "into", "update", "on", "table", "references", "using"] {
        for before in [" ", "\n", "("] {
            found.extend(text.split(&format!("{before}{keyword} ")).skip(1).map(word));
        }
    }
    for call in ["app_table('", "app_part('", "app_merge_rule('"] {
        for arguments in text.split(call).skip(1) {
            found.extend(arguments.split(')').next().unwrap().split('\'').map(word));
        }
    }
    found
}

#[test]
fn the_sql_of_an_area_names_only_tables_of_areas_before_it() {
    let owners = owners();
    let files = sql_files();
    let mut upwards = BTreeSet::new();
    let mut own = BTreeSet::new();
    for (name, text) in files {
        for table in tables_named_in_sql(&text) {
            match owners.get(&table) {
                Some(area) if *area > area_of_sql(&name) => upwards.insert((name.clone(), table)),
                Some(_) => own.insert(table),
                None => false,
            };
        }
    }
    assert!(upwards.is_empty(), "{upwards:#?}");
    assert_eq!(own, owners.into_keys().collect(), "the parser finds every table in the SQL");
}

#[test]
fn every_schema_file_is_applied() {
    let there: BTreeSet<String> = fs::read_dir("schema")
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().to_str().unwrap().strip_suffix(".sql").map(str::to_owned))
        .filter(|name| name != "schema")
        .collect();
    assert_eq!(there, text::FILES.iter().map(|(name, _)| (*name).to_owned()).collect());
}
