//! Provinces, administrators and keys read summaries that a job computes. Their answers must equal a count of the current
//! gifts and visits at any time after the last run of the job; the test counts the lists itself.

use std::collections::{BTreeMap, BTreeSet};

use diesel::connection::SimpleConnection;
use ketnghia::insight::aggregates::summaries;
use ketnghia::places::loader::locality_id;
use serde_json::Value;
use uuid::Uuid;

use crate::harness::giving::{as_system, household, organisation, twinning};
use crate::harness::insight::{Random, rows};
use crate::harness::{Client, World};

const VALUES: [&str; 5] = ["visits", "gifts", "gifts_confirmed", "gift_value_vnd", "households_helped"];
/// From, to, and groupings by time. Summaries answer the first four; the last two are partly counted from the records.
const PERIODS: [(&str, &str, &[&str]); 6] = [
    ("2025-01-01", "2025-12-31", &["", "month", "quarter", "year"]),
    ("2026-04-01", "2026-06-30", &["", "month", "quarter"]),
    ("2025-12-01", "2025-12-31", &["", "month"]),
    ("2024-11-01", "2026-02-28", &["month"]),
    ("2024-01-01", "2026-12-31", &["", "year"]),
    ("2025-02-03", "2026-01-17", &["", "quarter"]),
];

struct Case {
    world: World,
    province: Client,
    admin: Client,
    /// Village, commune and twinning.
    villages: Vec<(Uuid, Uuid, Uuid)>,
    /// Communes with their provinces, between which villages move.
    communes: Vec<(Uuid, Uuid)>,
    organisation: Uuid,
    homes: Vec<Uuid>,
    gifts: Vec<Uuid>,
    visits: Vec<Uuid>,
    /// Whether villages move between communes, too.
    reorganises: bool,
}

impl Case {
    fn new() -> Self {
        let world = World::new();
        let organisation = organisation(&world, world.gialai, "Sở");
        let communes = [world.ianan, world.ianan, world.kongchro];
        let villages: Vec<_> = communes
            .iter()
            .enumerate()
            .map(|(number, commune)| {
                let village = world.village(*commune, &format!("Làng {number}"));
                (village, *commune, twinning(&world, organisation, village, None))
            })
            .collect();
        let homes = villages.iter().flat_map(|(village, ..)| {
            (0..3).map(|number| household(&world, *village, &format!("Siu {number}"))).collect::<Vec<_>>()
        });
        let homes = homes.collect();
        let (province, admin) = (world.province(world.gialai), world.admin());
        let elsewhere = locality_id(2025, "21025");
        let communes = vec![(world.ianan, world.gialai), (world.kongchro, world.gialai), (elsewhere, world.quangngai)];
        Self {
            world,
            province,
            admin,
            villages,
            communes,
            organisation,
            homes,
            gifts: Vec::new(),
            visits: Vec::new(),
            reorganises: false,
        }
    }

    /// Makes a random change in one transaction.
    fn change(&mut self, random: &mut Random) {
        let (village, _, twinning) = *random.one_of(&self.villages);
        let organisation = self.organisation;
        let day = chrono::NaiveDate::from_ymd_opt(2024, 10, 1).unwrap() + chrono::Days::new(random.below(760));
        let home = *random.one_of(&self.homes);
        let choice = random.below(if self.reorganises { 11 } else { 10 });
        let sql = match choice {
            10 => {
                let commune = random.one_of(&self.communes).0;
                for moved in self.villages.iter_mut().filter(|(id, ..)| *id == village) {
                    moved.1 = commune;
                }
                format!(
                    "UPDATE locality_versions SET parent_id = '{commune}' WHERE locality_id = '{village}';
                     UPDATE localities SET parent_id = '{commune}' WHERE id = '{village}'"
                )
            }
            // The household moves to the village of its gift.
            0..=3 => {
                let (id, other) = (Uuid::now_v7(), Uuid::now_v7());
                self.gifts.extend([id, other]);
                let named = if random.below(5) == 0 { "NULL".to_owned() } else { format!("'{home}'") };
                let value = random.below(1_000_000);
                format!(
                    "UPDATE households SET village_id = '{village}' WHERE id = '{home}';
                     INSERT INTO gifts (id, twinning_id, organisation_id, village_id, household_id, category, description, value_vnd,
                                        funding_source, given_on, status, acted_by)
                     SELECT id::uuid, '{twinning}', '{organisation}', '{village}', {named}, 'food', 'Gạo', {value}, 'community', '{day}',
                            status, gen_random_uuid() FROM (VALUES ('{id}', 'recorded'), ('{other}', 'confirmed')) g (id, status)"
                )
            }
            4 => {
                let id = Uuid::now_v7();
                self.visits.push(id);
                format!(
                    "INSERT INTO visits (id, twinning_id, organisation_id, village_id, visited_on, purpose, participants, acted_by)
                     VALUES ('{id}', '{twinning}', '{organisation}', '{village}', '{day}', 'holiday', 2, gen_random_uuid())"
                )
            }
            5 if !self.visits.is_empty() => {
                let visit = random.one_of(&self.visits);
                format!("UPDATE visits SET visited_on = '{day}' WHERE id = '{visit}'")
            }
            6 if !self.visits.is_empty() => {
                let at = usize::try_from(random.below(self.visits.len() as u64)).unwrap();
                format!("DELETE FROM visits WHERE id = '{}'", self.visits.swap_remove(at))
            }
            7 if !self.gifts.is_empty() => {
                let at = usize::try_from(random.below(self.gifts.len() as u64)).unwrap();
                format!("DELETE FROM gifts WHERE id = '{}'", self.gifts.swap_remove(at))
            }
            8 if !self.gifts.is_empty() => {
                let gift = random.one_of(&self.gifts);
                let status = random.one_of(&["recorded", "confirmed", "disputed", "not_delivered"]);
                format!("UPDATE gifts SET status = '{status}', value_vnd = value_vnd + 1 WHERE id = '{gift}'")
            }
            9 if !self.gifts.is_empty() => {
                let gift = random.one_of(&self.gifts);
                format!("UPDATE gifts SET household_id = '{home}', given_on = '{day}' WHERE id = '{gift}'")
            }
            _ => return,
        };
        as_system(&self.world, &sql);
    }

    /// All items of a list.
    fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.admin.get(&format!("{path}?limit=200{cursor}")).expect(200);
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    fn check(&self, told: &str) {
        let (gifts, visits, homes) = (self.all("/gifts"), self.all("/visits"), self.all("/households"));
        let gialai = self.world.gialai.to_string();
        let in_gialai = |records: &[Value]| -> Vec<Value> {
            records.iter().filter(|record| self.place(record, "province") == gialai).cloned().collect()
        };
        self.check_for(&self.admin, &["", "province", "commune"], &gifts, &visits, &homes, told);
        let (gifts, visits, homes) = (in_gialai(&gifts), in_gialai(&visits), in_gialai(&homes));
        self.check_for(&self.province, &["", "commune", "village"], &gifts, &visits, &homes, told);
    }

    fn check_for(
        &self,
        reader: &Client,
        places: &[&str],
        gifts: &[Value],
        visits: &[Value],
        homes: &[Value],
        told: &str,
    ) {
        for (from, to, cuts) in PERIODS {
            for (place, cut) in places.iter().flat_map(|place| cuts.iter().map(move |cut| (*place, *cut))) {
                let group_by: Vec<&str> = [place, cut].into_iter().filter(|word| !word.is_empty()).collect();
                let question = format!("/aggregates/support?from={from}&to={to}&group_by={}", group_by.join(","));
                let answer = reader.get(&question).expect(200);
                let mut expected: BTreeMap<(String, String), Vec<&Value>> = BTreeMap::new();
                let mut whole = Vec::new();
                let counted =
                    gifts.iter().filter(|gift| matches!(gift["status"].as_str(), Some("recorded" | "confirmed")));
                for fact in counted.chain(visits) {
                    let day = fact["given_on"].as_str().or(fact["visited_on"].as_str()).unwrap();
                    if (from..=to).contains(&day) {
                        expected.entry((self.place(fact, place), period(day, cut))).or_default().push(fact);
                        whole.push(fact);
                    }
                }
                if cut.is_empty() && !place.is_empty() {
                    // A place with households has a row.
                    for home in homes {
                        expected.entry((self.place(home, place), String::new())).or_default();
                    }
                }
                if group_by.is_empty() {
                    expected.clear();
                }
                let expected: BTreeMap<_, _> = expected.into_iter().map(|(key, facts)| (key, add_up(&facts))).collect();
                let found = rows(&answer).iter().map(|row| {
                    let id = row["key"][place]["id"].as_str().unwrap_or_default().to_owned();
                    let period = row["key"][cut].as_str().unwrap_or_default().to_owned();
                    ((id, period), numbers(&row["values"]))
                });
                let found: BTreeMap<_, _> = found.collect();
                assert_eq!(found, expected, "{told}: {question}");
                assert_eq!(numbers(&answer["totals"]), add_up(&whole), "{told}: {question}");
            }
        }
    }

    /// The place of a level in which a record is counted.
    fn place(&self, record: &Value, level: &str) -> String {
        let village = record["village_id"].as_str().unwrap();
        let (_, commune, _) = self.villages.iter().find(|(id, ..)| id.to_string() == village).unwrap();
        match level {
            "province" => self.communes.iter().find(|(id, _)| id == commune).unwrap().1.to_string(),
            "commune" => commune.to_string(),
            "village" => village.to_owned(),
            _ => String::new(),
        }
    }
}

fn period(day: &str, cut: &str) -> String {
    let (year, month) = (&day[..4], day[5..7].parse::<u32>().unwrap());
    match cut {
        "month" => day[..7].to_owned(),
        "quarter" => format!("{year}-Q{}", month.div_ceil(3)),
        "year" => year.to_owned(),
        _ => String::new(),
    }
}

fn add_up(facts: &[&Value]) -> Vec<i64> {
    let gifts: Vec<_> = facts.iter().filter(|fact| fact["given_on"].is_string()).collect();
    let count = |number: usize| i64::try_from(number).unwrap();
    let households: BTreeSet<_> = gifts.iter().filter_map(|gift| gift["household_id"].as_str()).collect();
    vec![
        count(facts.len() - gifts.len()),
        count(gifts.len()),
        count(gifts.iter().filter(|gift| gift["status"] == "confirmed").count()),
        gifts.iter().map(|gift| gift["value_vnd"].as_i64().unwrap()).sum(),
        count(households.len()),
    ]
}

fn numbers(values: &Value) -> Vec<i64> {
    VALUES.map(|value| values[value].as_i64().unwrap()).to_vec()
}

#[test]
fn summaries_equal_a_count_of_the_current_records() {
    for seed in [11, 2_027] {
        let mut case = Case { reorganises: true, ..Case::new() };
        let mut random = Random(seed);
        for round in 0..6 {
            for _ in 0..12 {
                case.change(&mut random);
            }
            // The job runs in two of three rounds, so that changes of one and of several rounds are pending.
            if round % 3 != 2 {
                summaries::refresh(&case.world.server.db).unwrap();
                assert_eq!(case.world.count("support_changes", "true"), 0);
                case.check(&format!("seed {seed}, round {round}, after the job"));
            }
            for _ in 0..2 {
                case.change(&mut random);
            }
            case.check(&format!("seed {seed}, round {round}, with pending changes"));
        }
        assert!(
            case.world.count("support_summaries", "wandering_households <> '{}'") > 0,
            "no household moved between villages"
        );
    }
}

/// Shows that the test above reads summaries at all: it falsifies them.
#[test]
fn provinces_and_keys_read_summaries_until_a_village_is_marked() {
    let mut case = Case::new();
    let mut random = Random(5);
    for _ in 0..30 {
        case.change(&mut random);
    }
    summaries::refresh(&case.world.server.db).unwrap();
    case.world
        .server
        .sql()
        .batch_execute("UPDATE support_summaries SET gifts = gifts + 1000, households = households + 10")
        .unwrap();
    let (commune, key) = (case.world.commune(case.world.ianan), case.world.key(case.world.gialai, case.world.gialai));
    let gifts_by = |caller: &Client, place: &str| {
        let question = format!("/aggregates/support?from=2025-01-01&to=2025-12-31&group_by={place}");
        let answer = caller.get(&question).expect(200);
        answer["totals"]["gifts"].as_i64().unwrap_or_default()
    };
    let gifts = |caller: &Client| gifts_by(caller, "village");
    assert_eq!(gifts(&case.province) / 1000, 3, "the three villages are read from summaries");
    assert_eq!(gifts(&key) / 1000, 3);
    let of_levels = || ["commune", "province"].map(|place| gifts_by(&case.province, place) / 1000);
    assert_eq!(of_levels(), [2, 1], "the two communes and the province have summaries of their own");
    assert_eq!(gifts_by(&case.admin, "") / 1000, 1);
    let of_commune = case.world.key(case.world.ianan, case.world.ianan);
    assert_eq!(gifts_by(&of_commune, "") / 1000, 1, "the key of a commune does not see its province");
    assert_eq!(gifts(&commune) / 1000, 0, "a commune is counted from its records");
    let (village, _, twinning) = case.villages[0];
    let organisation = case.organisation;
    as_system(
        &case.world,
        &format!(
            "INSERT INTO visits (id, twinning_id, organisation_id, village_id, visited_on, purpose, participants, acted_by)
             VALUES (gen_random_uuid(), '{twinning}', '{organisation}', '{village}', '2025-05-05', 'holiday', 2, gen_random_uuid())"
        ),
    );
    assert_eq!(gifts(&case.province) / 1000, 2, "a marked village is counted from its records");
    assert_eq!(of_levels(), [2, 2], "the other village of its commune, and the other commune");
    summaries::refresh(&case.world.server.db).unwrap();
    assert_eq!(gifts(&case.province) / 1000, 2, "the job has corrected its summary");
    assert_eq!(of_levels(), [2, 2], "and those of its commune and of its province");
}

/// One change at a time, with a run of the job after each.
#[test]
fn every_change_of_a_gift_or_a_visit_appears_in_the_counts() {
    let case = Case::new();
    let (commune, province) = (case.world.commune(case.world.ianan), &case.province);
    let ((here, _, twinning), (there, ..)) = (case.villages[0], case.villages[1]);
    let (organisation, home, other) = (case.organisation, case.homes[0], case.homes[1]);
    let visit = |id: Uuid, day: &str| {
        format!(
            "INSERT INTO visits (id, twinning_id, organisation_id, village_id, visited_on, purpose, participants, acted_by)
             VALUES ('{id}', '{twinning}', '{organisation}', '{here}', '{day}', 'holiday', 2, gen_random_uuid())"
        )
    };
    let gift = |id: Uuid, day: &str| {
        format!(
            "INSERT INTO gifts (id, twinning_id, organisation_id, village_id, household_id, category, description, value_vnd,
                                funding_source, given_on, acted_by)
             VALUES ('{id}', '{twinning}', '{organisation}', '{here}', '{home}', 'food', 'Gạo', 5, 'community', '{day}', gen_random_uuid())"
        )
    };
    let (first, second, third, seen) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let changes = [
        gift(first, "2025-03-05"),
        gift(second, "2025-04-05"),
        gift(third, "2026-01-05"),
        format!("UPDATE gifts SET status = 'confirmed' WHERE id = '{first}'"),
        format!("UPDATE gifts SET value_vnd = 7 WHERE id = '{first}'"),
        format!("UPDATE gifts SET status = 'disputed' WHERE id = '{second}'"),
        format!("UPDATE gifts SET status = 'confirmed' WHERE id = '{second}'"),
        // From one year into another, in both directions.
        format!("UPDATE gifts SET given_on = '2026-02-05' WHERE id = '{first}'"),
        format!("UPDATE gifts SET given_on = '2025-11-05' WHERE id = '{third}'"),
        format!("UPDATE gifts SET household_id = '{other}' WHERE id = '{third}'"),
        format!("UPDATE gifts SET household_id = NULL WHERE id = '{third}'"),
        format!("UPDATE gifts SET village_id = '{there}' WHERE id = '{third}'"),
        format!("DELETE FROM gifts WHERE id = '{second}'"),
        visit(seen, "2025-06-30"),
        format!("UPDATE visits SET visited_on = '2026-07-01' WHERE id = '{seen}'"),
        format!("UPDATE visits SET visited_on = '2025-07-01' WHERE id = '{seen}'"),
        format!("DELETE FROM visits WHERE id = '{seen}'"),
    ];
    let counts = |caller: &Client, year: u16| {
        let question = format!("within={}&from={year}-01-01&to={year}-12-31", case.world.ianan);
        ["village", "village,month", "quarter", ""].map(|cut| {
            let answer = caller.get(&format!("/aggregates/support?{question}&group_by={cut}")).expect(200);
            (answer["rows"].clone(), answer["totals"].clone())
        })
    };
    let mut before = None;
    for change in &changes {
        as_system(&case.world, change);
        for moment in ["before the job", "after the job"] {
            let records = [2025, 2026].map(|year| counts(&commune, year));
            assert_eq!([2025, 2026].map(|year| counts(province, year)), records, "{moment}: {change}");
            if moment == "before the job" {
                assert_ne!(before.as_ref(), Some(&records), "the change is not visible: {change}");
                before = Some(records);
                summaries::refresh(&case.world.server.db).unwrap();
            }
        }
    }
}

/// A gift in the new village changes the summary of the old one, too: the household is no longer helped there alone.
#[test]
fn a_household_that_moves_between_gifts_counts_once_in_the_total() {
    let case = Case::new();
    let homes = [case.homes[0], case.homes[8]];
    let helped = |told: &str| {
        let answer =
            case.province.get("/aggregates/support?from=2025-01-01&to=2025-12-31&group_by=village").expect(200);
        let rows = rows(&answer).iter().map(|row| numbers(&row["values"])[4]);
        (rows.sum::<i64>(), numbers(&answer["totals"])[4], told.to_owned())
    };
    // One moves from the first village to the last, one in the opposite direction.
    let give = |stop: usize| {
        for (home, (village, _, twinning)) in homes.iter().zip([case.villages[stop], case.villages[2 - stop]]) {
            let organisation = case.organisation;
            as_system(
            &case.world,
            &format!(
                "UPDATE households SET village_id = '{village}' WHERE id = '{home}';
                 INSERT INTO gifts (id, twinning_id, organisation_id, village_id, household_id, category, description, value_vnd,
                                    funding_source, given_on, acted_by)
                 VALUES (gen_random_uuid(), '{twinning}', '{organisation}', '{village}', '{home}', 'food', 'Gạo', 1, 'community',
                         '2025-05-05', gen_random_uuid())"
            ),
        );
        }
    };
    give(0);
    summaries::refresh(&case.world.server.db).unwrap();
    assert_eq!(helped("each in one village"), (2, 2, "each in one village".to_owned()));
    give(1);
    assert_eq!(helped("each in two"), (4, 2, "each in two".to_owned()));
    summaries::refresh(&case.world.server.db).unwrap();
    assert_eq!(helped("each in two, counted"), (4, 2, "each in two, counted".to_owned()));
    give(2);
    assert_eq!(helped("each in three"), (6, 2, "each in three".to_owned()));
}

/// Two transactions insert gifts to one household, one in the village that it has just left: one of them must see the
/// other, or each village counts the household as helped there alone.
#[test]
fn concurrent_gifts_to_a_household_in_two_villages_count_one_household() {
    let case = Case::new();
    let (here, there, home) = (case.villages[0], case.villages[1], case.homes[0]);
    as_system(&case.world, &format!("UPDATE households SET village_id = '{}' WHERE id = '{home}'", there.0));
    let organisation = case.organisation;
    let gift = |(village, _, twinning): (Uuid, Uuid, Uuid)| {
        format!(
            "INSERT INTO gifts (id, twinning_id, organisation_id, village_id, household_id, category, description, value_vnd,
                                funding_source, given_on, acted_by)
             VALUES (gen_random_uuid(), '{twinning}', '{organisation}', '{village}', '{home}', 'food', 'Gạo', 1, 'community',
                     '2025-05-05', gen_random_uuid())"
        )
    };
    let mut first = case.world.server.sql();
    let now = case.world.server.db.clock.now().to_rfc3339();
    first
        .batch_execute(&format!("BEGIN; SET LOCAL ROLE app; SELECT app_enter_system('{now}'); {}", gift(here)))
        .unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| as_system(&case.world, &gift(there)));
        std::thread::sleep(std::time::Duration::from_millis(300));
        summaries::refresh(&case.world.server.db).unwrap();
        first.batch_execute("COMMIT").unwrap();
        second.join().unwrap();
    });
    for _ in 0..2 {
        let answer = case.province.get("/aggregates/support?from=2025-01-01&to=2025-12-31").expect(200);
        assert_eq!((&answer["totals"]["gifts"], &answer["totals"]["households_helped"]), (&2.into(), &1.into()));
        summaries::refresh(&case.world.server.db).unwrap();
    }
}

/// Rows and totals are two statements.
#[test]
fn rows_and_totals_are_of_one_snapshot_under_concurrent_writes() {
    let case = Case::new();
    let (village, _, twinning) = case.villages[0];
    let organisation = case.organisation;
    let done = std::sync::atomic::AtomicBool::new(false);
    let (wrong, seen) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                as_system(
                    &case.world,
                    &format!(
                        "INSERT INTO visits (id, twinning_id, organisation_id, village_id, visited_on, purpose, participants, acted_by)
                         VALUES (gen_random_uuid(), '{twinning}', '{organisation}', '{village}', '2025-05-05', 'holiday', 2, gen_random_uuid())"
                    ),
                );
            }
        });
        let question = "/aggregates/support?from=2025-01-01&to=2025-12-31&group_by=month";
        let sum = |answer: &Value| rows(answer).iter().map(|row| numbers(&row["values"])[0]).sum::<i64>();
        // Until the writer has inserted enough, however slow the machine is.
        let (mut wrong, mut seen) = (0, 0);
        for _ in 0..2_000 {
            let answer = case.province.get(question).expect(200);
            seen = sum(&answer);
            wrong += usize::from(seen != numbers(&answer["totals"])[0]);
            if seen > 60 {
                break;
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        (wrong, seen)
    });
    assert_eq!(wrong, 0, "responses whose rows and totals differ");
    assert!(seen > 60, "the writer inserted {seen}");
}

/// The job must not remove the mark of a transaction that is not committed yet.
#[test]
fn a_record_committed_after_the_job_ran_is_counted() {
    let case = Case::new();
    let (village, _, twinning) = case.villages[0];
    let organisation = case.organisation;
    let visit = format!(
        "INSERT INTO visits (id, twinning_id, organisation_id, village_id, visited_on, purpose, participants, acted_by)
         VALUES (gen_random_uuid(), '{twinning}', '{organisation}', '{village}', '2025-05-05', 'holiday', 2, gen_random_uuid())"
    );
    as_system(&case.world, &visit);
    let mut writer = case.world.server.sql();
    let now = case.world.server.db.clock.now().to_rfc3339();
    writer.batch_execute(&format!("BEGIN; SET LOCAL ROLE app; SELECT app_enter_system('{now}'); {visit}")).unwrap();
    summaries::refresh(&case.world.server.db).unwrap();
    let visits = || {
        let answer = case.province.get("/aggregates/support?from=2025-01-01&to=2025-12-31").expect(200);
        answer["totals"]["visits"].as_i64().unwrap()
    };
    assert_eq!(visits(), 1);
    writer.batch_execute("COMMIT").unwrap();
    assert_eq!(visits(), 2, "before the next run of the job");
    summaries::refresh(&case.world.server.db).unwrap();
    assert_eq!(visits(), 2);
}
