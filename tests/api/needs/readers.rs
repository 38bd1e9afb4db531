//! Organisations that are no state bodies read no sensitive fields of a household, unless it consented.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::as_system;
use crate::harness::insight::rows;
use crate::harness::{Client, World, household, id_of};

/// A company and a department twinned with làng Tung, and a household on its approved list.
struct Readers {
    world: World,
    village: Uuid,
    home: Uuid,
    item: Uuid,
    list: Uuid,
    company: Uuid,
    companion: Client,
    department: Client,
    head: Client,
    official: Client,
}

const WITHHELD: [&str; 7] =
    ["ethnic_group", "deprivations", "poverty_causes", "hardship_reasons", "latitude", "longitude", "note"];

impl Readers {
    fn new() -> Self {
        let world = World::new();
        let village = world.village(world.ianan, "Tung");
        let (head, official) = (world.head(village), world.commune(world.ianan));
        let organisation = |name: &str, kind: &str| {
            let new = json!({"name": name, "kind": kind, "locality_id": world.ianan});
            id_of(&official.post("/organisations", new).expect(201))
        };
        let (company, office) = (organisation("Công ty", "enterprise"), organisation("Phòng", "department"));
        let programme = world.programme(world.ianan);
        for (unit, lead) in [(company, true), (office, false)] {
            let new = json!({"programme_id": programme, "organisation_id": unit, "locality_id": village, "lead": lead,
                "starts_on": "2024-01-01"});
            official.post("/twinnings", new).expect(201);
        }
        let home = Self::listed_home(&official, village, "Rơ Mah H'Blơi");
        let earlier = json!({"household_id": home, "poverty_status": "poor", "assessed_on": "2026-10-01", "deprivations": ["I01", "I03"],
            "poverty_causes": ["illness"], "no_labour_capacity": true, "note": "Liệt nửa người"});
        official.post("/household-assessments", earlier).expect(201);
        let reasons = json!([{"household_id": home, "reasons": ["disabled", "elderly_alone"], "needs": ["medical"], "priority": 1,
            "note": "Liệt nửa người"}]);
        let draft = json!({"village_id": village, "year": 2026, "items": reasons});
        let list = id_of(&head.post("/hardship-lists", draft).expect(201));
        head.step(&format!("/hardship-lists/{list}/submit")).expect(200);
        let approved = official.step(&format!("/hardship-lists/{list}/approve")).expect(200);
        let item = id_of(&approved["items"][0]);
        let (companion, department) = (world.unit(company), world.unit(office));
        Self { world, village, home, item, list, company, companion, department, head, official }
    }

    /// With a confirmed assessment, because the commune registers it.
    fn listed_home(official: &Client, village: Uuid, name: &str) -> Uuid {
        let mut new = household(village, name);
        for (field, value) in [
            ("hardship_reasons", json!(["disabled", "elderly_alone"])),
            ("poverty_causes", json!(["no_land", "illness"])),
            ("deprivations", json!(["I01", "I03", "I04"])),
            ("latitude", json!(13.78)),
            ("longitude", json!(107.47)),
            ("note", json!("Liệt nửa người")),
            ("members", json!([{"name": "Rơ Mah H'Lan", "ethnic_group": "10"}])),
        ] {
            new[field] = value;
        }
        id_of(&official.post("/households", new).expect(201))
    }

    fn consent(&self, changes: Value) -> Value {
        let mut new = json!({"household_id": self.home, "given_by": "Rơ Mah H'Blơi", "given_on": "2026-11-22", "proof": "thumbprint"});
        for (field, value) in changes.as_object().unwrap() {
            new[field] = value.clone();
        }
        new
    }

    fn household(&self, reader: &Client) -> Value {
        reader.get(&format!("/households/{}", self.home)).expect(200)
    }

    fn reads_all(&self, reader: &Client) -> bool {
        let shown = self.household(reader);
        let all = shown["ethnic_group"] == "10";
        assert_eq!(shown["hardship_reasons"][0], if all { "disabled" } else { "other" });
        assert_eq!(shown["withheld"], if all { json!([]) } else { json!(WITHHELD) });
        all
    }
}

/// Case 37: a company reads `other` in place of a disability and no ethnic group; a department reads all; the company, too, while a
/// consent is in force.
#[test]
fn a_company_reads_no_ethnic_group_health_position_and_notes_of_a_household() {
    let readers = Readers::new();
    let shown = readers.household(&readers.companion);
    assert_eq!(shown["hardship_reasons"], json!(["other", "elderly_alone"]));
    assert_eq!(shown["poverty_causes"], json!(["no_land", "other"]));
    assert_eq!(shown["deprivations"], json!(["I01"]));
    for field in ["ethnic_group", "note", "latitude", "longitude"] {
        assert_eq!(shown[field], json!(null), "{field}");
    }
    assert_eq!(shown["members"][0]["ethnic_group"], json!(null));
    assert_eq!(shown["withheld"], json!(WITHHELD));
    assert_eq!((&shown["head_name"], &shown["special_hardship"]), (&json!("Rơ Mah H'Blơi"), &json!(true)));

    for reader in [
        &readers.department,
        &readers.head,
        &readers.official,
        &readers.world.province(readers.world.gialai),
        &readers.world.admin(),
    ] {
        let shown = readers.household(reader);
        assert_eq!(shown["hardship_reasons"], json!(["disabled", "elderly_alone"]));
        assert_eq!((&shown["ethnic_group"], &shown["note"]), (&json!("10"), &json!("Liệt nửa người")));
        assert_eq!((&shown["deprivations"], &shown["withheld"]), (&json!(["I01", "I03", "I04"]), &json!([])));
    }

    let given = readers
        .head
        .post("/household-consents", readers.consent(json!({"organisation_id": readers.company})))
        .expect(201);
    assert!(readers.reads_all(&readers.companion), "with the consent");
    readers.head.step(&format!("/household-consents/{}/withdraw", id_of(&given))).expect(200);
    assert!(!readers.reads_all(&readers.companion), "after the withdrawal");
    readers.companion.get("/households?ethnic_group=10").expect_invalid(&[("?ethnic_group", "not_for_reader")]);
    assert_eq!(readers.department.get("/households?ethnic_group=10&count=true").expect(200)["total"], 1);
}

/// `withheld` and the masked fields of a household without any of the facts tell nothing else.
#[test]
fn what_is_withheld_is_named_for_a_household_without_such_fields_too() {
    let readers = Readers::new();
    let plain = id_of(&readers.head.post("/households", household(readers.village, "Siu Cách")).expect(201));
    as_system(&readers.world, &format!("UPDATE households SET listed = true WHERE id = '{plain}'"));
    let shown = readers.companion.get(&format!("/households/{plain}")).expect(200);
    assert_eq!(shown["withheld"], json!(WITHHELD));
    assert_eq!(shown["hardship_reasons"], json!([]));
}

#[test]
fn sensitive_fields_are_withheld_on_every_way_out() {
    let readers = Readers::new();
    let reader = &readers.companion;
    let ways = [
        format!("/households/{}", readers.home),
        "/households".to_owned(),
        "/households?q=bl%C6%A1i&sort=-updated_at".to_owned(),
        "/households?format=csv".to_owned(),
        format!("/households/{}/history", readers.home),
        format!("/hardship-items/{}", readers.item),
        "/household-assessments".to_owned(),
        "/household-assessments?format=csv".to_owned(),
        "/hardship-items".to_owned(),
        "/hardship-items?format=csv".to_owned(),
        format!("/hardship-lists/{}", readers.list),
        "/hardship-lists".to_owned(),
        "/gifts".to_owned(),
        "/visits".to_owned(),
        "/aggregates/poverty?group_by=village".to_owned(),
        "/aggregates/hardship?group_by=village".to_owned(),
    ];
    let secret = [
        "disabled",
        "illness",
        "Liệt",
        "13.78",
        "107.47",
        "I03",
        "I04",
        "no_labour_capacity\":true",
        "ethnic_group\":\"10",
    ];
    for way in &ways {
        let answer = reader.get(way);
        answer.expect(200);
        let text = answer.text;
        for word in secret {
            assert!(!text.contains(word), "{way}: {word}\n{text}");
        }
    }
    // The ways show them to a department, so that the words above would be found.
    let shown: String = ways.iter().map(|way| readers.department.get(way).text).collect();
    for word in secret {
        assert!(shown.contains(word), "{word}");
    }
    let assessed = reader.get("/household-assessments").expect(200)["items"].as_array().unwrap().clone();
    assert_eq!(assessed.len(), 2);
    for assessment in assessed {
        for field in ["no_labour_capacity", "note", "score_b2"] {
            assert_eq!(assessment[field], json!(null), "{field}");
        }
        assert_eq!((&assessment["deprivations"], &assessment["warnings"]), (&json!(["I01"]), &json!([])));
        assert_eq!(
            assessment["withheld"],
            json!(["deprivations", "poverty_causes", "score_b2", "no_labour_capacity", "note", "warnings"])
        );
    }
    let item = reader.get(&format!("/hardship-items/{}", readers.item)).expect(200);
    assert_eq!((&item["reasons"], &item["note"]), (&json!(["other", "elderly_alone"]), &json!(null)));
    assert_eq!((&item["needs"], &item["withheld"]), (&json!(["medical"]), &json!(["reasons", "note"])));
}

#[test]
fn counts_of_ethnic_minorities_are_null_for_a_company() {
    let readers = Readers::new();
    let asked = "/aggregates/poverty?group_by=village";
    let count = |reader: &Client| {
        let found = reader.get(asked).expect(200);
        let values = |row: &Value| (row["poor"].clone(), row["ethnic_minority_poor_or_near_poor"].clone());
        (values(&rows(&found)[0]["values"]), values(&found["totals"]))
    };
    assert_eq!(count(&readers.companion), ((json!(1), json!(null)), (json!(1), json!(null))));
    assert_eq!(count(&readers.department), ((json!(1), json!(1)), (json!(1), json!(1))));
}

#[test]
fn a_consent_counts_for_the_organisation_that_it_names_while_it_is_in_force() {
    let readers = Readers::new();
    let second = json!({"name": "Hợp tác xã", "kind": "cooperative", "locality_id": readers.world.ianan});
    let cooperative = id_of(&readers.official.post("/organisations", second).expect(201));
    let programme = readers.world.programme(readers.world.ianan);
    readers.world.twinning(programme, cooperative, readers.village);
    let other = readers.world.unit(cooperative);
    assert!(!readers.reads_all(&other));
    let give =
        |changes: Value| id_of(&readers.official.post("/household-consents", readers.consent(changes)).expect(201));
    let withdraw = |id: Uuid| readers.official.step(&format!("/household-consents/{id}/withdraw")).expect(200);

    give(json!({"given_on": "2026-11-01", "expires_on": "2026-11-21"}));
    assert!(!readers.reads_all(&readers.companion), "expired yesterday");
    let today = give(json!({"organisation_id": readers.company, "expires_on": "2026-11-22"}));
    assert!(readers.reads_all(&readers.companion) && !readers.reads_all(&other), "named, until today");
    withdraw(today);
    let all = give(json!({}));
    assert!(readers.reads_all(&readers.companion) && readers.reads_all(&other), "all of them");
    let history = readers.companion.get(&format!("/households/{}/history", readers.home)).expect(200);
    assert!(history.to_string().contains("illness"));
    let list = readers.companion.get(&format!("/hardship-lists/{}", readers.list)).expect(200);
    assert_eq!(list["items"][0]["reasons"], json!(["disabled", "elderly_alone"]));
    readers.companion.get("/households?ethnic_group=10").expect_invalid(&[("?ethnic_group", "not_for_reader")]);
    withdraw(all);
    assert!(!readers.reads_all(&readers.companion));
}

#[test]
fn the_consents_of_a_household_go_over_to_the_survivor_of_a_merge() {
    let readers = Readers::new();
    let twin = Readers::listed_home(&readers.official, readers.village, "Rơ Mah H'Blơi");
    let consent = readers.consent(json!({"household_id": twin}));
    let consent = id_of(&readers.head.post("/household-consents", consent).expect(201));
    readers.official.post(&format!("/households/{twin}/merge"), json!({"into": readers.home})).expect(200);
    assert!(readers.reads_all(&readers.companion));
    let moved = readers.official.get(&format!("/household-consents/{consent}")).expect(200);
    assert_eq!(moved["household_id"], json!(readers.home));
    let history = readers.companion.get(&format!("/households/{}/history", readers.home)).expect(200);
    assert!(history.to_string().contains("illness"), "also for the entries of the merged record: {history}");
}

/// Withdrawing one of two would not end the reading.
#[test]
fn a_second_consent_for_an_organisation_is_refused_until_the_first_is_withdrawn() {
    let readers = Readers::new();
    let body = |given_on: &str| readers.consent(json!({"organisation_id": readers.company, "given_on": given_on}));
    let first = id_of(&readers.head.post("/household-consents", body("2026-11-01")).expect(201));
    readers.head.post("/household-consents", body("2026-11-02")).expect_problem(409, "consent_exists");
    readers.head.step(&format!("/household-consents/{first}/withdraw")).expect(200);
    assert!(!readers.reads_all(&readers.companion));
    readers.head.post("/household-consents", body("2026-11-02")).expect(201);
    let legacy = readers.consent(json!({"organisation_id": null, "given_by": "NguyÔn V¨n ¸i"}));
    readers.head.post("/household-consents", legacy).expect_invalid(&[("#/given_by", "legacy_encoding")]);
}
