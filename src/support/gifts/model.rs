use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::filter;
use serde::Serialize;
use utoipa::ToSchema;

use super::GiftId;
use super::words::{FundingSource, GiftAction, GiftCategory, GiftStatus, RecipientGroup, RecipientKind};
use crate::access::UserId;
use crate::kernel::db::later::Later;
use crate::kernel::db::schema::{gift_recipients, gifts};
use crate::kernel::http::answer::record;
use crate::kernel::http::problem::Result;
use crate::kernel::list::sheet::SheetRow;
use crate::kernel::list::sort::sorts;
use crate::needs::households::{HouseholdId, MemberId};
use crate::needs::ids::HardshipItemId;
use crate::places::localities::LocalityId;
use crate::support::ids::VisitId;
use crate::support::quantity::Quantity;
use crate::support::recording::{EnteredFrom, Occasion, SupportedPlace};
use crate::twinning::organisations::OrganisationId;
use crate::twinning::programmes::ProgrammeId;
use crate::twinning::twinnings::TwinningId;

/// A listed item that a gift meets.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MetItem {
    pub hardship_item_id: HardshipItemId,
    pub household_id: HouseholdId,
    /// Chosen by the service; false: by a caller.
    pub automatic: bool,
}

/// The fields of a gift that no column holds. A struct of their own, because a row has at most 32 columns.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct GiftFacts {
    #[schema(example = "Làng Tung")]
    pub village_name: Option<String>,
    #[schema(example = "Văn phòng HĐND và UBND xã Ia Nan")]
    pub organisation_name: String,
    /// The programme of the twinning.
    pub programme_id: Option<ProgrammeId>,
    pub recipient_kind: RecipientKind,
    /// Null where the caller does not see the household.
    #[schema(example = "Rơ Mah Hyen")]
    pub household_head_name: Option<String>,
    /// The known households of a gift to many; a unit reads those that it sees.
    pub recipients: Vec<HouseholdId>,
    /// The listed items that the gift meets; a unit reads those of households that it sees.
    pub met_items: Vec<MetItem>,
    /// Whole VND of one household, where the total divides by `households_count`.
    #[schema(example = 300000)]
    pub unit_value_vnd: Option<i64>,
    /// `paper` where an official recorded it for the unit.
    #[schema(example = "unit")]
    pub entered_from: EnteredFrom,
    /// Actions that the caller can take now.
    pub allowed_actions: Vec<GiftAction>,
}

impl From<Later> for GiftFacts {
    fn from(_: Later) -> Self {
        Self::default()
    }
}

/// A gift to a household, to one of its members, to many households, to the whole village, or to a commune itself.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = gifts)]
pub struct Gift {
    pub id: GiftId,
    /// The visit at which it was handed over.
    pub visit_id: Option<VisitId>,
    pub twinning_id: TwinningId,
    /// The giver: the organisation of the twinning.
    pub organisation_id: OrganisationId,
    /// Null for a gift to a commune itself.
    pub village_id: Option<LocalityId>,
    /// The commune that received it itself; else null.
    #[diesel(column_name = locality_id)]
    pub commune_id: Option<LocalityId>,
    /// Null for a gift to many, to the whole village or to a commune.
    pub household_id: Option<HouseholdId>,
    /// The member of the household, for a gift to one person such as a student.
    pub member_id: Option<MemberId>,
    /// The listed item that a gift to one household meets; it becomes `helped` when the gift is confirmed.
    pub hardship_item_id: Option<HardshipItemId>,
    #[serde(skip)]
    pub item_automatic: bool,
    pub recipient_group: Option<RecipientGroup>,
    /// All homes reached, named ones included; 1 for a gift to one household, null for the whole village or commune.
    #[schema(example = 60)]
    pub households_count: Option<i32>,
    /// Of these, the known ones.
    #[schema(example = 12)]
    pub households_named: i32,
    pub category: GiftCategory,
    #[schema(example = "Gạo tẻ và nước mắm")]
    pub description: String,
    /// Up to three decimal places.
    #[schema(value_type = Option<f64>, example = 10.5)]
    pub quantity: Option<Quantity>,
    #[schema(example = "kg")]
    pub unit: Option<String>,
    /// Whole VND, the total.
    #[schema(example = 500000)]
    pub value_vnd: i64,
    pub funding_source: FundingSource,
    #[schema(example = "2026-11-20")]
    pub given_on: NaiveDate,
    pub note: Option<String>,
    pub status: GiftStatus,
    /// The village's reason of the dispute.
    pub dispute_reason: Option<String>,
    /// The commune's note on the settlement of the dispute.
    pub settlement_note: Option<String>,
    /// The commune's reason of a change after the gift was confirmed, disputed or settled.
    pub correction_reason: Option<String>,
    #[serde(skip)]
    pub written_by: Vec<UserId>,
    /// The user who recorded it, and therefore may not confirm it.
    pub acted_by: UserId,
    /// The unit that an official recorded it for.
    pub on_behalf_of: Option<OrganisationId>,
    #[serde(flatten)]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub more: GiftFacts,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Gift);

impl SheetRow for Gift {
    const NAME: &'static str = "gifts";
    const COLUMNS: &'static str = "id visit_id twinning_id organisation_id organisation_name programme_id village_id village_name \
        commune_id recipient_kind household_id household_head_name member_id hardship_item_id recipient_group households_count \
        households_named category description quantity unit value_vnd unit_value_vnd funding_source given_on entered_from note status dispute_reason settlement_note correction_reason created_at \
        updated_at";
}

/// A known household of a gift to many, with the listed item that the gift meets.
#[derive(Clone, HasQuery)]
#[diesel(table_name = gift_recipients)]
pub struct Named {
    pub gift_id: GiftId,
    household_id: HouseholdId,
    hardship_item_id: Option<HardshipItemId>,
    item_automatic: bool,
}

impl Gift {
    /// The recorder, and the users who changed it later.
    pub fn authors(&self) -> impl Iterator<Item = UserId> {
        std::iter::once(self.acted_by).chain(self.written_by.iter().copied())
    }

    /// Fills the recipients, with those of a gift to many.
    pub fn complete(&mut self, named: Vec<Named>) {
        let own = self.household_id.zip(self.hardship_item_id).map(|(home, item)| (home, item, self.item_automatic));
        let others =
            named.iter().filter_map(|named| Some((named.household_id, named.hardship_item_id?, named.item_automatic)));
        let met = |(household_id, hardship_item_id, automatic)| MetItem { hardship_item_id, household_id, automatic };
        self.more.met_items = own.into_iter().chain(others).map(met).collect();
        self.more.recipients = named.into_iter().map(|named| named.household_id).collect();
        let count = self.households_count.map(i64::from);
        self.more.unit_value_vnd = count.and_then(|count| {
            let divides = self.value_vnd.checked_rem(count) == Some(0);
            if divides { self.value_vnd.checked_div(count) } else { None }
        });
        self.more.entered_from = EnteredFrom::of(self.on_behalf_of);
        let to_many = self.recipient_group.is_some() || self.households_named > 0;
        self.more.recipient_kind = match (self.household_id, self.member_id) {
            (_, Some(_)) => RecipientKind::Member,
            (Some(_), None) => RecipientKind::Household,
            (None, None) if to_many => RecipientKind::Many,
            (None, None) if self.commune_id.is_some() => RecipientKind::Commune,
            (None, None) => RecipientKind::Village,
        };
    }

    /// The occasion of its record.
    pub fn occasion(&self) -> Result<Occasion> {
        Ok(Occasion {
            twinning_id: self.twinning_id,
            place: SupportedPlace::of(self.village_id, self.commune_id)?,
            day: self.given_on,
            day_pointer: "#/given_on",
            place_pointer: "#/given_on",
        })
    }
}

/// Filters of the list of gifts.
#[filter]
pub struct GiftFilter {
    /// To this village and its households.
    pub village_id: Option<LocalityId>,
    /// To this commune itself.
    pub commune_id: Option<LocalityId>,
    /// In this place or below it, in the tree of today.
    pub within: Option<LocalityId>,
    /// To this household and its members, alone or among many.
    pub household_id: Option<HouseholdId>,
    /// Under this twinning.
    pub twinning_id: Option<TwinningId>,
    /// By this organisation.
    pub organisation_id: Option<OrganisationId>,
    /// Under this programme or one below it.
    pub programme_id: Option<ProgrammeId>,
    /// Any of these statuses.
    pub status: Vec<GiftStatus>,
    /// Any of these categories.
    pub category: Vec<GiftCategory>,
    /// Any of these sources of the funds.
    pub funding_source: Vec<FundingSource>,
    /// Any of these groups.
    pub recipient_group: Vec<RecipientGroup>,
    /// To recipients of this kind.
    #[param(inline)]
    pub recipient_kind: Option<RecipientKind>,
    /// Entered in this way.
    pub entered_from: Option<EnteredFrom>,
    /// Given on this day or later.
    pub from: Option<NaiveDate>,
    /// Given on this day or before.
    pub to: Option<NaiveDate>,
}

sorts! {
    pub enum GiftSort { GivenOn = "-given_on" }
}
