//! The codes that pledges add.

use crate::kernel::http::problem::problems;

problems! {
    PLEDGE_EXISTS = 409 "pledge_exists" ("Đã nhận giúp hộ này", "Pledge already exists"), "Đơn vị đã nhận giúp hộ này.", "The unit has already pledged to help this household.";
}
