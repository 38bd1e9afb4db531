//! The codes of problems and of wrong fields, each with its status and its texts in both languages.

use utoipa::ToSchema;

use crate::kernel::locale::Locale;

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
            pub(super) fn table(self) -> (&'static str, &'static str, &'static str) {
                match self { $(Self::$variant => ($word, $vi, $en)),+ }
            }
            pub(super) fn from_word(word: &str) -> Option<Self> {
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
