use serde_json::json;

use crate::harness::giving::{Giving, item_status};
use crate::harness::{Client, World, household};

/// The rows of a CSV response, by column.
fn sheet(client: &Client, path: &str) -> Vec<std::collections::HashMap<String, String>> {
    let answer = client.get(path);
    let text = answer.expect(200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let text =
        text.as_str().unwrap().strip_prefix('\u{feff}').expect("a byte order mark, by which Excel recognises UTF-8");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn a_sheet_of_households_has_the_filter_and_the_order_of_the_list() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let (head, official) = (world.head(village), world.commune(world.ianan));
    for (name, phone, number) in [
        ("Siu Pyui", "+84 905 123 456", "062068001234"),
        ("Ân, Rơ Mah", "0905123456", "062068000123"),
        ("=HYPERLINK(\"http://x\")", "+84905123456", "062068009876"),
    ] {
        let mut new = household(village, name);
        new["phone"] = json!(phone);
        new["identity_number"] = json!(number);
        official.post("/households", new).expect(201);
    }
    let mut escaped = household(village, "Siu Giàu");
    escaped["poverty_status"] = json!("not_poor");
    official.post("/households", escaped).expect(201);

    let rows = sheet(&head, "/households?format=csv&poverty_status=poor&sort=-head_name");
    let names: Vec<&str> = rows.iter().map(|row| row["head_name"].as_str()).collect();
    assert_eq!(names, ["Siu Pyui", "Ân, Rơ Mah", "'=HYPERLINK(\"http://x\")"]);
    let first = &rows[0];
    assert_eq!((first["village_name"].as_str(), first["commune_name"].as_str()), ("Tung", "Ia Nan"));
    for (row, expected) in
        rows.iter().zip([("'+84 905 123 456", "1234"), ("0905 123 456", "'0123"), ("'+84 905 123 456", "9876")])
    {
        assert_eq!((row["phone"].as_str(), row["identity_number_last4"].as_str()), expected);
    }
    assert_eq!(first["head_birth_year"], "", "empty, not null");

    let by_header = sheet(&head.with("Accept", "text/csv, */*;q=0.1"), "/households");
    assert_eq!(by_header.len(), 4);
    for (accept, media_type) in [
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json, text/csv;q=0.1", "application/json"),
        ("*/*;q=0.1, text/csv", "text/csv; charset=utf-8"),
        ("application/json;q=0.2, text/csv;q=0.9", "text/csv; charset=utf-8"),
    ] {
        assert_eq!(head.with("Accept", accept).get("/households").header("content-type"), media_type, "{accept}");
    }
    let json = head.with("Accept", "text/csv").get("/households?format=json").expect(200);
    assert_eq!(json["items"].as_array().unwrap().len(), 4, "the parameter takes precedence over the header");
    let varies = |answer: crate::harness::Answer| answer.headers.get_all("vary").iter().any(|by| by == "Accept");
    assert!(varies(head.get("/households")), "a cache must distinguish JSON and CSV");
}

#[test]
fn a_sheet_shows_no_more_than_the_list() {
    let stage = Giving::new();
    let (world, village) = (&stage.world, stage.village);
    let mut new = household(village, "Rơ Mah Hyen");
    new["phone"] = json!("0905123456");
    new["identity_number"] = json!("062068001234");
    let home = stage.head.post("/households", new).expect(201);
    let list =
        json!({"village_id": village, "year": 2025, "items": [crate::harness::item(crate::harness::id_of(&home))]});
    let list = stage.head.post("/hardship-lists", list).expect(201);
    let path = format!("/hardship-lists/{}", list["id"].as_str().unwrap());
    stage.head.step(&format!("{path}/submit")).expect(200);
    stage.official.step(&format!("{path}/approve")).expect(200);

    let seen = sheet(&stage.unit, "/households?format=csv");
    assert_eq!(seen.len(), 2, "the listed households, without {}", stage.unlisted);
    for row in seen.iter().chain(&sheet(&world.admin(), "/households?format=csv")) {
        assert_eq!((row["phone"].as_str(), row["identity_number_last4"].as_str()), ("", ""));
    }
    let neighbour = world.head(world.village(world.ianan, "Sơn"));
    for path in ["/households", "/hardship-items", "/gifts"] {
        assert_eq!(sheet(&neighbour, &format!("{path}?format=csv")).len(), 0, "{path}");
    }
    assert_eq!(sheet(&world.commune(world.kongchro), "/households?format=csv").len(), 0);
}

#[test]
fn hardship_items_and_gifts_are_exported_as_sheets() {
    let stage = Giving::new();
    let pledge = json!({"note": "Một con bò"});
    stage.unit.post(&format!("/hardship-items/{}/pledges", stage.item), pledge).expect(201);
    let gift = json!({"twinning_id": stage.twinning, "village_id": stage.village, "household_id": stage.home,
        "hardship_item_id": stage.item, "category": "food", "description": "-10 kg gạo", "quantity": 10.5, "unit": "kg",
        "value_vnd": 500_000, "funding_source": "organisation_own", "given_on": stage.world.today()});
    stage.unit.post("/gifts", gift).expect(201);

    let items = sheet(&stage.world.province(stage.world.gialai), "/hardship-items?format=csv&status=pledged");
    assert_eq!(items.len(), 1);
    let listed = &items[0];
    assert_eq!((listed["village_name"].as_str(), listed["commune_name"].as_str()), ("Tung", "Ia Nan"));
    assert_eq!((listed["household_head_name"].as_str(), listed["pledged_by"].as_str()), ("Rơ Mah Hyen", "Văn phòng"));
    assert_eq!(listed["needs"], "food");
    assert_eq!(item_status(&stage.world, stage.item), listed["status"]);

    let gifts = sheet(&stage.official, "/gifts?format=csv");
    let given = &gifts[0];
    assert_eq!((given["quantity"].as_str(), given["value_vnd"].as_str()), ("10.5", "500000"));
    assert_eq!(given["description"], "'-10 kg gạo", "text that begins like a formula");
    assert_eq!((given["organisation_name"].as_str(), given["status"].as_str()), ("Văn phòng", "recorded"));
}

#[test]
fn a_sheet_has_no_pages_and_is_refused_over_10000_rows() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    head.get("/households?format=csv&limit=50&count=true")
        .expect_invalid(&[("?limit", "exclusive"), ("?count", "exclusive")]);
    head.get("/households?format=xlsx").expect_invalid(&[("?format", "invalid_value")]);
    let fill = |many: u32| {
        crate::harness::giving::as_system(
            &world,
            &format!(
                "INSERT INTO households (id, village_id, head_name, ethnic_group, poverty_status, poverty_year)
                 SELECT gen_random_uuid(), '{village}', 'Siu ' || n, '10', 'poor', 2026 FROM generate_series(1, {many}) n"
            ),
        );
    };
    fill(10_000);
    assert_eq!(sheet(&head, "/households?format=csv").len(), 10_000);
    fill(1);
    head.get("/households?format=csv").expect_invalid(&[("?format", "too_many_rows")]);
    assert_eq!(sheet(&head, "/households?format=csv&q=siu%209999").len(), 1, "a filter reduces it below the limit");
}

#[test]
fn a_sheet_has_a_path_of_its_own_and_accept_and_format_go_on_working() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    world.household(&head, village, "Siu A");
    world.household(&head, village, "Siu B");
    let text = |client: &Client, path: &str| {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/csv; charset=utf-8"), "{path}");
        answer.text
    };
    let sheet = text(&head, "/households.csv?q=siu%20a");
    assert!(sheet.contains("Siu A") && !sheet.contains("Siu B"), "{sheet}");
    assert_eq!(text(&head, "/households?format=csv&q=siu%20a"), sheet);
    assert_eq!(text(&head.with("Accept", "text/csv"), "/households?q=siu%20a"), sheet);
    assert_eq!(text(&head.with("Accept", "text/csv"), "/households.csv?q=siu%20a"), sheet);
    head.get("/households.csv?limit=5&count=true").expect_invalid(&[("?limit", "exclusive"), ("?count", "exclusive")]);
    head.get("/households.csv?hamlet=1").expect_invalid(&[("?hamlet", "unknown_field")]);
    head.with("Accept", "application/json").get("/households.csv").expect_problem(406, "not_acceptable");
    head.send("POST", "/households.csv", None).expect_problem(405, "method_not_allowed");
    world.server.anonymous().get("/households.csv").expect_problem(401, "unauthenticated");
    let official = world.commune(world.ianan);
    let aggregate = text(&official, "/aggregates/support.csv?group_by=commune");
    assert!(aggregate.starts_with("\u{feff}commune_id,"), "{aggregate}");
    for (path, columns) in
        [("/gifts", "\u{feff}id,"), ("/hardship-items", "\u{feff}id,"), ("/working-groups", "\u{feff}id,")]
    {
        assert!(text(&official, &format!("{path}.csv")).starts_with(columns), "{path}");
    }
}
