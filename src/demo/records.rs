//! Loads programmes, twinnings, lists, pledges, visits and gifts.

use chrono::NaiveDate;
use diesel::PgConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::people::{entered, household};
use super::{insert, until};
use crate::kernel::http::problem::Result;
use crate::openapi::examples::demonstration_id as id;
use crate::places::loader::locality_id;

pub fn load(conn: &mut PgConnection, today: NaiveDate) -> Result<()> {
    insert(conn, "programmes", programmes(today))?;
    insert(conn, "twinnings", twinnings(today))?;
    add_lists(conn, today)?;
    add_consent(conn, today)?;
    add_visits(conn, today)?;
    add_parcels(conn, today)?;
    add_commune_gift(conn, today)?;
    add_paper_visit(conn, today)?;
    add_proposal(conn, today)
}

fn programmes(today: NaiveDate) -> Vec<Value> {
    let programme = |key: &str,
                     number: Option<&str>,
                     title: &str,
                     issuer: &str,
                     kind: &str,
                     issued: Option<&str>,
                     effective: &str,
                     place: Uuid| {
        json!({"id": id(&format!("programme/{key}")), "number": number, "title": title, "issuer": issuer, "kind": kind,
               "issued_on": issued, "effective_on": effective, "locality_id": place})
    };
    let all = [
        programme(
            "yangtrung",
            Some("40/KH-UBND"),
            "Kế hoạch tổ chức kết nghĩa giữa thôn người Kinh và làng người đồng bào dân tộc thiểu số",
            "UBND xã Yang Trung",
            "plan",
            Some("2019-06-17"),
            "2019-07-01",
            locality_id(2024, "23845"),
        ),
        programme(
            "chithi03",
            Some("03-CT/TU"),
            "Chỉ thị tăng cường hoạt động kết nghĩa giữa các địa phương, đơn vị với các thôn, làng vùng đồng bào dân tộc thiểu số",
            "Ban Thường vụ Tỉnh ủy Gia Lai",
            "directive",
            Some("2025-08-07"),
            "2025-08-07",
            locality_id(2025, "52"),
        ),
        programme(
            "ianan",
            None,
            "Kế hoạch triển khai Chỉ thị số 03-CT/TU trên địa bàn xã Ia Nan",
            "UBND xã Ia Nan",
            "plan",
            None,
            "2025-08-22",
            locality_id(2024, "23884"),
        ),
    ];
    all.into_iter().filter(|row| row["effective_on"].as_str().is_some_and(|day| until(today, day))).collect()
}

/// The commune that a department of the province stands by.
fn kong_chro() -> Uuid {
    locality_id(2025, "23824")
}

fn twinnings(today: NaiveDate) -> Vec<Value> {
    let with_place = |key: &str, programme: &str, place: Uuid, lead: bool, starts: &str| {
        json!({"id": id(&format!("twinning/{key}")), "programme_id": id(&format!("programme/{programme}")),
               "organisation_id": id(&format!("organisation/{key}")), "locality_id": place,
               "lead": lead, "starts_on": starts, "suspensions": []})
    };
    let twinning = |key: &str, programme: &str, village: &str, lead: bool, starts: &str| {
        with_place(key, programme, id(&format!("village/{village}")), lead, starts)
    };
    let all = [
        twinning("thon9", "yangtrung", "hlehlang", true, "2019-07-01"),
        twinning("thon10", "yangtrung", "tnang", true, "2019-07-01"),
        twinning("vanphong", "ianan", "tung", true, "2025-09-01"),
        twinning("caosu", "ianan", "tung", false, "2025-09-01"),
        twinning("caphe", "ianan", "tung", false, "2025-09-01"),
        twinning("xaydung", "ianan", "tung", false, "2025-10-01"),
        with_place("soyte", "chithi03", kong_chro(), true, "2025-09-01"),
    ];
    all.into_iter().filter(|row| row["starts_on"].as_str().is_some_and(|day| until(today, day))).collect()
}

/// A list: village, year, status, day of creation, and n, where every n-th household is on it.
const LISTS: [(&str, i32, &str, &str, usize); 7] = [
    ("tung", 2025, "closed", "2025-09-20", 4),
    ("tung", 2026, "approved", "2026-01-12", 3),
    ("nu", 2025, "closed", "2025-09-22", 3),
    ("nu", 2026, "submitted", "2026-10-30", 3),
    ("duchung", 2026, "returned", "2026-10-28", 4),
    ("hlehlang", 2026, "approved", "2026-02-03", 3),
    ("tnang", 2026, "draft", "2026-11-10", 4),
];

fn add_lists(conn: &mut PgConnection, today: NaiveDate) -> Result<()> {
    for (village, year, status, day, step) in LISTS.into_iter().filter(|list| until(today, list.3)) {
        let list = id(&format!("list/{village}/{year}"));
        let village_id = id(&format!("village/{village}"));
        let at = format!("{day}T02:00:00Z");
        let was_approved = matches!(status, "approved" | "closed");
        insert(
            conn,
            "hardship_lists",
            vec![json!({
                "id": list, "village_id": village_id, "year": year, "round": 1, "status": status, "created_at": at,
                "submitted_at": (status != "draft").then_some(&at), "approved_at": was_approved.then_some(&at),
                "return_reason": (status == "returned").then_some("Ghi rõ nhu cầu của từng hộ"),
            })],
        )?;
        let items = (0..entered(village)).step_by(step).enumerate().map(|(place, number)| {
            json!({
                "id": item(village, year, number), "list_id": list, "village_id": village_id, "household_id": household(village, number),
                "reasons": ["temporary_house"], "needs": if place % 2 == 0 { json!(["housing", "food"]) } else { json!(["livestock"]) },
                "priority": place % 3 + 1, "approved": was_approved, "status": "open", "created_at": at,
            })
        });
        insert(conn, "hardship_items", items.collect())?;
    }
    if until(today, "2026-02-01") {
        let pledge = |key: &str, number: usize, note: &str, day: &str| {
            json!({"id": id(&format!("pledge/{key}")), "item_id": item("tung", 2026, number), "organisation_id": id(&format!("organisation/{key}")),
                   "village_id": id("village/tung"), "note": note, "planned_on": day})
        };
        insert(
            conn,
            "pledges",
            vec![pledge("caosu", 6, "Sửa mái nhà", "2026-12-15"), pledge("caphe", 9, "Một con bò giống", "2027-01-10")],
        )?;
    }
    Ok(())
}

/// The company in làng Tung reads everything of one of the two households with a disabled person.
fn add_consent(conn: &mut PgConnection, today: NaiveDate) -> Result<()> {
    const DAY: &str = "2026-01-20";
    if !until(today, DAY) {
        return Ok(());
    }
    insert(
        conn,
        "household_consents",
        vec![json!({
            "id": id("consent/tung/0"), "household_id": household("tung", 0), "organisation_id": id("organisation/caosu"),
            "given_by": "Chủ hộ (trình diễn)", "given_on": DAY, "proof": "thumbprint", "acted_by": id("recorder"),
        })],
    )
}

fn item(village: &str, year: i32, number: usize) -> Uuid {
    id(&format!("item/{village}/{year}/{number}"))
}

/// A visit: unit, village, day, purpose, occasion, people, gifts.
type Visit = (&'static str, &'static str, &'static str, &'static str, &'static str, i32, &'static [Gift]);
/// A gift: household by number (or the whole village), category, description, value in VND, source, status.
type Gift = (Option<usize>, &'static str, &'static str, i64, &'static str, &'static str);

const VISITS: [Visit; 8] = [
    (
        "thon9",
        "hlehlang",
        "2019-09-02",
        "holiday",
        "Quốc khánh 2/9",
        14,
        &[
            (Some(0), "food", "20 kg gạo", 300_000, "community", "confirmed"),
            (Some(3), "clothes", "Quần áo ấm", 450_000, "community", "confirmed"),
        ],
    ),
    (
        "thon10",
        "tnang",
        "2019-11-18",
        "holiday",
        "Ngày hội Đại đoàn kết",
        11,
        &[(None, "household_goods", "Loa đài cho nhà rông", 2_500_000, "community", "confirmed")],
    ),
    (
        "vanphong",
        "tung",
        "2025-11-18",
        "holiday",
        "Ngày hội Đại đoàn kết",
        8,
        &[
            (Some(0), "food", "50 kg gạo", 900_000, "staff_contribution", "confirmed"),
            (Some(4), "cash", "Hỗ trợ tiền mặt", 1_000_000, "organisation_own", "confirmed"),
            (Some(8), "study_equipment", "Cặp sách và vở", 650_000, "staff_contribution", "confirmed"),
        ],
    ),
    (
        "caosu",
        "tung",
        "2026-01-28",
        "holiday",
        "Tết Bính Ngọ",
        12,
        &[
            (Some(0), "cash", "Quà Tết", 1_500_000, "enterprise", "confirmed"),
            (Some(3), "cash", "Quà Tết", 1_500_000, "enterprise", "confirmed"),
            (Some(6), "cash", "Quà Tết", 1_500_000, "enterprise", "disputed"),
            (Some(9), "cash", "Quà Tết", 1_500_000, "enterprise", "not_delivered"),
            (Some(12), "food", "30 kg gạo", 540_000, "enterprise", "confirmed"),
        ],
    ),
    (
        "caphe",
        "tung",
        "2026-04-16",
        "survey",
        "",
        5,
        &[(Some(15), "seedling", "100 cây cà phê giống", 1_200_000, "enterprise", "confirmed")],
    ),
    (
        "xaydung",
        "tung",
        "2026-07-27",
        "holiday",
        "Ngày Thương binh, Liệt sĩ 27/7",
        9,
        &[
            (Some(18), "household_goods", "Tôn lợp mái", 8_500_000, "enterprise", "confirmed"),
            (None, "other", "Sửa sân nhà rông", 15_000_000, "enterprise", "recorded"),
        ],
    ),
    (
        "thon9",
        "hlehlang",
        "2026-08-20",
        "other",
        "Chuẩn bị năm học mới",
        10,
        &[
            (Some(0), "study_equipment", "Sách vở", 400_000, "community", "confirmed"),
            (Some(3), "bicycle", "Xe đạp", 1_800_000, "community", "recorded"),
        ],
    ),
    (
        "vanphong",
        "tung",
        "2026-11-18",
        "holiday",
        "Ngày hội Đại đoàn kết",
        7,
        &[(Some(21), "livestock", "Hai con dê giống", 5_000_000, "organisation_own", "recorded")],
    ),
];

/// Sixty parcels for làng Tung, of which twelve homes are known.
fn add_parcels(conn: &mut PgConnection, today: NaiveDate) -> Result<()> {
    const DAY: &str = "2026-02-10";
    const NAMED: usize = 12;
    if !until(today, DAY) {
        return Ok(());
    }
    let gift = id("gift/parcels");
    let village = id("village/tung");
    insert(
        conn,
        "gifts",
        vec![json!({
            "id": gift, "twinning_id": id("twinning/vanphong"), "organisation_id": id("organisation/vanphong"), "village_id": village,
            "recipient_group": "all", "households_count": 60, "households_named": NAMED, "item_automatic": true, "category": "food",
            "description": "Suất quà Tết", "value_vnd": 18_000_000, "funding_source": "donor", "given_on": DAY, "status": "confirmed",
            "written_by": [], "acted_by": id("recorder"), "note": "Dữ liệu trình diễn",
        })],
    )?;
    // Those on no list: the listed ones still wait for help.
    let named = (0..entered("tung")).filter(|home| !home.is_multiple_of(3)).take(NAMED).map(|home| {
        json!({"gift_id": gift, "household_id": household("tung", home), "village_id": village, "item_automatic": true})
    });
    insert(conn, "gift_recipients", named.collect())
}

/// Equipment for a commune, which one of its officials confirms.
fn add_commune_gift(conn: &mut PgConnection, today: NaiveDate) -> Result<()> {
    const DAY: &str = "2026-10-15";
    if !until(today, DAY) {
        return Ok(());
    }
    insert(
        conn,
        "gifts",
        vec![json!({
            "id": id("gift/equipment"), "twinning_id": id("twinning/soyte"), "organisation_id": id("organisation/soyte"),
            "locality_id": kong_chro(), "category": "equipment", "description": "Máy siêu âm cho trạm y tế xã", "value_vnd": 25_000_000,
            "funding_source": "organisation_own", "given_on": DAY, "status": "recorded", "acted_by": id("recorder"),
            "note": "Dữ liệu trình diễn",
        })],
    )
}

/// The head of làng Tung proposes that a poor household is near-poor now; so the register of 2026 cannot be completed.
fn add_proposal(conn: &mut PgConnection, today: NaiveDate) -> Result<()> {
    const DAY: &str = "2026-11-05";
    if !until(today, DAY) {
        return Ok(());
    }
    insert(
        conn,
        "household_assessments",
        vec![json!({
            "id": id("proposal/tung/20"), "household_id": household("tung", 20), "round_year": 2026, "round_kind": "annual",
            "poverty_status": "near_poor", "deprivations": ["I07"], "poverty_causes": ["no_capital"], "assessed_on": DAY,
            "standard": "nd07_2021", "status": "proposed", "assessor_id": id("user/langtung"),
        })],
    )
}

/// A visit of a unit without an account, which an official entered from paper; the number of participants is unknown.
fn add_paper_visit(conn: &mut PgConnection, today: NaiveDate) -> Result<()> {
    const DAY: &str = "2026-09-02";
    if !until(today, DAY) {
        return Ok(());
    }
    let organisation = id("organisation/xaydung");
    insert(
        conn,
        "visits",
        vec![json!({
            "id": id("visit/xaydung/paper"), "twinning_id": id("twinning/xaydung"), "organisation_id": organisation,
            "village_id": id("village/tung"), "visited_on": DAY, "purpose": "holiday", "occasion": "Quốc khánh 2/9",
            "findings": "Dữ liệu trình diễn", "acted_by": id("recorder"), "on_behalf_of": organisation,
        })],
    )
}

fn add_visits(conn: &mut PgConnection, today: NaiveDate) -> Result<()> {
    for (unit, village, day, purpose, occasion, participants, given) in
        VISITS.into_iter().filter(|visit| until(today, visit.2))
    {
        let visit = id(&format!("visit/{unit}/{day}"));
        let shared = |mut row: Value| {
            if let Some(fields) = row.as_object_mut() {
                fields.insert("twinning_id".into(), json!(id(&format!("twinning/{unit}"))));
                fields.insert("organisation_id".into(), json!(id(&format!("organisation/{unit}"))));
                fields.insert("village_id".into(), json!(id(&format!("village/{village}"))));
                fields.insert("acted_by".into(), json!(id("recorder")));
            }
            row
        };
        insert(
            conn,
            "visits",
            vec![shared(json!({
                "id": visit, "visited_on": day, "purpose": purpose, "participants": participants,
                "occasion": Some(occasion).filter(|text| !text.is_empty()), "findings": "Dữ liệu trình diễn",
            }))],
        )?;
        let year: i32 = day.get(..4).and_then(|year| year.parse().ok()).unwrap_or_default();
        let gifts = given.iter().enumerate().map(|(number, (home, category, what, worth, source, status))| {
            let listed = home.filter(|home| village == "tung" && year == 2026 && home.is_multiple_of(3));
            shared(json!({
                "id": id(&format!("gift/{visit}/{number}")), "visit_id": visit, "household_id": home.map(|home| household(village, home)),
                "hardship_item_id": listed.map(|home| item(village, year, home)), "category": category, "description": what,
                "value_vnd": worth, "funding_source": source, "given_on": day, "status": status, "note": "Dữ liệu trình diễn",
                "dispute_reason": matches!(*status, "disputed" | "not_delivered").then_some("Hộ chưa nhận được"),
                "settlement_note": (*status == "not_delivered").then_some("Đơn vị xác nhận chưa trao"),
            }))
        });
        insert(conn, "gifts", gifts.collect())?;
        let homes = given.iter().filter_map(|gift| gift.0);
        let visited = homes.map(|home| json!({"visit_id": visit, "household_id": household(village, home)})).collect();
        insert(conn, "visit_households", visited)?;
    }
    Ok(())
}
