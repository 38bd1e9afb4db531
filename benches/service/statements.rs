//! The statements of a call of the service, as scripts of pgbench: bare, and entered as the service enters a transaction.

use std::fmt::Write;

use chrono::Utc;
use serde_json::Value;

use crate::caller::Caller;

/// A script of pgbench.
pub struct Statements(pub String);

fn entry(caller: &Caller, mode: &str) -> String {
    let now = Utc::now().to_rfc3339();
    let version = caller.row.get("auth_version").and_then(Value::as_i64).unwrap_or(1);
    format!("BEGIN{mode};\nSELECT app_enter('{0}', {version}, -1, '{now}', '{0}');\n", caller.session)
}

/// The coverage of the villages of a province in a year.
pub fn coverage_of(province: &Caller, year: i32, entered: bool) -> Statements {
    let path = province.text("path");
    let range = match entered {
        true => "v.scope_path >= (SELECT app_low()) AND v.scope_path < (SELECT app_high())".to_owned(),
        false => format!("v.scope_path >= '{path}' AND v.scope_path < '{}/'", path.trim_end_matches('.')),
    };
    let select = format!(
        "SELECT v.id, v.name, s.*,
                (SELECT count(*) FROM hardship_lists l WHERE l.village_id = v.id AND l.year = {year} AND l.status IN ('approved', 'closed')),
                (SELECT count(*) FROM hardship_items i WHERE i.village_id = v.id AND i.approved AND i.status = 'open'),
                (SELECT count(*) FROM twinnings t WHERE t.locality_id IN (v.id, v.commune_id, v.province_id) AND t.starts_on <= current_date
                    AND (t.last_day IS NULL OR t.last_day >= current_date))
           FROM localities v
           LEFT JOIN LATERAL (
             SELECT max(y.last_visit_on), max(y.last_holiday_visit_on), max(y.last_gift_on),
                    sum(y.visits) FILTER (WHERE y.starts_on = '{year}-01-01'), sum(y.gifts) FILTER (WHERE y.starts_on = '{year}-01-01'),
                    sum(y.gift_value_vnd) FILTER (WHERE y.starts_on = '{year}-01-01'), sum(y.households) FILTER (WHERE y.starts_on = '{year}-01-01')
               FROM support_summaries y WHERE y.place_id = v.id AND y.level = 'place' AND y.period = 'year') s ON true
          WHERE v.level = 'village' AND {range} ORDER BY v.name;\n"
    );
    if entered { Statements(format!("{}{select}COMMIT;\n", entry(province, " READ ONLY"))) } else { Statements(select) }
}

/// The ids of a list of a caller's row, as an array.
fn ids(caller: &Caller, field: &str) -> String {
    let ids = caller.row.get(field).and_then(Value::as_array).into_iter().flatten();
    let ids = ids.filter_map(|entry| entry.get("id").unwrap_or(entry).as_str());
    format!("'{{{}}}'::uuid[]", ids.collect::<Vec<_>>().join(","))
}

/// Two hundred gifts change between recorded and confirmed, so that the script can be repeated.
pub fn confirm_gifts(head: &Caller, entered: bool) -> Statements {
    let update = format!(
        "UPDATE gifts SET status = CASE status WHEN 'recorded' THEN 'confirmed' ELSE 'recorded' END WHERE id = ANY ({});\n",
        ids(head, "items")
    );
    if entered { Statements(format!("{}{update}COMMIT;\n", entry(head, ""))) } else { Statements(update) }
}

/// A gift and its hundred recipients.
pub fn insert_gift_to_many(unit: &Caller, entered: bool) -> Statements {
    let body = format!(
        "SELECT gen_random_uuid() AS gift \\gset
INSERT INTO gifts (id, twinning_id, organisation_id, village_id, scope_path, households_count, category, description, value_vnd, funding_source, given_on, acted_by)
 VALUES (:gift::uuid, '{}', '{}', '{village}', '{}', 100, 'food', 'Gạo', 20000000, 'donor', current_date - 1, '{}');
INSERT INTO gift_recipients (gift_id, household_id, village_id) SELECT :gift::uuid, home, '{village}' FROM unnest({}) home;
",
        unit.text("twinning"),
        unit.text("organisation"),
        unit.text("village_path"),
        unit.session,
        ids(unit, "homes"),
        village = unit.text("village"),
    );
    // Bare, the two statements are still one transaction.
    if entered { written(unit, &body, true) } else { Statements(format!("BEGIN;\n{body}COMMIT;\n")) }
}

/// A page of households; entered, with one query each for their villages, members and phones.
pub fn households_of(caller: &Caller, condition: &str, entered: bool) -> Statements {
    // LIMIT is a parameter, as in the service: the planner estimates it differently from a constant.
    let list = format!("SELECT * FROM households WHERE {condition} ORDER BY head_name, id LIMIT :page;\n");
    const PAGE: &str = "\\set page 51\n";
    if !entered {
        return Statements(format!("{PAGE}{list}"));
    }
    let all = |field: &str| {
        let ids = caller.row.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        ids.collect::<Vec<_>>().join(",")
    };
    let (homes, villages) = (all("homes"), all("villages"));
    let mut script = format!("{PAGE}{}", entry(caller, " READ ONLY"));
    script.push_str(&list);
    let _ = write!(
        script,
        "SELECT l.id, l.name, c.name FROM localities l LEFT JOIN localities c ON c.id = l.commune_id
           WHERE l.id = ANY ('{{{villages}}}');
         SELECT * FROM household_members WHERE household_id = ANY ('{{{homes}}}') ORDER BY created_at, id;
         SELECT * FROM household_private WHERE household_id = ANY ('{{{homes}}}');
         COMMIT;\n"
    );
    Statements(script)
}

const GIFT: &str = "INSERT INTO gifts (id, twinning_id, organisation_id, village_id, scope_path, household_id, category, description, value_vnd, \
    funding_source, given_on, acted_by) VALUES ";

fn gift_values(unit: &Caller) -> String {
    format!(
        "(gen_random_uuid(), '{}', '{}', '{}', '{}', '{}', 'food', 'Gạo', 200000, 'donor', current_date - 1, '{}')",
        unit.text("twinning"),
        unit.text("organisation"),
        unit.text("village"),
        unit.text("village_path"),
        unit.text("home"),
        unit.session,
    )
}

const CLAIM: &str = "SELECT app_claim(gen_random_uuid(), 'gifts', '\\x00');\n";

fn written(unit: &Caller, statements: &str, entered: bool) -> Statements {
    if entered {
        Statements(format!("{}{CLAIM}{statements}COMMIT;\n", entry(unit, "")))
    } else {
        Statements(statements.to_owned())
    }
}

pub fn insert_gift(unit: &Caller, entered: bool) -> Statements {
    written(unit, &format!("{GIFT}{};\n", gift_values(unit)), entered)
}

pub fn insert_visit(unit: &Caller, entered: bool) -> Statements {
    let visit = format!(
        "INSERT INTO visits (id, twinning_id, organisation_id, village_id, scope_path, visited_on, purpose, participants, acted_by) \
         VALUES (gen_random_uuid(), '{}', '{}', '{}', '{}', current_date - 1, 'handover', 4, '{}');\n",
        unit.text("twinning"),
        unit.text("organisation"),
        unit.text("village"),
        unit.text("village_path"),
        unit.session,
    );
    let gifts = vec![gift_values(unit); 5].join(", ");
    let body = format!("{visit}{GIFT}{gifts};\n");
    // Bare, the two statements are still one transaction.
    if entered { written(unit, &body, true) } else { Statements(format!("BEGIN;\n{body}COMMIT;\n")) }
}
