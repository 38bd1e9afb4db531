use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{Giving, as_system, listed, organisation, twinning};
use crate::harness::{World, household, id_of, item};

fn merge(into: Uuid) -> Value {
    json!({"into": into})
}

#[test]
fn a_merge_moves_all_records_of_a_household_to_the_other() {
    let stage = Giving::new();
    let (world, village) = (&stage.world, stage.village);
    let mut new = household(village, "Rơ Mah Hyen");
    new["phone"] = json!("0905123456");
    new["identity_number"] = json!("062068001234");
    new["head_birth_year"] = json!(1970);
    new["hardship_reasons"] = json!(["disabled"]);
    new["members"] = json!([{"name": "Rơ Mah Lan", "birth_year": 2014, "student": true}, {"name": "Rơ Mah Y Bình"}]);
    let twin = stage.head.post("/households", new).expect(201);
    assert_eq!(twin["warnings"], json!([]), "no warning: the birth year of the other household is unknown");
    let (twin_id, student) = (id_of(&twin), twin["members"][0]["id"].clone());
    let kept = json!({"members": [{"name": "rơ mah LAN"}, {"name": "Rơ Mah Kim"}]});
    stage.head.patch(&format!("/households/{}", stage.home), kept).expect(200);
    let second = listed(world, village, twin_id, true);
    let gift = json!({"twinning_id": stage.twinning, "village_id": village, "household_id": twin_id, "member_id": student,
        "hardship_item_id": second, "category": "bicycle", "description": "Xe đạp", "value_vnd": 2_000_000,
        "funding_source": "organisation_own", "given_on": world.today()});
    let visit = json!({"twinning_id": stage.twinning, "village_id": village, "visited_on": world.today(),
        "purpose": "holiday", "participants": 2, "household_ids": [twin_id, stage.home]});
    let gift = id_of(&stage.unit.post("/gifts", gift).expect(201));
    stage.head.step(&format!("/gifts/{gift}/confirm")).expect(200);
    let visit = id_of(&stage.unit.post("/visits", visit).expect(201));

    let path = format!("/households/{twin_id}/merge");
    stage.head.post(&path, merge(stage.home)).expect_problem(409, "decided");
    let commune = world.commune(world.ianan);
    let answer = commune.post(&path, merge(stage.home));
    let one = answer.expect(200);
    assert_eq!((id_of(&one), answer.etag()), (stage.home, format!("\"{}\"", one["version"])));
    assert_eq!((&one["phone"], &one["identity_number_last4"]), (&json!("0905123456"), &json!("1234")));
    assert_eq!((&one["head_birth_year"], &one["hardship_reasons"]), (&json!(1970), &json!(["disabled"])));
    let members: Vec<_> = one["members"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(members.len(), 3, "a member of both households is one person: {members:?}");
    let lan = one["members"].as_array().unwrap().iter().find(|m| m["name"] == "rơ mah LAN").unwrap();
    assert_eq!(
        (&lan["birth_year"], &lan["student"]),
        (&json!(2014), &json!(true)),
        "missing fields are filled from the other"
    );
    let secrets = stage.head.step(&format!("/households/{}/reveal", stage.home)).expect(200);
    assert_eq!(secrets["identity_number"], "062068001234", "sealed again for its new record");
    let gift = stage.head.get(&format!("/gifts/{gift}")).expect(200);
    assert_eq!((&gift["household_id"], &gift["member_id"]), (&json!(stage.home), &lan["id"]));
    let item = stage.head.get(&format!("/hardship-items/{second}")).expect(200);
    assert_eq!((&item["household_id"], &item["status"]), (&json!(stage.home), &json!("helped")));
    let visit = stage.head.get(&format!("/visits/{visit}")).expect(200);
    assert_eq!(visit["household_ids"], json!([stage.home]));

    stage.head.get(&format!("/households/{twin_id}")).expect_problem(404, "not_found");
    assert_eq!(stage.head.get("/households?q=hyen&count=true").expect(200)["total"], 1);
    assert_eq!(world.count("deleted_records", &format!("id = '{twin_id}' AND resource = 'households'")), 1);
    let trace = format!(
        "record_id = '{twin_id}' AND resource = 'household_merges' AND new_values ->> 'household_id' = '{}'",
        stage.home
    );
    assert_eq!(world.count("audit_events", &trace), 1);
}

#[test]
fn a_merge_joins_two_items_of_one_list_with_their_pledges() {
    let stage = Giving::new();
    let (world, village) = (&stage.world, stage.village);
    let other = organisation(world, world.ianan, "Công ty");
    twinning(world, other, village, None);
    let company = world.unit(other);
    let homes = [world.household(&stage.head, village, "Siu A"), world.household(&stage.head, village, "Siu A'")];
    let mut items = [item(homes[0]), item(homes[1])];
    items[0]["priority"] = json!(3);
    items[0]["note"] = json!("nhà dột");
    items[1]["needs"] = json!(["study", "housing"]);
    items[1]["reasons"] = json!(["disabled"]);
    let list = json!({"village_id": village, "year": 2025, "items": items});
    let path = format!("/hardship-lists/{}", id_of(&stage.head.post("/hardship-lists", list).expect(201)));
    stage.head.step(&format!("{path}/submit")).expect(200);
    let list = stage.official.step(&format!("{path}/approve")).expect(200);
    let on = |home: Uuid| {
        let of_home = |item: &&Value| item["household_id"] == json!(home);
        id_of(list["items"].as_array().unwrap().iter().find(of_home).unwrap())
    };
    let [kept, gone] = homes.map(on);
    for (unit, item, note) in [(&stage.unit, kept, "bò"), (&stage.unit, gone, "dê"), (&company, gone, "gạo")] {
        unit.post(&format!("/hardship-items/{item}/pledges"), json!({"note": note})).expect(201);
    }

    world.commune(world.ianan).post(&format!("/households/{}/merge", homes[1]), merge(homes[0])).expect(200);
    let list = stage.head.get(&path).expect(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    let one = &items[0];
    assert_eq!((id_of(one), &one["priority"], &one["note"]), (kept, &json!(1), &json!("nhà dột")));
    assert_eq!(
        (&one["reasons"], &one["needs"]),
        (&json!(["temporary_house", "disabled"]), &json!(["housing", "study"]))
    );
    let mut notes: Vec<_> = one["pledges"].as_array().unwrap().iter().map(|p| p["note"].as_str().unwrap()).collect();
    notes.sort_unstable();
    assert_eq!(notes, ["bò\ndê", "gạo"], "pledges of one organisation are joined");
    assert_eq!(one["status"], "pledged");
    stage.head.get(&format!("/hardship-items/{gone}")).expect_problem(404, "not_found");
    for pledge in one["pledges"].as_array().unwrap() {
        let unit = if pledge["note"] == "gạo" { &company } else { &stage.unit };
        unit.delete(&format!("/pledges/{}", id_of(pledge))).expect(204);
    }
    assert_eq!(stage.head.get(&format!("/hardship-items/{kept}")).expect(200)["status"], "open");
}

#[test]
fn a_merge_keeps_the_assessment_of_the_survivor_and_lists_the_other_in_the_history() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let kept = world.household(&world.commune(world.ianan), village, "Siu A");
    world.server.set_clock("2026-12-15T02:00:00Z");
    let official = world.commune(world.ianan);
    let mut later = household(village, "Siu A");
    later["poverty_status"] = json!("near_poor");
    let twin = id_of(&official.post("/households", later).expect(201));
    as_system(
        &world,
        &format!(
            "INSERT INTO household_assessments (id, household_id, round_year, round_kind, standard, poverty_status, assessed_on, status,
                                                confirmed_at)
             VALUES (gen_random_uuid(), '{twin}', 2026, 'regular', 'nd07_2021', 'average', '2026-11-22', 'confirmed', app_now())"
        ),
    );
    let one = official.post(&format!("/households/{twin}/merge"), merge(kept)).expect(200);
    assert_eq!(
        (&one["poverty_status"], &one["poverty_assessed_on"]),
        (&json!("near_poor"), &json!("2026-12-15")),
        "the latest of both counts"
    );
    let history = official.get(&format!("/households/{kept}/history")).expect(200);
    let assessed: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["kind"] == "assessed")
        .map(|entry| (entry["poverty_status"].as_str().unwrap(), entry["corrected"].as_bool().unwrap()))
        .collect();
    let mut assessed = assessed;
    assessed.sort_unstable();
    assert_eq!(assessed, [("average", true), ("near_poor", false), ("poor", false)], "of one day that of the survivor");
}

#[test]
fn a_merge_can_be_repeated_by_its_author_only() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (head, colleague) = (world.head(village), world.head(village));
    let homes = ["Siu A", "Siu B", "Siu C"].map(|name| world.household(&head, village, name));
    let mut again = household(village, "Siu D");
    let id = Uuid::now_v7();
    again["id"] = json!(id);
    head.post("/households", again.clone()).expect(201);
    let path = format!("/households/{id}/merge");
    let first = head.post(&path, merge(homes[0])).expect(200);
    let second = head.post(&path, merge(homes[0])).expect(200);
    assert_eq!(first["version"], second["version"], "nothing changed");
    head.post(&path, merge(homes[1])).expect_problem(404, "not_found");
    colleague.post(&path, merge(homes[0])).expect_problem(404, "not_found");
    head.post("/households", again).expect_problem(409, "deleted");
    head.post(&format!("/households/{}/merge", homes[0]), merge(homes[2])).expect(200);
    let history = head.get(&format!("/households/{}/history", homes[2])).expect(200);
    let merged: Vec<_> = history["items"].as_array().unwrap().iter().filter(|e| e["kind"] == "merged").collect();
    assert_eq!(merged.len(), 2, "the history of the first merge is moved with it");
    assert_eq!(merged[0]["merged_household_id"], json!(homes[0]));
    assert_eq!((&merged[1]["household_id"], &merged[1]["merged_household_id"]), (&json!(homes[0]), &json!(id)));
}

#[test]
fn a_merge_needs_two_different_households_in_the_scope_of_the_caller() {
    let world = World::new();
    let (tung, sơn) = (world.village(world.ianan, "Tung"), world.village(world.ianan, "Sơn"));
    let far = world.village(world.kongchro, "Hle Hlang");
    let (head, official) = (world.head(tung), world.commune(world.ianan));
    let home = world.household(&head, tung, "Siu A");
    let next_door = world.household(&official, sơn, "Siu A");
    let away = world.household(&world.head(far), far, "Siu A");
    let path = format!("/households/{home}/merge");
    head.post(&path, merge(home)).expect_invalid(&[("#/into", "itself")]);
    head.post(&path, json!({})).expect_invalid(&[("#/into", "required")]);
    for hidden in [next_door, away, Uuid::now_v7()] {
        head.post(&path, merge(hidden)).expect_invalid(&[("#/into", "not_found")]);
    }
    official.post(&path, merge(away)).expect_invalid(&[("#/into", "not_found")]);
    head.post(&format!("/households/{next_door}/merge"), merge(home)).expect_problem(404, "not_found");
    let one = official.post(&path, merge(next_door)).expect(200);
    assert_eq!(one["village_name"], "Sơn", "an official merges households of two villages of the commune");
}

#[test]
fn opposite_merges_in_parallel_leave_one_household() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let heads = [world.head(village), world.head(village)];
    let homes = [world.household(&heads[0], village, "Siu A"), world.household(&heads[0], village, "Siu B")];
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> = [(0, 1), (1, 0)]
            .map(|(from, into)| (&heads[from], format!("/households/{}/merge", homes[from]), merge(homes[into])))
            .into_iter()
            .map(|(head, path, body)| scope.spawn(move || head.post(&path, body).status))
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!([404, 422].contains(&statuses[1]), "{statuses:?}");
    assert_eq!(heads[0].get("/households?count=true").expect(200)["total"], 1);
}

#[test]
fn a_merge_does_not_join_members_with_similar_or_ambiguous_names() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let mut new = household(village, "Siu Một");
    new["members"] = json!([{"name": "Rơ Mah Hà"}, {"name": "Siu Lan"}]);
    let survivor = id_of(&head.post("/households", new.clone()).expect(201));
    new["head_name"] = json!("Siu Khác");
    new["members"] = json!([{"name": "Rơ Mah Hạ"}, {"name": "Rơ Mah Hả"}, {"name": "Siu Lan", "birth_year": 2010},
        {"name": "Siu Lan", "birth_year": 2012}]);
    let merged = id_of(&head.post("/households", new).expect(201));
    let one = head.post(&format!("/households/{merged}/merge"), merge(survivor)).expect(200);
    assert_eq!(one["members"].as_array().unwrap().len(), 6, "{}", one["members"]);
}

#[test]
fn a_merge_is_refused_for_different_identity_numbers_and_for_inactive_households() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (head, commune) = (world.head(village), world.commune(world.ianan));
    let create = |name: &str, number: Option<&str>| {
        let mut new = household(village, name);
        new["identity_number"] = json!(number);
        id_of(&head.post("/households", new).expect(201))
    };
    let (one, other) = (create("Siu Một", Some("062068001234")), create("Siu Hai", Some("062068001235")));
    let refused = head.post(&format!("/households/{one}/merge"), merge(other)).expect(422);
    assert_eq!(refused["errors"][0]["code"], "different_identity_number");

    let (gone, third) = (create("Siu Ba", None), create("Siu Bốn", None));
    commune.patch(&format!("/households/{gone}"), json!({"status": "moved_away"})).expect(200);
    let refused = head.post(&format!("/households/{third}/merge"), merge(gone)).expect(422);
    assert_eq!(refused["errors"][0]["code"], "not_active");
}

/// The gift lies in the former village of the household, where the head cannot see it.
#[test]
fn a_confirmed_gift_in_another_village_prevents_a_merge_by_the_village_head() {
    let stage = Giving::new();
    let world = &stage.world;
    let gift = json!({"twinning_id": stage.twinning, "village_id": stage.village, "household_id": stage.home,
        "category": "cash", "description": "Tiền mặt", "value_vnd": 500_000, "funding_source": "donor", "given_on": world.today()});
    let gift = id_of(&stage.unit.post("/gifts", gift).expect(201));
    stage.head.step(&format!("/gifts/{gift}/confirm")).expect(200);
    let elsewhere = world.village(world.ianan, "Sơn");
    stage.official.patch(&format!("/households/{}", stage.home), json!({"village_id": elsewhere})).expect(200);
    let head = world.head(elsewhere);
    let twin = world.household(&head, elsewhere, "Rơ Mah Hyen");
    head.get(&format!("/gifts/{gift}")).expect_problem(404, "not_found");
    head.post(&format!("/households/{}/merge", stage.home), merge(twin)).expect_problem(409, "decided");
    stage.official.post(&format!("/households/{}/merge", stage.home), merge(twin)).expect(200);
}
