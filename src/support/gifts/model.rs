use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::ValidationError;

use super::GiftId;
use crate::access::UserId;
use crate::kernel::db::later::{Later, later};
use crate::kernel::db::schema::gifts;
use crate::kernel::http::answer::record;
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::needs::households::{HouseholdId, MemberId};
use crate::needs::ids::HardshipItemId;
use crate::places::localities::LocalityId;
use crate::places::localities::sql::app_village_name;
use crate::support::ids::VisitId;
use crate::support::quantity::Quantity;
use crate::twinning::organisations::OrganisationId;
use crate::twinning::twinnings::TwinningId;

db_enum! {
    /// What kind of thing was given.
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
    /// Where the money came from.
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
    /// Where a gift stands. `recorded` and `confirmed` gifts are counted, the others are not.
    pub enum GiftStatus {
        Recorded = "recorded" ("Đã ghi nhận", "Recorded"),
        Confirmed = "confirmed" ("Đã xác nhận", "Confirmed"),
        Disputed = "disputed" ("Có ý kiến khác", "Disputed"),
        NotDelivered = "not_delivered" ("Không đến nơi", "Not delivered"),
    }
}

/// What the caller can do with a gift as it stands.
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

/// How the commune settles a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GiftResolution {
    /// It arrived: the gift is confirmed.
    Delivered,
    /// It did not: the gift is never counted.
    NotDelivered,
}

/// What was given: to a household, to one of its members, or to the whole village.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = gifts)]
pub struct Gift {
    pub id: GiftId,
    /// The visit at which it was handed over.
    pub visit_id: Option<VisitId>,
    pub twinning_id: TwinningId,
    /// Who gave: the organisation of the twinning.
    pub organisation_id: OrganisationId,
    #[schema(example = "Văn phòng HĐND và UBND xã Ia Nan")]
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub organisation_name: String,
    pub village_id: LocalityId,
    #[schema(example = "Làng Tung")]
    #[diesel(select_expression = app_village_name(gifts::village_id))]
    pub village_name: String,
    /// Null for a gift to the whole village.
    pub household_id: Option<HouseholdId>,
    /// Null where the caller does not see the household.
    #[schema(example = "Rơ Mah Hyen")]
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub household_head_name: Option<String>,
    /// Somebody of the household, when the gift was for one person (a student, say).
    pub member_id: Option<MemberId>,
    /// The listed need that it meets; once confirmed, the item is `helped`.
    pub hardship_item_id: Option<HardshipItemId>,
    pub category: GiftCategory,
    #[schema(example = "Gạo tẻ và nước mắm")]
    pub description: String,
    /// Up to three places behind the point.
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
    /// Why the village disputed it.
    pub dispute_reason: Option<String>,
    /// What the commune found when it settled the dispute.
    pub settlement_note: Option<String>,
    /// Why the commune changed it after it had been answered.
    pub correction_reason: Option<String>,
    #[serde(skip)]
    pub written_by: Vec<UserId>,
    /// The user who recorded it: never the one who confirms it.
    pub acted_by: UserId,
    /// The unit that an official recorded it for.
    pub on_behalf_of: Option<OrganisationId>,
    /// What the caller can do with it now.
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub allowed_actions: Vec<GiftAction>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Gift);

impl Gift {
    /// The recorder, and everybody who changed it since.
    pub fn authors(&self) -> impl Iterator<Item = UserId> {
        std::iter::once(self.acted_by).chain(self.written_by.iter().copied())
    }
}

/// A gift to be recorded.
#[input(gifts)]
pub struct NewGift {
    /// UUIDv7 made by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    /// A visit of the same twinning and village on the same day.
    pub visit_id: Option<VisitId>,
    /// Of the caller's organisation; officials of a commune also of units that have no account.
    pub twinning_id: TwinningId,
    /// The twinned place, or a village that lay in it on that day.
    pub village_id: LocalityId,
    /// One that the caller sees; leave it out for a gift to the whole village.
    pub household_id: Option<HouseholdId>,
    /// Somebody of the household.
    pub member_id: Option<MemberId>,
    /// An approved item of the household.
    pub hardship_item_id: Option<HardshipItemId>,
    pub category: GiftCategory,
    #[length(1..=500)]
    #[schema(example = "Gạo tẻ và nước mắm")]
    pub description: String,
    /// A number above 0 with up to three places behind the point.
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
    /// Within the twinning, not after today.
    #[schema(example = "2026-11-20")]
    pub given_on: NaiveDate,
    #[length(..=2000)]
    #[schema(example = "Trao tại nhà rông")]
    pub note: Option<String>,
}

/// A gift handed over at a visit: twinning, village and day are those of the visit.
#[input(gifts)]
pub struct NewVisitGift {
    /// UUIDv7 made by the client.
    #[serde(default, deserialize_with = "client_id")]
    #[validate(custom(function = "uuid_v7"))]
    pub id: Option<Uuid>,
    /// One that the caller sees; leave it out for a gift to the whole village.
    pub household_id: Option<HouseholdId>,
    /// Somebody of the household.
    pub member_id: Option<MemberId>,
    /// An approved item of the household.
    pub hardship_item_id: Option<HardshipItemId>,
    pub category: GiftCategory,
    #[length(1..=500)]
    #[schema(example = "Gạo tẻ và nước mắm")]
    pub description: String,
    /// A number above 0 with up to three places behind the point.
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

// An id that is no UUID at all becomes one of no version, so that both are the same mistake.
fn client_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| Uuid::try_parse(&text).unwrap_or_default()))
}

fn uuid_v7(id: &Uuid) -> Result<(), ValidationError> {
    if id.get_version_num() == 7 { Ok(()) } else { Err(ValidationError::new("not_uuid_v7")) }
}

/// What changes of a gift: freely by those who recorded it while it is `recorded`; after that by the
/// commune alone, with a `reason`, and the gift is `recorded` again.
#[changes(gifts)]
pub struct GiftChanges {
    pub household_id: Option<Option<HouseholdId>>,
    pub member_id: Option<Option<MemberId>>,
    pub hardship_item_id: Option<Option<HardshipItemId>>,
    pub category: Option<GiftCategory>,
    #[length(1..=500)]
    #[schema(example = "Gạo tẻ và nước mắm")]
    pub description: Option<String>,
    /// A number above 0 with up to three places behind the point.
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
    /// Within the twinning, not after today; that of its visit, if it has one.
    #[schema(example = "2026-11-20")]
    pub given_on: Option<NaiveDate>,
    #[length(..=2000)]
    #[schema(example = "Trao tại nhà rông")]
    pub note: Option<Option<String>>,
    /// Why the commune corrects a gift that was already answered.
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

/// Why a gift is disputed.
#[input]
pub struct GiftDispute {
    #[length(1..=500)]
    #[schema(example = "Hộ chỉ nhận được 5 kg gạo")]
    pub reason: String,
}

/// How a dispute ends.
#[input]
pub struct GiftSettlement {
    pub resolution: GiftResolution,
    #[length(1..=500)]
    #[schema(example = "Đã đối chiếu biên bản giao nhận với hộ")]
    pub note: String,
}

/// Which gifts.
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
    /// Any of these.
    pub status: Vec<GiftStatus>,
    /// Any of these.
    pub category: Vec<GiftCategory>,
    /// Given on this day or later.
    pub from: Option<NaiveDate>,
    /// Given on this day or before.
    pub to: Option<NaiveDate>,
}

sorts! {
    pub enum GiftSort { GivenOn = "-given_on" }
}
