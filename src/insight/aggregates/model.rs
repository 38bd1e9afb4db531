use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use ketnghia_macros::filter;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::list::sheet::AnswerFormat;
use crate::places::localities::LocalityId;
use crate::places::localities::flags::LocalityFlagWord;
use crate::places::localities::model::LocalityLevel;
use crate::twinning::organisations::OrganisationId;
use crate::twinning::programmes::ProgrammeId;

/// Groupings of the support data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AggregateGrouping {
    Province,
    District,
    Commune,
    Village,
    Organisation,
    Programme,
    Month,
    Quarter,
    Year,
    Category,
    FundingSource,
    Kind,
    Standard,
}

impl AggregateGrouping {
    pub fn word(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::District => "district",
            Self::Commune => "commune",
            Self::Village => "village",
            Self::Organisation => "organisation",
            Self::Programme => "programme",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Category => "category",
            Self::FundingSource => "funding_source",
            Self::Kind => "kind",
            Self::Standard => "standard",
        }
    }

    pub fn is_place(self) -> bool {
        matches!(self, Self::Province | Self::District | Self::Commune | Self::Village)
    }
}

/// Query of the support data set.
#[filter]
#[derive(Clone, Default)]
pub struct AggregateQuery {
    /// Only records of this place; by default all that the caller sees.
    pub within: Option<LocalityId>,
    /// One or two of `province, district, commune, village, organisation, programme, month, quarter, year, category,
    /// funding_source, kind` (kind: of the organisation), repeated or separated by a comma. Without it only totals. A programme
    /// contains those below it, so its rows overlap; `totals` count once.
    #[param(value_type = Vec<AggregateGrouping>, inline, max_items = 2, explode = true)]
    pub group_by: Vec<String>,
    /// First day counted; by default the first of the year of `to`, or of this year.
    pub from: Option<NaiveDate>,
    /// Last day counted; by default the last of the year of `from`, or of this year.
    pub to: Option<NaiveDate>,
    /// The tree of places of this day; today's by default.
    pub as_of: Option<NaiveDate>,
    /// Only visits and gifts of this organisation. Not for API keys.
    pub organisation_id: Option<OrganisationId>,
    /// Only visits and gifts under this programme or one below it.
    pub programme_id: Option<ProgrammeId>,
    // Not documented: the sheet has a path of its own.
    #[param(ignore)]
    pub format: Option<AnswerFormat>,
    // Of coverage only.
    #[serde(skip)]
    #[param(ignore)]
    pub days: Option<i64>,
    #[serde(skip)]
    #[param(ignore)]
    pub without: Vec<CoverageLack>,
    #[serde(skip)]
    #[param(ignore)]
    pub flag: Vec<LocalityFlagWord>,
}

/// A validated query of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub groupings: Vec<AggregateGrouping>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub today: NaiveDate,
    pub for_key: bool,
    /// Only rows that lack one of these; all rows where there is none.
    pub without: Vec<CoverageLack>,
    /// Only rows of places with one of these flags; all rows where there is none.
    pub flags: Vec<LocalityFlagWord>,
    /// Restricted to one organisation or one programme.
    pub of_some_givers: bool,
    /// The level whose summaries answer.
    pub detail: Detail,
}

/// The widest places whose sums answer a question: no row, no place of the query and no place of the caller lies inside one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// A village, or what a commune received itself.
    Place,
    Commune,
    Province,
}

impl Detail {
    pub fn word(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Commune => "commune",
            Self::Province => "province",
        }
    }

    /// The widest sums of a place of this level, or in it.
    pub fn of_level(level: LocalityLevel) -> Self {
        match level {
            LocalityLevel::Village => Self::Place,
            LocalityLevel::Commune | LocalityLevel::District => Self::Commune,
            LocalityLevel::Province => Self::Province,
        }
    }

    /// The widest sums for rows of these groupings.
    pub fn of_groupings(groupings: &[AggregateGrouping]) -> Self {
        let of = |grouping: &AggregateGrouping| match grouping {
            AggregateGrouping::Village => Self::Place,
            AggregateGrouping::Commune | AggregateGrouping::District => Self::Commune,
            _ => Self::Province,
        };
        groupings.iter().map(of).min().unwrap_or(Self::Province)
    }
}

/// Query of a data set of households, which are grouped by place and year only and belong to no organisation or
/// programme.
#[filter]
#[derive(Clone)]
pub struct HouseholdAggregateQuery {
    /// Only records of this place; by default all that the caller sees.
    pub within: Option<LocalityId>,
    /// One or two of `province, district, commune, village, year` and, of poverty, `standard`, repeated or separated by a comma.
    /// Without it only totals.
    #[param(value_type = Vec<HouseholdGrouping>, inline, max_items = 2, explode = true)]
    pub group_by: Vec<String>,
    /// First day of the period, whose year counts; by default the first of the year of `to`, or of this year.
    pub from: Option<NaiveDate>,
    /// Last day of the period, whose year counts; by default the last of the year of `from`, or of this year.
    pub to: Option<NaiveDate>,
    /// The tree of places of this day; today's by default.
    pub as_of: Option<NaiveDate>,
    // Not documented: the sheet has a path of its own.
    #[param(ignore)]
    pub format: Option<AnswerFormat>,
}

impl From<HouseholdAggregateQuery> for AggregateQuery {
    fn from(query: HouseholdAggregateQuery) -> Self {
        let HouseholdAggregateQuery { within, group_by, from, to, as_of, format } = query;
        Self { within, group_by, from, to, as_of, format, ..Self::default() }
    }
}

/// Query of the coverage data set.
#[filter]
#[derive(Clone)]
pub struct CoverageQuery {
    /// Only this place and those below it; by default all that the caller sees.
    pub within: Option<LocalityId>,
    /// One of `province, district, commune, village, organisation`. Without it only totals.
    #[param(value_type = Vec<CoverageGrouping>, inline, max_items = 1, explode = true)]
    pub group_by: Vec<String>,
    /// First day of the period; by default the first of the year of `to`, or of this year.
    pub from: Option<NaiveDate>,
    /// Last day of the period; by default the last of the year of `from`, or of this year, and with `days` today.
    pub to: Option<NaiveDate>,
    /// The period is this number of days, which end with `to`; not together with `from`. Not for API keys.
    #[range(1..=3660)]
    pub days: Option<i64>,
    /// The tree of places of this day; today's by default.
    pub as_of: Option<NaiveDate>,
    /// Only rows that lack one of these: visits, gifts or lists in the period, or twinnings on `to`.
    #[param(inline, max_items = 4)]
    pub without: Vec<CoverageLack>,
    /// Only rows of places with any of these flags on the day of `as_of`; not by organisation.
    pub flag: Vec<LocalityFlagWord>,
    /// Only twinnings, visits and gifts of this organisation, and lists and listed households in its villages. Not for API keys.
    pub organisation_id: Option<OrganisationId>,
    /// Only twinnings, visits and gifts under this programme or one below it, and lists and listed households in their villages.
    pub programme_id: Option<ProgrammeId>,
    // Not documented: the sheet has a path of its own.
    #[param(ignore)]
    pub format: Option<AnswerFormat>,
}

impl From<CoverageQuery> for AggregateQuery {
    fn from(query: CoverageQuery) -> Self {
        let CoverageQuery {
            within,
            group_by,
            from,
            to,
            days,
            as_of,
            without,
            flag,
            organisation_id,
            programme_id,
            format,
        } = query;
        Self { within, group_by, from, to, as_of, organisation_id, programme_id, format, days, without, flag }
    }
}

/// Groupings of the coverage data set.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoverageGrouping {
    Province,
    District,
    Commune,
    Village,
    Organisation,
}

/// A number that is zero in the rows asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoverageLack {
    Visit,
    Gift,
    List,
    Twinning,
}

/// Groupings of the data sets of households; `standard` of poverty only.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HouseholdGrouping {
    Province,
    District,
    Commune,
    Village,
    Year,
    Standard,
}

/// A place in the key of a row.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AggregatePlace {
    pub id: Uuid,
    #[schema(example = "23884")]
    pub code: Option<String>,
    #[schema(example = "Ia Nan")]
    pub name: String,
}

/// A programme in the key of a row.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AggregateProgramme {
    pub id: Uuid,
    #[schema(example = "03-CT/TU")]
    pub number: Option<String>,
    #[schema(example = "Kết nghĩa với các thôn, làng")]
    pub title: String,
    pub parent_id: Option<Uuid>,
}

/// The value of one grouping in the key of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyPart {
    Programme(Option<AggregateProgramme>),
    /// A place or an organisation; `None` for a village without a place of that level.
    Place(Option<AggregatePlace>),
    Word(String),
}

/// The key of a row: the groupings of the query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowKey(pub Vec<(AggregateGrouping, KeyPart)>);

impl Serialize for RowKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (grouping, part) in &self.0 {
            match part {
                KeyPart::Place(place) => map.serialize_entry(grouping.word(), place)?,
                KeyPart::Programme(programme) => map.serialize_entry(grouping.word(), programme)?,
                KeyPart::Word(word) => map.serialize_entry(grouping.word(), word)?,
            }
        }
        map.end()
    }
}

/// The key of a row, with the groupings of the query only. A place is null for villages without a place
/// of that level.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents RowKey, whose fields depend on the question")]
pub struct AggregateKey {
    #[schema(required = false)]
    province: Option<AggregatePlace>,
    #[schema(required = false)]
    district: Option<AggregatePlace>,
    #[schema(required = false)]
    commune: Option<AggregatePlace>,
    #[schema(required = false)]
    village: Option<AggregatePlace>,
    #[schema(required = false)]
    organisation: Option<AggregatePlace>,
    #[schema(required = false)]
    programme: Option<AggregateProgramme>,
    #[schema(required = false, example = "2026-03")]
    month: Option<String>,
    #[schema(required = false, example = "2026-Q1")]
    quarter: Option<String>,
    #[schema(required = false, example = "2026")]
    year: Option<String>,
    #[schema(required = false, example = "food")]
    category: Option<String>,
    #[schema(required = false, example = "organisation_own")]
    funding_source: Option<String>,
    #[schema(required = false, example = "department")]
    kind: Option<String>,
    /// The poverty standard.
    #[schema(required = false, example = "nd07_2021")]
    standard: Option<String>,
}

/// One row of an answer of any data set.
#[derive(Debug, Clone, Serialize)]
pub struct AnswerRow {
    pub key: RowKey,
    /// In the order of the measures of the data set; all `None` if the row is suppressed.
    pub numbers: Vec<Option<i64>>,
    pub suppressed: bool,
}

/// The answer of any data set.
#[derive(Debug, Clone)]
pub struct Answer {
    pub dataset: &'static str,
    pub within: Option<AggregatePlace>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub as_of: NaiveDate,
    pub computed_at: DateTime<Utc>,
    pub rows: Vec<AnswerRow>,
    pub totals: Vec<Option<i64>>,
    pub totals_suppressed: bool,
    /// The caller counts listed households only.
    pub of_listed: bool,
}

/// Places and organisations by id.
pub type Names = BTreeMap<Uuid, AggregatePlace>;

/// Programmes by id.
pub type Programmes = BTreeMap<Uuid, AggregateProgramme>;
