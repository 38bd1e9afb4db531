//! The village of each household: by name within the commune of a code, or where the sheet has neither, that of the household if it is
//! known, else the one in its address.

use std::collections::{HashMap, HashSet};

use super::Draft;
use super::homes::{Birth, Person};
use crate::import::cells::Wrong;
use crate::import::places::Places;
use crate::import::report::Fault;
use crate::import::{Era, Import};
use crate::kernel::http::problem::{FieldCode, Result};
use crate::kernel::value::text::{fold, squeeze};
use crate::needs::households::{private, queries};
use crate::places::loader::locality_id;
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;
use crate::places::localities::queries::parents;

pub struct Villages {
    places: Places,
    only_commune: Option<LocalityId>,
    /// Villages by commune and squeezed name, with and without their kind; under every commune in which they have lain.
    named: HashMap<(LocalityId, String), HashSet<LocalityId>>,
    /// The same of the whole area.
    anywhere: HashMap<String, HashSet<LocalityId>>,
    by_number: HashMap<Vec<u8>, LocalityId>,
    by_person: HashMap<Person, HashSet<LocalityId>>,
}

impl Villages {
    pub fn load(work: &mut Import<'_>, drafts: &[Draft]) -> Result<Self> {
        let places = Places::load(work.tx.conn)?;
        let mut named: HashMap<(LocalityId, String), HashSet<LocalityId>> = HashMap::new();
        let mut anywhere: HashMap<String, HashSet<LocalityId>> = HashMap::new();
        let ids: Vec<LocalityId> = places.villages().map(|village| village.id).collect();
        let mut communes: HashMap<LocalityId, Vec<LocalityId>> = HashMap::new();
        for (village, commune) in parents(&mut work.tx, &ids)? {
            communes.entry(village).or_default().push(commune);
        }
        for village in places.villages() {
            let names = [squeeze(&village.name), squeeze(&format!("{} {}", village.kind.label_vi(), village.name))];
            for name in names {
                for commune in communes.get(&village.id).into_iter().flatten().copied().chain(village.commune_id) {
                    named.entry((commune, name.clone())).or_default().insert(village.id);
                }
                anywhere.entry(name).or_default().insert(village.id);
            }
        }
        let only_commune = places.only_commune();
        let mut villages =
            Self { places, only_commune, named, anywhere, by_number: HashMap::new(), by_person: HashMap::new() };
        // Only the sheets without a column for the village need the known households.
        if drafts.iter().any(|draft| draft.home.part.status().is_some()) {
            villages.load_heads(work, drafts, &ids)?;
        }
        Ok(villages)
    }

    fn load_heads(&mut self, work: &mut Import<'_>, drafts: &[Draft], villages: &[LocalityId]) -> Result<()> {
        let indexes: Vec<Vec<u8>> = drafts.iter().filter_map(|draft| draft.number.clone()).collect();
        let rows = queries::of_villages(&mut work.tx, &villages.iter().copied().collect())?;
        let homes: HashMap<_, _> = rows.iter().map(|row| (row.id, row.village_id)).collect();
        for row in private::numbers(work.tx.conn, &[], &indexes)? {
            if let (Some(index), Some(village)) = (row.identity_number_index, homes.get(&row.household_id)) {
                self.by_number.insert(index, *village);
            }
        }
        for row in rows {
            for person in [
                Person::new(&row.head_name, row.head_birth_date, row.head_birth_year),
                Person::new(&row.head_name, None, row.head_birth_year),
            ] {
                self.by_person.entry(person).or_default().insert(row.village_id);
            }
        }
        Ok(())
    }

    /// Returns the village of a household; reports one that is unknown or ambiguous.
    pub fn find(&self, work: &mut Import<'_>, draft: &Draft) -> Option<LocalityId> {
        if !draft.home.head.sound {
            return None;
        }
        let found = if draft.home.part.status().is_none() { self.by_name(work, draft) } else { self.of_known(draft) };
        match found {
            Ok(village) => Some(village),
            Err((field, wrong)) => {
                work.wrong(draft.line, field, wrong);
                None
            }
        }
    }

    fn by_name(&self, work: &Import<'_>, draft: &Draft) -> Result<LocalityId, (&'static str, Wrong)> {
        let head = &draft.home.head;
        let not_found = |field| (field, Wrong::Field(FieldCode::NOT_FOUND));
        let name = head.text("village").ok_or(("village", Wrong::Field(FieldCode::REQUIRED)))?;
        let commune = match head.text("commune_code") {
            Some(code) => self.commune(work.options.era, code).ok_or_else(|| not_found("commune_code"))?,
            None => self.only_commune.ok_or(("commune_code", Wrong::Field(FieldCode::REQUIRED)))?,
        };
        let found = self.named.get(&(commune, squeeze(name)));
        only(found.ok_or_else(|| not_found("village"))?).ok_or(("village", Wrong::List(Fault::Ambiguous)))
    }

    /// The commune with a code of an era: codes were given anew on 2025-07-01.
    fn commune(&self, era: Era, code: &str) -> Option<LocalityId> {
        let padded = format!("{code:0>5}");
        match era {
            Era::Before => Some(LocalityId(locality_id(2024, &padded))),
            Era::Present => {
                let present = self.places.find(&padded, &[LocalityLevel::Commune], None).ok().map(|place| place.id);
                present.or(Some(LocalityId(locality_id(2025, &padded))))
            }
        }
    }

    fn of_known(&self, draft: &Draft) -> Result<LocalityId, (&'static str, Wrong)> {
        if let Some(village) = draft.number.as_ref().and_then(|number| self.by_number.get(number)) {
            return Ok(*village);
        }
        let mut person = draft.person.clone();
        let mut known = self.by_person.get(&person);
        if let (None, Some(Birth::Day(day))) = (known, person.birth) {
            person.birth = Some(Birth::Year(chrono::Datelike::year(&day)));
            known = self.by_person.get(&person);
        }
        if let Some(known) = known {
            return only(known).ok_or(("head_name", Wrong::List(Fault::Ambiguous)));
        }
        let address = draft.home.head.text("address").ok_or(("address", Wrong::Field(FieldCode::REQUIRED)))?;
        self.in_address(address)
    }

    /// The village whose name stands in an address: as one of its parts, or as words of it with the kind.
    fn in_address(&self, address: &str) -> Result<LocalityId, (&'static str, Wrong)> {
        let parts = address.split([',', ';', '-', '–']).map(squeeze);
        let mut found: HashSet<LocalityId> =
            parts.filter_map(|part| self.anywhere.get(&part)).flatten().copied().collect();
        if found.is_empty() {
            let words = format!(" {} ", fold(address));
            let stands = |name: &str| words.contains(&format!(" {} ", fold(name)));
            let named = self.places.villages();
            found = named
                .filter(|village| stands(&format!("{} {}", village.kind.label_vi(), village.name)))
                .map(|village| village.id)
                .collect();
        }
        if found.is_empty() {
            return Err(("address", Wrong::Field(FieldCode::NOT_FOUND)));
        }
        only(&found).ok_or(("address", Wrong::List(Fault::Ambiguous)))
    }
}

/// Returns the element of a set of one.
fn only(found: &HashSet<LocalityId>) -> Option<LocalityId> {
    let mut found = found.iter();
    found.next().copied().filter(|_| found.next().is_none())
}
