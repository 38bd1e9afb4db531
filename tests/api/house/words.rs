//! The words of an enumeration are declared in Rust and in a CHECK of the database; the test compares them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::harness::{TestServer, sources};

type Words = BTreeSet<String>;

/// Enumerations without a column: the source table of a history entry, the status of a twinning, which is computed from
/// its days, and fields of entries in `jsonb`.
const WITHOUT_COLUMN: [&str; 6] = [
    "EndedTwinnings",
    "EnteredFrom",
    "HouseholdHistoryKind",
    "TwinningStatus",
    "WorkingGroupPart",
    "WorkingGroupStage",
];
/// Checks that contain words but no list of them, and words that only the database reads and writes.
const OTHER: [&str; 6] = [
    "locality_successions_extent",
    "merge_rules_rule",
    "organisations_place",
    "support_summaries_level",
    "support_summaries_period",
    "users_office",
];

/// Name and words of each `db_enum!`.
fn enumerations() -> BTreeMap<String, Words> {
    let mut found = BTreeMap::new();
    for path in sources(Path::new("src")).iter().filter(|path| !path.ends_with("kernel/value/enums.rs")) {
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

/// Name and words of each CHECK that names words.
fn checks() -> BTreeMap<String, Words> {
    #[derive(QueryableByName)]
    struct Check {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        definition: String,
    }
    let sql = "SELECT conname::text AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
                WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND pg_get_constraintdef(oid) ~ '[A-Za-z0-9_]''::text'";
    let checks: Vec<Check> = diesel::sql_query(sql).load(&mut TestServer::start().sql()).unwrap();
    let words = |definition: &str| definition.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
    checks.into_iter().map(|check| (check.name, words(&check.definition))).collect()
}

#[test]
fn every_enumeration_has_the_words_of_its_check_constraint() {
    let (enumerations, checks) = (enumerations(), checks());
    assert!(enumerations.len() > 20 && checks.len() > 20, "the parsers find enumerations and checks");
    let mut unchecked: BTreeSet<&str> = enumerations.keys().map(String::as_str).collect();
    for (check, words) in checks.iter().filter(|(check, _)| !OTHER.contains(&check.as_str())) {
        let same: Vec<&str> =
            enumerations.iter().filter(|(_, known)| *known == words).map(|(name, _)| name.as_str()).collect();
        assert!(!same.is_empty(), "no db_enum! has the words of {check}: {words:?}");
        same.iter().for_each(|name| {
            unchecked.remove(name);
        });
    }
    assert_eq!(unchecked, BTreeSet::from(WITHOUT_COLUMN), "a db_enum! has the words of no CHECK");
    let unknown: Vec<&&str> = OTHER.iter().filter(|check| !checks.contains_key(**check)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
