//! Aggregates with `as_of`, compared with a count in the test: the parents of each village on the day are read from the
//! history that the API returns.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Days, NaiveDate};
use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use ketnghia::places::loader::locality_id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::as_system;
use crate::harness::insight::{Random, rows};
use crate::harness::{Catalogue, Client, TestServer, World, id_of};

/// Provinces that were merged from two, with split, merged, unchanged and renamed communes; Đồng Nai has the changes of
/// 2026.
const PROVINCES: [&str; 3] = ["75", "52", "51"];
const LEVELS: [&str; 4] = ["province", "district", "commune", "village"];
const VALUES: [&str; 5] = ["visits", "gifts", "gifts_confirmed", "gift_value_vnd", "households_helped"];

#[test]
fn aggregates_as_of_any_day_equal_a_count_along_the_dated_parents() {
    for seed in [7, 2_026] {
        let case = Case::new(seed);
        let mut random = Random(seed * 31);
        let first = day("2018-01-01");
        let mut days: Vec<NaiveDate> = (0..6).map(|_| first + Days::new(random.below(3_247))).collect();
        let edges = ["2025-06-30", "2025-07-01", "2026-04-29", "2026-04-30", "2026-11-21", "2026-11-22"];
        days.extend(edges.map(day));
        for day in days {
            case.compare(day, seed);
        }
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A visit (without a value) or a gift.
struct Fact {
    village: Uuid,
    household: Option<Uuid>,
    value_vnd: Option<i64>,
    confirmed: bool,
}

struct Case {
    /// Keeps the server of `reader` alive.
    _world: World,
    reader: Client,
    villages: Vec<Uuid>,
    /// Villages with households.
    inhabited: BTreeSet<Uuid>,
    facts: Vec<Fact>,
    /// Level and dated parents of each place.
    histories: HashMap<Uuid, (String, Vec<Version>)>,
}

struct Version {
    parent: Option<Uuid>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

#[derive(QueryableByName)]
struct Commune {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    province_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    successor_id: Option<Uuid>,
}

impl Case {
    fn new(seed: u64) -> Self {
        let world = World::on(TestServer::with(Catalogue::Whole));
        let mut random = Random(seed);
        let officials: HashMap<Uuid, Client> = PROVINCES
            .iter()
            .map(|code| {
                let id = *places(&world, &format!("code = '{code}' AND level = 'province' AND valid_to IS NULL"))
                    .first()
                    .unwrap();
                (id, world.province(id))
            })
            .collect();
        let villages = villages(&world, &officials, &mut random);
        let (inhabited, facts) = facts(&world, &villages, &mut random);
        let reader = world.admin();
        let mut case = Self { _world: world, reader, villages, inhabited, facts, histories: HashMap::new() };
        case.read_histories();
        case
    }

    fn read_histories(&mut self) {
        let mut to_read = self.villages.clone();
        while let Some(place) = to_read.pop() {
            if self.histories.contains_key(&place) {
                continue;
            }
            let level =
                self.reader.get(&format!("/localities/{place}")).expect(200)["level"].as_str().unwrap().to_owned();
            let history = self.reader.get(&format!("/localities/{place}/history")).expect(200);
            let date = |value: &Value| value.as_str().map(day);
            let versions = history["versions"].as_array().unwrap().iter().map(|version| Version {
                parent: version["parent_id"].as_str().map(|id| id.parse().unwrap()),
                from: date(&version["valid_from"]),
                to: date(&version["valid_to"]),
            });
            let versions: Vec<Version> = versions.collect();
            to_read.extend(versions.iter().filter_map(|version| version.parent));
            self.histories.insert(place, (level, versions));
        }
    }

    /// The place of this level that contained the village on the day; None where there was none, or no village yet.
    fn place_of(&self, village: Uuid, level: &str, day: NaiveDate) -> Option<Uuid> {
        let mut at = Some(village);
        while let Some(place) = at {
            let (known, versions) = &self.histories[&place];
            let on_day = versions
                .iter()
                .find(|version| version.from.is_none_or(|from| from <= day) && version.to.is_none_or(|to| to >= day))?;
            if known == level {
                return Some(place);
            }
            at = on_day.parent;
        }
        None
    }

    fn existed(&self, village: Uuid, day: NaiveDate) -> bool {
        self.place_of(village, "village", day).is_some()
    }

    fn add_up<'a>(&self, facts: impl Iterator<Item = &'a Fact>) -> Vec<i64> {
        let (mut numbers, mut households) = (vec![0; VALUES.len()], BTreeSet::new());
        for fact in facts {
            match fact.value_vnd {
                None => numbers[0] += 1,
                Some(value) => {
                    numbers[1] += 1;
                    numbers[2] += i64::from(fact.confirmed);
                    numbers[3] += value;
                    households.extend(fact.household);
                }
            }
        }
        numbers[4] = i64::try_from(households.len()).unwrap();
        numbers
    }

    fn compare(&self, day: NaiveDate, seed: u64) {
        let existing: Vec<&Fact> = self.facts.iter().filter(|fact| self.existed(fact.village, day)).collect();
        for level in LEVELS {
            if level == "district" && day >= self::day("2025-07-01") {
                continue;
            }
            let mut expected: BTreeMap<Option<Uuid>, Vec<&Fact>> = BTreeMap::new();
            for village in self.inhabited.iter().filter(|village| self.existed(**village, day)) {
                expected.entry(self.place_of(*village, level, day)).or_default();
            }
            for fact in &existing {
                expected.entry(self.place_of(fact.village, level, day)).or_default().push(*fact);
            }
            let expected: BTreeMap<_, _> =
                expected.into_iter().map(|(place, facts)| (place, self.add_up(facts.into_iter()))).collect();
            let question = format!("/aggregates/support?from=2018-01-01&to=2026-12-31&as_of={day}");
            let answer = self.reader.get(&format!("{question}&group_by={level}")).expect(200);
            let found: BTreeMap<_, _> = rows(&answer)
                .iter()
                .map(|row| (row["key"][level]["id"].as_str().map(|id| id.parse().unwrap()), numbers(&row["values"])))
                .collect();
            assert_eq!(found, expected, "seed {seed}: by {level} on {day}");
            assert_eq!(numbers(&answer["totals"]), self.add_up(existing.iter().copied()), "seed {seed}: all on {day}");
            if let Some((place, values)) = expected.iter().find_map(|(place, values)| Some(((*place)?, values))) {
                let within = self.reader.get(&format!("{question}&within={place}")).expect(200);
                assert_eq!(&numbers(&within["totals"]), values, "seed {seed}: within {place} on {day}");
            }
        }
    }
}

fn numbers(values: &Value) -> Vec<i64> {
    VALUES.map(|value| values[value].as_i64().unwrap()).to_vec()
}

fn places(world: &World, condition: &str) -> Vec<Uuid> {
    #[derive(QueryableByName)]
    struct Place {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let sql = format!("SELECT id FROM localities WHERE {condition} ORDER BY id");
    sql_query(sql).load::<Place>(&mut world.server.sql()).unwrap().into_iter().map(|place| place.id).collect()
}

/// Communes of these provinces that meet a condition, each with one of its successors.
fn communes(world: &World, provinces: &[Uuid], condition: &str) -> Vec<Commune> {
    let provinces: Vec<String> = provinces.iter().map(|id| format!("'{id}'")).collect();
    let sql = format!(
        "SELECT l.id, l.province_id, (SELECT s.successor_id FROM locality_successions s WHERE s.predecessor_id = l.id
                                       ORDER BY s.successor_id LIMIT 1) AS successor_id
           FROM localities l WHERE l.level = 'commune' AND l.province_id IN ({}) AND {condition} ORDER BY l.id",
        provinces.join(", ")
    );
    sql_query(sql).load(&mut world.server.sql()).unwrap()
}

/// Villages in split, merged, unchanged, new and renamed communes; some are assigned to a successor, some move today.
fn villages(world: &World, officials: &HashMap<Uuid, Client>, random: &mut Random) -> Vec<Uuid> {
    let provinces: Vec<Uuid> = officials.keys().copied().collect();
    let follows = "EXISTS (SELECT FROM locality_successions s WHERE s.predecessor_id = l.id AND";
    let split = communes(world, &provinces, &format!("l.valid_to IS NOT NULL AND NOT {follows} s.certain)"));
    let merged = communes(world, &provinces, &format!("l.valid_to IS NOT NULL AND {follows} s.certain)"));
    let went_on = communes(world, &provinces, "l.valid_from IS NULL AND l.valid_to IS NULL");
    let begun = communes(world, &provinces, "l.valid_from = '2025-07-01'");
    let renamed = communes(
        world,
        &provinces,
        "l.id IN (SELECT v.locality_id FROM locality_versions v WHERE v.valid_from = '2026-04-30')",
    );
    let mut made = Vec::new();
    for (fate, communes) in [&split, &merged, &went_on, &begun, &renamed].into_iter().enumerate() {
        assert!(!communes.is_empty(), "fate {fate}");
        for number in 0..4 {
            let commune = random.one_of(communes);
            let official = &officials[&commune.province_id];
            // Without a first day, before 2025-07-01, or after it.
            let valid_from = *random.one_of(&[None, None, Some("2024-03-01"), Some("2025-08-15")]);
            let new = json!({"name": format!("Làng {fate}{number}"), "kind": "lang", "parent_id": commune.id, "valid_from": valid_from});
            let village = id_of(&official.post("/localities", new).expect(201));
            made.push(village);
            let moves_to = match (fate, random.below(2)) {
                (0, 0) => commune.successor_id,
                (1.., 0) => begun.iter().find(|other| other.province_id == commune.province_id).map(|other| other.id),
                _ => None,
            };
            if let Some(parent) = moves_to {
                official.patch(&format!("/localities/{village}"), json!({"current_parent_id": parent})).expect(200);
            }
        }
    }
    made
}

/// Households, visits and gifts from 2018 to 2026.
fn facts(world: &World, villages: &[Uuid], random: &mut Random) -> (BTreeSet<Uuid>, Vec<Fact>) {
    let (organisation, programme) = (Uuid::now_v7(), Uuid::now_v7());
    let root = locality_id(2024, "75");
    let mut sql = format!(
        "INSERT INTO organisations (id, name, kind, level, locality_id) VALUES ('{organisation}', 'Sở', 'department', 'province', '{root}');
         INSERT INTO programmes (id, title, kind, effective_on, locality_id) VALUES ('{programme}', 'Kế hoạch', 'plan', '2018-01-01', '{root}');"
    );
    let (mut inhabited, mut facts) = (BTreeSet::new(), Vec::new());
    for village in villages {
        let twinning = Uuid::now_v7();
        sql.push_str(&format!(
            "INSERT INTO twinnings (id, programme_id, organisation_id, locality_id, lead, starts_on)
             VALUES ('{twinning}', '{programme}', '{organisation}', '{village}', true, '2018-01-01');"
        ));
        let homes: Vec<Uuid> = (0..random.below(4)).map(|_| Uuid::now_v7()).collect();
        for home in &homes {
            inhabited.insert(*village);
            sql.push_str(&format!(
                "INSERT INTO households (id, village_id, head_name, ethnic_group, poverty_status, poverty_year)
                 VALUES ('{home}', '{village}', 'Điểu', '10', 'poor', 2026);"
            ));
        }
        for _ in 0..random.below(7) {
            let given_on = day("2018-01-01") + Days::new(random.below(3_247));
            let household = if homes.is_empty() { None } else { Some(*random.one_of(&homes)) };
            let status = *random.one_of(&["recorded", "confirmed", "confirmed", "disputed", "not_delivered"]);
            let value_vnd = i64::try_from(random.below(5_000_000)).unwrap();
            if random.below(4) == 0 {
                sql.push_str(&format!(
                    "INSERT INTO visits (id, twinning_id, organisation_id, village_id, visited_on, purpose, participants)
                     VALUES (gen_random_uuid(), '{twinning}', '{organisation}', '{village}', '{given_on}', 'holiday', 2);"
                ));
                facts.push(Fact { village: *village, household: None, value_vnd: None, confirmed: false });
                continue;
            }
            let named = household.map_or("NULL".to_owned(), |home| format!("'{home}'"));
            sql.push_str(&format!(
                "INSERT INTO gifts (id, twinning_id, organisation_id, village_id, household_id, category, description, value_vnd,
                                    funding_source, given_on, status, acted_by)
                 VALUES (gen_random_uuid(), '{twinning}', '{organisation}', '{village}', {named}, 'food', 'Gạo', {value_vnd},
                         'community', '{given_on}', '{status}', gen_random_uuid());"
            ));
            if matches!(status, "recorded" | "confirmed") {
                let confirmed = status == "confirmed";
                facts.push(Fact { village: *village, household, value_vnd: Some(value_vnd), confirmed });
            }
        }
    }
    as_system(world, &sql);
    (inhabited, facts)
}
