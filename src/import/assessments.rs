//! Imports assessments of existing households, of this year or of years before the system.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use ketnghia_macros::input;
use serde_json::Value;
use uuid::Uuid;

use super::Import;
use super::cells::Wrong;
use super::columns::Column;
use super::known_households::is_somebody_else;
use super::line::Line;
use super::places::Places;
use super::poverty::Finding;
use super::report::Fault;
use super::table::Row;
use super::{households, poverty};
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::text::plain;
use crate::needs::household_assessments::model::{AssessmentStatus, NewAssessment, RoundKind};
use crate::needs::household_assessments::queries::{self as assessments, AssessmentRow, create};
use crate::needs::households::HouseholdId;
use crate::needs::households::poverty::{Indicator, PovertyCause, PovertyStatus};
use crate::needs::households::{private, queries};
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;

pub fn columns() -> Vec<Column> {
    let of_household = ["village", "head_name", "head_birth_year", "identity_number"];
    let mut columns: Vec<Column> =
        households::columns().into_iter().filter(|column| of_household.contains(&column.field)).collect();
    for column in &mut columns {
        column.required = false;
        column.about = match column.field {
            "village" => "Needed with the head's name, where there is no identity number",
            "identity_number" => "Of the head: the household is found by it, else by village, name and birth year",
            "head_name" => "As registered; case does not count, accents do",
            _ => "Of the head; empty: the name alone must be unique",
        };
    }
    columns.push(households::year().required().example("2025").about("Year of the assessment, at most this year"));
    columns.extend(poverty::columns());
    columns.push(households::decision());
    columns
}

/// The result of an assessment in a row.
#[input]
#[derive(Debug)]
struct Found {
    poverty_status: PovertyStatus,
    #[serde(default)]
    #[length(..=30)]
    deprivations: Vec<Indicator>,
    #[serde(default)]
    #[length(..=12)]
    poverty_causes: Vec<PovertyCause>,
}

/// A row with the keys for finding its household.
struct Entry {
    line: Line,
    village: Option<LocalityId>,
    head_name: Option<String>,
    birth_year: Option<i32>,
    number: Option<Vec<u8>>,
    finding: Finding,
    found: Found,
}

impl Entry {
    fn assessment(&self, household_id: HouseholdId, today: NaiveDate) -> Result<NewAssessment> {
        let (assessed_on, round) = self.finding.occasion(today, None)?;
        let Found { poverty_status, deprivations, poverty_causes } = &self.found;
        Ok(NewAssessment {
            assessed_on: Some(assessed_on),
            round: Some(round),
            decision_number: self.finding.decision_number.clone(),
            decision_date: self.finding.decision_date,
            ..NewAssessment::of(household_id, *poverty_status, deprivations, poverty_causes)
        })
    }
}

pub fn import(work: &mut Import<'_>, rows: Vec<Row>) -> Result<()> {
    let places = Places::load(work.tx.conn)?;
    let entries: Vec<Entry> = rows.into_iter().filter_map(|row| entry(work, &places, row)).collect();
    let homes = Homes::load(work, &entries)?;
    let mut found = Vec::new();
    for entry in entries {
        match homes.find(&entry) {
            Ok(home) => found.push((home, entry)),
            Err((field, wrong)) => work.wrong(entry.line, field, wrong),
        }
    }
    let ids: Vec<HouseholdId> = found.iter().map(|(home, _)| *home).collect();
    let mut known: HashMap<(HouseholdId, i32), AssessmentRow> = HashMap::new();
    for row in assessments::of_households(&mut work.tx, &ids)? {
        if row.round.kind == RoundKind::Annual {
            known.insert((row.household_id, row.round.year), row);
        }
    }
    let mut lines: HashMap<(HouseholdId, i32), Line> = HashMap::new();
    for (home, entry) in &found {
        let new = entry.assessment(*home, work.tx.today);
        let Some(new) = work.accept(entry.line, new) else { continue };
        let year = new.round.map_or(0, |round| round.year);
        if let Some(first) = lines.insert((*home, year), entry.line) {
            work.error(entry.line, "poverty_year", &Fault::SameAsLine(first));
            continue;
        }
        match known.get(&(*home, year)) {
            Some(known) => keep(work, entry.line, &new, known),
            None => add(work, entry.line, new)?,
        }
    }
    Ok(())
}

fn entry(work: &mut Import<'_>, places: &Places, mut row: Row) -> Option<Entry> {
    poverty::gather(work, &mut row);
    let line = row.line;
    let named = row.fields.contains_key("village");
    let village = work.place(places, &mut row, "village", &[LocalityLevel::Village], None);
    let head_name = row.take_text("head_name");
    let birth_year = row.fields.remove("head_birth_year").and_then(|year| i32::try_from(year.as_i64()?).ok());
    let number = row.take_text("identity_number").map(|number| work.tx.secrets.blind_index(&number));
    let finding: Option<Finding> = work.valid(line, row.take(&["poverty_year", "decision_number"]));
    for (field, missing) in [("village", !named), ("head_name", head_name.is_none())] {
        if row.sound && missing && number.is_none() {
            work.refuse(line, &Problem::field(format!("#/{field}"), FieldCode::REQUIRED));
        }
    }
    if !row.sound || (named && village.is_none()) {
        return None;
    }
    let found = work.valid(line, Value::Object(row.fields));
    let is_named = number.is_some() || (village.is_some() && head_name.is_some());
    is_named.then_some(Entry { line, village, head_name, birth_year, number, finding: finding?, found: found? })
}

/// A household with the birth year of its head.
struct Home {
    id: HouseholdId,
    birth_year: Option<i32>,
}

/// The households that rows of the file may match.
struct Homes {
    by_name: HashMap<(LocalityId, String), Vec<Home>>,
    by_number: HashMap<Vec<u8>, Vec<HouseholdId>>,
    numbers: HashMap<HouseholdId, Vec<u8>>,
    /// Names and birth years.
    heads: HashMap<HouseholdId, (String, Option<i32>)>,
}

impl Homes {
    fn load(work: &mut Import<'_>, entries: &[Entry]) -> Result<Self> {
        let villages: HashSet<LocalityId> = entries.iter().filter_map(|entry| entry.village).collect();
        let indexes: Vec<Vec<u8>> = entries.iter().filter_map(|entry| entry.number.clone()).collect();
        let mut homes =
            Self { by_name: HashMap::new(), by_number: HashMap::new(), numbers: HashMap::new(), heads: HashMap::new() };
        let mut ids = Vec::new();
        for row in queries::of_villages(&mut work.tx, &villages)? {
            ids.push(row.id);
            let home = Home { id: row.id, birth_year: row.head_birth_year };
            homes.by_name.entry((row.village_id, plain(&row.head_name))).or_default().push(home);
            homes.heads.insert(row.id, (row.head_name, row.head_birth_year));
        }
        for row in private::numbers(work.tx.conn, &ids, &indexes)? {
            if let Some(index) = row.identity_number_index
                && homes.numbers.insert(row.household_id, index.clone()).is_none()
            {
                homes.by_number.entry(index).or_default().push(row.household_id);
            }
        }
        let unnamed: HashSet<HouseholdId> =
            homes.numbers.keys().filter(|id| !homes.heads.contains_key(*id)).copied().collect();
        for row in queries::of_ids(&mut work.tx, &unnamed)? {
            homes.heads.insert(row.id, (row.head_name, row.head_birth_year));
        }
        Ok(homes)
    }

    fn has_another_head(&self, entry: &Entry, id: HouseholdId) -> bool {
        let named = entry.head_name.as_deref().zip(self.heads.get(&id));
        named.is_some_and(|(name, (known, year))| is_somebody_else((name, entry.birth_year), (known.as_str(), *year)))
    }

    /// Finds a household by identity number, else by name, because its number may not have been entered.
    fn find(&self, entry: &Entry) -> Result<HouseholdId, (&'static str, Wrong)> {
        let numbered = entry.number.as_ref().and_then(|number| self.by_number.get(number));
        match numbered.map(Vec::as_slice) {
            Some([only]) if self.has_another_head(entry, *only) => {
                return Err(("identity_number", Wrong::List(Fault::OtherHousehold)));
            }
            Some([only]) => return Ok(*only),
            Some([_, ..]) => return Err(("identity_number", Wrong::List(Fault::Ambiguous))),
            _ => {}
        }
        let (Some(village), Some(name)) = (entry.village, &entry.head_name) else {
            return Err(("identity_number", Wrong::Field(FieldCode::NOT_FOUND)));
        };
        let named = self.by_name.get(&(village, plain(name))).into_iter().flatten();
        let meant: Vec<HouseholdId> = named
            .filter(|home| entry.birth_year.is_none() || home.birth_year == entry.birth_year)
            .filter(|home| entry.number.is_none() || !self.numbers.contains_key(&home.id))
            .map(|home| home.id)
            .collect();
        match meant.as_slice() {
            [only] => Ok(*only),
            [] => Err(("head_name", Wrong::Field(FieldCode::NOT_FOUND))),
            _ => Err(("head_name", Wrong::List(Fault::Ambiguous))),
        }
    }
}

fn add(work: &mut Import<'_>, line: Line, new: NewAssessment) -> Result<()> {
    if work.write(line, |tx| create(tx, Uuid::now_v7().into(), new))? {
        work.report.added += 1;
    }
    Ok(())
}

/// Leaves an existing assessment unchanged; differences are warnings.
fn keep(work: &mut Import<'_>, line: Line, new: &NewAssessment, known: &AssessmentRow) {
    for field in poverty::differences(new, known) {
        work.warn(line, field, &Fault::Differs);
    }
    if known.status != AssessmentStatus::Confirmed {
        work.warn(line, "poverty_year", &Fault::ProposalWaits);
    }
    work.report.known += 1;
}
