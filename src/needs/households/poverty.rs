//! Enumerations of poverty: status, causes, and the codes of indicators, which are data of a standard.

use crate::kernel::value::code::code;
use crate::kernel::value::enums::{CatalogueItem, db_enum};

db_enum! {
    /// Result of a poverty assessment.
    pub enum PovertyStatus {
        Poor = "poor" ("Hộ nghèo", "Poor"),
        NearPoor = "near_poor" ("Hộ cận nghèo", "Near-poor"),
        NewlyEscaped = "newly_escaped" ("Hộ mới thoát nghèo", "Newly escaped from poverty"),
        Average = "average" ("Hộ có mức sống trung bình", "Average standard of living"),
        NotPoor = "not_poor" ("Hộ khác", "Not poor"),
    }
}

db_enum! {
    /// Causes of poverty: the eight of the official form in its order, then four that the form counts under `other`.
    pub enum PovertyCause {
        NoLand = "no_land" ("Thiếu đất sản xuất", "Lacks land"),
        NoCapital = "no_capital" ("Thiếu vốn", "Lacks capital"),
        NoLabour = "no_labour" ("Thiếu lao động", "Lacks labour"),
        NoTools = "no_tools" ("Thiếu công cụ sản xuất", "Lacks tools"),
        NoKnowledge = "no_knowledge" ("Thiếu kiến thức sản xuất", "Lacks knowledge of production"),
        NoSkills = "no_skills" ("Thiếu kỹ năng lao động", "Lacks skills"),
        Illness = "illness" ("Ốm đau, tai nạn", "Illness or accident"),
        Other = "other" ("Khác", "Other"),
        Disaster = "disaster" ("Thiên tai, rủi ro", "Disaster"),
        ManyDependants = "many_dependants" ("Đông người ăn theo", "Many dependants"),
        OutdatedCustoms = "outdated_customs" ("Tập tục lạc hậu", "Outdated customs"),
        Dependence = "dependence" ("Trông chờ, ỷ lại", "Waiting for aid"),
    }
}

impl PovertyCause {
    /// The number of a cause in the official form; those that the form does not have count under 8 (other).
    fn official_code(self) -> u8 {
        match self {
            Self::NoLand => 1,
            Self::NoCapital => 2,
            Self::NoLabour => 3,
            Self::NoTools => 4,
            Self::NoKnowledge => 5,
            Self::NoSkills => 6,
            Self::Illness => 7,
            Self::Other | Self::Disaster | Self::ManyDependants | Self::OutdatedCustoms | Self::Dependence => 8,
        }
    }

    /// The causes with their official codes, for `/catalogues`.
    pub fn official_catalogue() -> Vec<CatalogueItem> {
        let mut items = Self::catalogue();
        for (item, cause) in items.iter_mut().zip(Self::ALL) {
            item.official_code = Some(cause.official_code().to_string());
        }
        items
    }
}

code! {
    /// The code of an indicator of a poverty standard: a capital letter, then at most nine capital letters and digits.
    Indicator = "^[A-Z][A-Z0-9]{0,9}$", "I07", 10, |c| c.is_ascii_uppercase(), |c| c.is_ascii_uppercase() || c.is_ascii_digit()
}
