//! Enumerations of poverty by Decree 07/2021/NĐ-CP: status, causes, indicators.

use crate::kernel::value::enums::db_enum;

db_enum! {
    /// Result of a poverty assessment by the standard of Decree 07/2021/NĐ-CP.
    pub enum PovertyStatus {
        Poor = "poor" ("Hộ nghèo", "Poor"),
        NearPoor = "near_poor" ("Hộ cận nghèo", "Near-poor"),
        NewlyEscaped = "newly_escaped" ("Hộ mới thoát nghèo", "Newly escaped from poverty"),
        Average = "average" ("Hộ có mức sống trung bình", "Average standard of living"),
        NotPoor = "not_poor" ("Hộ khác", "Not poor"),
    }
}

db_enum! {
    /// Causes of poverty.
    pub enum PovertyCause {
        NoLand = "no_land" ("Không có đất sản xuất", "No land"),
        NoCapital = "no_capital" ("Không có vốn", "No capital"),
        NoLabour = "no_labour" ("Không có lao động", "No labour"),
        NoSkills = "no_skills" ("Không có kiến thức, kỹ năng", "No skills"),
        NoTools = "no_tools" ("Không có công cụ, phương tiện", "No tools"),
        Illness = "illness" ("Ốm đau, bệnh tật", "Illness"),
        Disaster = "disaster" ("Thiên tai, rủi ro", "Disaster"),
        ManyDependants = "many_dependants" ("Đông người ăn theo", "Many dependants"),
        OutdatedCustoms = "outdated_customs" ("Tập tục lạc hậu", "Outdated customs"),
        Dependence = "dependence" ("Trông chờ, ỷ lại", "Waiting for aid"),
        Other = "other" ("Khác", "Other"),
    }
}

db_enum! {
    /// The twelve indicators of Decree 07/2021/NĐ-CP; labels in the catalogue `poverty_dimensions`.
    pub enum Deprivation {
        I01 = "I01" ("Việc làm", "Employment"),
        I02 = "I02" ("Người phụ thuộc trong hộ gia đình", "Dependants"),
        I03 = "I03" ("Dinh dưỡng", "Nutrition"),
        I04 = "I04" ("Bảo hiểm y tế", "Health insurance"),
        I05 = "I05" ("Trình độ giáo dục của người lớn", "Adult education"),
        I06 = "I06" ("Tình trạng đi học của trẻ em", "School attendance"),
        I07 = "I07" ("Chất lượng nhà ở", "Housing quality"),
        I08 = "I08" ("Diện tích nhà ở bình quân đầu người", "Housing area"),
        I09 = "I09" ("Nguồn nước sinh hoạt", "Water source"),
        I10 = "I10" ("Nhà tiêu hợp vệ sinh", "Latrine"),
        I11 = "I11" ("Sử dụng dịch vụ viễn thông", "Telecommunications"),
        I12 = "I12" ("Phương tiện tiếp cận thông tin", "Means of information"),
    }
}
