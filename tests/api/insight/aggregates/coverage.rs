//! The coverage data set: a row for each place or organisation, also where nothing was done.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{as_system, household, listed, organisation, place_organisation, twinning};
use crate::harness::insight::{column, rows};
use crate::harness::{Client, World, id_of};

fn coverage(caller: &Client, question: &str) -> Value {
    caller.get(&format!("/aggregates/coverage?{question}")).expect(200)
}

/// Names of the places or organisations in the rows.
fn names(answer: &Value, level: &str) -> Vec<String> {
    rows(answer).iter().map(|row| row["key"][level]["name"].as_str().unwrap_or("-").to_owned()).collect()
}

fn row<'a>(answer: &'a Value, level: &str, name: &str) -> &'a Value {
    let found = rows(answer).iter().find(|row| row["key"][level]["name"] == name);
    &found.unwrap_or_else(|| panic!("no row {name}: {answer}"))["values"]
}

fn visit(world: &World, twinning: Uuid, village: Uuid, day: &str, purpose: &str) -> Uuid {
    let id = Uuid::now_v7();
    as_system(
        world,
        &format!(
            "INSERT INTO visits (id, twinning_id, organisation_id, village_id, visited_on, purpose)
             SELECT '{id}', t.id, t.organisation_id, '{village}', '{day}', '{purpose}' FROM twinnings t WHERE t.id = '{twinning}'"
        ),
    );
    id
}

/// A confirmed gift of one million from this source: to the place, or to many homes without names.
fn gift(world: &World, twinning: Uuid, place: Uuid, day: &str, homes: Option<u32>, source: &str) -> Uuid {
    let id = Uuid::now_v7();
    let group = homes.map_or("NULL, NULL".to_owned(), |homes| format!("'all', {homes}"));
    as_system(
        world,
        &format!(
            "INSERT INTO gifts (id, twinning_id, organisation_id, village_id, locality_id, recipient_group, households_count, category,
                                description, value_vnd, funding_source, given_on, status, acted_by)
             SELECT '{id}', t.id, t.organisation_id, CASE l.level WHEN 'village' THEN l.id END, CASE l.level WHEN 'commune' THEN l.id END,
                    {group}, 'cash', 'Tiền mặt', 1000000, '{source}', '{day}', 'confirmed', gen_random_uuid()
               FROM twinnings t, localities l WHERE t.id = '{twinning}' AND l.id = '{place}'"
        ),
    );
    id
}

/// Case 29.
#[test]
fn every_village_of_a_commune_has_a_row_and_without_selects_those_that_lack_something() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let villages: Vec<Uuid> = (0..44)
        .map(|n| {
            let new = json!({"name": format!("Thôn {n:02}"), "kind": "thon", "parent_id": world.ianan});
            id_of(&official.post("/localities", new).expect(201))
        })
        .collect();
    world.village(world.kongchro, "Hle Hlang");
    let office = organisation(&world, world.ianan, "Văn phòng");
    for (n, village) in villages.iter().take(11).enumerate() {
        let twinning = twinning(&world, office, *village, None);
        if n < 5 {
            visit(&world, twinning, *village, "2026-03-01", "holiday");
        }
    }
    let head = world.head(villages[20]);
    let province = world.province(world.gialai);
    for (caller, within) in [(&official, String::new()), (&province, format!("&within={}", world.ianan))] {
        let number = |without: &str| {
            let answer = coverage(caller, &format!("from=2026-01-01&to=2026-11-22&group_by=village{without}{within}"));
            assert_eq!(answer["totals"]["visits"], 5, "totals are those of all rows");
            assert_eq!(
                (&answer["totals"]["twinnings"], &answer["totals"]["twinned_villages"]),
                (&json!(11), &json!(11))
            );
            rows(&answer).len()
        };
        assert_eq!(number(""), 44);
        assert_eq!((number("&without=visit"), number("&without=twinning")), (39, 33));
        assert_eq!(number("&without=visit&without=twinning"), 39, "any of those named");
        assert_eq!((number("&without=gift"), number("&without=list")), (44, 44));
    }
    let all = coverage(&province, "group_by=commune&from=2026-01-01&to=2026-11-22");
    let of_commune = row(&all, "commune", "Ia Nan");
    assert_eq!((&of_commune["visits"], &of_commune["twinned_villages"]), (&json!(5), &json!(11)));
    assert_eq!(of_commune["twinnings"], 0, "with the commune itself or the province");
    assert_eq!(rows(&all).len(), 135, "every commune of the province");
    let own = coverage(&head, "group_by=village&from=2026-01-01&to=2026-11-22");
    assert_eq!(names(&own, "village"), ["Thôn 20"]);
    assert_eq!(names(&coverage(&head, "group_by=commune"), "commune"), ["Ia Nan"]);
    let elsewhere = coverage(&world.commune(world.kongchro), "group_by=village");
    assert_eq!(
        (names(&elsewhere, "village"), &elsewhere["totals"]["visits"]),
        (vec!["Hle Hlang".to_owned()], &json!(0))
    );
    assert_eq!(
        rows(&coverage(&world.commune(world.kongchro), &format!("group_by=village&within={}", world.ianan))).len(),
        0
    );
}

/// Case 30.
#[test]
fn the_days_before_today_contain_the_visit_on_their_first_day() {
    let world = World::new();
    world.server.set_clock("2026-11-25T02:00:00Z");
    let office = organisation(&world, world.ianan, "Văn phòng");
    for (name, day) in [("An", "2026-08-27"), ("Bưng", "2026-08-28")] {
        let village = world.village(world.ianan, name);
        visit(&world, twinning(&world, office, village, None), village, day, "survey");
    }
    let official = world.commune(world.ianan);
    let answer = coverage(&official, "days=90&without=visit&group_by=village");
    assert_eq!((&answer["from"], &answer["to"]), (&json!("2026-08-28"), &json!("2026-11-25")));
    assert_eq!(names(&answer, "village"), ["An"]);
    assert_eq!(row(&answer, "village", "An")["last_visit_on"], "2026-08-27");
    let earlier = coverage(&official, "days=30&to=2026-09-15&without=visit&group_by=village");
    assert!(rows(&earlier).is_empty(), "both were visited in the thirty days before 16 September");
    for (question, wrong) in [
        ("days=0", ("?days", "range")),
        ("days=3661", ("?days", "range")),
        ("days=1&from=2026-01-01", ("?days", "exclusive")),
        ("days=x", ("?days", "invalid_value")),
        ("without=hope", ("?without", "invalid_value")),
        ("group_by=month", ("?group_by", "not_grouped")),
        ("group_by=programme", ("?group_by", "not_grouped")),
        ("group_by=village,organisation", ("?group_by", "length")),
        ("group_by=district", ("?group_by", "no_districts")),
        ("from=2026-02-01&to=2026-01-01", ("?to", "period_reversed")),
        ("flags=border", ("?flags", "unknown_field")),
    ] {
        official.get(&format!("/aggregates/coverage?{question}")).expect_invalid(&[wrong]);
    }
    official.get("/aggregates/support?days=90").expect_invalid(&[("?days", "unknown_field")]);
}

/// Case 31.
#[test]
fn organisations_that_did_nothing_have_a_row_of_zeros() {
    let world = World::new();
    let commune = world.ianan;
    let village = world.village(commune, "Tung");
    let mut units = Vec::new();
    for n in 0..8 {
        let office = organisation(&world, commune, &format!("Đơn vị {n}"));
        // One stands by the commune and not by the village.
        let twinning = twinning(&world, office, if n == 7 { commune } else { village }, None);
        if n < 4 {
            visit(&world, twinning, village, "2026-02-01", "holiday");
        }
        if n == 4 {
            gift(&world, twinning, village, "2026-03-01", Some(7), "donor");
        }
        units.push((office, twinning));
    }
    // Twinned before and after the half-year.
    twinning(&world, organisation(&world, commune, "Đơn vị cũ"), village, Some("2025-12-31"));
    let later = twinning(&world, organisation(&world, commune, "Đơn vị mới"), village, None);
    as_system(&world, &format!("UPDATE twinnings SET starts_on = '2026-07-01' WHERE id = '{later}'"));
    let (official, province) = (world.commune(commune), world.province(world.gialai));
    for caller in [&official, &province] {
        let answer = coverage(caller, "group_by=organisation&from=2026-01-01&to=2026-06-30");
        assert_eq!(rows(&answer).len(), 8, "{answer}");
        let idle =
            rows(&answer).iter().filter(|row| row["values"]["visits"] == 0 && row["values"]["gifts"] == 0).count();
        assert_eq!(idle, 3);
        let gave = row(&answer, "organisation", "Đơn vị 4");
        assert_eq!((&gave["gift_value_vnd"], &gave["households_reached"]), (&json!(1_000_000), &json!(7)));
        assert_eq!(rows(&answer)[0]["key"]["organisation"]["id"], json!(units[0].0));
        assert_eq!((&answer["totals"]["visits"], &answer["totals"]["twinnings"]), (&json!(4), &json!(8)));
        let without = coverage(caller, "group_by=organisation&from=2026-01-01&to=2026-06-30&without=visit");
        assert_eq!(rows(&without).len(), 4);
        let of_village =
            coverage(caller, &format!("group_by=organisation&from=2026-01-01&to=2026-06-30&within={village}"));
        assert_eq!(rows(&of_village).len(), 8, "the unit of the commune stands by the village");
    }
    let unit = world.unit(units[5].0);
    let own = coverage(&unit, "group_by=organisation&from=2026-01-01&to=2026-06-30");
    assert_eq!(names(&own, "organisation"), ["Đơn vị 5"], "a unit does not see what the others did");
    let by_village = coverage(&world.unit(units[0].0), "group_by=village&from=2026-01-01&to=2026-06-30");
    assert_eq!(row(&by_village, "village", "Tung")["visits"], 1, "its own");
}

/// Case 32.
#[test]
fn twinned_false_and_without_twinning_answer_every_level_by_one_rule() {
    let world = World::new();
    let office = organisation(&world, world.gialai, "Sở Nội vụ");
    let twinned_village = world.village(world.ianan, "Tung");
    world.village(world.kongchro, "Hle Hlang");
    world.village(world.ianan, "Sơn");
    twinning(&world, office, world.kongchro, None);
    twinning(&world, office, twinned_village, None);
    let ended = twinning(&world, office, world.ianan, Some("2026-05-31"));
    let province = world.province(world.gialai);
    let listed = |level: &str, twinned: bool, as_of: &str| {
        let path = format!(
            "/localities?level={level}&within={}&twinned={twinned}&as_of={as_of}&count=true&limit=1",
            world.gialai
        );
        province.get(&path).expect(200)["total"].as_u64().unwrap()
    };
    let lacking = |level: &str, day: &str| {
        let path = format!("group_by={level}&without=twinning&from={}-01-01&to={day}&as_of={day}", &day[..4]);
        rows(&coverage(&province, &path)).len() as u64
    };
    let today = "2026-11-22";
    assert_eq!((listed("commune", false, today), lacking("commune", today)), (134, 134));
    assert_eq!(listed("commune", true, today), 1);
    assert_eq!((listed("village", false, today), lacking("village", today)), (1, 1));
    assert_eq!((listed("province", false, today), lacking("province", today)), (1, 1));
    // On the last day of the third twinning.
    let then = "2026-05-31";
    assert_eq!((listed("commune", false, then), lacking("commune", then)), (133, 133));
    assert_eq!((listed("village", false, then), lacking("village", then)), (0, 0));
    assert_eq!(
        (listed("commune", false, "2026-06-01"), lacking("commune", "2026-06-01")),
        (134, 134),
        "{ended} is over"
    );
    // A village head does not see the twinning of the commune, and the number.
    let head = world.head(twinned_village);
    let own = coverage(&head, &format!("group_by=village&from=2026-01-01&to={then}"));
    assert_eq!(row(&own, "village", "Tung")["twinnings"], 2);
}

#[test]
fn last_days_are_until_to_and_counts_in_the_period() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let office = organisation(&world, world.ianan, "Văn phòng");
    let twinning = twinning(&world, office, village, None);
    for (day, purpose) in
        [("2024-02-09", "holiday"), ("2025-01-20", "holiday"), ("2025-03-01", "survey"), ("2026-02-01", "monitoring")]
    {
        visit(&world, twinning, village, day, purpose);
    }
    gift(&world, twinning, village, "2025-01-20", Some(9), "donor");
    gift(&world, twinning, village, "2025-05-01", Some(6), "credit");
    let disputed = gift(&world, twinning, village, "2025-06-01", Some(6), "donor");
    as_system(&world, &format!("UPDATE gifts SET status = 'disputed' WHERE id = '{disputed}'"));
    let (official, province) = (world.commune(world.ianan), world.province(world.gialai));
    let unit = world.unit(office);
    let expected = [
        ("from=2026-01-01&to=2026-12-31", json!(["2026-02-01", "2025-01-20", "2025-05-01", 1, 0, 0, 0])),
        ("from=2025-01-01&to=2025-12-31", json!(["2025-03-01", "2025-01-20", "2025-05-01", 2, 2, 1_000_000, 15])),
        ("from=2025-02-01&to=2025-02-28", json!(["2025-01-20", "2025-01-20", "2025-01-20", 0, 0, 0, 0])),
        ("from=2024-01-01&to=2024-12-31", json!(["2024-02-09", "2024-02-09", null, 1, 0, 0, 0])),
        ("from=2024-01-01&to=2024-02-08", json!([null, null, null, 0, 0, 0, 0])),
    ];
    for summed in [false, true] {
        if summed {
            ketnghia::insight::aggregates::summaries::refresh(&world.server.db).unwrap();
        }
        for (period, expected) in &expected {
            for caller in [&official, &province, &unit] {
                for by in ["village", "organisation"] {
                    let answer = coverage(caller, &format!("group_by={by}&{period}&within={}", world.ianan));
                    let values = row(&answer, by, if by == "village" { "Tung" } else { "Văn phòng" });
                    let of = |values: &Value| -> Value {
                        [
                            "last_visit_on",
                            "last_holiday_visit_on",
                            "last_gift_on",
                            "visits",
                            "gifts",
                            "gift_value_vnd",
                            "households_reached",
                        ]
                        .map(|name| values[name].clone())
                        .to_vec()
                        .into()
                    };
                    assert_eq!(&of(values), expected, "{period} by {by}, summed {summed}");
                    assert_eq!(&of(&answer["totals"]), expected, "{period}, totals");
                }
            }
        }
    }
    // A summary follows a visit whose purpose changes.
    as_system(&world, "UPDATE visits SET purpose = 'holiday' WHERE visited_on = '2026-02-01'");
    let last = || coverage(&province, "from=2026-01-01")["totals"]["last_holiday_visit_on"].clone();
    assert_eq!(last(), "2026-02-01", "a marked village is read from its visits");
    ketnghia::insight::aggregates::summaries::refresh(&world.server.db).unwrap();
    assert_eq!(last(), "2026-02-01");
    let csv = official.get("/aggregates/coverage?format=csv&group_by=village&from=2025-01-01&to=2025-12-31").text;
    let lines: Vec<&str> = csv.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(
        lines,
        [
            "village_id,village_code,village_name,last_visit_on,last_holiday_visit_on,last_gift_on,visits,gifts,gift_value_vnd,\
             households_reached,lists,open_items,twinnings,twinned_villages",
            &format!("{village},,Tung,2025-03-01,2025-01-20,2025-05-01,2,2,1000000,15,0,0,1,1"),
        ]
    );
}

#[test]
fn lists_and_open_items_are_those_of_the_place_and_of_the_villages_of_an_organisation() {
    let world = World::new();
    let (tung, son) = (world.village(world.ianan, "Tung"), world.village(world.ianan, "Sơn"));
    let [office, other] = ["Văn phòng", "Trạm Y tế"].map(|name| organisation(&world, world.ianan, name));
    let of_office = twinning(&world, office, tung, None);
    twinning(&world, other, tung, None);
    twinning(&world, other, son, None);
    let item = |village: Uuid, approved: bool| {
        let home = household(&world, village, "Siu Blê");
        (home, listed(&world, village, home, approved))
    };
    let (home, first) = item(tung, true);
    item(tung, true);
    item(son, true);
    item(son, false);
    let official = world.commune(world.ianan);
    let numbers = |question: &str| {
        let answer = coverage(&official, &format!("from=2026-01-01&{question}"));
        let of = |values: &Value| (values["lists"].as_i64().unwrap(), values["open_items"].as_i64().unwrap());
        (rows(&answer).iter().map(|row| of(&row["values"])).collect::<Vec<_>>(), of(&answer["totals"]))
    };
    assert_eq!(numbers("group_by=village"), (vec![(1, 1), (2, 2)], (3, 3)), "Sơn, Tung");
    assert_eq!(numbers("group_by=organisation"), (vec![(3, 3), (2, 2)], (3, 3)), "Trạm Y tế, Văn phòng");
    assert_eq!(numbers(&format!("group_by=village&organisation_id={office}")), (vec![(0, 0), (2, 2)], (2, 2)));
    assert_eq!(numbers("group_by=village&without=list").0, []);
    assert_eq!(numbers(&format!("group_by=village&organisation_id={office}&without=list")).0, [(0, 0)], "Sơn");
    // Pledged and helped items are not open; on an earlier day they were.
    let unit = world.unit(office);
    unit.post(&format!("/hardship-items/{first}/pledges"), json!({})).expect(201);
    assert_eq!(numbers("group_by=village").0, [(1, 1), (2, 1)]);
    let body = json!({"twinning_id": of_office, "village_id": tung, "household_id": home, "category": "food", "description": "Gạo",
        "value_vnd": 1000, "funding_source": "donor", "given_on": "2026-11-20"});
    let made = id_of(&unit.post("/gifts", body).expect(201));
    world.head(tung).step(&format!("/gifts/{made}/confirm")).expect(200);
    assert_eq!(numbers("group_by=village").0, [(1, 1), (2, 1)]);
    world.server.set_clock("2026-11-25T02:00:00Z");
    let official = world.commune(world.ianan);
    let on = |day: &str| coverage(&official, &format!("from=2026-01-01&to={day}"))["totals"]["open_items"].clone();
    assert_eq!([on("2026-11-25"), on("2026-11-22"), on("2026-11-21")], [json!(2), json!(2), json!(0)]);
}

/// A gift to a commune itself belongs to no village, and a unit keeps its records of villages that it has left.
#[test]
fn records_outside_the_rows_have_a_row_in_their_period_only() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let office = organisation(&world, world.ianan, "Văn phòng");
    let of_village = twinning(&world, office, village, Some("2026-06-30"));
    let of_commune = twinning(&world, office, world.ianan, Some("2026-06-30"));
    gift(&world, of_commune, world.ianan, "2026-03-01", None, "donor");
    visit(&world, of_village, village, "2026-03-01", "survey");
    let official = world.commune(world.ianan);
    let first_half = "group_by=village&from=2026-01-01&to=2026-06-30";
    let answer = coverage(&official, first_half);
    assert_eq!(names(&answer, "village"), ["Tung", "-"]);
    assert_eq!(rows(&answer)[1]["values"]["gifts"], 1);
    assert_eq!(names(&coverage(&official, &format!("{first_half}&without=list")), "village"), ["Tung"]);
    assert_eq!(names(&coverage(&official, "group_by=village&from=2026-07-01"), "village"), ["Tung"]);
    let unit = world.unit(office);
    assert_eq!(names(&coverage(&unit, first_half), "village"), ["Tung", "-"]);
    assert_eq!(rows(&coverage(&unit, "group_by=village&from=2026-07-01")).len(), 0);
    // A village that gives elsewhere is covered itself, and its visit there counts.
    let there = world.village(world.kongchro, "Hle Hlang");
    let giver = twinning(&world, place_organisation(&world, world.ianan, village), there, None);
    visit(&world, giver, there, "2026-08-01", "survey");
    let head = world.head(village);
    assert_eq!(names(&coverage(&head, "group_by=village&without=visit&from=2026-08-01"), "village"), ["Tung"]);
    assert_eq!(names(&coverage(&head, "group_by=village&without=visit&from=2026-09-01"), "village"), ["Tung"]);
    assert_eq!(coverage(&head, "from=2026-08-01")["totals"]["visits"], 1);
}

#[test]
fn flag_selects_the_rows_of_places_with_a_flag_on_the_day() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let villages = ["An", "Bưng", "Chư"].map(|name| world.village(world.ianan, name));
    let province = world.province(world.gialai);
    let flag = |by: &Client, place: Uuid, body: Value| by.post(&format!("/localities/{place}/flags"), body).expect(201);
    flag(&official, villages[0], json!({"flag": "border"}));
    flag(&official, villages[1], json!({"flag": "upland", "to_on": "2026-06-30"}));
    flag(&province, world.ianan, json!({"flag": "border", "from_on": "2026-01-01"}));
    let of = |by: &str, filter: &str| names(&coverage(&province, &format!("group_by={by}{filter}")), by);
    assert_eq!(of("village", "&flag=border"), ["An"]);
    assert_eq!(of("village", "&flag=border&flag=upland"), ["An"]);
    assert_eq!(of("village", "&flag=border&flag=upland&as_of=2026-06-30"), ["An", "Bưng"]);
    assert_eq!(of("village", "&flag=border&without=visit"), ["An"]);
    assert_eq!(of("commune", "&flag=border"), ["Ia Nan"]);
    assert!(of("commune", "&flag=border&as_of=2025-12-31").is_empty());
    let answer = coverage(&province, "group_by=village&flag=border");
    assert_eq!(answer["totals"], coverage(&province, "group_by=village")["totals"], "totals are those of all rows");
    let key = world.key(world.gialai, world.ianan);
    assert_eq!(names(&coverage(&key, "group_by=village&flag=border"), "village"), ["An"]);
    let by_unit = province.get("/aggregates/coverage?group_by=organisation&flag=border");
    by_unit.expect_invalid(&[("?flag", "exclusive")]);
    province.get("/aggregates/coverage?group_by=village&flag=flat").expect_invalid(&[("?flag", "invalid_value")]);
}

/// Canh Liên was split on 2025-07-01.
#[test]
fn a_village_without_a_commune_is_covered_by_village_and_has_no_row_of_a_commune_with_without() {
    let world = World::new();
    let province = world.province(world.gialai);
    let canhlien = ketnghia::places::loader::locality_id(2024, "21997");
    province.post("/localities", json!({"name": "Kà Nâu", "kind": "lang", "parent_id": canhlien})).expect(201);
    assert_eq!(names(&coverage(&province, "group_by=village&without=visit"), "village"), ["Kà Nâu"]);
    let all = coverage(&province, "group_by=commune");
    assert_eq!((rows(&all).len(), names(&all, "commune").last().unwrap().as_str()), (136, "-"));
    assert_eq!(rows(&coverage(&province, "group_by=commune&without=visit")).len(), 135);
}

#[test]
fn the_rows_of_an_earlier_day_are_the_places_of_that_day() {
    let world = World::new();
    let yangtrung = ketnghia::places::loader::locality_id(2024, "23845");
    let official = world.commune(world.kongchro);
    let new = json!({"name": "Hle Hlang", "kind": "lang", "parent_id": yangtrung});
    let village = id_of(&official.post("/localities", new).expect(201));
    let office = organisation(&world, world.gialai, "Huyện đội");
    let of_commune = twinning(&world, office, yangtrung, None);
    visit(&world, of_commune, village, "2025-06-30", "survey");
    let province = world.province(world.gialai);
    let then = coverage(&province, "group_by=commune&from=2025-01-01&to=2025-06-30&as_of=2025-06-30");
    let yang = row(&then, "commune", "Yang Trung");
    assert_eq!((&yang["visits"], &yang["twinnings"], &yang["twinned_villages"]), (&json!(1), &json!(1), &json!(1)));
    assert!(rows(&then).len() > 300, "the communes before the merger: {}", rows(&then).len());
    let districts = coverage(&province, "group_by=district&from=2025-01-01&to=2025-06-30&as_of=2025-06-30");
    assert_eq!(row(&districts, "district", "Kông Chro")["visits"], 1);
    let now = coverage(&province, "group_by=commune&from=2025-01-01&to=2025-12-31");
    let kongchro = row(&now, "commune", "Kông Chro");
    assert_eq!((&kongchro["visits"], &kongchro["twinnings"]), (&json!(1), &json!(0)), "it ended with the commune");
}

/// Coverage and support of one question together tell a key no more than one of them.
#[test]
fn keys_get_the_suppressed_rows_of_support_with_and_without_a_filter() {
    let world = World::new();
    let programme = world.programme(world.gialai);
    let office = world.organisation(world.gialai, "Sở");
    for (name, helped, visits) in [("A", 12, 1), ("B", 3, 1), ("C", 7, 0), ("D", 0, 1), ("E", 0, 0)] {
        let village = world.village(world.ianan, name);
        let twinning = world.twinning(programme, office, village);
        world.gifts(twinning, village, helped, "2026-03-01");
        // Unnamed homes hide the small count in the number of homes reached.
        if name == "B" {
            gift(&world, twinning, village, "2026-03-02", Some(60), "donor");
        }
        for _ in 0..visits {
            visit(&world, twinning, village, "2026-03-05", "holiday");
        }
        let home = household(&world, village, "Rơ Mah Blơi");
        listed(&world, village, home, true);
    }
    let key = world.key(world.gialai, world.ianan);
    let period = "from=2026-01-01&to=2026-12-31&group_by=village";
    let support = key.get(&format!("/aggregates/support?{period}")).expect(200);
    let hidden = |answer: &Value| -> Vec<String> {
        let hidden = rows(answer).iter().filter(|row| row["suppressed"] == true);
        hidden.map(|row| row["key"]["village"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let whole = coverage(&key, period);
    assert_eq!(hidden(&support), ["B", "C"]);
    assert_eq!(hidden(&whole), ["B", "C"]);
    assert_eq!(column(&whole, "gifts"), [Some(12), None, None, Some(0), Some(0)]);
    assert!(rows(&whole)[1]["values"].as_object().unwrap().values().all(Value::is_null), "days, too");
    assert_eq!(column(&whole, "open_items"), [None; 5]);
    assert_eq!((&whole["totals"]["open_items"], &whole["totals"]["visits"]), (&Value::Null, &json!(3)));
    for (without, expected) in
        [("visit", ["B", "C", "E"].as_slice()), ("gift", &["B", "C", "D", "E"]), ("twinning", &["B", "C"])]
    {
        let filtered = coverage(&key, &format!("{period}&without={without}"));
        assert_eq!(names(&filtered, "village"), expected, "suppressed rows stay: {without}");
        assert_eq!(filtered["totals"], whole["totals"]);
        for row in rows(&filtered) {
            assert!(rows(&whole).contains(row), "a row of the whole answer: {row}");
        }
    }
    let csv = key.get(&format!("/aggregates/coverage?{period}&format=csv")).text;
    assert!(csv.lines().nth(2).unwrap().ends_with(",B,,,,,,,,,,,"), "{csv}");
    for (question, pointer) in [
        ("days=30", "?days"),
        ("from=2026-01-02&to=2026-01-31", "?from"),
        ("from=2026-01-01&to=2026-01-30", "?to"),
        (&format!("organisation_id={}", Uuid::now_v7()), "?organisation_id"),
    ] {
        let refused = key.get(&format!("/aggregates/coverage?{question}"));
        let problem = refused.expect_problem(422, "invalid");
        assert!(
            problem["errors"]
                .as_array()
                .unwrap()
                .iter()
                .any(|error| error["pointer"] == pointer && error["code"] == "not_for_keys"),
            "{problem}"
        );
    }
    let text = coverage(&key, period).to_string();
    assert!(!text.contains("Blơi") && !text.contains("Rah "), "{text}");
}
