//! The codes that consents add.

use crate::kernel::http::problem::problems;

problems! {
    CONSENT_EXISTS = 409 "consent_exists" ("Đã có đồng ý", "Consent exists"), "Hộ đã đồng ý với đơn vị này. Hãy thu hồi trước khi ghi mới.", "The household has a consent for this organisation in force. Withdraw it first.";
}
