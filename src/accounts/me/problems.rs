//! The codes of the own account.

use crate::kernel::http::problem::field_problems;

field_problems! {
    WEAK_PASSWORD = "weak_password", "Mật khẩu quá dễ đoán.", "The password is too easy to guess.";
    SAME_PASSWORD = "same_password", "Mật khẩu mới phải khác mật khẩu cũ.", "The new password must differ from the old.";
}
