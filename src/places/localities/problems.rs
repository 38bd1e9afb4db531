//! The codes that localities add.

use crate::kernel::http::problem::{field_problems, problems};

problems! {
    LOCALITY_ENDED = 422 "locality_ended" ("Địa phương đã kết thúc", "Place has ended"), "Địa phương không tồn tại vào ngày đó; xem \"errors\".", "The place does not exist on that day; see \"errors\".";
    VERSION_EXISTS = 409 "version_exists" ("Đã có thay đổi từ ngày đó", "Version exists"), "Đã có một thay đổi có hiệu lực từ ngày đó; hãy sửa thay đổi ấy.", "A version begins on that day already; change that one.";
    VERSION_NEEDED = 409 "version_needed" ("Không xóa được giai đoạn này", "Version needed"), "Đây là giai đoạn duy nhất, hoặc nơi trực thuộc của giai đoạn trước không còn trong thời gian đó.", "It is the only version, or the parent of the version before does not exist for that time.";
    FLAG_EXISTS = 409 "flag_exists" ("Đã có phân loại này", "Flag exists"), "Nơi này đã có phân loại đó trong thời gian ấy.", "The place has this flag already on a day of that time.";
}

field_problems! {
    WRONG_LEVEL = "wrong_level", "Không đúng cấp.", "Not of the right level.";
    ENDED = "ended", "Đã kết thúc, hoặc không tồn tại trong cả thời gian đó.", "Has ended, or does not exist for the whole time.";
    NOT_PREDECESSOR = "not_predecessor", "Không phải nơi mà xã hiện nay được lập từ đó, cũng không cùng tỉnh.", "Neither a predecessor of the present commune nor in the same province.";
    KIND_IN_NAME = "kind_in_name", "Tên bắt đầu bằng một loại khác với loại đã chọn.", "The name begins with another kind than the one given.";
    NO_DISTRICTS = "no_districts", "Vào ngày đó không có cấp huyện.", "There are no districts on that day.";
    SUCCEEDED_BY = "succeeded_by", "Nơi kế tục: {}.", "Succeeded by {}.";
}
