//! The codes that organisations add.

use crate::kernel::http::problem::problems;

problems! {
    PLACE_TAKEN = 409 "place_taken" ("Địa phương đã là tổ chức", "Place already an organisation"), "Địa phương này đã là một tổ chức.", "This place is already an organisation.";
}
