//! The codes of access control.

use crate::kernel::http::problem::{field_problems, problems};

problems! {
    PASSWORD_CHANGE_REQUIRED = 403 "password_change_required" ("Cần đổi mật khẩu", "Password change needed"), "Hãy đổi mật khẩu dùng một lần trước khi tiếp tục.", "Replace the one-time password before going on.";
    OWN_SUBMISSION = 403 "own_submission" ("Không tự duyệt, tự xác nhận", "Own submission"), "Người trình hoặc người ghi nhận không được tự duyệt, tự xác nhận.", "Nobody approves what they submitted or confirms what they recorded.";
}

field_problems! {
    NOT_FOR_READER = "not_for_reader", "Đơn vị của bạn không được xem thông tin này nên không lọc theo nó được.", "This field is withheld from your organisation, so it cannot filter by it.";
    SAME_PERSON = "same_person", "Tài khoản này do người ghi nhận tạo hoặc cấp lại mật khẩu gần đây, hoặc ngược lại. Hãy để người khác làm bước này.", "One of the two accounts was made or reset by the other lately. Let somebody else take this step.";
}
