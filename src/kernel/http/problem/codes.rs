//! The codes of problems and of wrong fields, each with its texts in both languages. Codes without a domain are declared
//! here; a resource declares its own with the same macros, and lists them in its `RESOURCE`.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use validator::ValidationError;

use crate::kernel::locale::Locale;

/// The type of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    status: u16,
    word: &'static str,
    /// In Vietnamese and in English, like `text`.
    title: (&'static str, &'static str),
    text: (&'static str, &'static str),
}

impl Code {
    pub const fn new(
        status: u16,
        word: &'static str,
        title: (&'static str, &'static str),
        text: (&'static str, &'static str),
    ) -> Self {
        Self { status, word, title, text }
    }

    pub fn status(self) -> u16 {
        self.status
    }

    pub fn word(self) -> &'static str {
        self.word
    }

    /// `title` of RFC 9457 §3.1.3.
    pub fn title(self, locale: Locale) -> &'static str {
        locale.pick(self.title.0, self.title.1)
    }

    pub fn text(self, locale: Locale) -> &'static str {
        locale.pick(self.text.0, self.text.1)
    }
}

/// A rule that a field breaks. `{}` in a text takes the parameter of the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldCode {
    word: &'static str,
    /// The Vietnamese and the English text, one line each, in one string, because `ValidationError` has one message.
    texts: &'static str,
}

impl FieldCode {
    pub const fn new(word: &'static str, texts: &'static str) -> Self {
        Self { word, texts }
    }

    pub fn word(self) -> &'static str {
        self.word
    }

    pub fn text(self, locale: Locale) -> &'static str {
        let (vi, en) = self.texts.split_once('\n').unwrap_or((self.texts, self.texts));
        locale.pick(vi, en)
    }

    /// The code of a validation error: a code of a resource where the error has a message, otherwise one of validator.
    pub(super) fn of(error: &ValidationError) -> Self {
        match (&error.code, &error.message) {
            (Cow::Borrowed(word), Some(Cow::Borrowed(texts))) => Self { word, texts },
            (word, _) => {
                Self::ALL.iter().copied().find(|code| code.word == word.as_ref()).unwrap_or(Self::INVALID_VALUE)
            }
        }
    }
}

impl From<FieldCode> for ValidationError {
    fn from(code: FieldCode) -> Self {
        Self::new(code.word).with_message(Cow::Borrowed(code.texts))
    }
}

/// Declares codes of problems: status, word, title and text.
macro_rules! problems {
    ($($name:ident = $status:literal $word:literal ($title_vi:literal, $title_en:literal), $vi:literal, $en:literal;)+) => {
        $(pub const $name: $crate::kernel::http::problem::Code =
            $crate::kernel::http::problem::Code::new($status, $word, ($title_vi, $title_en), ($vi, $en));)+
        pub const PROBLEMS: &[$crate::kernel::http::problem::Code] = &[$($name),+];
    };
}
pub(crate) use problems;

/// Declares codes of wrong fields: word and text.
macro_rules! field_problems {
    ($($name:ident = $word:literal, $vi:literal, $en:literal;)+) => {
        $(pub const $name: $crate::kernel::http::problem::FieldCode =
            $crate::kernel::http::problem::FieldCode::new($word, concat!($vi, "\n", $en));)+
        pub const FIELD_PROBLEMS: &[$crate::kernel::http::problem::FieldCode] = &[$($name),+];
    };
}
pub(crate) use field_problems;

macro_rules! kernel_problems {
    ($($name:ident = $status:literal $word:literal ($title_vi:literal, $title_en:literal), $vi:literal, $en:literal;)+) => {
        impl Code {
            $(pub const $name: Self = Self::new($status, $word, ($title_vi, $title_en), ($vi, $en));)+
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

kernel_problems! {
    MALFORMED_REQUEST = 400 "malformed_request" ("Yêu cầu không đọc được", "Malformed request"), "Không đọc được yêu cầu.", "The request cannot be read.";
    CURSOR_INVALID = 400 "cursor_invalid" ("Con trỏ trang không hợp lệ", "Invalid page cursor"), "Không tải tiếp được danh sách. Hãy tải lại từ đầu.", "The list cannot be continued. Load it again from the start.";
    UNAUTHENTICATED = 401 "unauthenticated" ("Chưa đăng nhập", "Sign-in needed"), "Cần đăng nhập, hoặc phiên đăng nhập không còn hiệu lực.", "Sign-in is needed, or no longer valid.";
    FORBIDDEN = 403 "forbidden" ("Không được phép", "Not permitted"), "Vai trò của bạn không được làm việc này.", "Your role may not do this.";
    HTTPS_REQUIRED = 403 "https_required" ("Cần kết nối mã hóa", "Encrypted connection needed"), "Chỉ nhận kết nối được mã hóa (https).", "Only encrypted connections (https) are served.";
    NOT_FOUND = 404 "not_found" ("Không tìm thấy", "Not found"), "Không tìm thấy.", "Not found.";
    METHOD_NOT_ALLOWED = 405 "method_not_allowed" ("Phương thức không dùng được", "Method not allowed"), "Phương thức này không dùng được ở đây.", "This method is not available here.";
    NOT_ACCEPTABLE = 406 "not_acceptable" ("Không có định dạng này", "Representation not available"), "Không thể trả lời theo định dạng được yêu cầu.", "The requested representation is not available.";
    ID_CONFLICT = 409 "id_conflict" ("Mã đã được dùng", "Id already taken"), "Mã này đã được dùng cho một bản ghi khác.", "This id is taken by another record.";
    DELETED = 409 "deleted" ("Bản ghi đã bị xóa", "Record deleted"), "Bản ghi này đã bị xóa.", "This record has been deleted.";
    IN_USE = 409 "in_use" ("Còn bản ghi phụ thuộc", "Record in use"), "Không xóa hoặc đổi được vì còn thông tin khác liên quan.", "It cannot be deleted or changed, because other records depend on it.";
    INVALID_TRANSITION = 409 "invalid_transition" ("Không đúng bước", "Step not possible in this status"), "Không làm được bước này ở trạng thái hiện tại.", "This step is not possible in the current status.";
    REQUEST_TIMEOUT = 408 "request_timeout" ("Quá thời gian nhận", "Request timeout"), "Nội dung gửi lên đến quá chậm. Hãy thử lại.", "The body took too long to arrive. Try again.";
    UNREADABLE = 409 "unreadable" ("Thông tin không đọc được", "Sealed field unreadable"), "Có thông tin được bảo mật hiện không đọc được. Hãy báo quản trị hệ thống.", "A sealed field cannot be read now. Tell the operator.";
    VERSION_CONFLICT = 412 "version_conflict" ("Bản ghi đã thay đổi", "Version conflict"), "Thông tin này vừa được người khác sửa. Hãy xem lại rồi sửa tiếp.", "Someone else has just changed this. Look at it again, then go on.";
    PAYLOAD_TOO_LARGE = 413 "payload_too_large" ("Nội dung quá lớn", "Body too large"), "Nội dung gửi lên quá lớn.", "The body is too large.";
    URI_TOO_LONG = 414 "uri_too_long" ("Địa chỉ quá dài", "Address too long"), "Địa chỉ yêu cầu quá dài.", "The address of the request is too long.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type" ("Định dạng không được nhận", "Media type not supported"), "Chỉ nhận application/json.", "Only application/json is taken.";
    INVALID = 422 "invalid" ("Dữ liệu chưa đúng", "Invalid fields"), "Có thông tin chưa đúng. Hãy xem các ô được đánh dấu.", "Some information is not right. See the marked fields.";
    PRECONDITION_REQUIRED = 428 "precondition_required" ("Thiếu phiên bản đã đọc", "Version needed"), "Cần gửi If-Match với phiên bản đã đọc.", "Send If-Match with the version you read.";
    TOO_MANY_REQUESTS = 429 "too_many_requests" ("Quá nhiều lần thử", "Too many requests"), "Quá nhiều lần thử. Hãy đợi rồi thử lại.", "Too many tries. Wait, then try again.";
    INTERNAL = 500 "internal" ("Lỗi máy chủ", "Internal error"), "Có lỗi phía máy chủ. Lỗi đã được ghi lại.", "Something went wrong on our side. It has been logged.";
    OVERLOADED = 503 "overloaded" ("Máy chủ đang bận", "Service busy"), "Máy chủ đang bận hoặc cơ sở dữ liệu chưa sẵn sàng. Hãy thử lại.", "The server is busy or its database is not ready. Try again.";
}

macro_rules! kernel_field_problems {
    ($($name:ident = $word:literal, $vi:literal, $en:literal;)+) => {
        impl FieldCode {
            $(pub const $name: Self = Self::new($word, concat!($vi, "\n", $en));)+
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

kernel_field_problems! {
    REQUIRED = "required", "Chưa nhập.", "Not filled in.";
    UNKNOWN_FIELD = "unknown_field", "Không có trường này.", "There is no such field.";
    INVALID_TYPE = "invalid_type", "Sai kiểu dữ liệu.", "Wrong type of value.";
    INVALID_VALUE = "invalid_value", "Giá trị không hợp lệ.", "Not a valid value.";
    LEGACY_ENCODING = "legacy_encoding", "Tên gõ bằng bảng mã cũ (TCVN3 hoặc VNI). Hãy gõ lại bằng Unicode.", "The name is in an old encoding (TCVN3 or VNI). Type it in Unicode.";
    NO_POSITION = "no_position", "Vị trí 0, 0 không phải là vị trí thật.", "0, 0 is not a position.";
    READ_ONLY = "read_only", "Trường này chỉ đọc với bạn.", "You may read this field, not change it.";
    NULL_CHARACTER = "null_character", "Không được chứa ký tự NUL.", "Must not contain the NUL character.";
    LONG_NAME = "long_name", "Tên trường dài quá {} ký tự.", "The name of a field is longer than {} characters.";
    LENGTH = "length", "{}.", "Only {}.";
    RANGE = "range", "Chỉ nhận số {}.", "Only a number {}.";
    EMAIL = "email", "Email chưa đúng. Ví dụ: ten@xa.gov.vn.", "Not an e-mail address. Example: name@example.gov.vn.";
    NOT_FOUND = "not_found", "Không tìm thấy, hoặc bạn không có quyền xem.", "Not found, or you may not see it.";
    NOT_V7 = "not_uuid_v7", "Mã phải là UUIDv7.", "The id must be a UUIDv7.";
    ID_TAKEN = "id_conflict", "Mã này đã được dùng cho một bản ghi khác.", "This id is taken by another record.";
    DUPLICATE = "duplicate", "Đã có ở trên (bị trùng).", "Already given above.";
    IN_THE_FUTURE = "in_the_future", "Không được ghi ngày (năm) trong tương lai.", "The day (year) must not be in the future.";
    PERIOD_REVERSED = "period_reversed", "Ngày kết thúc trước ngày bắt đầu.", "The end is before the start.";
    EXCLUSIVE = "exclusive", "Không dùng cùng nhau.", "Cannot be given together.";
    MORE_THAN = "more_than", "Không được lớn hơn {}.", "Must not be more than {}.";
    TOO_MANY_ROWS = "too_many_rows", "Hơn {} dòng: hãy thu hẹp bộ lọc.", "More than {} rows: narrow the filter.";
    CIRCULAR = "circular", "Không thể thuộc về chính mình, trực tiếp hoặc qua bên dưới.", "It would lie below itself.";
    EMPTY = "empty", "Danh sách đang trống.", "The list is empty.";
}

/// The schema of a code; `openapi/` adds the values of all resources.
fn word(description: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description)).build().into()
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        word("The type of a problem: stable, for decisions of a program. May gain values.")
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        "ProblemCode".into()
    }
}

impl PartialSchema for FieldCode {
    fn schema() -> RefOr<Schema> {
        word("The rule that a field breaks: stable. May gain values.")
    }
}

impl ToSchema for FieldCode {
    fn name() -> Cow<'static, str> {
        "ProblemFieldCode".into()
    }
}
