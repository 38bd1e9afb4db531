//! The data sets `hardship` and `poverty`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{self, as_system};
use crate::harness::insight::{column, rows};
use crate::harness::{Client, World, household, id_of, item};

fn ask(caller: &Client, question: &str) -> Value {
    caller.get(&format!("/aggregates/{question}")).expect(200)
}

/// A household of an ethnic group with the years in which it was assessed.
fn assessed(world: &World, village: Uuid, ethnic_group: &str, years: &[(i32, &str)]) -> Uuid {
    let id = Uuid::now_v7();
    let (year, status) = years[0];
    as_system(
        world,
        &format!(
            "INSERT INTO households (id, village_id, head_name, ethnic_group, poverty_status, poverty_year)
             VALUES ('{id}', '{village}', 'Siu', '{ethnic_group}', '{status}', {year})"
        ),
    );
    for (year, status) in years {
        as_system(
            world,
            &format!(
                "INSERT INTO household_assessments (id, household_id, round_year, round_kind, standard, poverty_status,
                                                    assessed_on, status, confirmed_at)
                 VALUES (gen_random_uuid(), '{id}', {year}, 'annual', 'nd07_2021', '{status}', '{year}-11-01', 'confirmed', app_now())"
            ),
        );
    }
    id
}

#[test]
fn poverty_of_a_year_uses_the_latest_assessment_up_to_that_year() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    assessed(&world, village, "10", &[(2023, "poor"), (2025, "near_poor"), (2026, "newly_escaped")]);
    assessed(&world, village, "01", &[(2024, "poor")]);
    assessed(&world, village, "01", &[(2026, "not_poor")]);
    let official = world.commune(world.ianan);
    let of = |year: i32| {
        let totals = ask(&official, &format!("poverty?from={year}-01-01&to={year}-12-31"))["totals"].clone();
        ["households", "poor", "near_poor", "newly_escaped", "not_poor", "ethnic_minority_poor_or_near_poor"]
            .map(|value| totals[value].as_i64().unwrap())
    };
    assert_eq!(of(2022), [0, 0, 0, 0, 0, 0], "no household was assessed");
    assert_eq!(of(2023), [1, 1, 0, 0, 0, 1]);
    assert_eq!(of(2024), [2, 2, 0, 0, 0, 1], "the latest assessment before, where the year has none");
    assert_eq!(of(2025), [2, 1, 1, 0, 0, 1]);
    assert_eq!(of(2026), [3, 1, 0, 1, 1, 0], "Kinh households are not counted as a minority");
    assert_eq!(of(2030), [3, 1, 0, 1, 1, 0], "a future year is counted as of today");

    let by_year = ask(&official, "poverty?group_by=year&from=2022-01-01&to=2027-12-31");
    let years: Vec<_> = rows(&by_year).iter().map(|row| row["key"]["year"].as_str().unwrap()).collect();
    assert_eq!(years, ["2023", "2024", "2025", "2026"], "years without assessments and future years have no row");
    assert_eq!(column(&by_year, "poor"), [1, 2, 1, 1].map(Some));
    assert_eq!(
        (&by_year["totals"]["households"], &by_year["totals"]["poor"]),
        (&json!(3), &json!(1)),
        "totals are those of the last year"
    );
    let both = ask(&official, "poverty?group_by=village,year&from=2025-01-01&to=2025-12-31");
    assert_eq!(both["rows"][0]["key"]["year"], "2025");
    assert_eq!(both["totals"]["near_poor"], 1);
}

#[test]
fn households_are_counted_until_the_day_on_which_they_left() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    for (status, since) in
        [("active", "NULL"), ("moved_away", "'2026-03-10'"), ("dissolved", "'2025-06-01'"), ("moved_away", "NULL")]
    {
        let home = assessed(&world, village, "10", &[(2024, "poor")]);
        as_system(
            &world,
            &format!("UPDATE households SET status = '{status}', status_since = {since} WHERE id = '{home}'"),
        );
    }
    let official = world.commune(world.ianan);
    let poor = |to: &str| ask(&official, &format!("poverty?to={to}"))["totals"]["poor"].clone();
    assert_eq!(poor("2025-05-31"), 3);
    assert_eq!(poor("2025-06-01"), 2, "not counted from the day of dissolution on");
    assert_eq!(poor("2026-03-09"), 2);
    assert_eq!(poor("2026-03-10"), 1);
    assert_eq!(poor("2026-12-31"), 1);
    let years = ask(&official, "poverty?group_by=year&from=2024-01-01&to=2026-12-31");
    assert_eq!(column(&years, "poor"), [3, 2, 1].map(Some), "each year is counted as of its last day");
}

#[test]
fn special_hardship_is_counted_independently_of_poverty() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let official = world.commune(world.ianan);
    let mut hard = household(village, "Siu Hlơi");
    hard["hardship_reasons"] = json!(["disabled"]);
    hard["poverty_status"] = json!("not_poor");
    official.post("/households", hard).expect(201);
    world.household(&official, village, "Siu Nay");
    let totals = ask(&official, "poverty")["totals"].clone();
    let of = |value: &str| totals[value].as_i64().unwrap();
    assert_eq!((of("households"), of("special_hardship"), of("poor"), of("not_poor")), (2, 1, 1, 1));
}

#[test]
fn lists_count_from_their_approval_on_and_items_by_status() {
    let g = giving::Giving::new();
    let homes: Vec<Uuid> = (0..3).map(|n| giving::household(&g.world, g.village, &format!("Rah {n}"))).collect();
    let of = |question: &str| {
        let answer = ask(&g.official, &format!("hardship{question}"));
        ["lists", "items", "open", "pledged", "helped", "households"]
            .map(|value| answer["totals"][value].as_i64().unwrap())
    };
    assert_eq!(of(""), [1, 1, 1, 0, 0, 1]);
    let items: Vec<Value> = [g.home, homes[0], homes[1]].into_iter().map(item).collect();
    let new = json!({"village_id": g.village, "year": 2026, "round": 2, "items": items});
    let list = id_of(&g.head.post("/hardship-lists", new).expect(201));
    g.head.step(&format!("/hardship-lists/{list}/submit")).expect(200);
    assert_eq!(of(""), [1, 1, 1, 0, 0, 1], "a submitted list does not count");
    let approved = g.official.step(&format!("/hardship-lists/{list}/approve")).expect(200);
    assert_eq!(of(""), [2, 4, 4, 0, 0, 3], "one household is on both lists");

    let pledged = id_of(&approved["items"][1]);
    g.unit.post(&format!("/hardship-items/{pledged}/pledges"), json!({"note": "Bò"})).expect(201);
    let gift = json!({"twinning_id": g.twinning, "village_id": g.village, "household_id": g.home, "hardship_item_id": g.item,
        "category": "food", "description": "Gạo", "value_vnd": 1, "funding_source": "community", "given_on": "2026-11-01"});
    let gift = id_of(&g.unit.post("/gifts", gift).expect(201));
    g.head.step(&format!("/gifts/{gift}/confirm")).expect(200);
    assert_eq!(of(""), [2, 4, 2, 1, 1, 3]);
    assert_eq!(of("?from=2025-01-01&to=2025-12-31"), [0; 6], "lists of another year");
    assert_eq!(of("?from=2026-10-01&to=2026-10-31"), [2, 4, 2, 1, 1, 3], "a list counts in each period of its year");
    g.official.step(&format!("/hardship-lists/{list}/close")).expect(200);
    assert_eq!(of(""), [2, 4, 2, 1, 1, 3], "closed lists still count");

    let by_village = ask(&g.official, "hardship?group_by=village,year");
    assert_eq!(rows(&by_village)[0]["key"]["year"], "2026");
    let csv = g.official.get("/aggregates/hardship?group_by=commune&format=csv").text;
    assert!(csv.contains("commune_id,commune_code,commune_name,lists,items,open,pledged,helped,households\n"), "{csv}");
    assert!(csv.contains(",23884,Ia Nan,2,4,2,1,1,3\n"), "{csv}");
}

#[test]
fn hardship_and_poverty_count_only_records_in_the_scope_of_the_caller() {
    let g = giving::Giving::new();
    g.world.draft(&g.official, g.world.village(g.world.ianan, "Khác"), &[]);
    let numbers = |caller: &Client| {
        let (hardship, poverty) = (ask(caller, "hardship"), ask(caller, "poverty"));
        (hardship["totals"]["items"].as_i64().unwrap(), poverty["totals"]["households"].as_i64().unwrap())
    };
    for home in [g.home, g.unlisted] {
        let result = json!({"household_id": home, "poverty_status": "poor"});
        g.official.post("/household-assessments", result).expect(201);
    }
    for caller in [&g.head, &g.official, &g.world.province(g.world.gialai), &g.world.admin()] {
        assert_eq!(numbers(caller), (1, 2));
    }
    assert_eq!(numbers(&g.unit), (1, 1), "a unit counts the listed households of its village");
    for outside in [g.world.province(g.world.quangngai), g.world.commune(g.world.kongchro)] {
        assert_eq!(numbers(&outside), (0, 0));
    }
    // A list that is not approved is not counted for callers who see it either.
    as_system(&g.world, "UPDATE hardship_lists SET status = 'returned'");
    assert_eq!(numbers(&g.official), (0, 2));
    assert_eq!(numbers(&g.unit), (0, 1), "a reopened list is visible to the unit but not counted");
}

#[test]
fn hardship_and_poverty_are_grouped_by_place_and_year_only() {
    let world = World::new();
    world.households(world.village(world.ianan, "Tung"), 2, "poor", 2026);
    world.village(world.ianan, "Trống");
    let official = world.commune(world.ianan);
    for set in ["hardship", "poverty"] {
        for grouping in ["organisation", "month", "quarter", "category", "funding_source", "kind", "hamlet"] {
            let path = format!("/aggregates/{set}?group_by={grouping}");
            official.get(&path).expect_invalid(&[("?group_by", "not_grouped")]);
        }
        for filter in ["organisation_id", "programme_id", "category"] {
            let path = format!("/aggregates/{set}?{filter}={}", Uuid::now_v7());
            official.get(&path).expect_invalid(&[(&format!("?{filter}"), "unknown_field")]);
        }
        official.get(&format!("/aggregates/{set}?group_by=district")).expect_invalid(&[("?group_by", "no_districts")]);
        let answer = ask(&official, &format!("{set}?group_by=village"));
        assert_eq!(answer["dataset"], *set);
        assert_eq!(rows(&answer).len(), 1, "a village without households has no row");
        assert_eq!(rows(&answer)[0]["key"]["village"]["name"], "Tung");
    }
}
