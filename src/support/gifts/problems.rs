//! The codes that gifts add.

use crate::kernel::http::problem::field_problems;

field_problems! {
    MEMBER_ELSEWHERE = "member_elsewhere", "Người này không thuộc hộ.", "This person is not of the household.";
    ITEM_ELSEWHERE = "item_elsewhere", "Dòng danh sách không phải của hộ này.", "The listed item is not of this household.";
    VISIT_ELSEWHERE = "visit_elsewhere", "Chuyến thăm không cùng kết nghĩa, thôn làng và ngày.", "The visit is of another twinning, village or day.";
    NOT_APPROVED = "not_approved", "Danh sách chưa được duyệt.", "The list is not approved.";
}
