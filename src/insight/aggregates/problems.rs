//! Problem codes of aggregates.

use crate::kernel::http::problem::field_problems;

field_problems! {
    NOT_FOR_KEYS = "not_for_keys", "Khóa API không được phép truy vấn theo cách này.", "An API key may not ask this.";
    NOT_GROUPED = "not_grouped", "Số liệu này không nhóm được theo tiêu chí đó.", "This data set cannot be grouped by this.";
}
