//! Pledges: who sees and changes them, and which listed households await one.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Client;
use crate::harness::giving::{Giving, as_system, household, listed, organisation, twinning};

fn pledges(client: &Client, query: &str) -> Vec<Uuid> {
    let page = client.get(&format!("/pledges?{query}")).expect(200);
    page["items"].as_array().unwrap().iter().map(|pledge| pledge["id"].as_str().unwrap().parse().unwrap()).collect()
}

fn pledge(client: &Client, item: Uuid) -> Uuid {
    let made = client.post(&format!("/hardship-items/{item}/pledges"), json!({"note": "Bò giống"})).expect(201);
    made["id"].as_str().unwrap().parse().unwrap()
}

fn set_list(at: &Giving, item: Uuid, status: &str) {
    let list = format!("(SELECT list_id FROM hardship_items WHERE id = '{item}')");
    as_system(&at.world, &format!("UPDATE hardship_lists SET status = '{status}' WHERE id = {list}"));
}

#[test]
fn a_unit_lists_its_own_pledges_and_officials_those_in_their_places() {
    let at = Giving::new();
    let other = organisation(&at.world, at.world.ianan, "Công ty");
    twinning(&at.world, other, at.village, None);
    let neighbour = at.world.unit(other);
    let (own, others) = (pledge(&at.unit, at.item), pledge(&neighbour, at.item));
    assert_eq!(pledges(&at.unit, ""), [own]);
    assert_eq!(pledges(&neighbour, ""), [others]);
    for caller in [&at.head, &at.official] {
        assert_eq!(pledges(caller, ""), [others, own]);
        assert_eq!(pledges(caller, &format!("organisation_id={other}")), [others]);
    }
    assert!(pledges(&at.world.commune(at.world.kongchro), "").is_empty());
    assert_eq!(pledges(&at.official, &format!("village_id={}", at.village)), [others, own]);
    assert!(pledges(&at.official, &format!("village_id={}", Uuid::now_v7())).is_empty());
    assert_eq!(pledges(&at.unit, "item_status=pledged"), [own]);
    assert!(pledges(&at.unit, "item_status=open&item_status=helped").is_empty());
}

#[test]
fn the_unit_changes_its_pledge_and_no_one_else() {
    let at = Giving::new();
    let path = format!("/pledges/{}", pledge(&at.unit, at.item));
    let changed = at.unit.patch(&path, json!({"note": null, "planned_on": "2026-12-20"})).expect(200);
    assert_eq!((&changed["note"], &changed["planned_on"]), (&Value::Null, &json!("2026-12-20")));
    let tag = at.unit.get(&path).etag();
    at.unit.with("If-Match", "\"1\"").send("PATCH", &path, Some("{}".into())).expect_problem(412, "version_conflict");
    at.unit.patch(&path, json!({"note": "a".repeat(1001)})).expect_invalid(&[("#/note", "length")]);
    assert_eq!(at.unit.patch(&path, json!({})).expect(200)["version"], changed["version"]);
    at.official.with("If-Match", &tag).send("PATCH", &path, Some("{}".into())).expect_problem(404, "not_found");
}

#[test]
fn a_pledge_on_a_closed_list_is_refused_as_list_closed() {
    let at = Giving::new();
    let pledges = format!("/hardship-items/{}/pledges", at.item);
    set_list(&at, at.item, "returned");
    at.unit.post(&pledges, json!({})).expect_problem(409, "invalid_transition");
    set_list(&at, at.item, "closed");
    at.unit.post(&pledges, json!({})).expect_problem(409, "list_closed");
    set_list(&at, at.item, "approved");
    at.unit.post(&pledges, json!({})).expect(201);
}

#[test]
fn an_item_shows_its_list_and_whether_the_caller_can_pledge() {
    let at = Giving::new();
    let path = format!("/hardship-items/{}", at.item);
    let actions = |client: &Client| client.get(&path).expect(200)["allowed_actions"].clone();
    let item = at.unit.get(&path).expect(200);
    assert_eq!((&item["list_status"], &item["list_year"]), (&json!("approved"), &json!(2026)));
    assert_eq!(actions(&at.unit), json!(["pledge"]));
    assert_eq!((actions(&at.head), actions(&at.official)), (json!([]), json!([])));
    let made = pledge(&at.unit, at.item);
    assert_eq!(actions(&at.unit), json!([]), "it has pledged");
    at.unit.delete(&format!("/pledges/{made}")).expect(204);
    set_list(&at, at.item, "closed");
    assert_eq!(actions(&at.unit), json!([]));
    assert_eq!(at.unit.get(&path).expect(200)["list_status"], "closed");
}

#[test]
fn open_items_are_those_of_approved_lists_on_which_help_is_awaited() {
    let at = Giving::new();
    let found = |query: &str| -> Vec<Value> {
        let page = at.official.get(&format!("/hardship-items?{query}")).expect(200);
        page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
    };
    let home = household(&at.world, at.village, "Siu A");
    let closed = listed(&at.world, at.village, home, true);
    set_list(&at, closed, "closed");
    assert_eq!(found("status=open"), [json!(at.item)]);
    assert_eq!(found("status=open&status=helped"), [json!(at.item)]);
    assert_eq!(found("").len(), 2);
    assert_eq!(found(&format!("household_id={home}")), [json!(closed)]);
    assert!(found(&format!("household_id={home}&status=open")).is_empty());
    let lists =
        |query: String| at.official.get(&format!("/hardship-lists?{query}&count=true")).expect(200)["total"].clone();
    assert_eq!(lists(format!("household_id={home}")), 1);
    assert_eq!(lists(format!("household_id={}", at.unlisted)), 0);
}
