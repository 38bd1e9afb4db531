//! The codes that hardship lists add.

use crate::kernel::http::problem::{FieldCode, problems};

/// `empty`, in the words of a list that has no household yet.
pub const NO_HOUSEHOLD: FieldCode =
    FieldCode::new("empty", "Danh sách chưa có hộ nào.\nThe list has no household yet.");

problems! {
    LIST_EXISTS = 409 "list_exists" ("Danh sách đã có", "List already exists"), "Thôn, làng đã có danh sách cho đợt này.", "The village already has a list for this round.";
    ITEM_IN_USE = 409 "item_in_use" ("Hộ đã được nhận giúp", "Listed household in use"), "Không bỏ được hộ đã có đơn vị nhận giúp hoặc đã nhận quà.", "A listed household with a pledge or a gift cannot be dropped.";
}
