//! Nobody confirms, disputes or settles a gift of the own side.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving;

use crate::harness::{Client, World, id_of};

/// The commune Ia Nan gives in its own làng Klă.
struct AtHome {
    world: World,
    twinning: Uuid,
    village: Uuid,
    giver: Client,
    head: Client,
}

impl AtHome {
    fn new() -> Self {
        let world = World::new();
        let village = world.village(world.ianan, "Klă");
        let organisation = giving::place_organisation(&world, world.ianan, world.ianan);
        let twinning = giving::twinning(&world, organisation, village, None);
        let (giver, head) = (world.commune(world.ianan), world.head(village));
        Self { world, twinning, village, giver, head }
    }

    fn record(&self) -> String {
        let gift = json!({
            "twinning_id": self.twinning, "village_id": self.village, "category": "cash", "description": "Tiền mặt",
            "value_vnd": 5_000_000, "funding_source": "commune_budget", "given_on": "2026-11-20",
        });
        format!("/gifts/{}", id_of(&self.giver.post("/gifts", gift).expect(201)))
    }

    fn counted(&self) -> Value {
        let answer = self.world.province(self.world.gialai).get("/aggregates/support?from=2026-01-01&to=2026-12-31");
        answer.expect(200)["totals"]["gift_value_vnd"].clone()
    }
}

/// Case 1.
#[test]
fn a_colleague_of_the_giving_commune_does_not_confirm_its_gift_and_the_head_does() {
    let at = AtHome::new();
    let path = at.record();
    let colleague = at.world.commune(at.world.ianan);
    assert_eq!(colleague.get(&path).expect(200)["allowed_actions"], json!(["update", "delete", "name"]));
    colleague.step(&format!("{path}/confirm")).expect_problem(403, "own_submission");
    colleague.post(&format!("{path}/dispute"), json!({"reason": "Chưa nhận"})).expect_problem(403, "own_submission");
    assert_eq!(at.head.step(&format!("{path}/confirm")).expect(200)["status"], "confirmed");
}

/// Case 2.
#[test]
fn a_dispute_of_a_gift_of_the_commune_is_settled_by_the_province() {
    let at = AtHome::new();
    let path = at.record();
    at.head.post(&format!("{path}/dispute"), json!({"reason": "Chưa nhận"})).expect(200);
    assert_eq!(at.counted(), json!(0));
    let settle = format!("{path}/settle");
    let settlement = json!({"resolution": "delivered", "note": "Đã đối chiếu phiếu chi"});
    at.world.commune(at.world.ianan).post(&settle, settlement.clone()).expect_problem(403, "own_submission");
    let province = at.world.province(at.world.gialai);
    assert_eq!(province.get(&path).expect(200)["allowed_actions"], json!(["settle"]));
    assert_eq!(province.post(&settle, settlement).expect(200)["status"], "confirmed");
    assert_eq!(at.counted(), json!(5_000_000));
}

#[test]
fn the_province_settles_no_gift_of_another_giver() {
    let at = giving::Giving::new();
    let gift = json!({
        "twinning_id": at.twinning, "village_id": at.village, "category": "cash", "description": "Tiền mặt",
        "value_vnd": 5_000_000, "funding_source": "organisation_own", "given_on": "2026-11-20",
    });
    let path = format!("/gifts/{}", id_of(&at.unit.post("/gifts", gift).expect(201)));
    at.head.post(&format!("{path}/dispute"), json!({"reason": "Chưa nhận"})).expect(200);
    let province = at.world.province(at.world.gialai);
    assert_eq!(province.get(&path).expect(200)["allowed_actions"], json!([]));
    province
        .post(&format!("{path}/settle"), json!({"resolution": "delivered", "note": "x"}))
        .expect_problem(403, "forbidden");
}

#[test]
fn an_office_that_the_commune_manages_is_not_its_side() {
    let at = giving::Giving::new();
    let gift = json!({
        "twinning_id": at.twinning, "village_id": at.village, "category": "cash", "description": "Tiền mặt",
        "value_vnd": 5_000_000, "funding_source": "organisation_own", "given_on": "2026-11-20",
    });
    let path = format!("/gifts/{}", id_of(&at.unit.post("/gifts", gift).expect(201)));
    assert_eq!(at.official.step(&format!("{path}/confirm")).expect(200)["status"], "confirmed");
}

#[test]
fn an_official_who_corrected_a_gift_may_correct_it_again_and_not_confirm_it() {
    let at = giving::Giving::new();
    let gift = json!({
        "twinning_id": at.twinning, "village_id": at.village, "category": "cash", "description": "Tiền mặt",
        "value_vnd": 5_000_000, "funding_source": "organisation_own", "given_on": "2026-11-20",
    });
    let path = format!("/gifts/{}", id_of(&at.unit.post("/gifts", gift).expect(201)));
    at.head.post(&format!("{path}/dispute"), json!({"reason": "Chỉ nhận 4 triệu"})).expect(200);
    at.official.patch(&path, json!({"value_vnd": 40_000_000, "reason": "Theo biên bản"})).expect(200);
    let again = at.official.patch(&path, json!({"value_vnd": 4_000_000})).expect(200);
    assert_eq!((&again["status"], &again["allowed_actions"]), (&json!("recorded"), &json!(["update", "name"])));
    at.official.step(&format!("{path}/confirm")).expect_problem(403, "own_submission");
    at.official.delete(&path).expect_problem(403, "forbidden");
    assert_eq!(at.head.step(&format!("{path}/confirm")).expect(200)["value_vnd"], 4_000_000);
}
