//! The enumerations of gifts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::value::enums::db_enum;

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
        Equipment = "equipment" ("Trang thiết bị của thôn, xã", "Equipment of a village or commune"),
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
    /// The group of homes that a gift to many is for.
    pub enum RecipientGroup {
        Poor = "poor" ("Hộ nghèo", "Poor households"),
        NearPoor = "near_poor" ("Hộ cận nghèo", "Near-poor households"),
        NewlyEscaped = "newly_escaped" ("Hộ mới thoát nghèo", "Households that lately escaped poverty"),
        SpecialHardship = "special_hardship" ("Hộ có hoàn cảnh đặc biệt khó khăn", "Households in special hardship"),
        MeritFamily = "merit_family" ("Gia đình chính sách, người có công", "Families of merit"),
        SocialProtection = "social_protection" ("Đối tượng bảo trợ xã hội", "Social protection"),
        Disabled = "disabled" ("Người khuyết tật", "Disabled persons"),
        Elderly = "elderly" ("Người cao tuổi", "Elderly persons"),
        Orphan = "orphan" ("Trẻ mồ côi", "Orphans"),
        Student = "student" ("Học sinh, sinh viên", "Students"),
        PrestigiousPerson = "prestigious_person" ("Người có uy tín", "Prestigious persons"),
        All = "all" ("Tất cả các hộ", "All households"),
        Other = "other" ("Khác", "Other"),
    }
}

/// The recipient of a gift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecipientKind {
    #[default]
    Household,
    /// One person of a household.
    Member,
    /// Households that are named, counted as a group, or both.
    Many,
    /// The whole village.
    Village,
    /// The commune itself.
    Commune,
}

db_enum! {
    /// Status of a gift. `recorded` and `confirmed` gifts are counted, the others are not.
    pub enum GiftStatus {
        Recorded = "recorded" ("Đã ghi nhận", "Recorded"),
        Confirmed = "confirmed" ("Đã xác nhận", "Confirmed"),
        Disputed = "disputed" ("Có ý kiến khác", "Disputed"),
        NotDelivered = "not_delivered" ("Không giao tới nơi", "Not delivered"),
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
    /// Add and remove recipients, link and unlink listed items.
    Name,
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
