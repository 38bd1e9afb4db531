//! Random sequences of records: after each, the aggregates equal a count that this test keeps itself, for any period, and by
//! village, programme and month. A failure prints the seed and the steps.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::giving::{household, organisation};
use crate::harness::insight::{Random, rows};
use crate::harness::{Client, World, id_of};

const SUPPORT: [&str; 8] = [
    "visits",
    "gifts",
    "gifts_confirmed",
    "gift_value_vnd",
    "households_helped",
    "households_reached",
    "loans_arranged_vnd",
    "value_vnd",
];
const COVERAGE: [&str; 4] = ["visits", "gifts", "gift_value_vnd", "households_reached"];
const LAST: [&str; 3] = ["last_visit_on", "last_holiday_visit_on", "last_gift_on"];

/// The place of a record: a village, or the commune itself.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Village(usize),
    Commune,
}

impl At {
    fn number(self) -> usize {
        match self {
            Self::Village(number) => number,
            Self::Commune => 3,
        }
    }
}

#[derive(Clone)]
struct Visit {
    at: At,
    day: NaiveDate,
    is_holiday: bool,
}

#[derive(Clone)]
struct Gift {
    id: Uuid,
    at: At,
    day: NaiveDate,
    value: i64,
    is_lent: bool,
    status: &'static str,
    /// Known homes.
    homes: BTreeSet<Uuid>,
    /// All homes, for a gift to homes.
    count: Option<usize>,
    is_to_one: bool,
}

impl Gift {
    fn counts(&self) -> bool {
        matches!(self.status, "recorded" | "confirmed")
    }
}

/// The records as the test knows them.
struct Model {
    random: Random,
    villages: Vec<Uuid>,
    /// The village of each home on the days of all records: moves are of today, later than these.
    homes: BTreeMap<Uuid, usize>,
    visits: Vec<Visit>,
    gifts: Vec<Gift>,
    steps: Vec<String>,
}

struct Case {
    world: World,
    /// Enters the papers of the unit.
    clerk: Client,
    /// Confirms what the clerk entered for the commune, and settles.
    official: Client,
    heads: Vec<Client>,
    province: Client,
    /// Of each village, then of the commune: the twinning and its first day, and those that continue it.
    twinnings: Vec<Vec<(Uuid, NaiveDate)>>,
    /// The organisations that take turns in a twinning.
    offices: [Uuid; 2],
    /// The programme of the commune, and the one below it, of the villages.
    programmes: [Uuid; 2],
    model: Model,
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 7, 1).unwrap()
}

impl Case {
    fn new(seed: u64) -> Self {
        let world = World::new();
        let villages: Vec<Uuid> = ["Tung", "Sơn", "Nú"].iter().map(|name| world.village(world.ianan, name)).collect();
        let offices = ["Văn phòng", "Ban Dân tộc"].map(|name| organisation(&world, world.ianan, name));
        let official = world.commune(world.ianan);
        let programme = |parent: Option<Uuid>| {
            let new = json!({"title": "Kế hoạch", "kind": "plan", "effective_on": "2025-01-01", "locality_id": world.ianan, "parent_id": parent});
            id_of(&official.post("/programmes", new).expect(201))
        };
        let wide = programme(None);
        let programmes = [wide, programme(Some(wide))];
        let first = |programme: Uuid, place: Uuid| {
            vec![(world.twinning_between(programme, offices[0], place, "2025-01-01", None), first_day())]
        };
        let mut twinnings: Vec<_> = villages.iter().map(|village| first(programmes[1], *village)).collect();
        twinnings.push(first(wide, world.ianan));
        let mut homes = BTreeMap::new();
        for (number, village) in villages.iter().enumerate() {
            for n in 0..6 {
                homes.insert(household(&world, *village, &format!("Siu {number}{n}")), number);
            }
        }
        let model =
            Model { random: Random(seed), villages, homes, visits: Vec::new(), gifts: Vec::new(), steps: Vec::new() };
        Self {
            clerk: world.commune(world.ianan),
            official,
            heads: model.villages.iter().map(|village| world.head(*village)).collect(),
            province: world.province(world.gialai),
            world,
            twinnings,
            offices,
            programmes,
            model,
        }
    }

    /// Takes one random step, through the API and in the model. A step that has nothing to act on does nothing.
    fn step(&mut self) {
        match self.model.random.below(15) {
            0 => self.visit(),
            1..=4 => self.give(),
            5 | 6 => self.name(),
            7 => self.unname(),
            8 | 9 => self.confirm(),
            10 => self.dispute(),
            11 => self.settle(),
            12 => self.move_or_merge(),
            13 => self.correct(),
            _ => self.succeed(),
        }
    }

    fn day(&mut self) -> NaiveDate {
        first_day() + Days::new(self.model.random.below(500))
    }

    fn place(&mut self) -> At {
        match self.model.random.below(4) {
            3 => At::Commune,
            number => At::Village(usize::try_from(number).unwrap()),
        }
    }

    /// The twinning of a place that was in force on a day.
    fn twinning(&self, at: At, day: NaiveDate) -> Uuid {
        let continued = self.twinnings[at.number()].iter().rev();
        continued.clone().find(|(_, first)| *first <= day).unwrap().0
    }

    fn body(&self, at: At, day: NaiveDate) -> Value {
        let twinning = self.twinning(at, day);
        match at {
            At::Village(number) => {
                json!({"twinning_id": twinning, "village_id": self.model.villages[number], "day": day})
            }
            At::Commune => json!({"twinning_id": twinning, "commune_id": self.world.ianan, "day": day}),
        }
    }

    /// Another organisation continues a twinning, from the day after its last record on.
    fn succeed(&mut self) {
        let at = self.place();
        let (former, first) = *self.twinnings[at.number()].last().unwrap();
        let visits = self.model.visits.iter().filter(|visit| visit.at == at).map(|visit| visit.day);
        let gifts = self.model.gifts.iter().filter(|gift| gift.at == at).map(|gift| gift.day);
        let on = visits.chain(gifts).max().unwrap_or(first).max(first) + Days::new(1);
        let office = self.offices[self.twinnings[at.number()].len() % 2];
        self.told(format!("{office} succeeds in {former} on {on}"));
        let made =
            self.official.post(&format!("/twinnings/{former}/succeed"), json!({"on": on, "organisation_id": office}));
        self.twinnings[at.number()].push((id_of(&made.expect(201)), on));
    }

    fn told(&mut self, step: impl Into<String>) {
        self.model.steps.push(step.into());
    }

    fn visit(&mut self) {
        let (at, day, is_holiday) = (self.place(), self.day(), self.model.random.below(2) == 0);
        let mut body = named(self.body(at, day), "visited_on");
        body["purpose"] = json!(if is_holiday { "holiday" } else { "survey" });
        self.told(format!("visit {body}"));
        self.clerk.post("/visits", body).expect(201);
        self.model.visits.push(Visit { at, day, is_holiday });
    }

    /// To one home, to many with some names, to a whole village, or to the commune.
    fn give(&mut self) {
        let (at, day) = (self.place(), self.day());
        let value = i64::try_from(self.model.random.below(9) * 100_000).unwrap();
        let is_lent = self.model.random.below(5) == 0;
        let mut body = named(self.body(at, day), "given_on");
        body["category"] = json!("cash");
        body["description"] = json!("Quà Tết");
        body["value_vnd"] = json!(value);
        body["funding_source"] = json!(if is_lent { "credit" } else { "donor" });
        let (mut homes, mut count, mut is_to_one) = (BTreeSet::new(), None, false);
        if let At::Village(number) = at {
            let here = self.model.homes_of(number);
            match self.model.random.below(3) {
                0 if !here.is_empty() => {
                    let home = *self.model.random.one_of(&here);
                    body["household_id"] = json!(home);
                    homes.insert(home);
                    (count, is_to_one) = (Some(1), true);
                }
                1 => {
                    homes = here.into_iter().filter(|_| self.model.random.below(3) == 0).collect();
                    let all = homes.len() + 1 + usize::try_from(self.model.random.below(9)).unwrap();
                    body["recipients"] = json!(homes);
                    body["recipient_group"] = json!("poor");
                    body["households_count"] = json!(all);
                    count = Some(all);
                }
                _ => {}
            }
        }
        self.told(format!("gift {body}"));
        let id = id_of(&self.clerk.post("/gifts", body).expect(201));
        self.model.gifts.push(Gift { id, at, day, value, is_lent, status: "recorded", homes, count, is_to_one });
    }

    /// The position of a random gift that meets a condition.
    fn some_gift(&mut self, fits: impl Fn(&Gift) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..self.model.gifts.len()).filter(|n| fits(&self.model.gifts[*n])).collect();
        if fitting.is_empty() { None } else { Some(*self.model.random.one_of(&fitting)) }
    }

    fn name(&mut self) {
        let Some(n) = self.some_gift(|gift| gift.count.is_some_and(|all| all > gift.homes.len()) && !gift.is_to_one)
        else {
            return;
        };
        let At::Village(village) = self.model.gifts[n].at else { return };
        let here = self.model.homes_of(village);
        let new: Vec<Uuid> = here.into_iter().filter(|home| !self.model.gifts[n].homes.contains(home)).collect();
        if new.is_empty() {
            return;
        }
        let home = *self.model.random.one_of(&new);
        let id = self.model.gifts[n].id;
        self.told(format!("name {home} in {id}"));
        // The head does not see a home that has moved away.
        self.official.post(&format!("/gifts/{id}/recipients"), json!({"household_ids": [home]})).expect(200);
        self.model.gifts[n].homes.insert(home);
    }

    fn unname(&mut self) {
        let Some(n) = self.some_gift(|gift| !gift.homes.is_empty() && !gift.is_to_one) else { return };
        let homes: Vec<Uuid> = self.model.gifts[n].homes.iter().copied().collect();
        let (id, home) = (self.model.gifts[n].id, *self.model.random.one_of(&homes));
        self.told(format!("remove the name {home} from {id}"));
        self.official.send("DELETE", &format!("/gifts/{id}/recipients/{home}"), None).expect(204);
        self.model.gifts[n].homes.remove(&home);
    }

    fn receiver(&self, at: At) -> &Client {
        match at {
            At::Village(number) => &self.heads[number],
            At::Commune => &self.official,
        }
    }

    fn confirm(&mut self) {
        let Some(n) = self.some_gift(|gift| gift.status == "recorded") else { return };
        let (id, at) = (self.model.gifts[n].id, self.model.gifts[n].at);
        self.told(format!("confirm {id}"));
        self.receiver(at).step(&format!("/gifts/{id}/confirm")).expect(200);
        self.model.gifts[n].status = "confirmed";
    }

    fn dispute(&mut self) {
        let Some(n) = self.some_gift(|gift| gift.status == "recorded") else { return };
        let (id, at) = (self.model.gifts[n].id, self.model.gifts[n].at);
        self.told(format!("dispute {id}"));
        self.receiver(at).post(&format!("/gifts/{id}/dispute"), json!({"reason": "Chưa nhận"})).expect(200);
        self.model.gifts[n].status = "disputed";
    }

    fn settle(&mut self) {
        let Some(n) = self.some_gift(|gift| gift.status == "disputed") else { return };
        let (resolution, status) =
            *self.model.random.one_of(&[("delivered", "confirmed"), ("not_delivered", "not_delivered")]);
        let (id, at) = (self.model.gifts[n].id, self.model.gifts[n].at);
        self.told(format!("settle {id} as {resolution}"));
        let body = json!({"resolution": resolution, "note": "Đã hỏi lại"});
        // Of the commune as receiver, the province settles.
        let settler = if at == At::Commune { &self.province } else { &self.official };
        settler.post(&format!("/gifts/{id}/settle"), body).expect(200);
        self.model.gifts[n].status = status;
    }

    fn move_or_merge(&mut self) {
        let all: Vec<Uuid> = self.model.homes.keys().copied().collect();
        let (home, other) = (*self.model.random.one_of(&all), *self.model.random.one_of(&all));
        if self.model.random.below(2) == 0 || home == other || all.len() < 10 {
            let to = usize::try_from(self.model.random.below(3)).unwrap();
            self.told(format!("move {home} to {to}"));
            let village = self.model.villages[to];
            self.official.patch(&format!("/households/{home}"), json!({"village_id": village})).expect(200);
        } else {
            self.told(format!("merge {home} into {other}"));
            self.official.post(&format!("/households/{home}/merge"), json!({"into": other})).expect(200);
            self.model.homes.remove(&home);
            for gift in &mut self.model.gifts {
                if gift.homes.remove(&home) {
                    gift.homes.insert(other);
                }
            }
        }
    }

    /// Another value and day, or deletion, by the clerk.
    fn correct(&mut self) {
        let Some(n) = self.some_gift(|gift| gift.status == "recorded") else { return };
        let id = self.model.gifts[n].id;
        if self.model.random.below(3) == 0 {
            self.told(format!("delete {id}"));
            self.clerk.delete(&format!("/gifts/{id}")).expect(204);
            self.model.gifts.remove(n);
        } else {
            let Gift { at, day: before, value, .. } = self.model.gifts[n];
            let (value, mut day) = (value + 50_000, self.day());
            // The twinning of a gift does not change.
            if self.twinning(at, day) != self.twinning(at, before) {
                day = before;
            }
            self.told(format!("correct {id}: {value} on {day}"));
            self.clerk.patch(&format!("/gifts/{id}"), json!({"value_vnd": value, "given_on": day})).expect(200);
            (self.model.gifts[n].value, self.model.gifts[n].day) = (value, day);
        }
    }

    /// Compares the answers about one period.
    fn compare(&self, caller: &Client, from: NaiveDate, to: NaiveDate, told: &str) {
        let answer = |set: &str, by: &str| {
            let path = format!("/aggregates/{set}?from={from}&to={to}&within={}&group_by={by}", self.world.ianan);
            caller.get(&path).expect(200)
        };
        let model = &self.model;
        let everywhere = |_: At| true;
        let of = |number: usize| move |at: At| at == At::Village(number);
        for by in ["village", "programme", "month"] {
            let found = answer("support", by);
            assert_eq!(
                numbers(&found["totals"], &SUPPORT),
                model.support(from, to, everywhere),
                "{told}: totals by {by}"
            );
            for row in rows(&found) {
                let (key, values) = (&row["key"][by], numbers(&row["values"], &SUPPORT));
                let expected = match by {
                    "village" => match model.villages.iter().position(|village| key["id"] == json!(village)) {
                        Some(number) => model.support(from, to, of(number)),
                        None => model.support(from, to, |at| at == At::Commune),
                    },
                    "programme" if key["id"] == json!(self.programmes[1]) => {
                        model.support(from, to, |at| at != At::Commune)
                    }
                    "programme" => model.support(from, to, everywhere),
                    _ => {
                        let first: NaiveDate = format!("{}-01", key.as_str().unwrap()).parse().unwrap();
                        let last = first + chrono::Months::new(1) - Days::new(1);
                        model.support(from.max(first), to.min(last), everywhere)
                    }
                };
                assert_eq!(values, expected, "{told}: {key}");
            }
            // No row is missing.
            let visits: i64 = rows(&found).iter().map(|row| row["values"]["visits"].as_i64().unwrap()).sum();
            if by != "programme" {
                assert_eq!(json!(visits), found["totals"]["visits"], "{told}: rows by {by}");
            }
        }
        let found = answer("coverage", "village");
        assert_eq!(numbers(&found["totals"], &COVERAGE), model.coverage(from, to, everywhere), "{told}: coverage");
        for (number, village) in model.villages.iter().enumerate() {
            let row = rows(&found).iter().find(|row| row["key"]["village"]["id"] == json!(village)).expect(told);
            let values = &row["values"];
            assert_eq!(
                numbers(values, &COVERAGE),
                model.coverage(from, to, of(number)),
                "{told}: coverage of {number}"
            );
            let last: Vec<Value> = LAST.iter().map(|name| values[*name].clone()).collect();
            assert_eq!(json!(last), json!(model.last_days(to, of(number))), "{told}: last days of {number}");
            assert_eq!(values["twinnings"], 2, "{told}: its own and that of the commune");
        }
    }
}

impl Model {
    fn homes_of(&self, village: usize) -> Vec<Uuid> {
        self.homes.iter().filter(|(_, of)| **of == village).map(|(home, _)| *home).collect()
    }

    fn support(&self, from: NaiveDate, to: NaiveDate, is_there: impl Fn(At) -> bool) -> Vec<i64> {
        let visits = self.visits.iter().filter(|visit| is_there(visit.at) && (from..=to).contains(&visit.day)).count();
        let gifts =
            self.gifts.iter().filter(|gift| is_there(gift.at) && (from..=to).contains(&gift.day) && gift.counts());
        let gifts: Vec<&Gift> = gifts.collect();
        let helped: BTreeSet<&Uuid> = gifts.iter().flat_map(|gift| &gift.homes).collect();
        let unnamed: usize = gifts.iter().filter_map(|gift| Some(gift.count? - gift.homes.len())).sum();
        let confirmed = gifts.iter().filter(|gift| gift.status == "confirmed").count();
        let value =
            |is_lent: bool| gifts.iter().filter(|gift| gift.is_lent == is_lent).map(|gift| gift.value).sum::<i64>();
        let counts = [visits, gifts.len(), confirmed].map(|count| i64::try_from(count).unwrap());
        let homes = [helped.len(), helped.len() + unnamed].map(|count| i64::try_from(count).unwrap());
        [&counts[..], &[value(false)], &homes, &[value(true), value(false)]].concat()
    }

    fn coverage(&self, from: NaiveDate, to: NaiveDate, is_there: impl Fn(At) -> bool) -> Vec<i64> {
        let support = self.support(from, to, is_there);
        vec![support[0], support[1], support[3], support[5]]
    }

    fn last_days(&self, to: NaiveDate, is_there: impl Fn(At) -> bool) -> [Option<NaiveDate>; 3] {
        let visits = || self.visits.iter().filter(|visit| is_there(visit.at) && visit.day <= to);
        let gifts = self.gifts.iter().filter(|gift| is_there(gift.at) && gift.day <= to && gift.counts());
        [
            visits().map(|visit| visit.day).max(),
            visits().filter(|visit| visit.is_holiday).map(|visit| visit.day).max(),
            gifts.map(|gift| gift.day).max(),
        ]
    }
}

/// Renames the field `day`.
fn named(mut body: Value, field: &str) -> Value {
    let day = body["day"].take();
    body.as_object_mut().unwrap().remove("day");
    body[field] = day;
    body
}

fn numbers(values: &Value, names: &[&str]) -> Vec<i64> {
    names.iter().map(|name| values[*name].as_i64().unwrap()).collect()
}

#[test]
fn aggregates_equal_a_count_by_hand_after_any_sequence_of_records() {
    for seed in [41, 2_028] {
        let mut case = Case::new(seed);
        for round in 0..6 {
            for _ in 0..22 {
                case.step();
            }
            // In two of three rounds the sums are current; in the others some villages are marked.
            if round % 3 != 2 {
                ketnghia::insight::aggregates::summaries::refresh(&case.world.server.db).unwrap();
            }
            let (one, other) = (case.day(), case.day());
            let any = (one.min(other), one.max(other));
            let year = |number| {
                (NaiveDate::from_ymd_opt(number, 1, 1).unwrap(), NaiveDate::from_ymd_opt(number, 12, 31).unwrap())
            };
            for (from, to) in [any, year(2025), year(2026)] {
                for (who, caller) in [("the commune", &case.official), ("the province", &case.province)] {
                    let told =
                        format!("seed {seed}, round {round}, {from} to {to}, {who}\n{}", case.model.steps.join("\n"));
                    case.compare(caller, from, to, &told);
                }
            }
        }
    }
}
