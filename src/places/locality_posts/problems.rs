//! The code that posts add.

use crate::kernel::http::problem::problems;

problems! {
    POST_TAKEN = 409 "post_taken" ("Chức danh đã có người", "Post taken"), "Đã có người giữ chức danh này trong thời gian đó.", "Another person holds this post on a day of that time.";
}
