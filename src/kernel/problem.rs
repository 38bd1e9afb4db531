//! The one error of the service. A handler writes `?`; what goes out is RFC 9457
//! `application/problem+json` in the caller's language, never SQL and never a stack. A fault of ours
//! is logged once, where it becomes an answer (`middleware`), and says nothing outside.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use serde::Serialize;
use utoipa::ToSchema;
use validator::{ValidationErrors, ValidationErrorsKind};

use super::locale::Locale;

pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// Publishes codes by their words.
macro_rules! word_schema {
    ($name:ident as $public:literal, $description:literal, [$($word:literal),+]) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some($description))
                    .enum_values(Some([$($word),+]))
                    .build()
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $public.into()
            }
        }
    };
}

/// Declares the codes: status, word, and both texts, so that none can lack one.
macro_rules! codes {
    ($($variant:ident = $status:literal $word:literal, $vi:literal, $en:literal;)+) => {
        /// Every way in which a request can fail.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($variant),+ }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn table(self) -> (u16, &'static str, &'static str, &'static str) {
                match self { $(Self::$variant => ($status, $word, $vi, $en)),+ }
            }
        }

        word_schema!(Code as "ProblemCode", "Why a request failed: stable, what programs decide by. May gain values.", [$($word),+]);
    };
}

codes! {
    MalformedRequest = 400 "malformed_request", "Không đọc được yêu cầu.", "The request cannot be read.";
    CursorInvalid = 400 "cursor_invalid", "Con trỏ trang không hợp lệ, hoặc thuộc về một bộ lọc khác.", "The page cursor is not valid, or belongs to another filter.";
    Unauthenticated = 401 "unauthenticated", "Cần đăng nhập, hoặc phiên đăng nhập không còn hiệu lực.", "Sign-in is needed, or no longer valid.";
    InvalidCredentials = 401 "invalid_credentials", "Tên đăng nhập hoặc mật khẩu không đúng.", "The user name or the password is wrong.";
    InvalidGrant = 401 "invalid_grant", "Mã làm mới không hợp lệ hoặc đã được dùng. Hãy đăng nhập lại.", "The refresh token is not valid or was used before. Please sign in again.";
    SessionExpired = 401 "session_expired", "Phiên đăng nhập đã hết hạn. Hãy đăng nhập lại; dữ liệu chưa gửi vẫn được giữ.", "The session has expired. Please sign in again; unsent data is kept.";
    Forbidden = 403 "forbidden", "Vai trò của bạn không được làm việc này.", "Your role may not do this.";
    HttpsRequired = 403 "https_required", "Chỉ nhận kết nối được mã hóa (https).", "Only encrypted connections (https) are served.";
    PasswordChangeRequired = 403 "password_change_required", "Hãy đổi mật khẩu dùng một lần trước khi tiếp tục.", "Replace the one-time password before going on.";
    OwnSubmission = 403 "own_submission", "Người trình hoặc người ghi nhận không được tự duyệt, tự xác nhận.", "Nobody approves what they submitted or confirms what they recorded.";
    NotFound = 404 "not_found", "Không tìm thấy.", "Not found.";
    MethodNotAllowed = 405 "method_not_allowed", "Phương thức này không dùng được ở đây.", "This method is not available here.";
    NotAcceptable = 406 "not_acceptable", "Không thể trả lời theo định dạng được yêu cầu.", "The requested representation is not available.";
    IdConflict = 409 "id_conflict", "Mã này đã được dùng cho một bản ghi khác.", "This id is taken by another record.";
    Deleted = 409 "deleted", "Bản ghi này đã bị xóa.", "This record has been deleted.";
    Decided = 409 "decided", "Xã đã duyệt hoặc quà đã được xác nhận: chỉ xã mới làm được.", "The commune has approved it or a gift was answered: only the commune can do this.";
    InUse = 409 "in_use", "Không xóa hoặc đổi được: còn bản ghi khác phụ thuộc.", "Other records depend on it: it cannot be deleted or become another.";
    InvalidTransition = 409 "invalid_transition", "Trạng thái hiện tại không cho phép bước này.", "The current status does not allow this step.";
    ListExists = 409 "list_exists", "Thôn, làng đã có danh sách cho đợt này.", "The village already has a list for this round.";
    TwinningExists = 409 "twinning_exists", "Quan hệ kết nghĩa này đã được ghi cho thời gian đó.", "This twinning is already recorded for days of that time.";
    PledgeExists = 409 "pledge_exists", "Đơn vị đã nhận giúp hộ này.", "The unit has already pledged to help this household.";
    UsernameTaken = 409 "username_taken", "Tên đăng nhập đã có người dùng.", "The user name is taken.";
    PlaceTaken = 409 "place_taken", "Địa phương này đã là một tổ chức.", "This place is already an organisation.";
    MemberInUse = 409 "member_in_use", "Không bỏ được thành viên đã nhận quà.", "A member who received a gift cannot be dropped.";
    ItemInUse = 409 "item_in_use", "Không bỏ được hộ đã có đơn vị nhận giúp hoặc đã nhận quà.", "A listed household with a pledge or a gift cannot be dropped.";
    RequestTimeout = 408 "request_timeout", "Nội dung gửi lên đến quá chậm. Hãy thử lại.", "The body took too long to arrive. Try again.";
    Unreadable = 409 "unreadable", "Có thông tin được bảo mật hiện không đọc được. Hãy báo quản trị hệ thống.", "A sealed field cannot be read now. Tell the operator.";
    VersionConflict = 412 "version_conflict", "Bản ghi đã được thay đổi; xem bản hiện tại ở \"current\".", "The record has changed; see \"current\".";
    PayloadTooLarge = 413 "payload_too_large", "Nội dung gửi lên quá lớn.", "The body is too large.";
    UriTooLong = 414 "uri_too_long", "Địa chỉ yêu cầu quá dài.", "The address of the request is too long.";
    UnsupportedMediaType = 415 "unsupported_media_type", "Chỉ nhận application/json.", "Only application/json is taken.";
    Invalid = 422 "invalid", "Có trường chưa đúng; xem \"errors\".", "Some fields are not right; see \"errors\".";
    LocalityEnded = 422 "locality_ended", "Địa phương không tồn tại vào ngày đó; xem \"errors\".", "The place does not exist on that day; see \"errors\".";
    PreconditionRequired = 428 "precondition_required", "Cần gửi If-Match với phiên bản đã đọc.", "Send If-Match with the version you read.";
    TooManyRequests = 429 "too_many_requests", "Quá nhiều lần thử. Hãy đợi rồi thử lại.", "Too many tries. Wait, then try again.";
    Internal = 500 "internal", "Có lỗi phía máy chủ. Lỗi đã được ghi lại.", "Something went wrong on our side. It has been logged.";
    Overloaded = 503 "overloaded", "Máy chủ đang bận hoặc cơ sở dữ liệu chưa sẵn sàng. Hãy thử lại.", "The server is busy or its database is not ready. Try again.";
}

impl Code {
    pub fn status(self) -> u16 {
        self.table().0
    }
    pub fn word(self) -> &'static str {
        self.table().1
    }
    pub fn text(self, locale: Locale) -> &'static str {
        let (_, _, vi, en) = self.table();
        locale.pick(vi, en)
    }
}

/// Declares what can be wrong with one field.
macro_rules! field_codes {
    ($($variant:ident = $word:literal, $vi:literal, $en:literal;)+) => {
        /// What is wrong with one field. `{}` in a text takes the error's parameter.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FieldCode { $($variant),+ }

        impl FieldCode {
            fn table(self) -> (&'static str, &'static str, &'static str) {
                match self { $(Self::$variant => ($word, $vi, $en)),+ }
            }
            fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        word_schema!(FieldCode as "ProblemFieldCode", "What is wrong with a field: stable. May gain values.", [$($word),+]);
    };
}

field_codes! {
    Required = "required", "Cần có giá trị.", "A value is needed.";
    UnknownField = "unknown_field", "Không có trường này.", "There is no such field.";
    InvalidType = "invalid_type", "Sai kiểu dữ liệu.", "Wrong type of value.";
    InvalidValue = "invalid_value", "Giá trị không hợp lệ.", "Not a valid value.";
    NullCharacter = "null_character", "Không được chứa ký tự NUL.", "Must not contain the NUL character.";
    LongName = "long_name", "Tên trường phải dài {} ký tự.", "The name of a field must have {} characters.";
    Length = "length", "Độ dài phải {}.", "The length must be {}.";
    Range = "range", "Giá trị phải {}.", "The value must be {}.";
    Email = "email", "Không phải địa chỉ thư điện tử.", "Not an e-mail address.";
    NotFound = "not_found", "Không có, hoặc ngoài phạm vi của bạn.", "Does not exist, or is out of your scope.";
    NotV7 = "not_uuid_v7", "Mã phải là UUIDv7.", "The id must be a UUIDv7.";
    IdTaken = "id_conflict", "Mã này đã được dùng cho một bản ghi khác.", "This id is taken by another record.";
    Duplicate = "duplicate", "Bị lặp lại.", "Given more than once.";
    OutsideProgramme = "outside_programme", "Ngày nằm ngoài thời gian của chương trình.", "The day lies outside the programme.";
    ProgrammeElsewhere = "programme_elsewhere", "Chương trình không thuộc địa bàn này.", "The programme is not one for this place.";
    InTheFuture = "in_the_future", "Ngày chưa tới.", "The day has not come yet.";
    OutsideTwinning = "outside_twinning", "Ngày nằm ngoài thời gian kết nghĩa.", "The day lies outside the twinning.";
    VillageOutsideTwinning = "village_outside_twinning", "Thôn, làng không thuộc nơi kết nghĩa.", "The village does not lie in the twinned place.";
    NotYourOrganisation = "not_your_organisation", "Đây không phải quan hệ kết nghĩa của đơn vị bạn.", "This is not a twinning of your organisation.";
    OrganisationHasAccount = "organisation_has_account", "Đơn vị có tài khoản và tự ghi nhận.", "The unit has an account and records for itself.";
    HouseholdElsewhere = "household_elsewhere", "Hộ không thuộc thôn, làng này.", "The household does not live in this village.";
    HouseholdNotActive = "household_not_active", "Hộ không còn ở đây.", "The household is no longer active.";
    MemberElsewhere = "member_elsewhere", "Người này không thuộc hộ.", "This person is not of the household.";
    ItemElsewhere = "item_elsewhere", "Dòng danh sách không phải của hộ này.", "The listed item is not of this household.";
    VisitElsewhere = "visit_elsewhere", "Chuyến thăm không cùng kết nghĩa, thôn làng và ngày.", "The visit is of another twinning, village or day.";
    FromVisit = "from_visit", "Trong một chuyến thăm, trường này lấy từ chuyến thăm.", "Inside a visit this comes from the visit.";
    PeriodReversed = "period_reversed", "Ngày kết thúc trước ngày bắt đầu.", "The end is before the start.";
    WrongLevel = "wrong_level", "Không đúng cấp.", "Not of the right level.";
    Ended = "ended", "Đã kết thúc.", "Has ended.";
    NotApproved = "not_approved", "Danh sách chưa được duyệt.", "The list is not approved.";
    SamePerson = "same_person", "Tài khoản này do người ghi nhận tạo hoặc cấp lại mật khẩu gần đây, hoặc ngược lại. Hãy để người khác làm bước này.", "One of the two accounts was made or reset by the other lately. Let somebody else take this step.";
    WeakPassword = "weak_password", "Mật khẩu quá dễ đoán.", "The password is too easy to guess.";
    SamePassword = "same_password", "Mật khẩu mới phải khác mật khẩu cũ.", "The new password must differ from the old.";
    Exclusive = "exclusive", "Không dùng cùng nhau.", "Cannot be given together.";
    DifferentIdentityNumber = "different_identity_number", "Hai hộ có số định danh khác nhau.", "The two households have different identity numbers.";
    NotActive = "not_active", "Hộ này đã chuyển đi hoặc không còn.", "This household has moved away or is no more.";
    Itself = "itself", "Không thể gộp hộ vào chính nó.", "It cannot be merged into itself.";
    ItsOwnPlace = "its_own_place", "Không thể kết nghĩa với chính mình.", "A place cannot be twinned with itself.";
    NotForKeys = "not_for_keys", "Khóa API không được hỏi như vậy.", "An API key may not ask this.";
    NotGrouped = "not_grouped", "Bộ số liệu này không chia theo cách đó.", "This data set cannot be cut this way.";
    NoDistricts = "no_districts", "Vào ngày đó không có cấp huyện.", "There are no districts on that day.";
    SucceededBy = "succeeded_by", "Nơi kế tục: {}.", "Succeeded by {}.";
    MoreThan = "more_than", "Không được lớn hơn {}.", "Must not be more than {}.";
    TooManyRows = "too_many_rows", "Hơn {} dòng: hãy thu hẹp bộ lọc.", "More than {} rows: narrow the filter.";
    Empty = "empty", "Không được trống.", "Must not be empty.";
    PhoneNumber = "phone_number", "Cần số điện thoại: 8 đến 20 ký tự, gồm chữ số, có thể có + ở đầu và dấu cách, dấu chấm, gạch nối ở giữa.", "Needs a phone number: 8 to 20 characters, digits with + in front and spaces, dots or hyphens between them if wished.";
    IdentityNumber = "identity_number", "Cần 9 hoặc 12 chữ số.", "Needs 9 or 12 digits.";
}

/// How many wrong fields an answer names.
pub const ERRORS_MAX: usize = 100;
/// How many bytes of an answer they take: the names in them are the client's.
const ERRORS_SIZE: usize = 48 * 1024;

/// One wrong field.
#[derive(Debug, Clone)]
pub struct FieldError {
    /// JSON pointer into the body (`#/gifts/2/value_vnd`), or `?name` for a query parameter.
    pub pointer: String,
    pub code: FieldCode,
    /// Fills the `{}` of the text: one wording for both languages, or one each.
    pub parameter: Option<(String, String)>,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, code: FieldCode) -> Self {
        Self { pointer: pointer.into(), code, parameter: None }
    }

    /// Too long, or too many.
    pub fn at_most(pointer: impl Into<String>, most: impl fmt::Display) -> Self {
        let parameter = Some((format!("nhiều nhất {most}"), format!("at most {most}")));
        Self { pointer: pointer.into(), code: FieldCode::Length, parameter }
    }

    /// The same measure of something else.
    pub fn coded(mut self, code: FieldCode) -> Self {
        self.code = code;
        self
    }

    /// Too small or too great.
    pub fn range(pointer: impl Into<String>, least: impl fmt::Display, most: impl fmt::Display) -> Self {
        let parameter = Some((format!("từ {least} đến {most}"), format!("from {least} to {most}")));
        Self { pointer: pointer.into(), code: FieldCode::Range, parameter }
    }

    /// Beyond what the database can keep.
    fn storable(pointer: &str) -> Self {
        let parameter = Some(("nằm trong khoảng lưu được".to_owned(), "within what can be kept".to_owned()));
        Self { pointer: pointer.to_owned(), code: FieldCode::Range, parameter }
    }

    pub fn with(mut self, parameter: impl Into<String>) -> Self {
        let parameter = parameter.into();
        self.parameter = Some((parameter.clone(), parameter));
        self
    }
}

/// Why a request failed.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: Code,
    errors: Vec<FieldError>,
    errors_truncated: bool,
    current: Option<serde_json::Value>,
    retry_after: Option<u32>,
    allow: Option<String>,
    /// The answer is the last of its connection.
    closes: bool,
    /// For the log, never for the answer.
    cause: Option<String>,
}

impl Problem {
    pub fn new(code: Code) -> Self {
        Self(Box::new(Inner {
            code,
            errors: Vec::new(),
            errors_truncated: false,
            current: None,
            retry_after: None,
            allow: None,
            closes: false,
            cause: None,
        }))
    }

    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    pub fn internal(cause: impl fmt::Display) -> Self {
        let mut problem = Self::new(Code::Internal);
        problem.0.cause = Some(cause.to_string());
        problem
    }

    pub fn overloaded(cause: impl fmt::Display) -> Self {
        let mut problem = Self::new(Code::Overloaded);
        problem.0.cause = Some(cause.to_string());
        problem.0.retry_after = Some(2);
        problem
    }

    pub fn retry_after(code: Code, seconds: u32) -> Self {
        let mut problem = Self::new(code);
        problem.0.retry_after = Some(seconds);
        problem
    }

    pub fn method_not_allowed(allow: String) -> Self {
        let mut problem = Self::new(Code::MethodNotAllowed);
        problem.0.allow = Some(allow);
        problem
    }

    /// Ends the connection with the answer, where the body of the request was not read to its end.
    pub fn closing(mut self) -> Self {
        self.0.closes = true;
        self
    }

    pub fn closes(&self) -> bool {
        self.0.closes
    }

    /// 412, with the record as the caller may see it now.
    pub fn version_conflict(current: serde_json::Value) -> Self {
        let mut problem = Self::new(Code::VersionConflict);
        problem.0.current = Some(current);
        problem
    }

    /// 422 with all wrong fields, the first hundred of them.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self::with_errors(Code::Invalid, errors)
    }

    /// 422 with one wrong field.
    pub fn field(pointer: impl Into<String>, code: FieldCode) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code)])
    }

    pub fn with_errors(code: Code, mut errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(code);
        problem.0.errors_truncated = errors.len() > ERRORS_MAX;
        errors.truncate(ERRORS_MAX);
        problem.0.errors = errors;
        problem
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after
    }

    pub fn allow(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }

    pub fn current_version(&self) -> Option<i64> {
        self.0.current.as_ref()?.get("version")?.as_i64()
    }

    /// The body that goes out.
    pub fn details(&self, locale: Locale, instance: &str, request_id: &str) -> ProblemDetails {
        let code = self.0.code;
        let title = StatusCode::from_u16(code.status()).ok().and_then(|status| status.canonical_reason());
        let mut size = 0;
        let told = self.0.errors.iter().map(|error| ProblemFieldError::of(error, locale)).take_while(|error| {
            size += serde_json::to_vec(error).map_or(ERRORS_SIZE, |json| json.len());
            size < ERRORS_SIZE
        });
        let errors: Vec<ProblemFieldError> = told.collect();
        ProblemDetails {
            r#type: format!("urn:ketnghia:problem:{}", code.word()),
            title: title.unwrap_or("Error").to_owned(),
            status: code.status(),
            detail: code.text(locale).to_owned(),
            instance: instance.to_owned(),
            code: code.word().to_owned(),
            request_id: request_id.to_owned(),
            errors_truncated: self.0.errors_truncated || errors.len() < self.0.errors.len(),
            errors,
            current: self.0.current.clone(),
        }
    }
}

/// What went wrong (RFC 9457). Rely on `code`, show `detail`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDetails {
    #[schema(example = "urn:ketnghia:problem:invalid")]
    pub r#type: String,
    #[schema(example = "Unprocessable Entity")]
    pub title: String,
    #[schema(minimum = 400, maximum = 599, example = 422)]
    pub status: u16,
    /// In the language of Accept-Language, Vietnamese by default.
    #[schema(example = "Có trường chưa đúng; xem \"errors\".")]
    pub detail: String,
    /// The path that was called.
    #[schema(example = "/api/v1/gifts")]
    pub instance: String,
    #[schema(value_type = Code, example = "invalid")]
    pub code: String,
    /// Also in the X-Request-Id header; quote it when reporting a fault.
    #[schema(example = "01938f3e-9d54-7c43-b7c4-5d0c38a9a111")]
    pub request_id: String,
    /// The wrong fields, at most 100; empty when the fault is not in a field.
    #[schema(max_items = 100)]
    pub errors: Vec<ProblemFieldError>,
    /// More fields are wrong than `errors` names.
    #[schema(example = false)]
    pub errors_truncated: bool,
    /// With 412: the record as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    pub current: Option<serde_json::Value>,
}

/// One wrong field.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemFieldError {
    /// JSON pointer into the body, or `?name` for a query parameter.
    #[schema(example = "#/gifts/2/value_vnd")]
    pub pointer: String,
    #[schema(value_type = FieldCode, example = "range")]
    pub code: String,
    #[schema(example = "Giá trị phải từ 0 đến 1000000000000.")]
    pub detail: String,
}

impl ProblemFieldError {
    fn of(error: &FieldError, locale: Locale) -> Self {
        let (word, vi, en) = error.code.table();
        let (vi_parameter, en_parameter) = error.parameter.clone().unwrap_or_default();
        Self {
            pointer: error.pointer.clone(),
            code: word.to_owned(),
            detail: locale.pick(vi, en).replace("{}", locale.pick(&vi_parameter, &en_parameter)),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.code.word())?;
        match &self.0.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    // The body is written by the outermost middleware, which knows language and request id.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<DieselError> for Problem {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, information) = &error else {
            return match error {
                DieselError::NotFound => Self::not_found(),
                other => Self::internal(other),
            };
        };
        let message = information.message();
        match (information.constraint_name(), kind) {
            (Some("app_not_found"), _) => Self::not_found(),
            (Some("app_in_use"), _) => Self::new(Code::InUse),
            // An id that a client made is taken, by a record that the caller may not even see.
            (Some(name), DatabaseErrorKind::UniqueViolation) if name.ends_with("_pkey") => Self::new(Code::IdConflict),
            // A row that would lie out of the caller's scope: it does not exist for them.
            _ if message.starts_with("new row violates row-level security") => Self::not_found(),
            // The id of a record that the server, or another record's creation, had made.
            (Some(name), DatabaseErrorKind::UniqueViolation) if name.ends_with("_pkey") => Self::new(Code::IdConflict),
            (_, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand) => {
                Self::overloaded(error)
            }
            // A day or moment that PostgreSQL cannot keep, where no rule of a field caught it.
            _ if message.contains("out of range") => Self::invalid(vec![FieldError::storable("#")]),
            _ if is_passing(message) => Self::overloaded(error),
            _ => Self::internal(error),
        }
    }
}

/// Faults of the moment: time-outs, a database that shuts down or starts.
fn is_passing(message: &str) -> bool {
    const PASSING: [&str; 7] = [
        "deadlock detected",
        "canceling statement due to",
        "terminating connection",
        "the database system is",
        "server closed the connection",
        "connection to server",
        "no connection to the server",
    ];
    PASSING.iter().any(|start| message.starts_with(start))
}

/// True when the connection itself is gone, so that nothing of the transaction has happened.
pub fn connection_is_gone(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _) => {
            true
        }
        DieselError::DatabaseError(_, information) => {
            let message = information.message();
            message.starts_with("server closed the connection")
                || message.starts_with("terminating connection")
                || message.starts_with("no connection to the server")
        }
        _ => false,
    }
}

/// Turns the violation of a named constraint into the problem that it means, where the query stands.
/// A constraint that nobody named is a fault of ours.
pub trait OnConstraint<T> {
    fn on_constraint(self, name: &str, problem: impl FnOnce() -> Problem) -> Result<T>;
}

impl<T> OnConstraint<T> for Result<T, DieselError> {
    fn on_constraint(self, name: &str, problem: impl FnOnce() -> Problem) -> Result<T> {
        self.map_err(|error| match &error {
            DieselError::DatabaseError(_, information) if information.constraint_name() == Some(name) => problem(),
            _ => error.into(),
        })
    }
}

/// All broken rules of a validated value, with pointers below `base`.
pub fn field_errors(base: &str, errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    for (field, kind) in errors.errors() {
        let pointer = format!("{base}/{field}");
        match kind {
            ValidationErrorsKind::Struct(inner) => found.extend(field_errors(&pointer, inner)),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    found.extend(field_errors(&format!("{pointer}/{index}"), inner));
                }
            }
            ValidationErrorsKind::Field(broken) => {
                for error in broken {
                    let code = FieldCode::from_word(&error.code).unwrap_or(FieldCode::InvalidValue);
                    let mut field_error = FieldError::new(pointer.clone(), code);
                    field_error.parameter = bounds(error.params.get("min"), error.params.get("max"));
                    found.push(field_error);
                }
            }
        }
    }
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    found
}

fn bounds(min: Option<&serde_json::Value>, max: Option<&serde_json::Value>) -> Option<(String, String)> {
    match (min, max) {
        (Some(min), Some(max)) => Some((format!("từ {min} đến {max}"), format!("from {min} to {max}"))),
        (Some(min), None) => Some((format!("ít nhất {min}"), format!("at least {min}"))),
        (None, Some(max)) => Some((format!("nhiều nhất {max}"), format!("at most {max}"))),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_speak_both_languages() {
        let mut words: Vec<_> = Code::ALL.iter().map(|code| code.word()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_ne!(code.text(Locale::Vi), code.text(Locale::En));
            assert!(StatusCode::from_u16(code.status()).is_ok());
        }
    }

    #[test]
    fn what_is_out_of_range_is_told_the_range() {
        let told = |error: FieldError, locale: Locale| ProblemFieldError::of(&error, locale).detail;
        assert_eq!(told(FieldError::range("?limit", 1, 200), Locale::Vi), "Giá trị phải từ 1 đến 200.");
        assert_eq!(told(FieldError::range("?limit", 1, 200), Locale::En), "The value must be from 1 to 200.");
        assert_eq!(told(FieldError::storable("#"), Locale::Vi), "Giá trị phải nằm trong khoảng lưu được.");
        assert_eq!(told(FieldError::storable("#"), Locale::En), "The value must be within what can be kept.");
    }

    #[test]
    fn a_fault_of_ours_does_not_leak_its_cause() {
        let problem = Problem::internal("relation \"households\" does not exist");
        let body = serde_json::to_string(&problem.details(Locale::En, "/x", "r")).unwrap();
        assert!(!body.contains("households"));
        assert!(problem.cause().unwrap().contains("households"));
    }
}
