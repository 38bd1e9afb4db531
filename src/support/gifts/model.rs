use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::ValidationError;

use super::GiftId;
use crate::access::UserId;
use crate::kernel::db::later::Later;
use crate::kernel::db::schema::gifts;
use crate::kernel::http::answer::record;
use crate::kernel::list::sheet::SheetRow;
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::needs::households::{HouseholdId, MemberId};
use crate::needs::ids::HardshipItemId;
use crate::places::localities::LocalityId;
use crate::places::localities::sql::app_village_name;
use crate::support::ids::VisitId;
use crate::support::quantity::Quantity;
use crate::support::recording::EnteredFrom;
use crate::twinning::organisations::OrganisationId;
use crate::twinning::twinnings::TwinningId;

db_enum! {
    /// Category of a gift.
    pub enum GiftCategory {
        Food = "food" ("Lương thực, thực phẩm", "Food"),
        Cash = "cash" ("Tiền mặt", "Cash"),
        Clothes = "clothes" ("Quần áo, chăn màn", "Clothes"),
        StudyEquipment = "study_equipment" ("Đồ dùng học tập", "Study equipment"),
        Bicycle = "bicycle" ("Xe đạp", "Bicycle"),
        Medicine = "medicine" ("Thuốc men", "Medicine"),
        HouseholdGoods = "household_goods" ("Đồ dùng gia đình", "Household goods"),
        Seedling = "seedling" ("Cây giống, hạt giống", "Seedlings and seeds"),
        Livestock = "livestock" ("Con giống, gia súc, gia cầm", "Livestock"),
        Tool = "tool" ("Công cụ sản xuất", "Tools"),
        Other = "other" ("Khác", "Other"),
    }
}

db_enum! {
    /// Source of the funds.
    pub enum FundingSource {
        ProgrammeDirect = "programme_direct" ("Vốn trực tiếp của chương trình", "Direct funds of the programme"),
        CentralBudget = "central_budget" ("Ngân sách trung ương", "Central budget"),
        ProvinceBudget = "province_budget" ("Ngân sách tỉnh", "Province budget"),
        DistrictBudget = "district_budget" ("Ngân sách huyện", "District budget"),
        CommuneBudget = "commune_budget" ("Ngân sách xã", "Commune budget"),
        ProgrammeIntegrated = "programme_integrated" ("Vốn lồng ghép", "Funds of other programmes"),
        OrganisationOwn = "organisation_own" ("Kinh phí của đơn vị", "The organisation's own funds"),
        StaffContribution = "staff_contribution" ("Cán bộ, nhân viên đóng góp", "Contributions of the staff"),
        Enterprise = "enterprise" ("Doanh nghiệp, hợp tác xã", "Enterprises and cooperatives"),
        MassOrganisation = "mass_organisation" ("Tổ chức chính trị - xã hội", "Mass organisations"),
        Donor = "donor" ("Nhà hảo tâm", "Donors"),
        Community = "community" ("Cộng đồng dân cư", "The community"),
        Credit = "credit" ("Vốn vay ưu đãi", "Preferential credit"),
        LabourDays = "labour_days" ("Ngày công lao động", "Days of labour"),
        OtherLegal = "other_legal" ("Nguồn hợp pháp khác", "Other legal sources"),
    }
}

db_enum! {
    /// Status of a gift. `recorded` and `confirmed` gifts are counted, the others are not.
    pub enum GiftStatus {
        Recorded = "recorded" ("Đã ghi nhận", "Recorded"),
        Confirmed = "confirmed" ("Đã xác nhận", "Confirmed"),
        Disputed = "disputed" ("Có ý kiến khác", "Disputed"),
        NotDelivered = "not_delivered" ("Không đến nơi", "Not delivered"),
    }
}

/// Actions that the caller can take on a gift in its present status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GiftAction {
    Confirm,
    Dispute,
    Settle,
    /// With a `reason` unless the gift is `recorded`.
    Update,
    Delete,
}

/// The result of a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GiftResolution {
    /// The gift arrived and is confirmed.
    Delivered,
    /// The gift did not arrive and is not counted.
    NotDelivered,
}

/// A gift to a household, to one of its members, or to the whole village.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = gifts)]
pub struct Gift {
    pub id: GiftId,
    /// The visit at which it was handed over.
    pub visit_id: Option<VisitId>,
    pub twinning_id: TwinningId,
    /// The giver: the organisation of the twinning.
    pub organisation_id: OrganisationId,
    #[schema(example = "Văn phòng HĐND và UBND xã Ia Nan")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub organisation_name: String,
    pub village_id: LocalityId,
    #[schema(example = "Làng Tung")]
    #[diesel(select_expression = app_village_name(gifts::village_id))]
    pub village_name: String,
    /// Null for a gift to the whole village.
    pub household_id: Option<HouseholdId>,
    /// Null where the caller does not see the household.
    #[schema(example = "Rơ Mah Hyen")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub household_head_name: Option<String>,
    /// The member of the household, for a gift to one person such as a student.
    pub member_id: Option<MemberId>,
    /// The listed item that the gift is for; it becomes `helped` when the gift is confirmed.
    pub hardship_item_id: Option<HardshipItemId>,
    pub category: GiftCategory,
    #[schema(example = "Gạo tẻ và nước mắm")]
    pub description: String,
    /// Up to three decimal places.
    #[schema(value_type = Option<f64>, example = 10.5)]
    pub quantity: Option<Quantity>,
    #[schema(example = "kg")]
    pub unit: Option<String>,
    /// Whole VND.
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
    #[schema(example = "unit")]
    pub entered_from: EnteredFrom,
    #[serde(skip)]
    pub written_by: Vec<UserId>,
    /// The user who recorded it, and therefore may not confirm it.
    pub acted_by: UserId,
    /// The unit that an official recorded it for.
    pub on_behalf_of: Option<OrganisationId>,
    /// Actions that the caller can take now.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub allowed_actions: Vec<GiftAction>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Gift);

impl SheetRow for Gift {
    const NAME: &'static str = "gifts";
    const COLUMNS: &'static str = "id visit_id twinning_id organisation_id organisation_name village_id village_name household_id \
        household_head_name member_id hardship_item_id category description quantity unit value_vnd \
        funding_source given_on entered_from note status dispute_reason settlement_note correction_reason created_at \
        updated_at";
}

impl Gift {
    /// The recorder, and the users who changed it later.
    pub fn authors(&self) -> impl Iterator<Item = UserId> {
        std::iter::once(self.acted_by).chain(self.written_by.iter().copied())
    }
}

/// A new gift.
#[input(gifts)]
pub struct NewGift {
    /// UUIDv7 generated by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    /// A visit of the same twinning and village on the same day.
    pub visit_id: Option<VisitId>,
    /// A twinning of the caller's organisation; for officials, of any organisation, in their places.
    pub twinning_id: TwinningId,
    /// The twinned place, or a village that belonged to it on that day.
    pub village_id: LocalityId,
    /// A household in the caller's scope; absent for a gift to the whole village.
    pub household_id: Option<HouseholdId>,
    /// A member of the household.
    pub member_id: Option<MemberId>,
    /// An approved item of the household.
    pub hardship_item_id: Option<HardshipItemId>,
    pub category: GiftCategory,
    #[length(1..=500)]
    #[schema(example = "Gạo tẻ và nước mắm")]
    pub description: String,
    /// A number above 0 with up to three decimal places.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, maximum = 999999999999.999, example = 10.5)]
    pub quantity: Option<Quantity>,
    #[length(..=40)]
    #[schema(example = "kg")]
    pub unit: Option<String>,
    /// Whole VND.
    #[range(0..=1_000_000_000_000_i64)]
    #[schema(example = 500000)]
    pub value_vnd: i64,
    pub funding_source: FundingSource,
    /// Within the twinning, in no suspension, not after today.
    #[schema(example = "2026-11-20")]
    #[any_day]
    pub given_on: NaiveDate,
    /// `paper` where an official enters a record of a unit that has an account; by default as the caller's office says.
    #[diesel(skip_insertion)]
    #[schema(example = "unit")]
    pub entered_from: Option<EnteredFrom>,
    #[length(..=2000)]
    #[schema(example = "Trao tại nhà rông")]
    pub note: Option<String>,
}

/// A gift handed over at a visit: twinning, village and day are those of the visit.
#[input(gifts)]
pub struct NewVisitGift {
    /// UUIDv7 generated by the client.
    #[serde(default, deserialize_with = "client_id")]
    #[validate(custom(function = "uuid_v7"))]
    pub id: Option<Uuid>,
    /// A household in the caller's scope; absent for a gift to the whole village.
    pub household_id: Option<HouseholdId>,
    /// A member of the household.
    pub member_id: Option<MemberId>,
    /// An approved item of the household.
    pub hardship_item_id: Option<HardshipItemId>,
    pub category: GiftCategory,
    #[length(1..=500)]
    #[schema(example = "Gạo tẻ và nước mắm")]
    pub description: String,
    /// A number above 0 with up to three decimal places.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, maximum = 999999999999.999, example = 10.5)]
    pub quantity: Option<Quantity>,
    #[length(..=40)]
    #[schema(example = "kg")]
    pub unit: Option<String>,
    /// Whole VND.
    #[range(0..=1_000_000_000_000_i64)]
    #[schema(example = 500000)]
    pub value_vnd: i64,
    pub funding_source: FundingSource,
    #[length(..=2000)]
    #[schema(example = "Trao tại nhà rông")]
    pub note: Option<String>,
}

// Parses a malformed id as the nil UUID, so that `uuid_v7` rejects it like an id of another version.
fn client_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| Uuid::try_parse(&text).unwrap_or_default()))
}

fn uuid_v7(id: &Uuid) -> Result<(), ValidationError> {
    if id.get_version_num() == 7 { Ok(()) } else { Err(ValidationError::new("not_uuid_v7")) }
}

/// Changes of a gift: by its recorder and the giving unit while it is `recorded`; after that by the
/// commune only, with a `reason`, and the gift is `recorded` again.
#[changes(gifts)]
pub struct GiftChanges {
    pub household_id: Option<Option<HouseholdId>>,
    pub member_id: Option<Option<MemberId>>,
    pub hardship_item_id: Option<Option<HardshipItemId>>,
    pub category: Option<GiftCategory>,
    #[length(1..=500)]
    #[schema(example = "Gạo tẻ và nước mắm")]
    pub description: Option<String>,
    /// A number above 0 with up to three decimal places.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, maximum = 999999999999.999, example = 10.5)]
    pub quantity: Option<Option<Quantity>>,
    #[length(..=40)]
    #[schema(example = "kg")]
    pub unit: Option<Option<String>>,
    /// Whole VND.
    #[range(0..=1_000_000_000_000_i64)]
    #[schema(example = 500000)]
    pub value_vnd: Option<i64>,
    pub funding_source: Option<FundingSource>,
    /// Within the twinning, not after today; equal to the day of its visit, if it has one.
    #[schema(example = "2026-11-20")]
    #[any_day]
    pub given_on: Option<NaiveDate>,
    #[length(..=2000)]
    #[schema(example = "Trao tại nhà rông")]
    pub note: Option<Option<String>>,
    /// The commune's reason of the correction of a gift that was confirmed, disputed or settled.
    #[length(1..=500)]
    #[nullable]
    #[diesel(skip_update)]
    #[schema(example = "Ghi nhầm giá trị")]
    pub reason: Option<String>,
}

impl GiftChanges {
    pub fn moves_recipient(&self) -> bool {
        self.household_id.is_some() || self.member_id.is_some() || self.hardship_item_id.is_some()
    }
}

/// The reason of a dispute.
#[input]
pub struct GiftDispute {
    #[length(1..=500)]
    #[schema(example = "Hộ chỉ nhận được 5 kg gạo")]
    pub reason: String,
}

/// The settlement of a dispute.
#[input]
pub struct GiftSettlement {
    pub resolution: GiftResolution,
    #[length(1..=500)]
    #[schema(example = "Đã đối chiếu biên bản giao nhận với hộ")]
    pub note: String,
}

/// Filters of the list of gifts.
#[filter]
pub struct GiftFilter {
    /// To this village and its households.
    pub village_id: Option<LocalityId>,
    /// To this household and its members.
    pub household_id: Option<HouseholdId>,
    /// Under this twinning.
    pub twinning_id: Option<TwinningId>,
    /// By this organisation.
    pub organisation_id: Option<OrganisationId>,
    /// Any of these statuses.
    pub status: Vec<GiftStatus>,
    /// Any of these categories.
    pub category: Vec<GiftCategory>,
    /// Any of these sources of the funds.
    pub funding_source: Vec<FundingSource>,
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
