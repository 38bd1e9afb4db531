//! The codes that localities add.

use crate::kernel::http::problem::{field_problems, problems};

problems! {
    LOCALITY_ENDED = 422 "locality_ended" ("Địa phương đã kết thúc", "Place has ended"), "Địa phương không tồn tại vào ngày đó; xem \"errors\".", "The place does not exist on that day; see \"errors\".";
}

field_problems! {
    WRONG_LEVEL = "wrong_level", "Không đúng cấp.", "Not of the right level.";
    ENDED = "ended", "Đã kết thúc.", "Has ended.";
    NO_DISTRICTS = "no_districts", "Vào ngày đó không có cấp huyện.", "There are no districts on that day.";
    SUCCEEDED_BY = "succeeded_by", "Nơi kế tục: {}.", "Succeeded by {}.";
}
