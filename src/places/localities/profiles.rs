//! Profiles of villages: households and people of a year, counted by the commune, and what its complete register declares.

use diesel::prelude::*;
use ketnghia_macros::input;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::LocalityId;
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::{localities, village_profiles};
use crate::kernel::http::problem::{FieldCode, FieldError, OnConstraint, Problem, Result};
use crate::kernel::value::day;

/// Households and population of a village in a year, counted by its commune.
#[input]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = village_profiles)]
pub struct VillageProfile {
    #[range(1900..=2200)]
    #[schema(example = 2026)]
    pub year: i32,
    #[range(0..=100_000)]
    #[schema(example = 164)]
    pub households: Option<i32>,
    #[range(0..=1_000_000)]
    #[schema(example = 702)]
    pub population: Option<i32>,
    /// Households of ethnic minorities; not more than households.
    #[range(0..=100_000)]
    #[schema(example = 158)]
    pub minority_households: Option<i32>,
    /// Poor households of the register of the year, on the day on which the commune completed it; null unless it is complete.
    /// Read-only: a body repeats the value or leaves it out (422 `read_only`). Until the register is reopened, so are `households`
    /// and `minority_households`, and a year that is left out stays.
    #[range(0..=100_000)]
    #[schema(example = 44)]
    pub poor: Option<i32>,
    /// Near-poor households, likewise.
    #[range(0..=100_000)]
    #[schema(example = 18)]
    pub near_poor: Option<i32>,
}

impl VillageProfile {
    /// The profile of a year that the commune did not count.
    pub fn of_register(year: i32) -> Self {
        Self { year, households: None, population: None, minority_households: None, poor: None, near_poor: None }
    }

    /// Whether the commune counted something.
    pub fn is_counted(&self) -> bool {
        self.households.is_some() || self.population.is_some() || self.minority_households.is_some()
    }
}

/// Returns the profiles of these villages.
pub fn of_villages(tx: &mut Tx<'_>, villages: &[LocalityId]) -> Result<Vec<(LocalityId, VillageProfile)>> {
    let rows = village_profiles::table
        .filter(village_profiles::village_id.eq_any(villages))
        .select((village_profiles::village_id, VillageProfile::as_select()));
    Ok(rows.load(tx.conn)?)
}

/// Replaces the profiles; those of complete registers stay.
pub fn replace(tx: &mut Tx<'_>, village: LocalityId, profiles: &[VillageProfile]) -> Result<()> {
    let mut errors = Vec::new();
    let years = profiles.iter().enumerate().map(|(index, profile)| (format!("#/profiles/{index}/year"), profile.year));
    errors.extend(day::future_years(years, tx.today));
    for (index, profile) in profiles.iter().enumerate() {
        if profiles.iter().take(index).any(|other| other.year == profile.year) {
            errors.push(FieldError::new(format!("#/profiles/{index}/year"), FieldCode::DUPLICATE));
        }
        if let (Some(minority), Some(households)) = (profile.minority_households, profile.households)
            && minority > households
        {
            errors.push(
                FieldError::new(format!("#/profiles/{index}/minority_households"), FieldCode::MORE_THAN)
                    .with(households.to_string()),
            );
        }
    }
    let own = village_profiles::table.filter(village_profiles::village_id.eq(village));
    let declared = own.filter(village_profiles::poor.is_not_null()).select(VillageProfile::as_select());
    let declared: Vec<VillageProfile> = declared.load(tx.conn)?;
    let mut rows = declared.clone();
    for (index, profile) in profiles.iter().enumerate() {
        let known = rows.iter_mut().find(|known| known.year == profile.year);
        let mut wrong =
            |field| errors.push(FieldError::new(format!("#/profiles/{index}/{field}"), FieldCode::READ_ONLY));
        let (poor, near_poor) = known.as_ref().map_or((None, None), |known| (known.poor, known.near_poor));
        if profile.poor.is_some() && profile.poor != poor {
            wrong("poor");
        }
        if profile.near_poor.is_some() && profile.near_poor != near_poor {
            wrong("near_poor");
        }
        // The rates of a complete register divide by these.
        let Some(known) = known else { continue };
        if known.households.is_some() && profile.households != known.households {
            wrong("households");
        }
        if known.minority_households.is_some() && profile.minority_households != known.minority_households {
            wrong("minority_households");
        }
        *known = VillageProfile { poor, near_poor, ..profile.clone() };
    }
    Problem::check(errors)?;
    diesel::delete(own).execute(tx.conn)?;
    rows.extend(profiles.iter().filter(|profile| !declared.iter().any(|known| known.year == profile.year)).cloned());
    let key = |profile| (village_profiles::id.eq(Uuid::now_v7()), village_profiles::village_id.eq(village), profile);
    let rows: Vec<_> = rows.into_iter().map(key).collect();
    diesel::insert_into(village_profiles::table)
        .values(rows)
        .execute(tx.conn)
        .on_constraint("village_profiles_village_year_key", || Problem::field("#/profiles", FieldCode::DUPLICATE))?;
    Ok(())
}

/// Shows the counts of a complete register in the profile of its year, or removes them when it is opened again.
pub fn show_register(tx: &mut Tx<'_>, village: LocalityId, year: i32, counts: Option<(i32, i32)>) -> Result<()> {
    // A concurrent change of the profiles waits.
    localities::table.find(village).select(localities::id).for_no_key_update().execute(tx.conn)?;
    let own = village_profiles::table.filter(village_profiles::village_id.eq(village));
    let own = own.filter(village_profiles::year.eq(year));
    let (poor, near_poor) = counts.unzip();
    let shown = (village_profiles::poor.eq(poor), village_profiles::near_poor.eq(near_poor));
    let is_there = diesel::update(own).set(shown).execute(tx.conn)? > 0;
    if counts.is_some() && !is_there {
        let profile = VillageProfile { poor, near_poor, ..VillageProfile::of_register(year) };
        let key = (village_profiles::id.eq(Uuid::now_v7()), village_profiles::village_id.eq(village));
        diesel::insert_into(village_profiles::table).values((key, profile)).execute(tx.conn)?;
    } else if counts.is_none() {
        let is_empty = village_profiles::households.is_null().and(village_profiles::population.is_null());
        let is_empty = is_empty.and(village_profiles::minority_households.is_null());
        diesel::delete(own.filter(is_empty)).execute(tx.conn)?;
    }
    records::touch(tx.conn, village)
}
