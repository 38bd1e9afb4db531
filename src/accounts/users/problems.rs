//! The codes of users.

use crate::kernel::http::problem::problems;

problems! {
    USERNAME_TAKEN = 409 "username_taken" ("Tên đăng nhập đã có", "User name taken"), "Tên đăng nhập đã có người dùng.", "The user name is taken.";
}
