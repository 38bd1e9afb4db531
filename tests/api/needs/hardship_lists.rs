use serde_json::{Value, json};

use uuid::Uuid;

use crate::harness::{Client, World, id_of, item};

#[test]
fn a_list_is_submitted_returned_resubmitted_approved_and_closed() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (head, official) = (world.head(village), world.commune(world.ianan));
    let homes = [world.household(&head, village, "Siu A"), world.household(&head, village, "Siu B")];
    let list = world.draft(&head, village, &homes[..1]);
    assert_eq!((&list["status"], &list["round"]), (&json!("draft"), &json!(1)));
    assert_eq!(list["allowed_actions"], json!(["update", "delete", "submit"]));
    let path = format!("/hardship-lists/{}", id_of(&list));
    official.step(&format!("{path}/approve")).expect_problem(409, "invalid_transition");
    let submitted = head.step(&format!("{path}/submit")).expect(200);
    assert_eq!((&submitted["status"], &submitted["allowed_actions"]), (&json!("submitted"), &json!([])));
    head.patch(&path, json!({"items": []})).expect_problem(409, "invalid_transition");
    head.step(&format!("{path}/approve")).expect_problem(403, "forbidden");
    official.post(&format!("{path}/return"), json!({})).expect_invalid(&[("#/reason", "required")]);
    let returned = official.post(&format!("{path}/return"), json!({"reason": "Bổ sung hộ Siu B"})).expect(200);
    assert_eq!((&returned["status"], &returned["return_reason"]), (&json!("returned"), &json!("Bổ sung hộ Siu B")));
    let kept = returned["items"][0]["id"].clone();
    let changed = head.patch(&path, json!({"items": [item(homes[0]), item(homes[1])]})).expect(200);
    assert_eq!((changed["items"].as_array().unwrap().len(), &changed["items"][0]["id"]), (2, &kept));
    head.step(&format!("{path}/submit")).expect(200);
    let approved = official.step(&format!("{path}/approve")).expect(200);
    assert_eq!((&approved["status"], &approved["items"][0]["status"]), (&json!("approved"), &json!("open")));
    assert_eq!(approved["allowed_actions"], json!(["reopen", "close"]));
    assert_eq!(official.step(&format!("{path}/close")).expect(200)["status"], "closed");
    official.post(&format!("{path}/reopen"), json!({"reason": "x"})).expect_problem(409, "invalid_transition");
}

#[test]
fn a_step_can_be_repeated_by_its_author_and_gets_409_from_another_user() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (head, second) = (world.head(village), world.head(village));
    let home = world.household(&head, village, "Siu A");
    let path = format!("/hardship-lists/{}", id_of(&world.draft(&head, village, &[home])));
    let first = head.step(&format!("{path}/submit")).expect(200);
    let again = head.step(&format!("{path}/submit")).expect(200);
    assert_eq!(first["version"], again["version"], "nothing changed");
    second.step(&format!("{path}/submit")).expect_problem(409, "invalid_transition");
    let (one, two) = (world.commune(world.ianan), world.commune(world.ianan));
    one.step(&format!("{path}/approve")).expect(200);
    one.step(&format!("{path}/approve")).expect(200);
    two.step(&format!("{path}/approve")).expect_problem(409, "invalid_transition");
}

#[test]
fn the_submitter_of_a_list_cannot_approve_it() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (official, colleague) = (world.commune(world.ianan), world.commune(world.ianan));
    let home = world.household(&official, village, "Siu A");
    let list = world.draft(&official, village, &[home]);
    assert_eq!(list["on_behalf_of"], json!(village), "an official acts on behalf of the head");
    let path = format!("/hardship-lists/{}", id_of(&list));
    let submitted = official.step(&format!("{path}/submit")).expect(200);
    assert_eq!(submitted["allowed_actions"], json!(["return"]));
    official.step(&format!("{path}/approve")).expect_problem(403, "own_submission");
    colleague.step(&format!("{path}/approve")).expect(200);
}

#[test]
fn of_parallel_approvals_of_a_list_one_succeeds() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let home = world.household(&head, village, "Siu A");
    let path = format!("/hardship-lists/{}", id_of(&world.draft(&head, village, &[home])));
    head.step(&format!("{path}/submit")).expect(200);
    let officials = [world.commune(world.ianan), world.commune(world.ianan), world.commune(world.ianan)];
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> =
            officials.iter().map(|official| scope.spawn(|| official.step(&format!("{path}/approve")).status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    // The others get 412, or 409 where they had not read the version yet.
    assert!(statuses[0] == 200 && statuses[1..].iter().all(|status| matches!(status, 409 | 412)), "{statuses:?}");
}

#[test]
fn a_list_contains_each_household_of_its_village_at_most_once() {
    let world = World::new();
    let (tung, other) = (world.village(world.ianan, "Tung"), world.village(world.ianan, "Sơn"));
    let (head, official) = (world.head(tung), world.commune(world.ianan));
    let (home, elsewhere) = (world.household(&head, tung, "Siu A"), world.household(&official, other, "Siu B"));
    let new = |items: Value| json!({"village_id": tung, "year": 2026, "items": items});
    head.post("/hardship-lists", new(json!([item(home), item(home)])))
        .expect_invalid(&[("#/items/1/household_id", "duplicate")]);
    head.post("/hardship-lists", new(json!([item(elsewhere)])))
        .expect_invalid(&[("#/items/0/household_id", "not_found")]);
    official
        .post("/hardship-lists", new(json!([item(elsewhere)])))
        .expect_invalid(&[("#/items/0/household_id", "household_elsewhere")]);
    let mut wrong = item(home);
    wrong["needs"] = json!([]);
    wrong["priority"] = json!(4);
    head.post("/hardship-lists", new(json!([wrong])))
        .expect_invalid(&[("#/items/0/needs", "length"), ("#/items/0/priority", "range")]);
    head.post("/hardship-lists", json!({"village_id": tung, "year": 2100}))
        .expect_invalid(&[("#/year", "in_the_future")]);
    let empty = head.post("/hardship-lists", json!({"village_id": tung, "year": 2026})).expect(201);
    let path = format!("/hardship-lists/{}", id_of(&empty));
    head.step(&format!("{path}/submit")).expect_invalid(&[("#/items", "empty")]);
    head.post("/hardship-lists", new(json!([]))).expect_problem(409, "list_exists");
    head.post("/hardship-lists", json!({"village_id": tung, "year": 2026, "round": 2})).expect(201);
    head.delete(&path).expect(204);
    assert_eq!(head.get(&path).status, 404);
}

/// làng Tung with a twinned unit, and a unit that is twinned with the next village.
struct Twinned {
    world: World,
    village: Uuid,
    head: Client,
    official: Client,
    unit: Client,
    stranger: Client,
}

fn twinned() -> Twinned {
    let world = World::new();
    let (village, other) = (world.village(world.ianan, "Tung"), world.village(world.ianan, "Sơn"));
    let programme = world.programme(world.ianan);
    let (office, company) = (world.organisation(world.ianan, "Văn phòng"), world.organisation(world.ianan, "Công ty"));
    world.twinning(programme, office, village);
    world.twinning(programme, company, other);
    let (unit, stranger) = (world.unit(office), world.unit(company));
    let (head, official) = (world.head(village), world.commune(world.ianan));
    Twinned { world, village, head, official, unit, stranger }
}

#[test]
fn a_unit_sees_the_listed_households_of_its_villages_after_the_approval() {
    let Twinned { world, village, head, official, unit, stranger } = twinned();
    let (listed, unlisted) = (world.household(&head, village, "Siu A"), world.household(&head, village, "Siu B"));
    let mut body = crate::harness::household(village, "Siu C");
    body["phone"] = json!("0905123456");
    let with_phone = id_of(&head.post("/households", body).expect(201));
    let path = format!("/hardship-lists/{}", id_of(&world.draft(&head, village, &[listed, with_phone])));
    head.step(&format!("{path}/submit")).expect(200);
    unit.get(&path).expect_problem(404, "not_found");
    assert_eq!(unit.get("/households").expect(200)["items"], json!([]));
    official.step(&format!("{path}/approve")).expect(200);

    assert_eq!(unit.get(&path).expect(200)["allowed_actions"], json!([]));
    assert_eq!(unit.get("/households?count=true").expect(200)["total"], 2);
    assert_eq!(unit.get("/households?q=siu%20a").expect(200)["items"].as_array().unwrap().len(), 1);
    unit.get(&format!("/households/{unlisted}")).expect_problem(404, "not_found");
    let seen = unit.get(&format!("/households/{with_phone}")).expect(200);
    assert_eq!((&seen["phone"], &seen["identity_number_last4"]), (&Value::Null, &Value::Null));
    unit.step(&format!("/households/{listed}/reveal")).expect_problem(403, "forbidden");
    stranger.get(&path).expect_problem(404, "not_found");
    assert_eq!(stranger.get("/hardship-items").expect(200)["items"], json!([]));

    official.post(&format!("{path}/reopen"), json!({"reason": "Sửa"})).expect(200);
    assert_eq!(unit.get(&path).expect(200)["status"], "returned", "a reopened list stays visible");
    head.patch(&path, json!({"items": [item(listed), item(unlisted)]})).expect(200);
    // Added and removed items are visible to the unit after the next approval only.
    assert_eq!(unit.get(&path).expect(200)["items"].as_array().unwrap().len(), 2);
    unit.get(&format!("/households/{with_phone}")).expect(200);
    unit.get(&format!("/households/{unlisted}")).expect_problem(404, "not_found");
}

#[test]
fn a_pledge_is_made_and_withdrawn_by_a_twinned_unit_only() {
    let Twinned { world, village, head, official, unit, stranger } = twinned();
    let home = world.household(&head, village, "Siu A");
    let list = world.approved_list(&head, &official, village, &[home]);
    let item_path = format!("/hardship-items/{}", list["items"][0]["id"].as_str().unwrap());
    head.post(&format!("{item_path}/pledges"), json!({})).expect_problem(403, "forbidden");
    stranger.post(&format!("{item_path}/pledges"), json!({})).expect_problem(404, "not_found");
    let pledge = unit.post(&format!("{item_path}/pledges"), json!({"note": "Một con bò"})).expect(201);
    assert_eq!(pledge["organisation_name"], "Văn phòng");
    unit.post(&format!("{item_path}/pledges"), json!({})).expect_problem(409, "pledge_exists");
    let shown = head.get(&item_path).expect(200);
    assert_eq!((&shown["status"], &shown["pledges"][0]["id"]), (&json!("pledged"), &pledge["id"]));
    assert!(
        shown["version"].as_i64() > list["items"][0]["version"].as_i64(),
        "the version of the item has changed with its pledges"
    );
    let list_path = format!("/hardship-lists/{}", id_of(&list));
    assert!(head.get(&list_path).expect(200)["version"].as_i64() > list["version"].as_i64());
    official.post(&format!("{list_path}/reopen"), json!({"reason": "Sửa"})).expect(200);
    head.patch(&list_path, json!({"items": []})).expect_problem(409, "item_in_use");
    let pledge_path = format!("/pledges/{}", id_of(&pledge));
    stranger.send("DELETE", &pledge_path, None).expect_problem(404, "not_found");
    unit.delete(&pledge_path).expect(204);
    assert_eq!(head.get(&item_path).expect(200)["status"], "open");
    unit.post(&format!("{item_path}/pledges"), json!({})).expect_problem(409, "invalid_transition");
}

#[test]
fn unhelped_days_filters_items_by_days_since_their_listing() {
    let Twinned { world, village, head, official, .. } = twinned();
    let homes = [world.household(&head, village, "Siu A"), world.household(&head, village, "Siu B")];
    world.approved_list(&head, &official, village, &homes);
    world.server.set_clock("2026-12-23T02:00:00Z");
    // The former access tokens have expired.
    let head = world.head(village);
    assert_eq!(head.get("/hardship-items?unhelped_days=30&count=true").expect(200)["total"], 2);
    assert_eq!(head.get("/hardship-items?unhelped_days=40&count=true").expect(200)["total"], 0);
    assert_eq!(head.get("/hardship-items?status=pledged&status=helped").expect(200)["items"], json!([]));
    assert_eq!(head.get("/hardship-items?limit=1").expect(200)["items"].as_array().unwrap().len(), 1);
    for days in [-1, 36_501] {
        let refused = head.with("Accept-Language", "en").get(&format!("/hardship-items?unhelped_days={days}"));
        refused.expect_invalid(&[("?unhelped_days", "range")]);
        assert_eq!(refused.expect(422)["errors"][0]["detail"], "Only a number from 0 to 36500.");
    }
}

#[test]
fn a_giving_village_reads_the_list_of_its_twin_and_cannot_write_it() {
    let world = World::new();
    let (giver, village) = (world.village(world.ianan, "Thôn 9"), world.village(world.ianan, "Hle Hlang"));
    let (head, official) = (world.head(village), world.commune(world.ianan));
    let organisation = world.place_organisation(giver, "Thôn 9");
    world.twinning(world.programme(world.ianan), organisation, village);
    let neighbour = world.head(giver);
    let home = world.household(&official, village, "Siu A");
    let list = world.approved_list(&head, &official, village, &[home]);
    let path = format!("/hardship-lists/{}", id_of(&list));
    neighbour.get(&format!("/households/{home}")).expect(200);
    for listed in ["/households", "/hardship-lists", "/hardship-items"] {
        let listed_items = neighbour.get(listed).expect(200)["items"].as_array().unwrap().len();
        assert_eq!(listed_items, 1, "a record that is readable by id is listed in {listed}");
    }
    let totals = |set: &str| neighbour.get(&format!("/aggregates/{set}")).expect(200)["totals"]["households"].clone();
    assert_eq!((totals("poverty"), totals("hardship")), (json!(1), json!(1)), "it is counted in aggregates");
    official.post(&format!("{path}/reopen"), json!({"reason": "Sửa"})).expect(200);
    assert_eq!(neighbour.get(&path).expect(200)["items"].as_array().unwrap().len(), 1, "it is readable");
    neighbour.patch(&path, json!({"items": []})).expect_problem(404, "not_found");
    neighbour.step(&format!("{path}/submit")).expect_problem(404, "not_found");
    neighbour.delete(&path).expect_problem(404, "not_found");
    neighbour.patch(&format!("/households/{home}"), json!({"members": []})).expect_problem(404, "not_found");
    neighbour.delete(&format!("/households/{home}")).expect_problem(404, "not_found");
    assert_eq!(head.get(&path).expect(200)["items"].as_array().unwrap().len(), 1, "it is unchanged");
}

#[test]
fn approve_requires_if_match_and_other_steps_check_it_when_sent() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (head, official) = (world.head(village), world.commune(world.ianan));
    let home = world.household(&head, village, "Siu A");
    let path = format!("/hardship-lists/{}", id_of(&world.draft(&head, village, &[home])));
    let step = |client: &Client, step: &str, tag: Option<&str>| {
        let client = tag.map_or_else(|| client.clone(), |tag| client.with("If-Match", tag));
        client.send("POST", &format!("{path}/{step}"), None)
    };
    step(&head, "submit", Some("\"77\"")).expect_problem(412, "version_conflict");
    step(&head, "submit", None).expect(200);
    let read = official.get(&path).etag();
    step(&official, "approve", None).expect_problem(428, "precondition_required");
    official.post(&format!("{path}/return"), json!({"reason": "Xem lại"})).expect(200);
    step(&head, "submit", None).expect(200);
    let stale = step(&official, "approve", Some(&read)).expect_problem(412, "version_conflict");
    assert_eq!(stale["current"]["status"], "submitted");
    let read = official.get(&path).etag();
    step(&official, "approve", Some(&read)).expect(200);
    step(&official, "approve", Some(&read)).expect(200);
    step(&official, "close", Some(&read)).expect_problem(412, "version_conflict");
}

#[test]
fn units_see_the_last_approved_items_while_a_list_is_reopened() {
    let at = crate::harness::giving::Giving::new();
    let world = &at.world;
    let homes: Vec<Uuid> =
        ["Siu A", "Siu B", "Siu C"].iter().map(|name| world.household(&at.head, at.village, name)).collect();
    let first_round =
        json!({"village_id": at.village, "year": 2026, "round": 2, "items": [item(homes[0]), item(homes[1])]});
    let path = format!("/hardship-lists/{}", id_of(&at.head.post("/hardship-lists", first_round).expect(201)));
    at.head.step(&format!("{path}/submit")).expect(200);
    let listed = at.official.step(&format!("{path}/approve")).expect(200);
    let needs = listed["items"][0]["needs"].clone();
    at.official.post(&format!("{path}/reopen"), json!({"reason": "Ông A say rượu"})).expect(200);
    // One item is changed, one removed, one added.
    let items = json!({"items": [
        {"household_id": homes[0], "reasons": ["disabled"], "needs": ["cash"], "priority": 3, "note": "Nghe nói"},
        {"household_id": homes[2], "reasons": ["disabled"], "needs": ["cash"], "priority": 1}]});
    at.head.patch(&path, items).expect(200);
    let seen_by = |client: &Client| {
        let list = client.get(&path).expect(200);
        let mut seen: Vec<Value> =
            list["items"].as_array().unwrap().iter().map(|item| item["household_id"].clone()).collect();
        seen.sort_by_key(|id| id.as_str().unwrap().to_owned());
        (list, seen)
    };
    let (list, seen) = seen_by(&at.unit);
    assert_eq!(seen, [json!(homes[0]), json!(homes[1])], "the approved items only");
    assert_eq!(list["return_reason"], Value::Null);
    let first = list["items"].as_array().unwrap().iter().find(|item| item["household_id"] == json!(homes[0])).unwrap();
    assert_eq!((&first["needs"], &first["note"], &first["priority"]), (&needs, &Value::Null, &json!(1)));
    let item = at.unit.get(&format!("/hardship-items/{}", first["id"].as_str().unwrap())).expect(200);
    assert_eq!(item["needs"], needs);
    at.unit.get(&format!("/households/{}", homes[1])).expect(200);
    // The village and its commune see what is being edited.
    let (list, seen) = seen_by(&at.head);
    assert_eq!((seen, &list["return_reason"]), (vec![json!(homes[0]), json!(homes[2])], &json!("Ông A say rượu")));
    assert_eq!(
        at.official.get(&format!("/hardship-items?village_id={}&count=true", at.village)).expect(200)["total"],
        2
    );
    // After the next approval units see the new items.
    at.head.step(&format!("{path}/submit")).expect(200);
    at.official.step(&format!("{path}/approve")).expect(200);
    let (list, seen) = seen_by(&at.unit);
    assert_eq!(seen, [json!(homes[0]), json!(homes[2])]);
    assert!(list["items"].as_array().unwrap().iter().all(|item| item["needs"] == json!(["cash"])));
    at.unit.get(&format!("/households/{}", homes[1])).expect_problem(404, "not_found");
}

#[test]
fn a_list_of_500_households_can_be_approved() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (head, official) = (world.head(village), world.commune(world.ianan));
    world.households(village, 500, "poor", 2026);
    let homes: Vec<Uuid> = {
        let mut homes = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = head.get(&format!("/households?limit=200{cursor}")).expect(200);
            homes.extend(page["items"].as_array().unwrap().iter().map(id_of));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break homes,
            }
        }
    };
    let path = format!("/hardship-lists/{}", id_of(&world.draft(&head, village, &homes)));
    head.step(&format!("{path}/submit")).expect(200);
    official.step(&format!("{path}/approve")).expect(200);
    assert_eq!(world.count("households", "listed"), 500);
    assert_eq!(world.count("audit_events", "resource = 'households' AND action = 'update'"), 500);
}
