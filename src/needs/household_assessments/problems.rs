//! The codes that assessments add.

use crate::kernel::http::problem::{field_problems, problems};

problems! {
    ASSESSMENT_EXISTS = 409 "assessment_exists" ("Đợt này đã rà soát", "Already assessed in this round"), "Hộ đã có kết quả rà soát của đợt này.", "The household already has an assessment of this round.";
    REGISTER_COMPLETE = 409 "register_complete" ("Sổ năm này đã chốt", "Register complete"), "Sổ rà soát của năm này đã chốt. Hãy mở lại sổ trước.", "The register of this year is complete. Reopen it first.";
}

field_problems! {
    OUTSIDE_ROUND = "outside_round", "Năm của đợt phải là năm của ngày rà soát.", "The year of the round must be that of the day of the assessment.";
    NO_STANDARD = "no_standard", "Chưa có chuẩn nghèo cho ngày này.", "No poverty standard is known for this day.";
    NOT_VALID_ON_DAY = "not_valid_on_day", "Chuẩn nghèo này không áp dụng vào ngày rà soát.", "This standard is not in force on the day of the assessment.";
    NOT_OF_STANDARD = "not_of_standard", "Chỉ số này không thuộc chuẩn nghèo của ngày rà soát.", "This indicator is not one of the standard of that day.";
    NOT_CONFIRMED = "not_confirmed", "Chỉ đính chính được kết quả đã xác nhận.", "Only a confirmed assessment can be corrected.";
}
