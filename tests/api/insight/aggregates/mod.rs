mod as_of;
mod coverage;
mod dashboards;
mod households;
mod lists;
mod random;
mod summaries;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, TestServer, World, household, id_of};

/// A village of Ia Nan with a twinned unit and an approved list of these households.
struct Giving {
    world: World,
    village: Uuid,
    head: Client,
    official: Client,
    unit: Client,
    twinning: Uuid,
    homes: Vec<Uuid>,
}

fn giving(households: usize) -> Giving {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (head, official) = (world.head(village), world.commune(world.ianan));
    let office = world.organisation(world.ianan, "Văn phòng");
    let twinning = world.twinning(world.programme(world.ianan), office, village);
    let unit = world.unit(office);
    let homes: Vec<Uuid> =
        (0..households).map(|number| world.household(&head, village, &format!("Siu {number}"))).collect();
    world.approved_list(&head, &official, village, &homes);
    Giving { world, village, head, official, unit, twinning, homes }
}

impl Giving {
    fn give(&self, home: Option<Uuid>, given_on: &str, value_vnd: i64) -> Uuid {
        let gift = json!({"twinning_id": self.twinning, "village_id": self.village, "household_id": home, "category": "cash",
            "description": "Quà", "value_vnd": value_vnd, "funding_source": "organisation_own", "given_on": given_on});
        id_of(&self.unit.post("/gifts", gift).expect(201))
    }
}

fn support(caller: &Client, question: &str) -> Value {
    caller.get(&format!("/aggregates/support?{question}")).expect(200)
}

fn column(answer: &Value, key: &str, value: &str) -> Vec<(Value, Value)> {
    let rows = answer["rows"].as_array().unwrap();
    rows.iter().map(|row| (row["key"][key].clone(), row["values"][value].clone())).collect()
}

#[test]
fn a_household_helped_in_two_months_counts_once() {
    let g = giving(1);
    let home = Some(g.homes[0]);
    for day in ["2026-01-20", "2026-01-25", "2026-02-10"] {
        g.give(home, day, 100_000);
    }
    let by_month = support(&g.official, "group_by=month");
    assert_eq!(
        column(&by_month, "month", "households_helped"),
        [(json!("2026-01"), json!(1)), (json!("2026-02"), json!(1))]
    );
    assert_eq!(by_month["totals"]["households_helped"], 1);
    assert_eq!((&by_month["totals"]["gifts"], &by_month["totals"]["gift_value_vnd"]), (&json!(3), &json!(300_000)));
    let quarter = support(&g.official, "group_by=quarter&group_by=category");
    assert_eq!(quarter["rows"][0]["key"], json!({"quarter": "2026-Q1", "category": "cash"}));
    assert_eq!(quarter["rows"][0]["values"]["visits"], Value::Null, "visits have no category");
    assert_eq!(support(&g.official, "from=2025-01-01&to=2025-12-31&group_by=year")["rows"], json!([]));
}

#[test]
fn a_disputed_gift_counts_only_after_it_is_settled_as_delivered() {
    for (resolution, counted) in [("delivered", 5_000_000), ("not_delivered", 0)] {
        let g = giving(1);
        let gift = g.give(Some(g.homes[0]), "2026-05-01", 5_000_000);
        let total = || support(&g.official, "")["totals"]["gift_value_vnd"].clone();
        assert_eq!(total(), 5_000_000, "a recorded gift counts");
        g.head.post(&format!("/gifts/{gift}/dispute"), json!({"reason": "Chưa nhận"})).expect(200);
        assert_eq!(total(), 0, "a disputed gift does not count");
        let settlement = json!({"resolution": resolution, "note": "Đã hỏi lại"});
        g.official.post(&format!("/gifts/{gift}/settle"), settlement).expect(200);
        assert_eq!(total(), counted, "{resolution}");
    }
}

#[test]
fn support_counts_only_records_in_the_scope_of_the_caller() {
    let g = giving(2);
    g.give(Some(g.homes[0]), "2026-03-01", 1_000_000);
    g.give(None, "2026-03-02", 2_000_000);
    let value = |caller: &Client| support(caller, "")["totals"]["gift_value_vnd"].clone();
    for caller in [&g.head, &g.official, &g.unit, &g.world.province(g.world.gialai), &g.world.admin()] {
        assert_eq!(value(caller), 3_000_000);
    }
    let (elsewhere, kongchro) = (g.world.province(g.world.quangngai), g.world.commune(g.world.kongchro));
    assert_eq!((value(&elsewhere), value(&kongchro)), (json!(0), json!(0)));
    let asked = support(&kongchro, &format!("within={}&group_by=village", g.world.ianan));
    assert_eq!(
        (&asked["rows"], &asked["totals"]["gifts"]),
        (&json!([]), &json!(0)),
        "a place out of scope has no rows"
    );
    let unknown = support(&kongchro, &format!("within={}", Uuid::now_v7()));
    assert_eq!((&unknown["within"], &unknown["totals"]["gifts"]), (&Value::Null, &json!(0)));
}

#[test]
fn a_place_with_households_and_no_gift_has_a_row() {
    let g = giving(1);
    g.give(Some(g.homes[0]), "2026-03-01", 1_000_000);
    let other = g.world.village(g.world.ianan, "Sơn");
    g.world.village(g.world.ianan, "Trống");
    g.official.post("/households", household(other, "Siu X")).expect(201);
    let rows = support(&g.official, "group_by=village");
    let names: Vec<_> =
        rows["rows"].as_array().unwrap().iter().map(|row| row["key"]["village"]["name"].clone()).collect();
    assert_eq!(names, ["Sơn", "Tung"]);
    assert_eq!(rows["rows"][0]["values"]["gifts"], 0);
}

#[test]
fn as_of_determines_the_place_where_a_gift_is_counted() {
    let world = World::on(TestServer::with(crate::harness::Catalogue::Small));
    let yangtrung = ketnghia::places::loader::locality_id(2024, "23845");
    let official = world.commune(world.kongchro);
    let new = |name: &str| {
        let kind = if name.starts_with("Thôn") { "thon" } else { "lang" };
        json!({"name": name, "kind": kind, "parent_id": yangtrung})
    };
    let hlehlang = official.post("/localities", new("Hle Hlang")).expect(201);
    assert_eq!(hlehlang["path"][1]["name"], "Kông Chro", "created in the successor");
    let (village, giver) = (id_of(&hlehlang), id_of(&official.post("/localities", new("Thôn 9")).expect(201)));
    let organisation = world.place_organisation(giver, "Thôn 9");
    let programme = world.programme(world.kongchro);
    let twinning = world.twinning_between(programme, organisation, village, "2019-07-01", None);
    let thon9 = world.head(giver);
    let gift = json!({"twinning_id": twinning, "village_id": village, "category": "food", "description": "Gạo",
        "value_vnd": 300_000, "funding_source": "community", "given_on": "2019-09-02"});
    thon9.post("/gifts", gift).expect(201);

    let province = world.province(world.gialai);
    let commune = |question: &str| {
        let answer = support(&province, question);
        let rows = answer["rows"].as_array().unwrap().clone();
        assert_eq!(rows.len(), 1, "{answer}");
        rows[0]["key"]["commune"]["code"].clone()
    };
    assert_eq!(commune("from=2019-01-01&group_by=commune"), "23824");
    assert_eq!(commune("from=2019-01-01&group_by=commune&as_of=2019-12-31"), "23845");
    let district = support(&province, "from=2019-01-01&group_by=district&as_of=2019-12-31");
    assert_eq!(district["rows"][0]["key"]["district"]["code"], "630");
    province.get("/aggregates/support?group_by=district").expect_invalid(&[("?group_by", "no_districts")]);
    let ended = province.get(&format!("/aggregates/support?within={yangtrung}"));
    let problem = ended.expect_problem(422, "locality_ended");
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("Kông Chro"), "{problem}");
    let then = support(&province, &format!("within={yangtrung}&from=2019-01-01&as_of=2019-12-31"));
    assert_eq!(then["totals"]["gifts"], 1);
    let old_province = ketnghia::places::loader::locality_id(2024, "64");
    let then =
        support(&world.admin(), &format!("within={old_province}&from=2019-01-01&as_of=2019-12-31&group_by=province"));
    assert_eq!(then["rows"][0]["key"]["province"]["name"], "Gia Lai");
}

#[test]
fn the_etag_changes_with_the_numbers_and_not_with_computed_at() {
    let g = giving(1);
    let first = g.official.get("/aggregates/support?group_by=month");
    let second = g.official.get("/aggregates/support?group_by=month");
    assert_ne!(first.expect(200)["computed_at"], second.expect(200)["computed_at"]);
    assert_eq!(first.etag(), second.etag());
    assert_eq!(g.official.with("If-None-Match", &first.etag()).get("/aggregates/support?group_by=month").status, 304);
    g.give(None, "2026-03-01", 1);
    assert_ne!(g.official.get("/aggregates/support?group_by=month").etag(), first.etag());
    g.official.get("/aggregates/gold").expect_problem(404, "not_found");
    g.official.get("/aggregates/support?group_by=hamlet&x=1").expect_invalid(&[("?x", "unknown_field")]);
    g.official.get("/aggregates/support?group_by=hamlet").expect_invalid(&[("?group_by", "not_grouped")]);
    g.official.get("/aggregates/support?from=2026-02-01&to=2026-01-01").expect_invalid(&[("?to", "period_reversed")]);
}

#[test]
fn gifts_of_a_unit_stay_in_its_numbers_after_the_twinning_ends() {
    let g = giving(1);
    g.give(Some(g.homes[0]), "2026-03-01", 1_000_000);
    g.official.patch(&format!("/twinnings/{}", g.twinning), json!({"ends_on": "2026-06-30"})).expect(200);
    assert_eq!(g.unit.get("/households").expect(200)["items"], json!([]), "the village is hidden again");
    let rows = support(&g.unit, "group_by=village");
    assert_eq!(rows["rows"][0]["key"]["village"]["name"], "Tung");
    assert_eq!(rows["totals"]["gift_value_vnd"], 1_000_000);
}
