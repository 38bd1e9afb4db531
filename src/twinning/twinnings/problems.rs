//! The codes that twinnings add.

use crate::kernel::http::problem::{field_problems, problems};

problems! {
    TWINNING_EXISTS = 409 "twinning_exists" ("Quan hệ kết nghĩa đã có", "Twinning already exists"), "Quan hệ kết nghĩa này đã được ghi cho thời gian đó.", "This twinning is already recorded for days of that time.";
    LEAD_EXISTS = 409 "lead_exists" ("Đã có đơn vị chủ trì", "Lead exists"), "Nơi này đã có một đơn vị chủ trì của chương trình trong thời gian đó.", "Another organisation leads at this place under the programme in that time.";
}

field_problems! {
    OUTSIDE_PROGRAMME = "outside_programme", "Ngày nằm ngoài thời gian của chương trình.", "The day lies outside the programme.";
    OUTSIDE_ORGANISATION = "outside_organisation", "Ngày nằm ngoài thời gian hoạt động của đơn vị.", "The day lies outside the life of the organisation.";
    OUTSIDE_LOCALITY = "outside_locality", "Ngày nằm ngoài thời gian tồn tại của địa phương.", "The day lies outside the life of the place.";
    PROGRAMME_ELSEWHERE = "programme_elsewhere", "Chương trình không thuộc địa bàn này.", "The programme is not one for this place.";
    ITS_OWN_PLACE = "its_own_place", "Không thể kết nghĩa với chính mình.", "A place cannot be twinned with itself.";
}
