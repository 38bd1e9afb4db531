use chrono::NaiveDate;
use diesel::prelude::*;
use ketnghia_macros::input;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::db::schema::poverty_standards;
use crate::kernel::value::code::code;
use crate::kernel::value::json::Json;
use crate::needs::households::poverty::Indicator;

code! {
    /// The code of a poverty standard, in the catalogue `poverty_standards`.
    StandardCode = "^[a-z][a-z0-9_]{0,29}$", "nd07_2021", 30, |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

/// An indicator in which a household can be deprived.
#[input]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StandardIndicator {
    pub code: Indicator,
    #[length(1..=200)]
    pub name_vi: String,
    #[length(1..=200)]
    pub name_en: String,
}

/// Lines of an area: income in VND for a person and month, and points of part B1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Line {
    /// Up to it a household is poor or near-poor, by its deprivations.
    pub income_vnd: Option<i64>,
    /// Up to it the standard of living is average.
    pub average_vnd: Option<i64>,
    /// Below these points, the income is below the line.
    pub score_b1: Option<i32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StandardLines {
    #[serde(default)]
    pub rural: Line,
    #[serde(default)]
    pub urban: Line,
}

impl From<Json<Self>> for StandardLines {
    fn from(stored: Json<Self>) -> Self {
        stored.0
    }
}

/// A poverty standard.
#[derive(Debug, HasQuery)]
#[diesel(table_name = poverty_standards)]
pub struct PovertyStandard {
    pub code: StandardCode,
    pub name_vi: String,
    pub name_en: String,
    pub basis: Option<String>,
    pub starts_on: NaiveDate,
    /// Inclusive.
    pub ends_on: NaiveDate,
    #[diesel(deserialize_as = Json<Vec<StandardIndicator>>)]
    pub indicators: Vec<StandardIndicator>,
    #[diesel(deserialize_as = Json<StandardLines>)]
    pub lines: StandardLines,
}

impl PovertyStandard {
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.starts_on <= day && day <= self.ends_on
    }

    /// Whether both are in force on a day.
    pub fn overlaps(&self, other: &NewStandard) -> bool {
        self.starts_on <= other.ends_on && other.starts_on <= self.ends_on
    }

    pub fn has(&self, indicator: &Indicator) -> bool {
        self.indicators.iter().any(|known| known.code == *indicator)
    }
}

/// A standard to be imported.
#[input]
#[derive(Debug)]
pub struct NewStandard {
    /// Its code.
    pub standard: StandardCode,
    #[length(1..=200)]
    pub name_vi: String,
    #[length(1..=200)]
    pub name_en: String,
    #[length(1..=200)]
    pub basis: Option<String>,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    #[serde(default)]
    #[length(..=30)]
    pub indicators: Vec<StandardIndicator>,
    #[serde(default)]
    pub lines: StandardLines,
}

impl From<NewStandard> for PovertyStandard {
    fn from(new: NewStandard) -> Self {
        let NewStandard { standard, name_vi, name_en, basis, starts_on, ends_on, indicators, lines } = new;
        Self { code: standard, name_vi, name_en, basis, starts_on, ends_on, indicators, lines }
    }
}
