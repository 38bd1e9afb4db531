//! The words of an enumeration are declared in Rust and in a CHECK of the database; the test compares them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::harness::{TestServer, sources};

type Words = BTreeSet<String>;

/// Each CHECK with its enumeration.
const CHECKED: [(&str, &str); 24] = [
    ("audit_events_action", "AuditAction"),
    ("audit_events_two_person", "TwoPerson"),
    ("gifts_category", "GiftCategory"),
    ("gifts_funding_source", "FundingSource"),
    ("gifts_status", "GiftStatus"),
    ("hardship_items_needs", "HardshipNeed"),
    ("hardship_items_reasons", "HardshipReason"),
    ("hardship_items_status", "HardshipItemStatus"),
    ("hardship_lists_status", "HardshipListStatus"),
    ("household_assessments_deprivations", "Deprivation"),
    ("household_assessments_poverty_causes", "PovertyCause"),
    ("household_assessments_poverty_status", "PovertyStatus"),
    ("household_members_sex", "Sex"),
    ("households_hardship_reasons", "HardshipReason"),
    ("households_head_sex", "Sex"),
    ("households_poverty_status", "PovertyStatus"),
    ("households_status", "HouseholdStatus"),
    ("localities_kind", "LocalityKind"),
    ("localities_level", "LocalityLevel"),
    ("organisations_kind", "OrganisationKind"),
    ("organisations_level", "OrganisationLevel"),
    ("programmes_kind", "ProgrammeKind"),
    ("users_role", "Role"),
    ("visits_purpose", "VisitPurpose"),
];
/// Enumerations without a column: the source table of a history entry, and the status of a twinning, which is computed
/// from its days.
const COMPUTED: [&str; 2] = ["HouseholdHistoryKind", "TwinningStatus"];
/// Checks that contain words but no list of them, and words that only the database reads and writes.
const OTHER: [&str; 5] = [
    "locality_successions_extent",
    "merge_rules_rule",
    "organisations_place",
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
    for (check, enumeration) in CHECKED {
        assert_eq!(checks.get(check), enumerations.get(enumeration), "{check} and {enumeration}");
    }
    let checked: BTreeSet<&str> = CHECKED.iter().flat_map(|(check, enumeration)| [*check, *enumeration]).collect();
    let listed: BTreeSet<&str> = checked.into_iter().chain(COMPUTED).chain(OTHER).collect();
    let there: BTreeSet<&str> = checks.keys().chain(enumerations.keys()).map(String::as_str).collect();
    assert_eq!(there, listed, "CHECKED, COMPUTED and OTHER name every CHECK of words and every enumeration");
}
