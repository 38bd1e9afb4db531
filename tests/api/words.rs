//! The words of enumerations stand twice, in Rust and in a CHECK of the database: here they are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::support::{TestServer, sources};

type Words = BTreeSet<String>;

/// Enumerations that no column holds.
const COMPUTED: [(&str, &str); 2] = [
    ("HouseholdHistoryKind", "tells of which table an entry of the history comes"),
    ("TwinningStatus", "follows from the days of the twinning and of the caller"),
];
/// Words that only the database uses.
const OF_THE_DATABASE: [(&str, &str); 2] = [
    ("locality_successions_extent", "is carried through as the catalogue gives it"),
    ("support_summaries_period", "is written and asked by functions of the database"),
];

/// Name and words of each `db_enum!`.
fn enumerations() -> BTreeMap<String, Words> {
    let mut found = BTreeMap::new();
    for path in sources(Path::new("src")).iter().filter(|path| !path.ends_with("kernel/enums.rs")) {
        let text = fs::read_to_string(path).unwrap();
        for part in text.split("db_enum! {").skip(1) {
            let body = &part[..part.find("\n}").unwrap()];
            let (_, rest) = body.split_once("pub enum ").unwrap();
            let (name, variants) = rest.split_once(" {").unwrap();
            // A variant reads `Name = "word" ("label", "label")`.
            let words = variants
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .flat_map(|line| line.split("= \"").skip(1).map(|after| after.split('"').next().unwrap().to_owned()));
            found.insert(name.to_owned(), words.collect());
        }
    }
    found
}

/// Name and words of each CHECK that a column, or each element of one, is one of some words.
fn checks() -> BTreeMap<String, Words> {
    #[derive(QueryableByName)]
    struct Check {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        definition: String,
    }
    let sql = r"SELECT conname::text AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
                 WHERE contype = 'c' AND connamespace = 'public'::regnamespace
                   AND pg_get_constraintdef(oid) ~ '^CHECK \(\(\w+ (= ANY \(|<@ )?(= )?(ARRAY\[)?''\w+''::text[^()]*\)+$'";
    let checks: Vec<Check> = diesel::sql_query(sql).load(&mut TestServer::start().sql()).unwrap();
    let words = |definition: &str| definition.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
    checks.into_iter().map(|check| (check.name, words(&check.definition))).collect()
}

#[test]
fn the_words_of_every_enumeration_are_those_of_its_check() {
    let (enumerations, checks) = (enumerations(), checks());
    assert!(enumerations.len() > 20 && checks.len() > 20, "{} and {}", enumerations.len(), checks.len());
    let listed = |list: &[(&str, &str)], name: &str| list.iter().any(|(known, _)| *known == name);
    let unchecked: Vec<&String> = enumerations
        .iter()
        .filter(|(name, words)| !listed(&COMPUTED, name) && !checks.values().any(|check| check == *words))
        .map(|(name, _)| name)
        .collect();
    let unknown: Vec<&String> = checks
        .iter()
        .filter(|(name, words)| !listed(&OF_THE_DATABASE, name) && !enumerations.values().any(|known| known == *words))
        .map(|(name, _)| name)
        .collect();
    assert!(
        unchecked.is_empty() && unknown.is_empty(),
        "no CHECK has the words of {unchecked:?}, no enumeration those of {unknown:?}"
    );
}
