//! The contact of an organisation: its readers, and its changes by the organisation itself.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::Giving;
use crate::harness::{Client, id_of};

fn contact(client: &Client, organisation: Uuid) -> Value {
    client.get(&format!("/organisations/{organisation}")).expect(200)["contact_phone"].clone()
}

fn with_contact() -> Giving {
    let giving = Giving::new();
    let new = json!({"name": "Công ty", "kind": "enterprise", "locality_id": giving.world.ianan, "contact_name": "Siu Cách",
        "contact_phone": "0905123456", "contact_email": "a@b.example"});
    let organisation = id_of(&giving.official.post("/organisations", new).expect(201));
    let programme = giving.world.programme(giving.world.ianan);
    let twinning = giving.world.twinning_between(programme, organisation, giving.village, "2024-01-01", None);
    let unit = giving.world.unit(organisation);
    Giving { organisation, twinning, unit, ..giving }
}

#[test]
fn the_officials_and_the_head_of_a_twinned_place_read_the_contact_until_the_late_days_are_over() {
    let giving = with_contact();
    let world = &giving.world;
    let other_head = world.head(world.village(world.ianan, "Nú"));
    let other_unit = world.unit(world.organisation(world.ianan, "Phòng"));
    for reader in [&giving.unit, &giving.official, &giving.head, &world.province(world.gialai), &world.admin()] {
        assert_eq!(contact(reader, giving.organisation), "0905123456");
    }
    for stranger in [&other_head, &other_unit, &world.commune(world.kongchro), &world.province(world.quangngai)] {
        assert_eq!(contact(stranger, giving.organisation), json!(null));
    }
    let until = |day: &str| {
        giving.official.patch(&format!("/twinnings/{}", giving.twinning), json!({"ends_on": day})).expect(200);
        contact(&giving.head, giving.organisation)
    };
    // 2026-11-22 is the ninetieth day after 2026-08-24.
    assert_eq!(until("2026-08-24"), "0905123456");
    assert_eq!(until("2026-08-23"), json!(null));
    assert_eq!(contact(&giving.official, giving.organisation), "0905123456", "it manages the organisation");
}

#[test]
fn the_head_of_a_village_reads_the_contact_of_a_unit_that_stands_by_the_commune() {
    let giving = with_contact();
    let world = &giving.world;
    let company = json!({"name": "Công ty khác", "kind": "enterprise", "locality_id": world.kongchro, "contact_phone": "0905000111"});
    let company = id_of(&world.commune(world.kongchro).post("/organisations", company).expect(201));
    assert_eq!(contact(&giving.head, company), json!(null));
    assert_eq!(contact(&giving.official, company), json!(null));
    world.twinning(world.programme(world.ianan), company, world.ianan);
    assert_eq!(contact(&giving.head, company), "0905000111");
    assert_eq!(contact(&giving.official, company), "0905000111");
    assert_eq!(contact(&giving.unit, company), json!(null), "another unit of the village");
}

#[test]
fn a_unit_changes_its_own_contact_and_nothing_else() {
    let giving = with_contact();
    let path = format!("/organisations/{}", giving.organisation);
    let changed = giving.unit.patch(&path, json!({"contact_phone": "0905999888", "contact_name": null})).expect(200);
    assert_eq!((&changed["contact_phone"], &changed["contact_name"]), (&json!("0905999888"), &json!(null)));
    assert_eq!(changed["contact_email"], "a@b.example");
    assert_eq!(changed["version"], 2);
    assert_eq!(contact(&giving.head, giving.organisation), "0905999888");
    let sent =
        json!({"name": "Khác", "valid_to": "2026-01-01", "headcounts": [], "address": "x", "contact_name": "Siu A"});
    giving.unit.patch(&path, sent).expect_invalid(&[
        ("#/name", "read_only"),
        ("#/valid_to", "read_only"),
        ("#/address", "read_only"),
        ("#/headcounts", "read_only"),
    ]);
    giving.unit.patch(&path, json!({"kind": "department"})).expect_invalid(&[("#/kind", "read_only")]);
    assert_eq!(giving.unit.patch(&path, json!({})).expect(200)["contact_name"], json!(null));

    let other = format!("/organisations/{}", giving.world.organisation(giving.world.ianan, "Phòng"));
    giving.unit.patch(&other, json!({"contact_name": "Siu A"})).expect_problem(404, "not_found");
    giving.head.patch(&path, json!({"contact_name": "Siu A"})).expect_problem(404, "not_found");
    giving.world.admin().patch(&path, json!({"contact_name": "Siu A"})).expect_problem(403, "forbidden");
    giving.official.patch(&path, json!({"contact_name": "Siu B", "name": "Công ty mới"})).expect(200);
}

#[test]
fn the_head_changes_the_contact_of_a_village_that_gives() {
    let giving = with_contact();
    let village = giving.world.place_organisation(giving.village, "Làng Tung");
    let path = format!("/organisations/{village}");
    assert_eq!(
        giving.head.patch(&path, json!({"contact_name": "Rơ Mah Tung"})).expect(200)["contact_name"],
        "Rơ Mah Tung"
    );
    giving.head.patch(&path, json!({"name": "Khác"})).expect_invalid(&[("#/name", "read_only")]);
}
