//! Looks up places of the acting user's area by id, code or name.

use std::collections::HashMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::cells::Wrong;
use super::report::Fault;
use crate::access::sql::app_in_range;
use crate::kernel::db::schema::localities;
use crate::kernel::db::sql::app_today;
use crate::kernel::http::problem::{FieldCode, Result};
use crate::kernel::value::text::{plain, squeeze};
use crate::kernel::value::typed::{Typed, typed};
use crate::places::localities::LocalityId;
use crate::places::localities::model::{LocalityKind, LocalityLevel};

/// A place of the acting user's area.
#[derive(Queryable)]
pub struct Place {
    pub id: LocalityId,
    pub level: LocalityLevel,
    pub kind: LocalityKind,
    pub name: String,
    pub code: Option<String>,
    pub commune_id: Option<LocalityId>,
    pub ethnic_groups: Vec<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    ended: Option<bool>,
}

/// The places, indexed by code and name.
pub struct Places {
    all: Vec<Place>,
    codes: HashMap<String, Vec<usize>>,
    names: HashMap<String, Vec<usize>>,
    folded: HashMap<String, Vec<usize>>,
}

const NOT_FOUND: Wrong = Wrong::Field(FieldCode::NOT_FOUND);

impl Places {
    pub fn load(conn: &mut PgConnection) -> Result<Self> {
        let all: Vec<Place> = localities::table
            .filter(app_in_range(localities::scope_path))
            .select((
                localities::id,
                localities::level,
                localities::kind,
                localities::name,
                localities::code,
                localities::commune_id,
                localities::ethnic_groups,
                localities::latitude,
                localities::longitude,
                localities::valid_to.lt(app_today().nullable()),
            ))
            .load(conn)?;
        let mut places = Self { all, codes: HashMap::new(), names: HashMap::new(), folded: HashMap::new() };
        for (index, place) in places.all.iter().enumerate() {
            if let Some(code) = &place.code {
                places.codes.entry(code.clone()).or_default().push(index);
                let short = code.trim_start_matches('0');
                if short != code {
                    places.codes.entry(short.to_owned()).or_default().push(index);
                }
            }
            for name in [place.name.clone(), format!("{} {}", place.kind.label_vi(), place.name)] {
                places.names.entry(plain(&name)).or_default().push(index);
                places.folded.entry(squeeze(&name)).or_default().push(index);
            }
        }
        Ok(places)
    }

    /// Returns the place with an id, code or name, if it is unambiguous.
    pub fn find(&self, text: &str, levels: &[LocalityLevel], commune: Option<LocalityId>) -> Result<&Place, Wrong> {
        if let Ok(id) = text.parse::<Uuid>() {
            let found = self.all.iter().find(|place| place.id.0 == id && levels.contains(&place.level));
            return found.ok_or(NOT_FOUND);
        }
        // Apostrophes as they are stored.
        let spelled = match typed("name", text) {
            Ok(Typed::Kept(spelled)) => spelled,
            _ => text.to_owned(),
        };
        let text = spelled.as_str();
        let ways = [(&self.codes, text.to_owned()), (&self.names, plain(text)), (&self.folded, squeeze(text))];
        // A text with accents is not compared without them.
        let count = if text.is_ascii() { 3 } else { 2 };
        for (index, called) in ways.into_iter().take(count) {
            let named = index.get(&called).into_iter().flatten().filter_map(|position| self.all.get(*position));
            let mut fitting: Vec<&Place> = named
                .filter(|place| levels.contains(&place.level))
                .filter(|place| commune.is_none_or(|commune| place.commune_id == Some(commune)))
                .collect();
            fitting.sort_by_key(|place| place.id);
            fitting.dedup_by_key(|place| place.id);
            // Places in force take precedence over ended ones of the same name.
            if fitting.iter().any(|place| place.ended != Some(true)) {
                fitting.retain(|place| place.ended != Some(true));
            }
            match fitting.as_slice() {
                [] => {}
                [only] => return Ok(only),
                _ => return Err(Wrong::List(Fault::Ambiguous)),
            }
        }
        Err(NOT_FOUND)
    }

    /// Returns the commune of the area if it is the only one, for lists without a column for it.
    pub fn only_commune(&self) -> Option<LocalityId> {
        let mut communes =
            self.all.iter().filter(|place| place.level == LocalityLevel::Commune && place.ended != Some(true));
        communes.next().filter(|_| communes.next().is_none()).map(|place| place.id)
    }

    pub fn villages(&self) -> impl Iterator<Item = &Place> {
        self.all.iter().filter(|place| place.level == LocalityLevel::Village)
    }
}
