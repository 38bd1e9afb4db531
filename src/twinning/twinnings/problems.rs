//! The codes that twinnings add.

use crate::kernel::http::problem::{field_problems, problems};

problems! {
    TWINNING_EXISTS = 409 "twinning_exists" ("Quan hệ kết nghĩa đã có", "Twinning already exists"), "Quan hệ kết nghĩa này đã được ghi cho thời gian đó.", "This twinning is already recorded for days of that time.";
}

field_problems! {
    OUTSIDE_PROGRAMME = "outside_programme", "Ngày nằm ngoài thời gian của chương trình.", "The day lies outside the programme.";
    PROGRAMME_ELSEWHERE = "programme_elsewhere", "Chương trình không thuộc địa bàn này.", "The programme is not one for this place.";
    ITS_OWN_PLACE = "its_own_place", "Không thể kết nghĩa với chính mình.", "A place cannot be twinned with itself.";
}
