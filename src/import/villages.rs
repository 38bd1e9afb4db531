//! Imports villages with their counts of households and people by year: one row for each village, or one for each year.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::Import;
use super::cells::{Reads, Words};
use super::columns::Column;
use super::line::Line;
use super::places::{Place, Places};
use super::report::Fault;
use super::table::Row;
use super::years::{self, Entry, YearRow};
use crate::access::tx::Tx;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::text::plain;
use crate::places::catalogues::data;
use crate::places::localities::LocalityId;
use crate::places::localities::flags::LocalityFlagWord;
use crate::places::localities::model::{LocalityKind, LocalityLevel, NewLocality};
use crate::places::localities::profiles::VillageProfile;
use crate::places::localities::{flags, names, profiles, queries, search};

pub fn columns() -> Vec<Column> {
    let is_of_village = |code: &str| LocalityKind::ALL.iter().any(|kind| kind.as_str() == code && kind.is_of_village());
    let mut kinds = LocalityKind::catalogue();
    kinds.retain(|kind| is_of_village(&kind.code));
    let spellings = data::ethnic_group_spellings();
    let also: Vec<(&str, &str)> = spellings.iter().map(|(name, code)| (name.as_str(), code.as_str())).collect();
    let mark = |flag: &'static str, heading: &'static str, also: &'static [&'static str]| {
        Column::new(flag, heading, Reads::Mark)
            .also(also)
            .example("x")
            .about("x if it applies; the flag has no decision")
    };
    vec![
        Column::new("name", "Tên thôn, làng", Reads::Text)
            .also(&["tên", "thôn", "làng", "thôn, làng", "tên thôn", "tên làng", "village"])
            .required()
            .example("Tung")
            .about("The kind in front of it is taken off: làng Tung is Tung"),
        Column::new("kind", "Loại", Reads::Word(Words::new(kinds, &[]))).also(&["loại hình"]).required().example("làng"),
        Column::new("commune", "Xã", Reads::Text)
            .also(&["mã xã", "xã, phường", "xã/phường", "parent_id"])
            .example("23884")
            .about("Code, name or id; needed where the acting user manages more than one. One that has ended is replaced by its successor"),
        Column::new("current_commune", "Xã hiện nay", Reads::Text)
            .also(&["mã xã hiện nay", "current_parent_id"])
            .about("The present commune, if the commune was split"),
        Column::new("code", "Mã", Reads::Text).also(&["mã thôn", "mã thôn, làng", "mã làng"]).about("The village's own code, if it has one"),
        Column::new("valid_from", "Có từ ngày", Reads::Day).also(&["ngày thành lập"]).about("Day/month/year; empty: no first day"),
        Column::new("year", "Năm", Reads::Year).example("2026").about("Year of the counts; a village may have a row for each year"),
        Column::new("households", "Số hộ", Reads::Integer).also(&["tổng số hộ", "hộ"]).example("164").about("Households in that year"),
        Column::new("population", "Dân số", Reads::Integer)
            .also(&["số dân", "tổng số nhân khẩu"])
            .example("702")
            .about("People in that year"),
        Column::new("minority_households", "Số hộ DTTS", Reads::Integer)
            .also(&["hộ dtts", "số hộ dân tộc thiểu số", "hộ dân tộc thiểu số", "hộ đồng bào dtts"])
            .example("158")
            .about("Households of ethnic minorities in that year"),
        Column::new("ethnic_groups", "Dân tộc", Reads::Words(Words::new(data::ethnic_groups(), &also)))
            .also(&["thành phần dân tộc"])
            .example("Gia-rai")
            .about("The main ones, by name or code"),
        mark("border", "Biên giới", &["thôn biên giới"]),
        mark("extremely_difficult", "Đặc biệt khó khăn", &["đbkk", "thôn đặc biệt khó khăn", "thôn đbkk"]),
        mark("upland", "Miền núi, vùng cao", &["miền núi", "vùng cao"]),
        mark("lowland", "Vùng thấp, đồng bằng", &["vùng thấp", "đồng bằng"]),
        mark("ethnic_minority", "Thôn đồng bào DTTS", &["thôn dtts", "làng dtts", "thôn, làng đồng bào dtts"]),
        Column::new("latitude", "Vĩ độ", Reads::Decimal).example("13.78").about("Decimal degrees"),
        Column::new("longitude", "Kinh độ", Reads::Decimal).example("107.47").about("Decimal degrees"),
    ]
}

type Key = (LocalityId, LocalityKind, String);
type VillageEntry = Entry<Village, VillageProfile>;

/// A village of the file.
struct Village {
    new: NewLocality,
    flags: Vec<LocalityFlagWord>,
}

pub fn import(work: &mut Import<'_>, rows: Vec<Row>) -> Result<()> {
    let places = Places::load(work.tx.conn)?;
    let read = rows.into_iter().filter_map(|row| village(work, &places, row)).collect();
    let entries: Vec<VillageEntry> = years::join(work, read, "name", |profile| profile.year);
    let known = Known::load(work, &places, &entries)?;
    let mut made = HashMap::new();
    for entry in entries {
        let line = entry.line;
        match known.find(&entry) {
            Some(place) => add_years(work, &known, place, entry)?,
            None => made.extend(add(work, entry)?.map(|id| (id, line))),
        }
    }
    warn_of_twins(work, &made)
}

/// Warns once of each new village that may be another one.
fn warn_of_twins(work: &mut Import<'_>, made: &HashMap<LocalityId, Line>) -> Result<()> {
    let ids: Vec<LocalityId> = made.keys().copied().collect();
    let mut said = HashSet::new();
    for (id, other) in search::possible_duplicates(&mut work.tx, &ids)? {
        let Some(line) = made.get(&id) else { continue };
        let other = made.get(&other);
        if other.is_some_and(|other| other > line) || !said.insert(id) {
            continue;
        }
        work.warn(*line, "name", &other.map_or(Fault::DuplicateVillage, |other| Fault::DuplicateOfLine(*other)));
    }
    Ok(())
}

/// Converts a row to the body of a request.
fn village(work: &mut Import<'_>, places: &Places, mut row: Row) -> Option<YearRow<Key, Village, VillageProfile>> {
    let line = row.line;
    let named = row.fields.contains_key("commune");
    let commune = match work.place(places, &mut row, "commune", &[LocalityLevel::Commune], None) {
        None if !named => places.only_commune(),
        found => found,
    };
    if commune.is_none() && !named {
        work.refuse(line, &Problem::field("#/commune", FieldCode::REQUIRED));
    }
    let split = row.fields.contains_key("current_commune");
    let current = work.place(places, &mut row, "current_commune", &[LocalityLevel::Commune], None);
    let profile = row.take(&["year", "households", "population", "minority_households"]);
    if profile.as_object().is_some_and(|counts| counts.keys().any(|field| field != "year")) {
        row.fields.insert("profiles".into(), json!([profile]));
    }
    let flags = LocalityFlagWord::ALL.iter().copied();
    let flags = flags.filter(|flag| row.fields.remove(flag.as_str()) == Some(Value::Bool(true))).collect();
    if !row.sound || commune.is_none() || (split && current.is_none()) {
        return None;
    }
    for (field, place) in [("parent_id", commune), ("current_parent_id", current)] {
        if let Some(place) = place {
            row.fields.insert(field.into(), place.to_string().into());
        }
    }
    let mut new: NewLocality = work.valid(line, Value::Object(row.fields))?;
    let year = std::mem::take(&mut new.profiles).pop();
    new.name = work.accept(line, names::checked(&new.name, new.kind))?;
    Some((line, key(new.parent_id, new.kind, &new.name), Village { new, flags }, year))
}

fn key(parent: LocalityId, kind: LocalityKind, name: &str) -> Key {
    (parent, kind, plain(name))
}

/// The existing villages.
struct Known<'p> {
    by_key: HashMap<Key, &'p Place>,
    by_code: HashMap<(LocalityId, &'p str), &'p Place>,
    years: HashMap<LocalityId, Vec<VillageProfile>>,
    flags: HashSet<(LocalityId, LocalityFlagWord)>,
}

impl<'p> Known<'p> {
    fn load(work: &mut Import<'_>, places: &'p Places, entries: &[VillageEntry]) -> Result<Self> {
        let villages: HashMap<LocalityId, &Place> = places.villages().map(|place| (place.id, place)).collect();
        let ids: Vec<LocalityId> = villages.keys().copied().collect();
        let mut known =
            Self { by_key: HashMap::new(), by_code: HashMap::new(), years: HashMap::new(), flags: HashSet::new() };
        // Indexed under every commune in which a village has lain, because a list may contain a former one.
        for (id, parent) in queries::parents(&mut work.tx, &ids)? {
            let Some(place) = villages.get(&id) else { continue };
            known.by_key.insert(key(parent, place.kind, &place.name), place);
            if let Some(code) = &place.code {
                known.by_code.insert((parent, code), place);
            }
        }
        let spoken_of: Vec<LocalityId> =
            entries.iter().filter_map(|entry| known.find(entry)).map(|place| place.id).collect();
        for (id, profile) in profiles::of_villages(&mut work.tx, &spoken_of)? {
            known.years.entry(id).or_default().push(profile);
        }
        known.flags.extend(flags::of_today(&mut work.tx, &spoken_of)?);
        Ok(known)
    }

    fn find(&self, entry: &VillageEntry) -> Option<&'p Place> {
        let new = &entry.new.new;
        let by_code = new.code.as_deref().and_then(|code| self.by_code.get(&(new.parent_id, code)));
        by_code.or_else(|| self.by_key.get(&key(new.parent_id, new.kind, &new.name))).copied()
    }
}

fn add(work: &mut Import<'_>, entry: VillageEntry) -> Result<Option<LocalityId>> {
    let rows = entry.rows();
    let Village { mut new, flags } = entry.new;
    new.profiles = entry.years.into_iter().map(|(_, profile)| profile).collect();
    let id = LocalityId(Uuid::now_v7());
    let create = |tx: &mut Tx<'_>| {
        queries::create(tx, id, new)?;
        flags::declare(tx, id, &flags)
    };
    if !work.write(entry.line, create)? {
        return Ok(None);
    }
    work.report.added += rows;
    Ok(Some(id))
}

/// Adds missing years to an existing village; other differences are warnings.
fn add_years(work: &mut Import<'_>, known: &Known<'_>, place: &Place, entry: VillageEntry) -> Result<()> {
    for field in differences(&entry.new.new, place) {
        work.warn(entry.line, field, &Fault::Differs);
    }
    for flag in entry.new.flags.iter().filter(|flag| !known.flags.contains(&(place.id, **flag))) {
        work.warn(entry.line, flag.as_str(), &Fault::Differs);
    }
    let mut profiles = known.years.get(&place.id).cloned().unwrap_or_default();
    let mut new_years = 0;
    let rows = entry.rows();
    for (line, profile) in entry.years {
        let position = profiles.iter().position(|known| known.year == profile.year);
        let known = position.map_or_else(|| VillageProfile::of_register(profile.year), |at| profiles.remove(at));
        let new = VillageProfile { poor: known.poor, near_poor: known.near_poor, ..profile };
        if known == new {
            profiles.push(known);
        } else if known.is_counted() {
            work.warn(line, "year", &Fault::Differs);
            profiles.push(known);
        } else {
            profiles.push(new);
            new_years += 1;
        }
    }
    work.report.known += rows - new_years;
    if new_years == 0 {
        return Ok(());
    }
    let Some(changes) = work.valid(entry.line, json!({"profiles": profiles})) else { return Ok(()) };
    if work.write(entry.line, |tx| queries::update(tx, place.id, changes))? {
        work.report.completed += new_years;
    }
    Ok(())
}

fn differences(new: &NewLocality, place: &Place) -> Vec<&'static str> {
    let fields = [
        ("name", plain(&new.name) != plain(&place.name)),
        ("kind", new.kind != place.kind),
        ("code", new.code.is_some() && new.code != place.code),
        ("ethnic_groups", !new.ethnic_groups.is_empty() && new.ethnic_groups != place.ethnic_groups),
        ("latitude", new.latitude.is_some() && new.latitude != place.latitude),
        ("longitude", new.longitude.is_some() && new.longitude != place.longitude),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}
