//! The codes that visits and gifts add.

use crate::kernel::http::problem::field_problems;

field_problems! {
    OUTSIDE_TWINNING = "outside_twinning", "Nằm ngoài thời gian kết nghĩa ({}).", "Outside the twinning ({}).";
    VILLAGE_OUTSIDE_TWINNING = "village_outside_twinning", "Thôn, làng không thuộc nơi kết nghĩa.", "The village does not lie in the twinned place.";
    NOT_YOUR_ORGANISATION = "not_your_organisation", "Đây không phải quan hệ kết nghĩa của đơn vị bạn.", "This is not a twinning of your organisation.";
    ORGANISATION_HAS_ACCOUNT = "organisation_has_account", "Đơn vị có tài khoản. Nếu nhập từ giấy, hãy gửi entered_from là paper.", "The unit has an account. For a paper record, send entered_from: paper.";
    MEMBER_ELSEWHERE = "member_elsewhere", "Người này không thuộc hộ.", "This person is not of the household.";
    ITEM_ELSEWHERE = "item_elsewhere", "Dòng danh sách không phải của hộ này.", "The listed item is not of this household.";
    DOES_NOT_ADD_UP = "does_not_add_up", "Giá trị một hộ nhân số hộ không bằng tổng giá trị.", "The value of one household times their number is not the total.";
    NOT_FOR_HOUSEHOLDS = "not_for_households", "Trang thiết bị chỉ trao cho thôn, làng hoặc xã.", "Equipment is for a village or a commune only.";
    NOT_APPROVED = "not_approved", "Danh sách chưa được duyệt.", "The list is not approved.";
}
