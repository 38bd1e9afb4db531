//! The communes' workbook of the poverty review, in three sheets with one row for each person: households that are poor or near-poor,
//! that are no longer poor, and that are no longer near-poor. Each becomes a household with its members and its annual assessment.

mod form;
mod homes;
mod villages;

use std::collections::HashMap;

use serde_json::{Value, json};

use self::form::Form;
pub use self::form::recognise;
pub use self::homes::Home;
use self::homes::{Person, take_birth};
use self::villages::Villages;
use super::Import;
use super::households;
use super::known_households::Entry;
use super::line::Line;
use super::poverty::Finding;
use super::report::{Fault, Report};
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::text::squeeze;
use crate::needs::households::bodies::{NewHousehold, NewHouseholdMember};

/// Reads the households of all sheets.
pub fn read(forms: &[Form], report: &mut Report) -> Vec<Home> {
    let homes: Vec<Home> = forms.iter().flat_map(|form| homes::read(form, report)).collect();
    report.rows = homes.len();
    homes
}

/// A household whose village may not be known yet.
struct Draft {
    line: Line,
    home: Home,
    person: Person,
    /// Keyed hash of the identity number of the head.
    number: Option<Vec<u8>>,
}

pub fn import(work: &mut Import<'_>, homes: Vec<Home>) -> Result<()> {
    let mut drafts: Vec<Draft> = homes.into_iter().filter_map(|home| draft(work, home)).collect();
    drop_repeated(work, &mut drafts);
    let villages = Villages::load(work, &drafts)?;
    let mut entries = Vec::new();
    for draft in drafts {
        entries.extend(entry(work, &villages, draft));
    }
    households::enter(work, &entries, squeeze)
}

fn draft(work: &mut Import<'_>, mut home: Home) -> Option<Draft> {
    let line = home.line();
    if home.head.sound && home.head.text("head_name").is_none() {
        work.refuse(line, &Problem::field("#/head_name", FieldCode::REQUIRED));
    }
    check(work, &home);
    take_birth(&mut home.head.fields, "head_");
    let name = home.head.text("head_name")?.to_owned();
    let day = home.head.text("head_birth_date").and_then(|day| day.parse().ok());
    let year = home.head.fields.get("head_birth_year").and_then(|year| i32::try_from(year.as_i64()?).ok());
    let number = home.head.text("identity_number").map(|number| work.tx.secrets.blind_index(number));
    Some(Draft { line, home, person: Person::new(&name, day, year), number })
}

/// Compares the number of persons and the mark of a minority with the rows.
fn check(work: &mut Import<'_>, home: &Home) {
    let line = home.line();
    let persons = home.head.fields.get("persons").and_then(Value::as_u64);
    if persons.is_some_and(|persons| usize::try_from(persons) != Ok(home.members.len() + 1)) {
        work.warn(line, "persons", &Fault::PersonsDiffer);
    }
    let marked = home.head.fields.get("minority").and_then(Value::as_bool).unwrap_or_default();
    if home.marks_minority && home.head.text("ethnic_group").is_some_and(|group| (group != "01") != marked) {
        work.warn(line, "minority", &Fault::GroupDiffers);
    }
}

/// Leaves out the households of the later sheets that stand in the first one, whose status they keep.
fn drop_repeated(work: &mut Import<'_>, drafts: &mut Vec<Draft>) {
    let listed = || drafts.iter().filter(|draft| draft.home.part.status().is_none());
    let by_number: HashMap<Vec<u8>, Line> =
        listed().filter_map(|draft| Some((draft.number.clone()?, draft.line))).collect();
    let by_person: HashMap<Person, (Line, bool)> =
        listed().map(|draft| (draft.person.clone(), (draft.line, draft.number.is_some()))).collect();
    drafts.retain(|draft| {
        let numbered = draft.number.as_ref().and_then(|number| by_number.get(number)).copied();
        // A name alone may be that of somebody in another village.
        let named = by_person.get(&draft.person).filter(|_| draft.person.birth.is_some());
        let named = named.filter(|(_, has_number)| !(*has_number && draft.number.is_some()));
        let first = numbered.or(named.map(|(line, _)| *line));
        let Some(first) = first.filter(|_| draft.home.part.status().is_some()) else { return true };
        work.warn(draft.line, "head_name", &Fault::StandsInFirst(first));
        work.report.rows -= 1;
        false
    });
}

/// Converts a household to the bodies of requests.
fn entry(work: &mut Import<'_>, villages: &Villages, mut draft: Draft) -> Option<Entry> {
    let line = draft.line;
    let village = villages.find(work, &draft);
    let fields = &mut draft.home.head.fields;
    for field in ["mark", "relation", "persons", "minority", "commune_code", "village"] {
        fields.remove(field);
    }
    if let Some(sex) = fields.remove("sex") {
        fields.insert("head_sex".into(), sex);
    }
    if fields.remove("merit_family") == Some(Value::Bool(true)) {
        fields.insert("hardship_reasons".into(), json!(["merit_family"]));
    }
    if let Some(status) = draft.home.part.status() {
        fields.insert("poverty_status".into(), status.into());
    }
    let decided = ["decision_number", "decision_date", "score_b1", "score_b2", "no_labour_capacity"];
    let finding: Option<Finding> = work.valid(line, draft.home.head.take(&decided));
    let finding = finding.map(|finding| Finding { poverty_year: work.options.year, ..finding });
    let sound = draft.home.is_sound();
    let members: Vec<Option<Value>> = draft
        .home
        .members
        .iter_mut()
        .map(|member| body_of_member(work, member.line, std::mem::take(&mut member.fields)))
        .collect();
    let members: Option<Vec<Value>> = members.into_iter().collect();
    let (village, members) = (village.filter(|_| sound)?, members?);
    let fields = &mut draft.home.head.fields;
    fields.insert("village_id".into(), village.to_string().into());
    fields.insert("members".into(), members.into());
    let new: Option<NewHousehold> = work.valid(line, Value::Object(std::mem::take(fields)));
    let (new, finding) = (new?, finding?);
    Some(Entry::new(line, new, finding, work.tx.secrets))
}

/// Converts a row to a member.
fn body_of_member(work: &mut Import<'_>, line: Line, mut fields: serde_json::Map<String, Value>) -> Option<Value> {
    let name = fields.remove("member_name").or_else(|| fields.remove("head_name"));
    fields.extend(name.map(|name| ("name".to_owned(), name)));
    take_birth(&mut fields, "");
    let member: NewHouseholdMember = work.valid(line, Value::Object(fields))?;
    serde_json::to_value(member).ok()
}
