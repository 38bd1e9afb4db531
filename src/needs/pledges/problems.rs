//! The codes that pledges add.

use crate::kernel::http::problem::problems;

problems! {
    LIST_CLOSED = 409 "list_closed" ("Danh sách đã đóng", "List closed"), "Danh sách đã đóng, không nhận giúp thêm được.", "The list is closed: no further pledges.";
    PLEDGE_EXISTS = 409 "pledge_exists" ("Đã nhận giúp hộ này", "Pledge already exists"), "Đơn vị đã nhận giúp hộ này.", "The unit has already pledged to help this household.";
}
