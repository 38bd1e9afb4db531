//! Loads villages, organisations and households.

use chrono::NaiveDate;
use diesel::PgConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bytea, Uuid as SqlUuid};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{date, insert, until};
use crate::access::actor::Actor;
use crate::access::tx::Tx;
use crate::kernel::http::problem::Result;
use crate::kernel::secrets::Secrets;
use crate::needs::registers::queries as registers;
use crate::openapi::examples::demonstration_id as id;
use crate::places::loader::locality_id;
use crate::places::localities::end::{self, EndedTwinnings, LocalityEnd};
use crate::places::localities::model::{LocalityKind, NewLocality};
use crate::places::localities::profiles::VillageProfile;
use crate::places::localities::queries as localities;

/// A village: key, name, kind, the commune it was entered under, ethnic groups, households.
type Village = (&'static str, &'static str, LocalityKind, Uuid, &'static [&'static str], i32);

fn villages() -> Vec<Village> {
    let (ianan, yangtrung) = (locality_id(2024, "23884"), locality_id(2024, "23845"));
    vec![
        ("tung", "Tung", LocalityKind::Lang, ianan, &["10"], 164),
        ("nu", "Nú", LocalityKind::Lang, ianan, &["10", "13"], 121),
        ("duchung", "Đức Hưng", LocalityKind::Thon, ianan, &["01", "02", "07"], 208),
        ("thon9", "Thôn 9", LocalityKind::Thon, yangtrung, &["01"], 96),
        ("thon10", "Thôn 10", LocalityKind::Thon, yangtrung, &["01", "05"], 88),
        ("thon11", "Thôn 11 (trình diễn)", LocalityKind::Thon, yangtrung, &["01"], 31),
        ("hlehlang", "Hle Hlang", LocalityKind::Lang, yangtrung, &["13"], 104),
        ("tnang", "Tnang", LocalityKind::Lang, yangtrung, &["13"], 79),
    ]
}

/// Returns the number of households to load for a village, less than its `households`.
pub fn entered(village: &str) -> usize {
    match village {
        "tung" => 24,
        "thon11" => 2,
        _ => 9,
    }
}

pub fn household(village: &str, number: usize) -> Uuid {
    id(&format!("household/{village}/{number}"))
}

pub fn load(conn: &mut PgConnection, secrets: &Secrets, today: NaiveDate) -> Result<()> {
    let system = Actor::system();
    for (key, name, kind, commune, groups, households) in villages() {
        let profile = |year: i32, less: i32| VillageProfile {
            households: Some(households - less),
            population: Some((households - less) * 43 / 10),
            minority_households: Some(if groups.first() == Some(&"01") { 4 } else { households - less - 3 }),
            ..VillageProfile::of_register(year)
        };
        let profiles =
            if until(today, "2026-01-15") { vec![profile(2026, 0), profile(2025, 3)] } else { vec![profile(2019, 9)] };
        let village = NewLocality {
            id: None,
            name: name.into(),
            kind,
            code: None,
            parent_id: commune.into(),
            current_parent_id: None,
            valid_from: None,
            ethnic_groups: groups.iter().map(|code| (*code).to_owned()).collect(),
            latitude: None,
            longitude: None,
            profiles,
        };
        let mut tx = Tx { conn, actor: &system, today, secrets };
        localities::create(&mut tx, id(&format!("village/{key}")).into(), village)?;
        add_households(conn, secrets, key, groups)?;
    }
    add_flags(conn)?;
    add_posts(conn)?;
    // All households of làng Hle Hlang were assessed in 2026; those of the other villages have open registers.
    if until(today, "2026-02-01") {
        let mut tx = Tx { conn, actor: &system, today, secrets };
        registers::complete(&mut tx, id("village/hlehlang").into(), 2026)?;
    }
    // Thôn 11 merged into Thôn 10.
    if until(today, "2026-04-01") {
        let mut tx = Tx { conn, actor: &system, today, secrets };
        let merged = LocalityEnd {
            ends_on: date("2026-03-31")?,
            successor_ids: vec![id("village/thon10").into()],
            legal_basis: Some("Nghị quyết sắp xếp thôn (trình diễn)".into()),
            twinnings: EndedTwinnings::End,
            dry_run: false,
        };
        end::end(&mut tx, id("village/thon11").into(), merged)?;
    }
    add_organisations(conn, today)
}

/// Flags without decisions, and one with an invented one.
fn add_flags(conn: &mut PgConnection) -> Result<()> {
    let row = |place: Uuid, flag: &str, decision: Option<&str>| {
        json!({"id": id(&format!("flag/{place}/{flag}")), "locality_id": place, "flag": flag,
               "from_on": decision.map(|_| "2022-01-01"), "decision_number": decision, "decision_date": decision.map(|_| "2021-12-15")})
    };
    let mut flags = vec![row(locality_id(2024, "23884"), "border", None)];
    for (key, _, _, commune, groups, _) in villages() {
        let village = id(&format!("village/{key}"));
        flags.push(row(village, "upland", None));
        if commune == locality_id(2024, "23884") {
            flags.push(row(village, "border", None));
        }
        if groups.first() != Some(&"01") {
            flags.push(row(village, "ethnic_minority", None));
            flags.push(row(village, "extremely_difficult", Some("15/QĐ (trình diễn)")));
        }
    }
    insert(conn, "locality_flags", flags)
}

/// Posts of làng Tung, and the contact officer of its commune.
fn add_posts(conn: &mut PgConnection) -> Result<()> {
    let tung = id("village/tung");
    let posts = [
        (tung, "village_head", "Rơ Mah Tung (trình diễn)", Some("0900000101")),
        (tung, "party_cell_secretary", "Siu Hlơ (trình diễn)", Some("0900000102")),
        (tung, "militia_leader", "Ksor Pyui (trình diễn)", Some("0900000103")),
        (tung, "health_worker", "Kpă H'Ngao (trình diễn)", Some("0900000104")),
        (tung, "prestigious_person", "Rơ Mah Kloanh (trình diễn)", None),
        (locality_id(2024, "23884"), "contact_officer", "Nguyễn Thị Lan (trình diễn)", Some("0900000105")),
    ];
    let row = |(place, post, name, phone): (Uuid, &str, &str, Option<&str>)| json!({"id": id(&format!("post/{place}/{post}")), "locality_id": place, "post": post, "person_name": name, "phone": phone});
    insert(conn, "locality_posts", posts.into_iter().map(row).collect())
}

fn add_organisations(conn: &mut PgConnection, today: NaiveDate) -> Result<()> {
    let (ianan, yangtrung) = (locality_id(2024, "23884"), locality_id(2024, "23845"));
    let organisation = |key: &str, name: &str, kind: &str, level: &str, locality: Uuid, place: Option<&str>| {
        json!({"id": id(&format!("organisation/{key}")), "name": name, "kind": kind, "level": level, "locality_id": locality,
               "place_id": place.map(|key| id(&format!("village/{key}")))})
    };
    let mut organisations = vec![
        organisation("thon9", "Thôn 9", "locality", "village", yangtrung, Some("thon9")),
        organisation("thon10", "Thôn 10", "locality", "village", yangtrung, Some("thon10")),
    ];
    if until(today, "2025-08-22") {
        organisations.extend([
            organisation("vanphong", "Văn phòng HĐND và UBND xã Ia Nan", "department", "commune", ianan, None),
            organisation("caosu", "Công ty Cao su Bình Minh (trình diễn)", "enterprise", "commune", ianan, None),
            organisation("caphe", "Công ty Cà phê Ban Mai (trình diễn)", "enterprise", "commune", ianan, None),
            organisation("xaydung", "Công ty Xây dựng Ngọc Linh (trình diễn)", "enterprise", "commune", ianan, None),
            organisation("soyte", "Sở Y tế (trình diễn)", "department", "province", locality_id(2025, "52"), None),
        ]);
    }
    insert(conn, "organisations", organisations)?;
    if until(today, "2025-08-22") {
        let headcount = json!({"id": id("headcount/vanphong"), "organisation_id": id("organisation/vanphong"), "year": 2026, "headcount": 14});
        insert(conn, "organisation_headcounts", vec![headcount])?;
        let contact = |key: &str, name: &str, phone: &str, email: &str| {
            json!({"id": id(&format!("contact/{key}")), "organisation_id": id(&format!("organisation/{key}")), "contact_name": name,
                   "contact_phone": phone, "contact_email": email})
        };
        let contacts = vec![
            contact("vanphong", "Nguyễn Thị Hoa (trình diễn)", "0269123456", "vanphong@ianan.example"),
            contact("caosu", "Trần Văn Bình (trình diễn)", "0905123456", "lienhe@caosu.example"),
        ];
        insert(conn, "organisation_contacts", contacts)?;
    }
    Ok(())
}

const FAMILY_NAMES: [(&str, [&str; 4]); 5] = [
    ("10", ["Rơ Mah", "Siu", "Ksor", "Kpă"]),
    ("13", ["Đinh", "Hyưh", "Đinh Y", "Yơm"]),
    ("01", ["Nguyễn", "Trần", "Lê", "Phạm"]),
    ("02", ["Nông", "Hoàng", "Lương", "Bế"]),
    ("07", ["Lý", "Vi", "Mông", "Triệu"]),
];
const GIVEN_NAMES: [&str; 12] =
    ["H'Blơi", "Pyui", "Hlơ", "Bloan", "Thương", "Sơn", "Phyên", "Kloanh", "Lan", "Đức", "H'Ngao", "Tâm"];
const STATUSES: [&str; 6] = ["poor", "near_poor", "poor", "average", "newly_escaped", "not_poor"];

fn add_households(conn: &mut PgConnection, secrets: &Secrets, village: &str, groups: &[&str]) -> Result<()> {
    let (mut households, mut assessments, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..entered(village) {
        let one = Household::of(village, groups, number);
        households.push(one.row(village));
        assessments.push(one.assessment());
        members.extend(one.members());
    }
    insert(conn, "households", households)?;
    insert(conn, "household_assessments", assessments)?;
    insert(conn, "household_members", members)?;
    for number in 0..entered(village) {
        let record = household(village, number);
        let phone = secrets.seal(record, "phone", &format!("09{:08}", 10_000_019 * (number + 1) % 100_000_000))?;
        sql_query("INSERT INTO household_private (subject_id, household_id, phone) VALUES ($1, $1, $2)")
            .bind::<SqlUuid, _>(record)
            .bind::<Bytea, _>(phone)
            .execute(conn)?;
    }
    Ok(())
}

/// A household with values derived from its number.
struct Household<'a> {
    id: Uuid,
    number: usize,
    group: &'a str,
    name: String,
    status: &'static str,
}

impl<'a> Household<'a> {
    fn of(village: &str, groups: &[&'a str], number: usize) -> Self {
        let group = pick(groups, number).copied().unwrap_or("10");
        let families = FAMILY_NAMES.iter().find(|(code, _)| *code == group).map_or(["Điểu"; 4], |(_, names)| *names);
        let family = pick(&families, number).copied().unwrap_or_default();
        let given = pick(&GIVEN_NAMES, number * 5 + village.len()).copied().unwrap_or_default();
        let status = pick(&STATUSES, number).copied().unwrap_or("poor");
        Self { id: household(village, number), number, group, name: format!("{family} {given}"), status }
    }

    fn is_hard(&self) -> bool {
        self.number.is_multiple_of(3)
    }

    fn row(&self, village: &str) -> Value {
        json!({
            "id": self.id, "village_id": id(&format!("village/{village}")), "status": "active", "head_name": self.name,
            "head_sex": if self.number.is_multiple_of(2) { "female" } else { "male" }, "head_birth_year": 1955 + self.number * 7 % 40,
            "ethnic_group": self.group,
            "hardship_reasons": match self.number {
                0 | 12 => json!(["disabled", "elderly_alone"]),
                _ if self.is_hard() => json!(["temporary_house"]),
                _ => json!([]),
            },
            "note": "Dữ liệu trình diễn", "listed": false,
        })
    }

    fn deprivations(&self) -> Value {
        if self.status == "poor" { json!(["I07", "I09", "I10"]) } else { json!([]) }
    }

    fn causes(&self) -> Value {
        if self.status == "poor" { json!(["no_capital", "no_labour"]) } else { json!([]) }
    }

    fn assessment(&self) -> Value {
        json!({
            "id": id(&format!("assessment/{}", self.id)), "household_id": self.id, "round_year": 2026, "round_kind": "regular",
            "poverty_status": self.status, "deprivations": self.deprivations(), "poverty_causes": self.causes(),
            "assessed_on": "2026-01-10", "standard": "nd07_2021", "status": "confirmed", "confirmed_at": "2026-01-12T02:00:00Z",
        })
    }

    fn members(&self) -> impl Iterator<Item = Value> {
        let count = self.number % 4 + 1;
        (0..count).map(|member| {
            let given = pick(&GIVEN_NAMES, self.number + member * 3 + 1).copied().unwrap_or_default();
            json!({
                "id": id(&format!("member/{}/{member}", self.id)), "household_id": self.id, "name": format!("{} {given}", self.name.split(' ').next().unwrap_or_default()),
                "birth_year": 2008 + member * 3, "relation": "con", "student": member < 2,
            })
        })
    }
}

fn pick<T>(from: &[T], number: usize) -> Option<&T> {
    from.get(number.checked_rem(from.len())?)
}
