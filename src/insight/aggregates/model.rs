use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::kernel::id::{LocalityId, OrganisationId, ProgrammeId};
use crate::kernel::sheet::AnswerFormat;

/// By what the numbers can be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AggregateGrouping {
    Province,
    District,
    Commune,
    Village,
    Organisation,
    Month,
    Quarter,
    Year,
    Category,
    FundingSource,
    Kind,
}

impl AggregateGrouping {
    pub fn word(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::District => "district",
            Self::Commune => "commune",
            Self::Village => "village",
            Self::Organisation => "organisation",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Category => "category",
            Self::FundingSource => "funding_source",
            Self::Kind => "kind",
        }
    }

    pub fn is_place(self) -> bool {
        matches!(self, Self::Province | Self::District | Self::Commune | Self::Village)
    }

    /// Only gifts have it.
    pub fn is_of_gifts(self) -> bool {
        matches!(self, Self::Category | Self::FundingSource)
    }
}

/// A question to a data set.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AggregateQuery {
    /// Only what lies in this place; without it, everything the caller may see.
    pub within: Option<LocalityId>,
    /// One or two of `province, district, commune, village, organisation, month, quarter, year, category,
    /// funding_source, kind` (kind: of the organisation), repeated or with a comma. Without it only totals.
    #[serde(default)]
    #[param(value_type = Vec<AggregateGrouping>, inline, max_items = 2, explode = true)]
    pub group_by: Vec<String>,
    /// First day counted; by default the first of the year.
    pub from: Option<NaiveDate>,
    /// Last day counted; by default the last of the year.
    pub to: Option<NaiveDate>,
    /// The tree of places of this day; today's by default.
    pub as_of: Option<NaiveDate>,
    /// Only what this organisation gave. Not for API keys.
    pub organisation_id: Option<OrganisationId>,
    /// Only what was given under this programme.
    pub programme_id: Option<ProgrammeId>,
    /// `json` (default) or `csv`; like `Accept: text/csv`.
    #[param(value_type = Option<AnswerFormat>, inline)]
    pub format: Option<AnswerFormat>,
}

/// A place that was counted.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AggregatePlace {
    pub id: Uuid,
    #[schema(example = "23884")]
    pub code: Option<String>,
    #[schema(example = "Ia Nan")]
    pub name: String,
}

/// One part of a row's key.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyPart {
    /// A place or an organisation; none where a village lies in no commune yet.
    Place(Option<AggregatePlace>),
    Word(String),
}

/// A row's key: exactly the groupings that were asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowKey(pub Vec<(AggregateGrouping, KeyPart)>);

impl Serialize for RowKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (grouping, part) in &self.0 {
            match part {
                KeyPart::Place(place) => map.serialize_entry(grouping.word(), place)?,
                KeyPart::Word(word) => map.serialize_entry(grouping.word(), word)?,
            }
        }
        map.end()
    }
}

/// The key of a row: only the groupings that were asked for are there. A place is null where a village
/// lies in no such place (yet).
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
}

/// What was given. `recorded` and `confirmed` gifts count, `disputed` and `not_delivered` ones do not.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub struct SupportValues {
    /// Null when cut by category or funding source, which only gifts have.
    #[schema(example = 12)]
    pub visits: Option<i64>,
    #[schema(example = 57)]
    pub gifts: Option<i64>,
    /// Of these, confirmed by the village.
    #[schema(example = 51)]
    pub gifts_confirmed: Option<i64>,
    #[schema(example = 85_500_000)]
    pub gift_value_vnd: Option<i64>,
    /// Distinct households that received a gift themselves or through a member.
    #[schema(example = 31)]
    pub households_helped: Option<i64>,
    /// Of all support: gifts, for now.
    #[schema(example = 85_500_000)]
    pub value_vnd: Option<i64>,
}

/// One row.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupportRow {
    #[schema(value_type = AggregateKey)]
    pub key: RowKey,
    pub values: SupportValues,
    /// True where an API key may not see the numbers, because they are of one to four households.
    pub suppressed: bool,
}

/// The answer of a data set.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupportAggregate {
    #[schema(example = "support")]
    pub dataset: String,
    /// The place that was asked for; null when there is none, or none the caller may see.
    pub within: Option<AggregatePlace>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub as_of: NaiveDate,
    pub computed_at: DateTime<Utc>,
    pub rows: Vec<SupportRow>,
    /// Computed, not added: a household helped in two months counts once.
    pub totals: SupportValues,
    /// True where an API key may not see the totals.
    pub totals_suppressed: bool,
}

/// Names by id.
pub type Names = BTreeMap<Uuid, AggregatePlace>;
