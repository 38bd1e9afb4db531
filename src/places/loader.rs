//! Loads the catalogue of places into the database: both eras, the successors of each place, and the later
//! changes. Ids are UUIDv5 of era and code, the same in every installation. A digest of the
//! files is stored, so that a start with the same files loads nothing.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bytea, Date, Jsonb, Uuid as SqlUuid};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use super::localities::model::{LocalityKind, LocalityLevel};
use crate::kernel::db::schema::data_loads;
use crate::kernel::db::{Db, records};
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::secrets::sha256;

const UNITS_2024: &str = include_str!("../../data/admin_units_2024.csv");
const UNITS_2025: &str = include_str!("../../data/admin_units_2025.csv");
const CHANGES_2025: &str = include_str!("../../data/admin_unit_changes_2025.csv");
const CHANGES_2026: &str = include_str!("../../data/admin_unit_changes_2026.csv");

/// UUIDv5 namespace of the ids of the catalogue.
const NAMESPACE: Uuid = uuid!("6b1a4c8e-6a53-5d5f-9c39-0d2f5d0f7a11");
const LAST_DAY_OF_DISTRICTS: &str = "2025-06-30";
const FIRST_DAY_WITHOUT: &str = "2025-07-01";
/// Part of the digest; incremented when the interpretation of the files changes.
const READING: u8 = 1;

/// The part of the catalogue to load.
#[derive(Clone, Copy)]
pub enum Selection<'a> {
    Everything,
    /// Present provinces by code, with their predecessors; for tests.
    Provinces(&'a [&'a str]),
}

/// Whether a catalogue is loaded.
pub fn is_loaded(db: &Db) -> Result<bool> {
    db.as_system(|conn| Ok(diesel::select(exists(data_loads::table.find("places"))).get_result(conn)?))
}

/// Loads the whole catalogue, unless the same files are loaded.
pub fn load(db: &Db, today: NaiveDate) -> Result<()> {
    load_selection(db, today, Selection::Everything)
}

pub fn load_selection(db: &Db, today: NaiveDate, selection: Selection<'_>) -> Result<()> {
    let digest = sha256([UNITS_2024, UNITS_2025, CHANGES_2025, CHANGES_2026, &READING.to_string()].concat().as_bytes());
    db.as_system(|conn| {
        #[derive(QueryableByName)]
        struct Loaded {
            #[diesel(sql_type = Bytea)]
            digest: Vec<u8>,
        }
        let loaded: Option<Loaded> = sql_query("SELECT digest FROM data_loads WHERE name = 'places'").get_result(conn).optional()?;
        let is_first = loaded.is_none();
        if loaded.is_some_and(|loaded| loaded.digest == digest) {
            return Ok(());
        }
        // The first load has one audit entry (app_audit_catalogue), a later one has an entry for each change.
        records::set(conn, "step", if is_first { "catalogue" } else { "catalogue_update" })?;
        // The load is one transaction, whose statements take longer than those of any request.
        sql_query("SELECT set_config('statement_timeout', '5min', true)").execute(conn)?;
        let catalogue = Catalogue::read(selection)?;
        insert(conn, INSERT_LOCALITIES, &catalogue.placed_localities())?;
        insert(conn, INSERT_VERSIONS, &catalogue.versions)?;
        insert(conn, INSERT_SUCCESSIONS, &catalogue.successions)?;
        if is_first {
            let counts = json!({
                "localities": catalogue.localities.len(),
                "locality_versions": catalogue.versions.len(),
                "locality_successions": catalogue.successions.len(),
            });
            sql_query("SELECT app_audit_catalogue($1, $2)")
                .bind::<SqlUuid, _>(NAMESPACE)
                .bind::<Jsonb, _>(counts)
                .execute(conn)?;
        }
        sql_query("INSERT INTO data_loads (name, digest, loaded_at) VALUES ('places', $1, app_now()) ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, loaded_at = excluded.loaded_at")
            .bind::<Bytea, _>(&digest)
            .execute(conn)?;
        sql_query("SELECT app_set_tree_day($1)").bind::<Date, _>(today).execute(conn)?;
        sql_query("SELECT app_analyze_places()").execute(conn)?;
        Ok(())
    })
}

/// Returns the id of a locality of the catalogue; `era` is the year of its code, 2024 or 2025.
pub fn locality_id(era: u16, code: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("locality/{era}/{code}").as_bytes())
}

/// Inserts each place with its path in the tree of today, below the place that it `lies_in`. `app_set_tree_day` decides on every
/// path; a row that is inserted right needs no update, which foreign keys of 13 tables would cascade for each row.
const INSERT_LOCALITIES: &str = "
    WITH RECURSIVE given AS MATERIALIZED (
      SELECT r.*, coalesce(l.label, app_base36(nextval('locality_labels'))) AS label
        FROM jsonb_to_recordset($1) AS r(id uuid, level text, valid_from date, valid_to date, name text, code text, kind text,
             parent_id uuid, lies_in uuid)
        LEFT JOIN localities l USING (id)
    ), placed AS (
      SELECT g.id, '0.' || g.label || '.' AS path, g.id AS province_id, NULL::uuid AS district_id, NULL::uuid AS commune_id
        FROM given g WHERE g.lies_in IS NULL
      UNION ALL
      SELECT g.id, p.path || g.label || '.', p.province_id,
             CASE WHEN g.level = 'district' AND g.valid_to IS NULL THEN g.id ELSE p.district_id END,
             CASE WHEN g.level = 'commune' AND g.valid_to IS NULL THEN g.id ELSE p.commune_id END
        FROM placed p JOIN given g ON g.lies_in = p.id
    )
    INSERT INTO localities (id, label, level, valid_from, valid_to, name, code, kind, parent_id, scope_path, province_id, district_id, commune_id)
    SELECT g.id, g.label, g.level, g.valid_from, g.valid_to, g.name, g.code, g.kind, g.parent_id,
           p.path, p.province_id, p.district_id, p.commune_id
      FROM given g JOIN placed p USING (id)
    ON CONFLICT (id) DO UPDATE SET valid_from = excluded.valid_from, valid_to = excluded.valid_to";

const INSERT_VERSIONS: &str = "
    INSERT INTO locality_versions (id, locality_id, name, code, kind, parent_id, valid_from, valid_to, legal_basis)
    SELECT r.* FROM jsonb_to_recordset($1)
        AS r(id uuid, locality_id uuid, name text, code text, kind text, parent_id uuid, valid_from date, valid_to date, legal_basis text)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, code = excluded.code, kind = excluded.kind, parent_id = excluded.parent_id,
        valid_from = excluded.valid_from, valid_to = excluded.valid_to, legal_basis = excluded.legal_basis";

const INSERT_SUCCESSIONS: &str = "
    INSERT INTO locality_successions (id, predecessor_id, successor_id, effective_on, extent, certain, legal_basis)
    SELECT r.* FROM jsonb_to_recordset($1)
        AS r(id uuid, predecessor_id uuid, successor_id uuid, effective_on date, extent text, certain boolean, legal_basis text)
    ON CONFLICT (id) DO UPDATE SET extent = excluded.extent, certain = excluded.certain";

fn insert(conn: &mut PgConnection, sql: &str, rows: &[Value]) -> Result<()> {
    sql_query(sql).bind::<Jsonb, _>(Value::from(rows)).execute(conn)?;
    Ok(())
}

#[derive(Clone, Deserialize)]
struct Unit {
    code: String,
    name: String,
    kind: String,
    parent_code: String,
}

#[derive(Deserialize)]
struct Change {
    level: String,
    old_code: String,
    new_code: String,
    extent: String,
    unambiguous: String,
    source_note: String,
}

#[derive(Deserialize)]
struct Rename {
    code: String,
    new_name: String,
    effective_from: NaiveDate,
    legal_basis: String,
}

/// The rows to be inserted.
#[derive(Default)]
struct Catalogue {
    localities: Vec<(Uuid, Value)>,
    versions: Vec<Value>,
    successions: Vec<Value>,
    /// The parent of each place in its last version.
    parents: HashMap<Uuid, Uuid>,
    /// The certain successor of a place.
    successors: HashMap<Uuid, Uuid>,
}

impl Catalogue {
    fn read(selection: Selection<'_>) -> Result<Self> {
        let (mut before, mut after): (Vec<Unit>, Vec<Unit>) = (parse(UNITS_2024)?, parse(UNITS_2025)?);
        let changes: Vec<Change> = parse(CHANGES_2025)?;
        if let Selection::Provinces(codes) = selection {
            let old_codes: Vec<&str> = changes
                .iter()
                .filter(|change| change.level == "province" && codes.contains(&change.new_code.as_str()))
                .map(|change| change.old_code.as_str())
                .collect();
            after = below(after, codes);
            before = below(before, &old_codes);
        }
        // A unit that continued unchanged or was renamed is the same locality.
        let goes_on: HashMap<&str, &str> = changes
            .iter()
            .filter(|change| matches!(change.extent.as_str(), "unchanged" | "renamed"))
            .map(|change| (change.new_code.as_str(), change.old_code.as_str()))
            .collect();
        let continuing: HashSet<&str> = goes_on.values().copied().collect();
        let id_after =
            |code: &str| goes_on.get(code).map_or_else(|| locality_id(2025, code), |old| locality_id(2024, old));

        let mut catalogue = Self::default();
        for unit in &before {
            let id = locality_id(2024, &unit.code);
            let ends = if continuing.contains(unit.code.as_str()) { None } else { Some(LAST_DAY_OF_DISTRICTS) };
            let parent = Some(&unit.parent_code).filter(|code| !code.is_empty()).map(|code| locality_id(2024, code));
            catalogue.add_locality(id, unit, None, ends)?;
            catalogue.add_version(id, unit, parent, (None, Some(LAST_DAY_OF_DISTRICTS.to_owned())), None)?;
        }
        let renames: Vec<Rename> = parse(CHANGES_2026)?;
        for unit in &after {
            let id = id_after(&unit.code);
            if !goes_on.contains_key(unit.code.as_str()) {
                catalogue.add_locality(id, unit, Some(FIRST_DAY_WITHOUT), None)?;
            }
            let parent = Some(&unit.parent_code).filter(|code| !code.is_empty()).map(|code| id_after(code));
            let rename = renames.iter().find(|rename| rename.code == unit.code);
            let last_day = rename.and_then(|rename| rename.effective_from.pred_opt()).map(|day| day.to_string());
            catalogue.add_version(id, unit, parent, (Some(FIRST_DAY_WITHOUT.to_owned()), last_day), None)?;
            if let Some(rename) = rename {
                let renamed = renamed(unit, &rename.new_name)?;
                let from = (Some(rename.effective_from.to_string()), None);
                catalogue.add_version(id, &renamed, parent, from, Some(&rename.legal_basis))?;
            }
        }
        catalogue.add_successions(&changes, &before, &after);
        Ok(catalogue)
    }

    /// The localities, each with its last parent and the place that it lies in today: its certain successor, or that parent.
    fn placed_localities(&self) -> Vec<Value> {
        let placed = |(id, row): &(Uuid, Value)| {
            let parent = self.parents.get(id);
            let mut row = row.clone();
            if let Some(fields) = row.as_object_mut() {
                fields.insert("parent_id".into(), json!(parent));
                fields.insert("lies_in".into(), json!(self.successors.get(id).or(parent)));
            }
            row
        };
        self.localities.iter().map(placed).collect()
    }

    fn add_locality(&mut self, id: Uuid, unit: &Unit, from: Option<&str>, to: Option<&str>) -> Result<()> {
        let row = json!({
            "id": id, "level": level(&unit.code).as_str(), "valid_from": from, "valid_to": to,
            "name": unit.name, "code": unit.code, "kind": kind(&unit.kind)?.as_str(),
        });
        self.localities.push((id, row));
        Ok(())
    }

    fn add_version(
        &mut self,
        id: Uuid,
        unit: &Unit,
        parent: Option<Uuid>,
        days: (Option<String>, Option<String>),
        basis: Option<&str>,
    ) -> Result<()> {
        let (from, to) = days;
        match parent {
            Some(parent) => self.parents.insert(id, parent),
            None => self.parents.remove(&id),
        };
        let name = format!("version/{id}/{}", from.as_deref().unwrap_or_default());
        self.versions.push(json!({
            "id": Uuid::new_v5(&NAMESPACE, name.as_bytes()), "locality_id": id, "name": unit.name, "code": unit.code,
            "kind": kind(&unit.kind)?.as_str(), "parent_id": parent, "valid_from": from, "valid_to": to, "legal_basis": basis,
        }));
        Ok(())
    }

    fn add_successions(&mut self, changes: &[Change], before: &[Unit], after: &[Unit]) {
        let known_before: HashSet<&str> = before.iter().map(|unit| unit.code.as_str()).collect();
        let known_after: HashSet<&str> = after.iter().map(|unit| unit.code.as_str()).collect();
        let mut joined: HashMap<(Uuid, Uuid), (&Change, bool)> = HashMap::new();
        let kept = changes.iter().filter(|change| {
            !matches!(change.extent.as_str(), "unchanged" | "renamed" | "abolished")
                && known_before.contains(change.old_code.as_str())
                && known_after.contains(change.new_code.as_str())
        });
        for change in kept {
            let pair = (locality_id(2024, &change.old_code), locality_id(2025, &change.new_code));
            let certain = change.unambiguous == "yes";
            let entry = joined.entry(pair).or_insert((change, certain));
            // Two parts of one commune may have the same successor.
            if certain && !entry.1 {
                *entry = (change, true);
            }
        }
        for ((predecessor, successor), (change, certain)) in joined {
            if certain {
                self.successors.insert(predecessor, successor);
            }
            let name = format!("succession/{predecessor}/{successor}");
            self.successions.push(json!({
                "id": Uuid::new_v5(&NAMESPACE, name.as_bytes()), "predecessor_id": predecessor, "successor_id": successor,
                "effective_on": FIRST_DAY_WITHOUT, "extent": change.extent, "certain": certain, "legal_basis": change.source_note,
            }));
        }
    }
}

/// Returns the given provinces and the units in them.
fn below(units: Vec<Unit>, provinces: &[&str]) -> Vec<Unit> {
    let parents: HashMap<String, String> =
        units.iter().map(|unit| (unit.code.clone(), unit.parent_code.clone())).collect();
    let root = |code: &str| {
        let mut at = code.to_owned();
        while let Some(parent) = parents.get(&at).filter(|parent| !parent.is_empty()) {
            at = parent.clone();
        }
        at
    };
    units.into_iter().filter(|unit| provinces.contains(&root(&unit.code).as_str())).collect()
}

fn parse<T: for<'de> Deserialize<'de>>(file: &str) -> Result<Vec<T>> {
    csv::Reader::from_reader(file.as_bytes()).deserialize().collect::<Result<_, _>>().map_err(Problem::internal)
}

/// Derives the level from the length of the code.
fn level(code: &str) -> LocalityLevel {
    match code.len() {
        2 => LocalityLevel::Province,
        3 => LocalityLevel::District,
        _ => LocalityLevel::Commune,
    }
}

fn kind(vietnamese: &str) -> Result<LocalityKind> {
    LocalityKind::from_vietnamese(vietnamese)
        .ok_or_else(|| Problem::internal(format!("unknown kind of place: {vietnamese}")))
}

/// Splits a full name such as `Phường Lộc Ninh` into kind and name.
fn renamed(unit: &Unit, full_name: &str) -> Result<Unit> {
    let lower = full_name.to_lowercase();
    for kind in LocalityKind::ALL {
        let word = kind.label_vi();
        if let (true, Some(name)) = (lower.starts_with(&format!("{word} ")), full_name.get(word.len()..)) {
            return Ok(Unit { name: name.trim().to_owned(), kind: word.to_owned(), ..unit.clone() });
        }
    }
    Err(Problem::internal(format!("no kind of place in {full_name}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::value::typed::is_legacy;
    use crate::places::catalogues::data::ethnic_groups;

    #[test]
    fn no_name_of_the_catalogues_looks_like_an_old_encoding() {
        let files = [UNITS_2024, UNITS_2025, CHANGES_2026];
        for cell in files.iter().flat_map(|file| file.lines().skip(1)).flat_map(|line| line.split(',')) {
            assert!(!is_legacy(cell), "{cell}");
        }
        for group in ethnic_groups() {
            assert!(!is_legacy(&group.name_vi), "{}", group.name_vi);
        }
    }

    #[test]
    fn the_catalogue_has_every_place_of_both_eras() {
        let catalogue = Catalogue::read(Selection::Everything).unwrap();
        assert_eq!(catalogue.localities.len(), 63 + 696 + 10_035 + 34 + 3_321 - 131 - 11);
        assert_eq!(catalogue.versions.len(), 63 + 696 + 10_035 + 34 + 3_321 + 11);
        let split = |row: &&Value| row["certain"] == json!(false);
        assert!(catalogue.successions.iter().filter(split).count() > 800);
    }

    #[test]
    fn a_code_means_another_place_in_another_era() {
        assert_ne!(locality_id(2024, "52"), locality_id(2025, "52"));
        assert_eq!(locality_id(2024, "52"), locality_id(2024, "52"));
    }
}
