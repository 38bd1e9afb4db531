use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Double, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use ketnghia_macros::{changes, filter, input};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::ValidationError;

use super::LocalityId;
use super::flags::LocalityFlagWord;
use super::problems;
use super::profiles::VillageProfile;
use crate::kernel::db::schema::localities;
use crate::kernel::http::answer::record;
use crate::kernel::list::sort::sorts;
use crate::kernel::value::day;
use crate::kernel::value::enums::db_enum;
use crate::kernel::value::text::fold;
use crate::places::catalogues::data::is_ethnic_group;

/// The names of village and commune in other records.
#[derive(Debug, Clone, Default)]
pub struct VillageName {
    pub name: String,
    /// None for a village that is not assigned to a commune yet.
    pub commune_name: Option<String>,
}

db_enum! {
    /// Administrative level. Districts exist until 2025-06-30.
    pub enum LocalityLevel {
        Province = "province" ("Tỉnh", "Province"),
        District = "district" ("Huyện", "District"),
        Commune = "commune" ("Xã", "Commune"),
        Village = "village" ("Thôn, làng", "Village"),
    }
}

db_enum! {
    /// Kind of place, by law or custom.
    pub enum LocalityKind {
        Tinh = "tinh" ("tỉnh", "Province"),
        ThanhPho = "thanh_pho" ("thành phố", "City"),
        Quan = "quan" ("quận", "Urban district"),
        Huyen = "huyen" ("huyện", "Rural district"),
        ThiXa = "thi_xa" ("thị xã", "Town"),
        Phuong = "phuong" ("phường", "Ward"),
        ThiTran = "thi_tran" ("thị trấn", "Township"),
        Xa = "xa" ("xã", "Commune"),
        DacKhu = "dac_khu" ("đặc khu", "Special zone"),
        Thon = "thon" ("thôn", "Village (thôn)"),
        Lang = "lang" ("làng", "Village (làng)"),
        Ban = "ban" ("bản", "Village (bản)"),
        Buon = "buon" ("buôn", "Village (buôn)"),
        ToDanPho = "to_dan_pho" ("tổ dân phố", "Residential group"),
    }
}

impl LocalityKind {
    pub fn from_vietnamese(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.label_vi() == word)
    }

    /// Splits folded words at a leading kind: `tp ho chi minh` is a city named `ho chi minh`. A kind without a name is a name.
    pub fn of_words(words: &[String]) -> Option<(Self, &[String])> {
        let short = |kind: Self| match kind {
            Self::ThanhPho => "tp",
            Self::ThiTran => "tt",
            Self::ThiXa => "tx",
            Self::ToDanPho => "tdp",
            _ => "",
        };
        let names = |kind: Self| [fold(kind.label_vi()), short(kind).to_owned()];
        let spelled = Self::ALL.iter().flat_map(|kind| names(*kind).map(|name| (*kind, name)));
        let found = spelled.filter_map(|(kind, name)| {
            let parts: Vec<&str> = name.split(' ').filter(|part| !part.is_empty()).collect();
            let (head, rest) = words.split_at_checked(parts.len())?;
            let fits = !head.is_empty() && !rest.is_empty() && head.iter().eq(parts.iter());
            fits.then_some((kind, rest, head.len()))
        });
        // `to dan pho`, not a shorter kind.
        found.max_by_key(|(_, _, length)| *length).map(|(kind, rest, _)| (kind, rest))
    }

    pub fn is_of_village(self) -> bool {
        matches!(self, Self::Thon | Self::Lang | Self::Ban | Self::Buon | Self::ToDanPho)
    }
}

/// An ancestor of a place.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LocalityPathStep {
    pub id: LocalityId,
    #[schema(example = "Gia Lai")]
    pub name: String,
    #[schema(example = "province")]
    pub level: LocalityLevel,
}

/// Another village that may be the same one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LocalityWarning {
    /// The doubt.
    #[schema(example = "possible_duplicate")]
    pub code: String,
    pub id: LocalityId,
}

/// A row of the queries in `search`.
#[derive(QueryableByName)]
pub struct LocalityRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub level: LocalityLevel,
    #[diesel(sql_type = Nullable<Text>)]
    pub code: Option<String>,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub kind: LocalityKind,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub parent_id: Option<Uuid>,
    #[diesel(sql_type = Jsonb)]
    pub path: serde_json::Value,
    #[diesel(sql_type = Nullable<Date>)]
    pub valid_from: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    pub valid_to: Option<NaiveDate>,
    #[diesel(sql_type = Array<Text>)]
    pub ethnic_groups: Vec<String>,
    #[diesel(sql_type = Jsonb)]
    pub flags: serde_json::Value,
    #[diesel(sql_type = Jsonb)]
    pub warnings: serde_json::Value,
    #[diesel(sql_type = Nullable<Double>)]
    pub latitude: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pub longitude: Option<f64>,
    #[diesel(sql_type = Jsonb)]
    pub profiles: serde_json::Value,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

/// A place.
#[derive(Debug, Serialize, ToSchema)]
pub struct Locality {
    /// Never changes, unlike the code.
    pub id: LocalityId,
    /// Official code; reused between eras.
    #[schema(example = "23884")]
    pub code: Option<String>,
    /// Without the kind.
    #[schema(example = "Ia Nan")]
    pub name: String,
    #[schema(example = "xa")]
    pub kind: LocalityKind,
    #[schema(example = "commune")]
    pub level: LocalityLevel,
    pub parent_id: Option<LocalityId>,
    /// Ancestors, the province first.
    pub path: Vec<LocalityPathStep>,
    /// First day (inclusive); null: before the first day of the catalogue.
    pub valid_from: Option<NaiveDate>,
    /// Last day (inclusive); null: still in force.
    pub valid_to: Option<NaiveDate>,
    /// Main ethnic groups of a village, by code.
    #[schema(example = json!(["10"]))]
    pub ethnic_groups: Vec<String>,
    /// In force on the day asked, or on the last day of a place that has ended.
    #[schema(example = json!(["border", "ethnic_minority"]))]
    pub flags: Vec<LocalityFlagWord>,
    #[schema(example = 13.78)]
    pub latitude: Option<f64>,
    #[schema(example = 107.47)]
    pub longitude: Option<f64>,
    /// Other villages of the same name and kind under the same parent, among those that the caller sees. They may be right: a merged
    /// commune has two `Thôn 1`.
    pub warnings: Vec<LocalityWarning>,
    /// Counts of a village by year; empty for API keys.
    pub profiles: Vec<VillageProfile>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Locality);

impl TryFrom<LocalityRow> for Locality {
    type Error = serde_json::Error;

    fn try_from(row: LocalityRow) -> Result<Self, Self::Error> {
        Ok(Self {
            id: row.id.into(),
            code: row.code,
            name: row.name,
            kind: row.kind,
            level: row.level,
            parent_id: row.parent_id.map(LocalityId),
            path: serde_json::from_value(row.path)?,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            ethnic_groups: row.ethnic_groups,
            flags: serde_json::from_value(row.flags)?,
            warnings: serde_json::from_value(row.warnings)?,
            latitude: row.latitude,
            longitude: row.longitude,
            profiles: serde_json::from_value(row.profiles)?,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// A new village.
#[input]
pub struct NewLocality {
    /// UUIDv7 generated by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    /// Without the kind: `làng Tung` becomes `Tung`, and `thôn Tung` is rejected for the kind `lang`. `Thôn 9` stays.
    #[length(1..=120)]
    #[schema(example = "Tung")]
    pub name: String,
    /// `thon`, `lang`, `ban`, `buon` or `to_dan_pho`.
    #[validate(custom(function = "village_kind"))]
    #[schema(example = "lang")]
    pub kind: LocalityKind,
    /// The village's own code, if it has one.
    #[length(1..=20)]
    #[schema(example = "23884-03")]
    pub code: Option<String>,
    /// The present or former commune. One that has ended is replaced by its successor where that is certain;
    /// otherwise the village is placed under the province.
    pub parent_id: LocalityId,
    /// The present commune, where `parent_id` was split.
    pub current_parent_id: Option<LocalityId>,
    /// First day (inclusive); null: unknown.
    pub valid_from: Option<NaiveDate>,
    #[length(..=54)]
    #[serde(default)]
    #[validate(custom(function = "ethnic_group_codes"))]
    #[schema(example = json!(["10"]))]
    pub ethnic_groups: Vec<String>,
    #[range(6.0..=24.0)]
    #[schema(example = 13.78)]
    pub latitude: Option<f64>,
    #[range(102.0..=118.0)]
    #[schema(example = 107.47)]
    pub longitude: Option<f64>,
    #[entries(..=100)]
    pub profiles: Vec<VillageProfile>,
}

/// Changes of a village.
#[changes(localities)]
pub struct LocalityChanges {
    /// Corrects today's version, like `kind` and `code`; a village that was renamed gets a version more.
    #[length(1..=120)]
    #[schema(example = "Tung")]
    pub name: Option<String>,
    #[validate(custom(function = "village_kind"))]
    pub kind: Option<LocalityKind>,
    #[length(1..=20)]
    #[schema(example = "23884-03")]
    pub code: Option<Option<String>>,
    /// Moves the village to this commune: from today on, or, if it was not assigned after its commune was split,
    /// from the day of the split.
    #[diesel(skip_update)]
    pub current_parent_id: Option<LocalityId>,
    #[length(..=54)]
    #[validate(custom(function = "ethnic_group_codes"))]
    #[schema(example = json!(["10"]))]
    pub ethnic_groups: Option<Vec<String>>,
    #[range(6.0..=24.0)]
    #[schema(example = 13.78)]
    pub latitude: Option<Option<f64>>,
    #[range(102.0..=118.0)]
    #[schema(example = 107.47)]
    pub longitude: Option<Option<f64>>,
    /// Replaces all years.
    #[entries(..=100)]
    pub profiles: Option<Vec<VillageProfile>>,
}

pub fn village_kind(kind: &LocalityKind) -> Result<(), ValidationError> {
    if kind.is_of_village() { Ok(()) } else { Err(problems::WRONG_LEVEL.into()) }
}

fn ethnic_group_codes(codes: &[String]) -> Result<(), ValidationError> {
    if codes.iter().all(|code| is_ethnic_group(code)) { Ok(()) } else { Err(ValidationError::new("invalid_value")) }
}

/// The places of one day, or of all eras (`all`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AsOf {
    All,
    Day(NaiveDate),
}

impl Serialize for AsOf {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Day(day) => day.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for AsOf {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "all" => Ok(Self::All),
            day => match day.parse() {
                Ok(day) if day::is_plausible(day) => Ok(Self::Day(day)),
                _ => Err(serde::de::Error::custom("invalid value")),
            },
        }
    }
}

/// Filters of the list of places.
#[filter]
pub struct LocalityFilter {
    /// Any of these levels.
    pub level: Vec<LocalityLevel>,
    /// Direct children of this place.
    pub parent_id: Option<LocalityId>,
    /// Official code; unique together with a day in `as_of`.
    #[search]
    pub code: Option<String>,
    /// Words or prefixes of words of the name, without case and diacritics: `kong chro` finds Kông Chro.
    #[search]
    pub q: Option<String>,
    /// The places of a day (`YYYY-MM-DD`), or `all` of every era; today's without it.
    #[param(value_type = Option<String>, pattern = "^(all|[0-9]{4}-[0-9]{2}-[0-9]{2})$", max_length = 10)]
    pub as_of: Option<AsOf>,
    /// This place and all below it, on the day of `as_of`.
    pub within: Option<LocalityId>,
    /// With any of these flags on the day.
    pub flag: Vec<LocalityFlagWord>,
    /// `true`: places with an active twinning on the day of `as_of`, by themselves or through a place above; `false`: places without.
    pub twinned: Option<bool>,
}

/// Filters of the list of children.
#[filter]
pub struct ChildrenFilter {
    /// The places of a day (`YYYY-MM-DD`), or `all` of every era; today's without it.
    #[param(value_type = Option<String>, pattern = "^(all|[0-9]{4}-[0-9]{2}-[0-9]{2})$", max_length = 10)]
    pub as_of: Option<AsOf>,
}

impl ChildrenFilter {
    pub fn of(&self, parent: LocalityId) -> LocalityFilter {
        LocalityFilter {
            level: Vec::new(),
            parent_id: Some(parent),
            code: None,
            q: None,
            as_of: self.as_of,
            within: None,
            flag: Vec::new(),
            twinned: None,
        }
    }
}

sorts! {
    pub enum LocalitySort { Name = "name" }
}
