//! Problem codes of aggregates.

use crate::kernel::http::problem::field_problems;

field_problems! {
    NOT_FOR_KEYS = "not_for_keys", "Khóa API không được hỏi như vậy.", "An API key may not ask this.";
    NOT_GROUPED = "not_grouped", "Bộ số liệu này không chia theo cách đó.", "This data set cannot be grouped by this.";
}
