//! Matches rows with existing households: by the identity number of the head, anywhere in the acting user's area, else by
//! village, name and birth year of the head. Of several households that are equal in these, each matches one row. So
//! importing the same file again adds nothing, in any order of its rows.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::Import;
use super::line::Line;
use super::poverty::{self, Finding, says_otherwise};
use crate::kernel::http::problem::Result;
use crate::kernel::secrets::Secrets;
use crate::kernel::value::text::{plain, squeeze};
use crate::needs::household_assessments::model::{AssessmentRound, AssessmentStatus, NewAssessment, RoundKind};
use crate::needs::household_assessments::queries::{self as assessments, AssessmentRow};
use crate::needs::households::HouseholdId;
use crate::needs::households::bodies::NewHousehold;
use crate::needs::households::model::{HouseholdRow, HouseholdStatus};
use crate::needs::households::{private, queries};
use crate::places::localities::LocalityId;

/// A row as the body of a request, with the keys for matching.
pub struct Entry {
    pub line: Line,
    pub new: NewHousehold,
    pub finding: Finding,
    /// Keyed hash of the identity number.
    pub number: Option<Vec<u8>>,
}

type Name = (LocalityId, String, Option<i32>);

/// What of a name is compared: `plain`, or `squeeze` where accents do not count.
pub type Spelling = fn(&str) -> String;

impl Entry {
    pub fn new(line: Line, mut new: NewHousehold, finding: Finding, secrets: &Secrets) -> Self {
        new.decide_birth_years();
        let number = new.identity_number.as_deref().map(|number| secrets.blind_index(number));
        Self { line, new, finding, number }
    }

    /// Returns the assessment of the row, for its household.
    pub fn assessment(&self, id: HouseholdId, occasion: Option<(NaiveDate, AssessmentRound)>) -> NewAssessment {
        let (assessed_on, round) = occasion.unzip();
        let Finding { decision_number, decision_date, score_b1, score_b2, no_labour_capacity, .. } =
            self.finding.clone();
        NewAssessment {
            assessed_on,
            round,
            decision_number,
            decision_date,
            score_b1,
            score_b2,
            no_labour_capacity,
            ..NewAssessment::first(id, &self.new)
        }
    }

    fn name(&self, spelling: Spelling) -> Name {
        (self.new.village_id, spelling(&self.new.head_name), self.new.head_birth_year)
    }
}

/// Finds the household of a row among those that match no other row.
type Pass<'p> = &'p dyn Fn(&Entry, &HashSet<HouseholdId>) -> Option<HouseholdId>;

/// The households of the villages of a list, and those elsewhere with an identity number of the list.
pub struct Known {
    spelling: Spelling,
    rows: HashMap<HouseholdId, HouseholdRow>,
    by_name: HashMap<Name, Vec<HouseholdId>>,
    by_number: HashMap<Vec<u8>, Vec<HouseholdId>>,
    numbers: HashMap<HouseholdId, Vec<u8>>,
    phones: HashMap<HouseholdId, String>,
    assessments: HashMap<(HouseholdId, i32, RoundKind), AssessmentRow>,
}

impl Known {
    pub fn load(work: &mut Import<'_>, entries: &[Entry], spelling: Spelling) -> Result<Self> {
        let villages: HashSet<LocalityId> = entries.iter().map(|entry| entry.new.village_id).collect();
        let names: HashSet<Name> = entries.iter().map(|entry| entry.name(spelling)).collect();
        let wanted: HashSet<&Vec<u8>> = entries.iter().filter_map(|entry| entry.number.as_ref()).collect();
        let mut rows = queries::of_villages(&mut work.tx, &villages)?;
        let ids: Vec<HouseholdId> = rows.iter().map(|row| row.id).collect();
        let mut known = Self {
            spelling,
            rows: HashMap::new(),
            by_name: HashMap::new(),
            by_number: HashMap::new(),
            numbers: HashMap::new(),
            phones: HashMap::new(),
            assessments: HashMap::new(),
        };
        let indexes: Vec<Vec<u8>> = wanted.iter().map(|index| (*index).clone()).collect();
        for row in private::numbers(work.tx.conn, &ids, &indexes)? {
            if let Some(index) = row.identity_number_index
                && known.numbers.insert(row.household_id, index.clone()).is_none()
            {
                known.by_number.entry(index).or_default().push(row.household_id);
            }
        }
        let here: HashSet<HouseholdId> = ids.into_iter().collect();
        let elsewhere: HashSet<HouseholdId> = known.numbers.keys().filter(|id| !here.contains(*id)).copied().collect();
        rows.extend(queries::of_ids(&mut work.tx, &elsewhere)?);
        // Keeps only the households that match a row by name or number, of possibly thousands.
        let spoken_of = |row: &HouseholdRow| {
            names.contains(&name_of(row, spelling))
                || known.numbers.get(&row.id).is_some_and(|index| wanted.contains(index))
        };
        let rows: Vec<HouseholdRow> = rows.into_iter().filter(spoken_of).collect();
        let ids: Vec<HouseholdId> = rows.iter().map(|row| row.id).collect();
        for ((id, _), shown) in private::shown(work.tx.conn, work.tx.secrets, &ids)? {
            if let Some(phone) = shown.phone {
                known.phones.insert(id, phone);
            }
        }
        for assessment in assessments::of_households(&mut work.tx, &ids)? {
            let AssessmentRound { year, kind } = assessment.round;
            known.assessments.insert((assessment.household_id, year, kind), assessment);
        }
        for row in rows {
            known.by_name.entry(name_of(&row, spelling)).or_default().push(row.id);
            known.rows.insert(row.id, row);
        }
        Ok(known)
    }

    /// Returns the existing household of each entry, if any. Matches by equality of all fields come before matches by name, so
    /// that of two households with one name each row finds its own.
    pub fn matches(&self, entries: &[Entry]) -> Vec<Option<HouseholdId>> {
        let mut taken = HashSet::new();
        let mut found: Vec<Option<HouseholdId>> = vec![None; entries.len()];
        let by_number = |entry: &Entry, taken: &HashSet<HouseholdId>| {
            let same = self.by_number.get(entry.number.as_ref()?)?;
            let free = same.iter().copied().filter(|id| self.rows.contains_key(id) && !taken.contains(id));
            free.min_by_key(|id| (self.has_another_head(entry, *id), self.lives_elsewhere(entry, *id), *id))
        };
        let equal = |entry: &Entry, taken: &HashSet<HouseholdId>| {
            self.named_like(entry, taken).find(|id| self.differences(entry, *id).is_empty())
        };
        let named = |entry: &Entry, taken: &HashSet<HouseholdId>| self.named_like(entry, taken).next();
        let passes: [Pass<'_>; 3] = [&by_number, &equal, &named];
        for pass in passes {
            for (entry, found) in entries.iter().zip(&mut found) {
                if found.is_none()
                    && let Some(id) = pass(entry, &taken)
                {
                    taken.insert(id);
                    *found = Some(id);
                }
            }
        }
        found
    }

    /// Returns households of the same village, name and birth year, except those with another identity number.
    fn named_like<'k>(
        &'k self,
        entry: &'k Entry,
        taken: &'k HashSet<HouseholdId>,
    ) -> impl Iterator<Item = HouseholdId> + 'k {
        let alike = self.by_name.get(&entry.name(self.spelling)).into_iter().flatten().copied();
        let born = move |id: &HouseholdId| {
            self.rows.get(id).and_then(|row| row.head_birth_date).zip(entry.new.head_birth_date)
        };
        let alike = alike.filter(move |id| born(id).is_none_or(|(known, said)| known == said));
        alike.filter(|id| !taken.contains(id)).filter(|id| match (&entry.number, self.numbers.get(id)) {
            (Some(number), Some(known)) => number == known,
            _ => true,
        })
    }

    pub fn is_active(&self, id: HouseholdId) -> bool {
        self.rows.get(&id).is_some_and(|row| row.status == HouseholdStatus::Active)
    }

    /// Whether name and birth year of the head differ, so that the identity number is wrong in the row or in the household.
    pub fn has_another_head(&self, entry: &Entry, id: HouseholdId) -> bool {
        self.rows.get(&id).is_some_and(|row| {
            let said = (entry.new.head_name.as_str(), entry.new.head_birth_year);
            is_somebody_else(said, (row.head_name.as_str(), row.head_birth_year))
        })
    }

    /// Whether the household has another village than the row, so that it has moved.
    pub fn lives_elsewhere(&self, entry: &Entry, id: HouseholdId) -> bool {
        self.rows.get(&id).is_some_and(|row| row.village_id != entry.new.village_id)
    }

    /// Whether the household has the annual assessment of a year.
    pub fn is_assessed(&self, id: HouseholdId, year: i32) -> bool {
        self.assessments.contains_key(&(id, year, RoundKind::Annual))
    }

    /// Whether the annual assessment of a year is a proposal, which counts nowhere.
    pub fn is_proposed(&self, id: HouseholdId, year: i32) -> bool {
        let known = self.assessments.get(&(id, year, RoundKind::Annual));
        known.is_some_and(|known| known.status != AssessmentStatus::Confirmed)
    }

    /// Returns the columns whose values differ from the household. Empty cells do not differ.
    pub fn differences(&self, entry: &Entry, id: HouseholdId) -> Vec<&'static str> {
        let Some(row) = self.rows.get(&id) else { return Vec::new() };
        let new = &entry.new;
        let fields = [
            ("head_name", plain(&new.head_name) != plain(&row.head_name)),
            ("head_sex", new.head_sex.is_some() && new.head_sex != row.head_sex),
            ("head_birth_year", new.head_birth_year.is_some() && new.head_birth_year != row.head_birth_year),
            ("head_birth_date", new.head_birth_date.is_some() && new.head_birth_date != row.head_birth_date),
            ("ethnic_group", new.ethnic_group != row.ethnic_group),
            ("hardship_reasons", says_otherwise(&new.hardship_reasons, &row.hardship_reasons)),
            (
                "phone",
                new.phone
                    .as_deref()
                    .is_some_and(|phone| self.phones.get(&id).map(|known| digits(known)) != Some(digits(phone))),
            ),
            ("identity_number", entry.number.is_some() && entry.number.as_ref() != self.numbers.get(&id)),
            ("address", new.address.is_some() && new.address != row.address),
            ("latitude", new.latitude.is_some() && new.latitude != row.latitude),
            ("longitude", new.longitude.is_some() && new.longitude != row.longitude),
            ("note", new.note.is_some() && new.note != row.note),
        ];
        let of = |year: i32, kind| self.assessments.get(&(id, year, kind));
        let known = match entry.finding.poverty_year {
            Some(year) => of(year, RoundKind::Annual),
            // A row without a year is compared with the latest assessment.
            None => {
                row.poverty_year.and_then(|year| of(year, RoundKind::Annual).or_else(|| of(year, RoundKind::Regular)))
            }
        };
        let assessed = known.map(|known| poverty::differences(&entry.assessment(id, None), known));
        let differing = fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field);
        differing.chain(assessed.into_iter().flatten()).collect()
    }
}

/// Whether both name and birth year differ. Accents are ignored, and a missing year does not differ.
pub fn is_somebody_else(one: (&str, Option<i32>), other: (&str, Option<i32>)) -> bool {
    squeeze(one.0) != squeeze(other.0) && one.1.zip(other.1).is_some_and(|(one, other)| one != other)
}

fn name_of(row: &HouseholdRow, spelling: Spelling) -> Name {
    (row.village_id, spelling(&row.head_name), row.head_birth_year)
}

fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}
