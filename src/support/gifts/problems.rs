//! The codes that gifts add.

use crate::kernel::http::problem::field_problems;

field_problems! {
    VISIT_ELSEWHERE = "visit_elsewhere", "Chuyến thăm không cùng kết nghĩa, thôn làng và ngày.", "The visit is of another twinning, village or day.";
}
