//! Identity numbers of the members of a household.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::Giving;
use crate::harness::{Client, World, household, id_of};

struct Home {
    world: World,
    village: Uuid,
    official: Client,
    path: String,
    members: Value,
}

impl Home {
    fn new() -> Self {
        let world = World::new();
        let village = world.village(world.ianan, "Tung");
        let official = world.commune(world.ianan);
        let mut body = household(village, "Siu Pyui");
        body["members"] =
            json!([{"name": "Rơ Mah H'Lan", "identity_number": "062213001234"}, {"name": "Rơ Mah Y Blơi"}]);
        let made = official.post("/households", body).expect(201);
        let path = format!("/households/{}", id_of(&made));
        Self { world, village, official, path, members: made["members"].clone() }
    }

    fn last4(&self, caller: &Client) -> Vec<Value> {
        let home = caller.get(&self.path).expect(200);
        home["members"].as_array().unwrap().iter().map(|member| member["identity_number_last4"].clone()).collect()
    }

    fn revealed(&self) -> Value {
        self.official.step(&format!("{}/reveal", self.path)).expect(200)["members"].clone()
    }

    fn set(&self, members: Value) {
        self.official.patch(&self.path, json!({"members": members})).expect(200);
    }
}

#[test]
fn the_number_of_a_member_is_sealed_and_revealed_to_officials_and_the_head() {
    let at = Home::new();
    let lan = at.members[0]["id"].clone();
    for caller in [&at.official, &at.world.head(at.village)] {
        assert_eq!(at.last4(caller), [json!("1234"), Value::Null]);
        let revealed = caller.step(&format!("{}/reveal", at.path)).expect(200);
        assert_eq!(
            revealed,
            json!({"identity_number": null, "phone": null, "members": [{"id": lan, "identity_number": "062213001234"}],
                   "unreadable": []})
        );
    }
    assert_eq!(at.last4(&at.world.admin()), [Value::Null, Value::Null]);
    assert_eq!(at.world.count("household_private", "encode(identity_number, 'escape') LIKE '%062213001234%'"), 0);
    assert_eq!(at.world.count("audit_events", "'members' = ANY (personal_fields)"), 1);
}

#[test]
fn a_unit_reads_no_number_of_a_member_of_a_listed_household() {
    let stage = Giving::new();
    let path = format!("/households/{}", stage.home);
    let member = json!({"name": "Siu Con", "identity_number": "062213001234"});
    stage.official.patch(&path, json!({"members": [member]})).expect(200);
    let seen = stage.unit.get(&path).expect(200);
    assert_eq!(
        (&seen["members"][0]["name"], &seen["members"][0]["identity_number_last4"]),
        (&json!("Siu Con"), &Value::Null)
    );
    stage.unit.step(&format!("{path}/reveal")).expect_problem(403, "forbidden");
}

#[test]
fn a_member_keeps_its_number_until_another_one_is_sent_or_the_member_leaves() {
    let at = Home::new();
    let (lan, son) = (at.members[0]["id"].clone(), at.members[1]["id"].clone());
    at.set(json!([{"id": lan, "name": "Rơ Mah H'Lan"}, {"id": son, "name": "Rơ Mah Y Blơi", "identity_number": null}]));
    assert_eq!(at.last4(&at.official), [json!("1234"), Value::Null]);
    at.set(json!([{"id": lan, "name": "Rơ Mah H'Lan", "identity_number": "062213005678"},
                  {"id": son, "name": "Rơ Mah Y Blơi", "identity_number": "230123456"}]));
    assert_eq!(at.last4(&at.official), [json!("5678"), json!("3456")]);
    let noted = "'members' = ANY (personal_fields)";
    let before = at.world.count("audit_events", noted);
    at.set(json!([{"id": lan, "name": "Rơ Mah H'Lan", "identity_number": "062213005678"}, {"id": son, "name": "Rơ Mah Y Blơi"}]));
    assert_eq!(at.world.count("audit_events", noted), before, "an equal number is no change");
    at.set(json!([{"id": son, "name": "Rơ Mah Y Blơi"}]));
    assert_eq!(at.revealed(), json!([{"id": son, "identity_number": "230123456"}]));
    assert_eq!(at.world.count("household_private", "true"), 1);
}

#[test]
fn a_wrong_or_repeated_number_of_a_member_is_refused() {
    let at = Home::new();
    let set = |members: Value| at.official.patch(&at.path, json!({"members": members}));
    set(json!([{"name": "Siu A", "identity_number": "06221300123"}]))
        .expect_invalid(&[("#/members/0/identity_number", "identity_number")]);
    set(json!([{"name": "Siu A", "identity_number": "062213001234"}, {"name": "Siu B", "identity_number": "062213001234"}]))
        .expect_invalid(&[("#/members/1/identity_number", "duplicate")]);
    assert_eq!(at.last4(&at.official), [json!("1234"), Value::Null]);
}

#[test]
fn a_head_with_the_number_of_a_member_elsewhere_is_told() {
    let at = Home::new();
    let mut body = household(at.village, "Rơ Mah H'Lan");
    body["identity_number"] = json!("062213001234");
    let made = at.official.post("/households", body).expect(201);
    let id = at.path.rsplit('/').next().unwrap();
    assert_eq!(made["warnings"], json!([{"code": "same_identity_number", "id": id}]));
    let twins = at.official.get("/households?possible_duplicate=true").expect(200);
    assert_eq!(twins["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_merge_keeps_the_numbers_of_all_members() {
    let at = Home::new();
    let mut body = household(at.village, "Siu Pyui");
    body["members"] = json!([{"name": "Rơ Mah H'Lan", "identity_number": "062213009999"},
                             {"name": "Rơ Mah Y Blơi", "identity_number": "230123456"},
                             {"name": "Siu Kim", "identity_number": "230123457"}]);
    let twin = at.official.post("/households", body).expect(201);
    let into = at.path.rsplit('/').next().unwrap();
    at.official.post(&format!("/households/{}/merge", id_of(&twin)), json!({"into": into})).expect(200);
    let home = at.official.get(&at.path).expect(200);
    let mut people: Vec<(&str, &str)> = home["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| (member["name"].as_str().unwrap(), member["identity_number_last4"].as_str().unwrap()))
        .collect();
    people.sort_unstable();
    assert_eq!(
        people,
        [("Rơ Mah H'Lan", "1234"), ("Rơ Mah H'Lan", "9999"), ("Rơ Mah Y Blơi", "3456"), ("Siu Kim", "3457")],
        "two numbers are two people; a number without another one is taken over"
    );
    assert_eq!(at.revealed().as_array().unwrap().len(), 4);
}

/// A client may send any UUIDv7 as the id of a member, also that of another household.
#[test]
fn a_member_with_the_id_of_another_household_neither_reads_nor_removes_its_number() {
    let at = Home::new();
    let other = crate::harness::giving::household(&at.world, at.village, "Rơ Mah Khác");
    let path = format!("/households/{other}");
    at.official.patch(&path, json!({"identity_number": "230999888"})).expect(200);
    let number = || at.official.step(&format!("{path}/reveal")).expect(200)["identity_number"].clone();
    at.set(json!([{"id": other, "name": "Siu A", "identity_number": "230111222"}]));
    assert_eq!((at.last4(&at.official), number()), (vec![json!("1222")], json!("230999888")));
    assert_eq!(at.official.get(&path).expect(200)["identity_number_last4"], "9888");
    let into = id_of(&at.official.post("/households", household(at.village, "Siu Pyui")).expect(201));
    at.official.post(&format!("{}/merge", at.path), json!({"into": into})).expect(200);
    assert_eq!(number(), "230999888");
    at.official.patch(&format!("/households/{into}"), json!({"members": []})).expect(200);
    assert_eq!(number(), "230999888");
    let itself = json!({"members": [{"id": into, "name": "Siu A"}]});
    at.official.patch(&format!("/households/{into}"), itself).expect_invalid(&[("#/members/0/id", "id_conflict")]);
}

#[test]
fn one_number_of_two_people_of_a_household_is_refused() {
    let at = Home::new();
    let mut body = household(at.village, "Siu Hai");
    body["identity_number"] = json!("062068001234");
    body["members"] = json!([{"name": "Siu Con"}, {"name": "Siu Cháu", "identity_number": "062068001234"}]);
    at.official.post("/households", body).expect_invalid(&[("#/members/1/identity_number", "duplicate")]);
    let (lan, son) = (at.members[0]["id"].clone(), at.members[1]["id"].clone());
    let twice = json!({"members": [{"id": lan, "name": "Rơ Mah H'Lan"},
                                   {"id": son, "name": "Rơ Mah Y Blơi", "identity_number": "062213001234"}]});
    at.official.patch(&at.path, twice).expect_invalid(&[("#/members/1/identity_number", "duplicate")]);
    let head = json!({"identity_number": "062213001234"});
    at.official.patch(&at.path, head).expect_invalid(&[("#/identity_number", "duplicate")]);
    assert_eq!(at.last4(&at.official), [json!("1234"), Value::Null]);
}

/// Members as they were read are accepted.
#[test]
fn members_can_be_sent_back_as_they_were_read() {
    let at = Home::new();
    at.set(at.members.clone());
    assert_eq!(at.last4(&at.official), [json!("1234"), Value::Null]);
}

#[test]
fn a_merge_gives_the_number_of_another_head_to_nobody() {
    let at = Home::new();
    let mut body = household(at.village, "Rơ Mah Khác");
    body["identity_number"] = json!("230999888");
    body["phone"] = json!("0905123456");
    let other = id_of(&at.official.post("/households", body).expect(201));
    let into = at.path.rsplit('/').next().unwrap();
    let home = at.official.post(&format!("/households/{other}/merge"), json!({"into": into})).expect(200);
    assert_eq!((&home["identity_number_last4"], &home["phone"]), (&Value::Null, &json!("0905123456")));
}
