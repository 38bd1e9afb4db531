//! The list behind a number: one request with the same filters has the same total.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{as_system, household, listed, organisation};
use crate::harness::insight::{Random, rows};
use crate::harness::{Client, World, id_of};

const CATEGORIES: [&str; 3] = ["food", "cash", "clothes"];
const SOURCES: [&str; 3] = ["donor", "organisation_own", "credit"];

/// Two communes, two offices and a programme with another below it; visits, gifts and lists of two years.
struct Case {
    world: World,
    villages: Vec<Uuid>,
    offices: [Uuid; 2],
    programmes: [Uuid; 2],
}

impl Case {
    fn new(seed: u64) -> Self {
        let random = &mut Random(seed);
        let world = World::new();
        let villages: Vec<Uuid> =
            [(world.ianan, "Tung"), (world.ianan, "Sơn"), (world.kongchro, "Hle Hlang"), (world.kongchro, "Brưl")]
                .map(|(commune, name)| world.village(commune, name))
                .to_vec();
        let province = world.province(world.gialai);
        let programme = |parent: Option<Uuid>| {
            let new = json!({"title": "Kế hoạch", "kind": "plan", "effective_on": "2024-01-01", "locality_id": world.gialai, "parent_id": parent});
            id_of(&province.post("/programmes", new).expect(201))
        };
        let wide = programme(None);
        let programmes = [wide, programme(Some(wide))];
        let offices = ["Văn phòng", "Huyện đội"].map(|name| organisation(&world, world.gialai, name));
        let mut sql = String::new();
        let mut twinnings = Vec::new();
        // The last village has no twinning of its own; the commune of the first two is twinned itself.
        for (place, office, programme) in
            [(villages[0], 0, 0), (villages[1], 1, 1), (villages[2], 0, 1), (world.ianan, 1, 0), (world.ianan, 0, 1)]
        {
            let id = Uuid::now_v7();
            sql.push_str(&format!(
                "INSERT INTO twinnings (id, programme_id, organisation_id, locality_id, lead, starts_on)
                 VALUES ('{id}', '{}', '{}', '{place}', {}, '2024-01-01');",
                programmes[programme],
                offices[office],
                place != world.ianan
            ));
            twinnings.push((
                id,
                if place == world.ianan { vec![villages[0], villages[1], world.ianan] } else { vec![place] },
            ));
        }
        for _ in 0..80 {
            let (twinning, places) = random.one_of(&twinnings);
            let place = *random.one_of(places);
            let column = if place == world.ianan { "locality_id" } else { "village_id" };
            let day = chrono::NaiveDate::from_ymd_opt(2025, 1, 1).unwrap() + chrono::Days::new(random.below(690));
            if random.below(3) == 0 {
                sql.push_str(&format!(
                    "INSERT INTO visits (id, twinning_id, organisation_id, {column}, visited_on, purpose)
                     SELECT gen_random_uuid(), t.id, t.organisation_id, '{place}', '{day}', 'holiday' FROM twinnings t WHERE t.id = '{twinning}';"
                ));
                continue;
            }
            let status = random.one_of(&["recorded", "confirmed", "confirmed", "disputed", "not_delivered"]);
            sql.push_str(&format!(
                "INSERT INTO gifts (id, twinning_id, organisation_id, {column}, category, description, value_vnd, funding_source, given_on,
                                    status, acted_by)
                 SELECT gen_random_uuid(), t.id, t.organisation_id, '{place}', '{}', 'Quà', {}, '{}', '{day}', '{status}', gen_random_uuid()
                   FROM twinnings t WHERE t.id = '{twinning}';",
                random.one_of(&CATEGORIES),
                random.below(1_000_000),
                random.one_of(&SOURCES),
            ));
        }
        as_system(&world, &sql);
        for (n, village) in villages.iter().enumerate() {
            for _ in 0..n {
                let item = listed(&world, *village, household(&world, *village, "Siu Blê"), n != 3);
                if n == 2 {
                    as_system(&world, &format!("UPDATE hardship_items SET status = 'helped' WHERE id = '{item}'"));
                }
            }
        }
        Self { world, villages, offices, programmes }
    }
}

fn total(caller: &Client, list: &str, filters: &[(&str, String)]) -> Value {
    let filters: Vec<String> = filters.iter().map(|(name, value)| format!("&{name}={value}")).collect();
    caller.get(&format!("/{list}?count=true&limit=1{}", filters.concat())).expect(200)["total"].clone()
}

fn query(filters: &[(&str, String)]) -> String {
    filters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn and<'a>(filters: &[(&'a str, String)], more: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    filters.iter().cloned().chain(more.iter().map(|(name, value)| (*name, (*value).to_owned()))).collect()
}

const COUNTED: [(&str, &str); 2] = [("status", "recorded"), ("status", "confirmed")];

#[test]
fn the_list_behind_a_number_has_the_same_total() {
    let case = Case::new(17);
    let world = &case.world;
    let [admin, province, official] = [world.admin(), world.province(world.gialai), world.commune(world.ianan)];
    let (head, unit) = (world.head(case.villages[0]), world.unit(case.offices[0]));
    let mut compared = 0;
    for (from, to) in [("2026-01-01", "2026-11-22"), ("2025-02-01", "2026-03-17"), ("2025-01-01", "2025-12-31")] {
        // Provinces and administrators read the records of the first period, and sums afterwards.
        if to != "2026-11-22" {
            ketnghia::insight::aggregates::summaries::refresh(&world.server.db).unwrap();
        }
        for place in [None, Some(world.ianan), Some(case.villages[0]), Some(case.villages[2])] {
            for organisation in [None, Some(case.offices[0])] {
                for programme in [None, Some(case.programmes[0]), Some(case.programmes[1])] {
                    let within = place.map(|id| ("within", id.to_string()));
                    let whose = [("organisation_id", organisation), ("programme_id", programme)];
                    let whose = whose.iter().filter_map(|(name, id)| Some((*name, (*id)?.to_string())));
                    let filters: Vec<_> = within.clone().into_iter().chain(whose.clone()).collect();
                    let period = and(&filters, &[("from", from), ("to", to)]);
                    for caller in [&admin, &province, &official, &head, &unit] {
                        let coverage = caller.get(&format!("/aggregates/coverage?{}", query(&period))).expect(200);
                        let (totals, told) = (&coverage["totals"], query(&period));
                        assert_eq!(totals["visits"], total(caller, "visits", &period), "visits: {told}");
                        assert_eq!(totals["gifts"], total(caller, "gifts", &and(&period, &COUNTED)), "gifts: {told}");
                        let support = caller.get(&format!("/aggregates/support?{}", query(&period))).expect(200);
                        assert_eq!(
                            support["totals"]["gifts_confirmed"],
                            total(caller, "gifts", &and(&period, &[("status", "confirmed")])),
                            "confirmed: {told}"
                        );
                        compared += 1;
                    }
                    for caller in [&admin, &province, &official] {
                        let coverage = caller.get(&format!("/aggregates/coverage?{}", query(&period))).expect(200);
                        let (totals, told) = (&coverage["totals"], query(&period));
                        // Of a village, with those of its commune.
                        let by = if place == Some(case.villages[0]) { "stands_by" } else { "within" };
                        let standing = place.map(|id| (by, id.to_string())).into_iter().chain(whose.clone());
                        let standing = and(&standing.collect::<Vec<_>>(), &[("active_on", to)]);
                        assert_eq!(totals["twinnings"], total(caller, "twinnings", &standing), "twinnings: {told}");
                        if organisation.is_some() || programme.is_some() {
                            continue;
                        }
                        let places = and(&filters, &[("level", "village"), ("twinned", "true"), ("as_of", to)]);
                        assert_eq!(
                            totals["twinned_villages"],
                            total(caller, "localities", &places),
                            "villages: {told}"
                        );
                        let mut lists = and(&filters, &[("status", "approved"), ("status", "closed")]);
                        lists.extend(
                            (from[..4].parse().unwrap()..=to[..4].parse().unwrap())
                                .map(|year: i32| ("year", year.to_string())),
                        );
                        assert_eq!(totals["lists"], total(caller, "hardship-lists", &lists), "lists: {told}");
                        if to == "2026-11-22" {
                            let open = and(&filters, &[("status", "open")]);
                            assert_eq!(totals["open_items"], total(caller, "hardship-items", &open), "items: {told}");
                        }
                    }
                }
            }
        }
    }
    assert_eq!(compared, 360);
}

#[test]
fn the_list_behind_a_row_has_the_same_total() {
    let case = Case::new(23);
    let world = &case.world;
    let period = [("from", "2025-03-01".to_owned()), ("to", "2026-11-22".to_owned())];
    let of = |caller: &Client, set: &str, by: &str| {
        let question = format!("/aggregates/{set}?group_by={by}&{}", query(&period));
        rows(&caller.get(&question).expect(200)).to_vec()
    };
    for caller in [world.province(world.gialai), world.commune(world.ianan)] {
        for (by, filter) in [("village", "village_id"), ("commune", "within"), ("organisation", "organisation_id")] {
            let found = of(&caller, "coverage", by);
            assert!(found.len() > 1 || by == "commune");
            for row in found.iter().filter(|row| !row["key"][by].is_null()) {
                let id = row["key"][by]["id"].as_str().unwrap();
                let of_row = and(&period, &[(filter, id)]);
                let (values, told) = (&row["values"], query(&of_row));
                assert_eq!(values["visits"], total(&caller, "visits", &of_row), "{told}");
                assert_eq!(values["gifts"], total(&caller, "gifts", &and(&of_row, &COUNTED)), "{told}");
                let with = if by == "organisation" { "organisation_id" } else { "stands_by" };
                let standing = [(with, id.to_owned()), ("active_on", "2026-11-22".to_owned())];
                assert_eq!(values["twinnings"], total(&caller, "twinnings", &standing), "{told}");
                if by != "organisation" {
                    let open = [("within", id.to_owned()), ("status", "open".to_owned())];
                    assert_eq!(values["open_items"], total(&caller, "hardship-items", &open), "{told}");
                    let lists =
                        [("within", id.to_owned()), ("status", "approved".to_owned()), ("year", "2026".to_owned())];
                    assert_eq!(values["lists"], total(&caller, "hardship-lists", &lists), "{told}");
                    let villages = [("within", id), ("level", "village"), ("twinned", "true")];
                    assert_eq!(
                        values["twinned_villages"],
                        total(&caller, "localities", &and(&[], &villages)),
                        "{told}"
                    );
                }
            }
        }
        for by in ["category", "funding_source"] {
            let found = of(&caller, "support", by);
            assert_eq!(found.len(), 3);
            for row in found {
                let of_row = and(&and(&period, &COUNTED), &[(by, row["key"][by].as_str().unwrap())]);
                assert_eq!(row["values"]["gifts"], total(&caller, "gifts", &of_row), "{}", query(&of_row));
            }
        }
    }
}

#[test]
fn within_lists_the_records_of_a_place_and_all_below_it() {
    let case = Case::new(5);
    let (world, villages) = (&case.world, &case.villages);
    let province = world.province(world.gialai);
    for list in [
        "visits",
        "gifts",
        "hardship-lists",
        "hardship-items",
        "twinnings",
        "localities",
        "households",
        "household-assessments",
    ] {
        let of = |place: Uuid| total(&province, list, &[("within", place.to_string())]).as_u64().unwrap();
        let own = |place: Uuid| match list {
            "localities" => 1,
            "twinnings" => total(&province, list, &[("locality_id", place.to_string())]).as_u64().unwrap(),
            _ if place == world.ianan && (list.starts_with("hardship") || list.starts_with("household")) => 0,
            _ if place == world.ianan => total(&province, list, &[("commune_id", place.to_string())]).as_u64().unwrap(),
            _ => total(&province, list, &[("village_id", place.to_string())]).as_u64().unwrap(),
        };
        assert_eq!(of(villages[1]), own(villages[1]), "{list}");
        assert_eq!(of(world.ianan), own(world.ianan) + own(villages[0]) + own(villages[1]), "{list}");
        assert!(of(world.gialai) > of(world.ianan) || list == "household-assessments", "{list}");
        // A place that the caller does not see, and an unknown one, have no records.
        let kongchro = world.commune(world.kongchro);
        if !matches!(list, "localities" | "twinnings") {
            assert_eq!(total(&kongchro, list, &[("within", world.ianan.to_string())]), 0, "{list}");
        }
        assert_eq!(total(&kongchro, list, &[("within", villages[0].to_string())]), 0, "{list}");
        assert_eq!(total(&province, list, &[("within", Uuid::now_v7().to_string())]), 0, "{list}");
    }
    let of_day = |place: Uuid, day: &str| {
        let filters = [("within", place.to_string()), ("as_of", day.to_owned()), ("level", "village".to_owned())];
        total(&province, "localities", &filters)
    };
    let old_province = ketnghia::places::loader::locality_id(2024, "64");
    assert_eq!(of_day(world.gialai, "2026-11-22"), 4);
    assert_eq!((of_day(old_province, "2025-06-30"), of_day(old_province, "2025-07-01")), (json!(4), json!(0)));
    let stands_by = |place: Uuid| total(&province, "twinnings", &[("stands_by", place.to_string())]);
    assert_eq!(
        [villages[0], villages[3], world.ianan, world.gialai].map(stands_by),
        [json!(3), json!(0), json!(2), json!(0)]
    );
}
