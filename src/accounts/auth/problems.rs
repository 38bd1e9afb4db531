//! The codes of sign-in and refresh.

use crate::kernel::http::problem::problems;

problems! {
    INVALID_CREDENTIALS = 401 "invalid_credentials" ("Sai tên đăng nhập hoặc mật khẩu", "Wrong user name or password"), "Tên đăng nhập hoặc mật khẩu không đúng.", "The user name or the password is wrong.";
    INVALID_GRANT = 401 "invalid_grant" ("Mã làm mới không dùng được", "Refresh token not valid"), "Phiên đăng nhập không còn hiệu lực. Hãy đăng nhập lại.", "The sign-in is no longer valid. Please sign in again.";
    SESSION_EXPIRED = 401 "session_expired" ("Phiên đăng nhập đã hết hạn", "Session expired"), "Phiên đăng nhập đã hết hạn. Hãy đăng nhập lại; dữ liệu chưa gửi vẫn được giữ.", "The session has expired. Please sign in again; unsent data is kept.";
}
