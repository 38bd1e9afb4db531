use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::Giving;
use crate::harness::id_of;

fn consent(household: Uuid, changes: Value) -> Value {
    let mut new =
        json!({"household_id": household, "given_by": "Rơ Mah Hyen", "given_on": "2026-11-20", "proof": "signature"});
    for (field, value) in changes.as_object().unwrap() {
        new[field] = value.clone();
    }
    new
}

#[test]
fn a_consent_is_entered_listed_and_withdrawn_by_the_village_or_its_commune() {
    let giving = Giving::new();
    let body = consent(
        giving.home,
        json!({"id": Uuid::now_v7(), "expires_on": "2027-11-19", "organisation_id": giving.organisation}),
    );
    let made = giving.head.post("/household-consents", body.clone()).expect(201);
    assert_eq!((&made["given_by"], &made["proof"]), (&json!("Rơ Mah Hyen"), &json!("signature")));
    assert_eq!((&made["in_force"], &made["withdrawn_at"]), (&json!(true), &json!(null)));
    giving.head.post("/household-consents", body).expect(200);
    giving.official.post("/household-consents", consent(giving.unlisted, json!({"proof": "recording"}))).expect(201);
    let listed =
        giving.official.get(&format!("/household-consents?household_id={}&count=true", giving.home)).expect(200);
    assert_eq!((&listed["total"], id_of(&listed["items"][0])), (&json!(1), id_of(&made)));
    assert_eq!(giving.head.get("/household-consents?sort=updated_at&count=true").expect(200)["total"], 2);

    let path = format!("/household-consents/{}", id_of(&made));
    let stale = giving.head.with("If-Match", "\"9\"");
    stale.step(&format!("{path}/withdraw")).expect_problem(412, "version_conflict");
    let withdrawn = giving.head.step(&format!("{path}/withdraw")).expect(200);
    assert_eq!((&withdrawn["in_force"], withdrawn["withdrawn_at"].is_string()), (&json!(false), true));
    assert_eq!(giving.head.step(&format!("{path}/withdraw")).expect(200), withdrawn, "a repetition");
    giving.official.step(&format!("{path}/withdraw")).expect_problem(409, "invalid_transition");
}

#[test]
fn a_consent_names_a_household_of_the_area_and_days_in_their_order() {
    let giving = Giving::new();
    let refused = |changes: Value, wrong: (&str, &str)| {
        giving.head.post("/household-consents", consent(giving.home, changes)).expect_invalid(&[wrong]);
    };
    refused(json!({"given_on": "2026-11-23"}), ("#/given_on", "in_the_future"));
    refused(json!({"expires_on": "2026-11-19"}), ("#/expires_on", "period_reversed"));
    refused(json!({"given_by": ""}), ("#/given_by", "length"));
    refused(json!({"given_by": "x".repeat(121)}), ("#/given_by", "length"));
    refused(json!({"given_by": null}), ("#/given_by", "required"));
    refused(json!({"proof": "word"}), ("#/proof", "invalid_value"));
    refused(json!({"organisation_id": Uuid::now_v7()}), ("#/organisation_id", "not_found"));
    refused(json!({"household_id": Uuid::now_v7()}), ("#/household_id", "not_found"));
    let elsewhere = giving.world.head(giving.world.village(giving.world.ianan, "Nú"));
    let outside = elsewhere.post("/household-consents", consent(giving.home, json!({})));
    outside.expect_invalid(&[("#/household_id", "not_found")]);
}

#[test]
fn units_neither_read_nor_enter_consents_and_the_offices_above_read_them() {
    let giving = Giving::new();
    let made = id_of(&giving.head.post("/household-consents", consent(giving.home, json!({}))).expect(201));
    let path = format!("/household-consents/{made}");
    giving.unit.get(&path).expect_problem(403, "forbidden");
    giving.unit.get("/household-consents").expect_problem(403, "forbidden");
    giving.unit.post("/household-consents", consent(giving.home, json!({}))).expect_problem(403, "forbidden");
    for reader in [&giving.world.province(giving.world.gialai), &giving.world.admin()] {
        assert_eq!(reader.get(&path).expect(200)["id"], json!(made));
        reader.post("/household-consents", consent(giving.home, json!({}))).expect_problem(403, "forbidden");
        reader.step(&format!("{path}/withdraw")).expect_problem(403, "forbidden");
    }
    for stranger in [&giving.world.commune(giving.world.kongchro), &giving.world.province(giving.world.quangngai)] {
        stranger.get(&path).expect_problem(404, "not_found");
        assert_eq!(stranger.get("/household-consents?count=true").expect(200)["total"], 0);
    }
    giving.world.commune(giving.world.kongchro).step(&format!("{path}/withdraw")).expect_problem(404, "not_found");
    let audit = giving.official.get(&format!("/audit-events?resource=household_consents&id={made}")).expect(200);
    let entry = &audit["items"][0];
    assert_eq!((&entry["action"], &entry["personal_fields"]), (&json!("create"), &json!(["given_by"])));
    assert!(!audit.to_string().contains("Rơ Mah Hyen"));
}
