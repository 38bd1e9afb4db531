//! The codes that households add.

use crate::kernel::http::problem::{field_problems, problems};

problems! {
    DECIDED = 409 "decided" ("Xã đã quyết định", "Decided by the commune"), "Xã đã duyệt hoặc quà đã được xác nhận: chỉ xã mới làm được.", "The commune has approved it or a gift was answered: only the commune can do this.";
    MEMBER_IN_USE = 409 "member_in_use" ("Thành viên đã nhận quà", "Member received a gift"), "Không bỏ được thành viên đã nhận quà.", "A member who received a gift cannot be dropped.";
}

field_problems! {
    HOUSEHOLD_ELSEWHERE = "household_elsewhere", "Hộ không thuộc thôn, làng này.", "The household does not live in this village.";
    HOUSEHOLD_NOT_ACTIVE = "household_not_active", "Hộ không còn ở đây.", "The household is no longer active.";
    BEFORE_LAST_MOVE = "before_last_move", "Ngày này trước lần chuyển nơi ở gần nhất.", "This day lies before the last move.";
    NOT_MOVED = "not_moved", "Hộ chưa chuyển thôn, làng lần nào.", "The household has not moved.";
    DIFFERENT_IDENTITY_NUMBER = "different_identity_number", "Hai hộ có số định danh khác nhau.", "The two households have different identity numbers.";
    NOT_ACTIVE = "not_active", "Hộ này đã chuyển đi hoặc không còn.", "This household has moved away or is no more.";
    ITSELF = "itself", "Không thể gộp hộ vào chính nó.", "It cannot be merged into itself.";
    PHONE_NUMBER = "phone_number", "Số điện thoại chưa đúng. Ví dụ: 0905 123 456.", "Not a phone number. Example: 0905 123 456.";
    IDENTITY_NUMBER = "identity_number", "Cần 9 hoặc 12 chữ số.", "Needs 9 or 12 digits.";
}
