//! Loads demonstration data: xã Ia Nan (S0) with làng Tung and four organisations, and xã Kông Chro with the
//! village pairs of Yang Trung (S1), two years of lists, visits and gifts in every status. Deterministic
//! and loaded once. Only the plans, the communes and the pairs of S1 are real; people, companies, the pair of
//! làng Tung and sums are invented and marked "(trình diễn)". Rows with a day after the clock are left out.

mod people;
mod records;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Jsonb, Text, Uuid as SqlUuid};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::passwords;
use crate::access::policy::Role;
use crate::app::State;
use crate::kernel::http::problem::{Problem, Result};
use crate::openapi::examples::demonstration_id as id;
use crate::places::loader::locality_id;

const PASSWORD: &str = "ketnghia-demo";
/// First day without districts; before it, accounts belong to the places of that time.
const TWO_TIERS_FROM: &str = "2025-07-01";

/// A demonstration account, printed at the start.
pub struct DemoUser {
    pub username: &'static str,
    pub office: &'static str,
}

fn date(text: &str) -> Result<NaiveDate> {
    text.parse().map_err(Problem::internal)
}

/// Loads the data, if it is not loaded yet, and returns the accounts.
pub fn load(state: &State) -> Result<Vec<DemoUser>, String> {
    let today = state.db.clock.today();
    let told = |problem: Problem| format!("cannot load the demonstration data: {problem}");
    let hash = passwords::hash(PASSWORD).map_err(told)?;
    state
        .db
        .as_system(|conn| {
            let before = date(TWO_TIERS_FROM)? > today;
            let users = accounts(before);
            if is_loaded(conn)? {
                return Ok(users);
            }
            people::load(conn, &state.secrets, today)?;
            records::load(conn, today)?;
            for user in &users {
                add_account(conn, user, before, &hash)?;
            }
            sql_query("INSERT INTO data_loads (name, digest, loaded_at) VALUES ('demo', '\\x01', app_now())")
                .execute(conn)?;
            Ok(users)
        })
        .map_err(told)
}

fn is_loaded(conn: &mut PgConnection) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let loads: Count = sql_query("SELECT count(*) AS count FROM data_loads WHERE name = 'demo'").get_result(conn)?;
    Ok(loads.count > 0)
}

fn accounts(before: bool) -> Vec<DemoUser> {
    let user = |username, office| DemoUser { username, office };
    let mut users = vec![
        user("admin", "administrator"),
        user("gialai", "province Gia Lai"),
        user("ianan", "commune Ia Nan"),
        user("ianan2", "commune Ia Nan, a second official (the submitter of a list cannot approve it)"),
        user("vanphong.ianan", "twinning unit: the office of Ia Nan, twinned with làng Tung"),
        user(
            "caosu.ianan",
            "twinning unit: a company, which is no state body and reads less; also twinned with làng Tung",
        ),
        user("langtung", "village head of làng Tung"),
        user("kongchro", "commune Kông Chro"),
        user("thon9", "village head of Thôn 9, which gives to làng Hle Hlang"),
        user("hlehlang", "village head of làng Hle Hlang"),
    ];
    if before {
        users.push(user("iagrai.district", "district Ia Grai"));
    }
    users
}

fn add_account(conn: &mut PgConnection, user: &DemoUser, before: bool, hash: &str) -> Result<()> {
    let era = if before { 2024 } else { 2025 };
    // Ia Nan continued unchanged, so it keeps the id of the first era. Gia Lai had another code before.
    let (role, locality, organisation) = match user.username {
        "admin" => (Role::Admin, None, None),
        "gialai" => (Role::Province, Some(locality_id(era, if before { "64" } else { "52" })), None),
        "ianan" | "ianan2" => (Role::Commune, Some(locality_id(2024, "23884")), None),
        "kongchro" => (Role::Commune, Some(locality_id(era, "23824")), None),
        "iagrai.district" => (Role::District, Some(locality_id(2024, "628")), None),
        "vanphong.ianan" => (Role::TwinningUnit, None, Some(id("organisation/vanphong"))),
        "caosu.ianan" => (Role::TwinningUnit, None, Some(id("organisation/caosu"))),
        "langtung" => (Role::VillageHead, Some(id("village/tung")), None),
        "thon9" => (Role::VillageHead, Some(id("village/thon9")), None),
        _ => (Role::VillageHead, Some(id("village/hlehlang")), None),
    };
    // The account of a unit needs its organisation, which does not exist before its first day.
    if organisation.is_some_and(|unit| !exists(conn, "organisations", unit)) {
        return Ok(());
    }
    let account = id(&format!("user/{}", user.username));
    insert(
        conn,
        "users",
        vec![json!({
            "id": account, "username": user.username, "full_name": format!("{} (trình diễn)", user.username), "role": role,
            "locality_id": locality, "organisation_id": organisation, "must_change_password": false,
            "active": true, "auth_version": 1, "scope_path": "0.",
        })],
    )?;
    sql_query("SELECT app_replace_password($1, $2, NULL)")
        .bind::<SqlUuid, _>(account)
        .bind::<Text, _>(hash)
        .execute(conn)?;
    Ok(())
}

fn exists(conn: &mut PgConnection, table: &'static str, row: Uuid) -> bool {
    let found = sql_query(format!("SELECT FROM {table} WHERE id = $1")).bind::<SqlUuid, _>(row).execute(conn);
    found == Ok(1)
}

/// Inserts rows with the fields of the first; other columns have their defaults.
fn insert(conn: &mut PgConnection, table: &'static str, rows: Vec<Value>) -> Result<()> {
    let Some(fields) = rows.first().and_then(Value::as_object) else { return Ok(()) };
    let columns = fields.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    sql_query(format!(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, $1)"
    ))
    .bind::<Jsonb, _>(Value::from(rows))
    .execute(conn)?;
    Ok(())
}

/// Whether a day is not after today.
fn until(today: NaiveDate, day: &str) -> bool {
    day.parse::<NaiveDate>().is_ok_and(|day| day <= today)
}

/// Formats the accounts for the terminal.
pub fn lines(users: &[DemoUser]) -> Vec<String> {
    if users.is_empty() {
        return Vec::new();
    }
    let title = format!("  demonstration users, password {PASSWORD}:");
    let accounts = users.iter().map(|user| format!("    {:<16} {}", user.username, user.office));
    std::iter::once(title).chain(accounts).collect()
}
