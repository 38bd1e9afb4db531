//! The codes that registers add.

use crate::kernel::http::problem::problems;

problems! {
    REGISTER_INCOMPLETE = 409 "register_incomplete" ("Sổ chưa đủ", "Register incomplete"), "Chưa chốt được sổ: còn hộ chưa rà soát, đề nghị chưa xử lý, hoặc nhiều hộ hơn số hộ của thôn, làng.", "The register is not complete: households without an assessment, open proposals, or more households than the village has.";
}
