//! Faults of lists that the API does not have: their codes and texts.

use super::line::Line;
use crate::kernel::locale::Locale;

/// Faults of lists that the API does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    NotUtf8,
    Utf16,
    Workbook,
    Empty,
    TooLarge,
    TooManyRows,
    OpenQuote,
    TooManyCells,
    NoKnownColumn,
    UnknownColumn,
    /// A column of a list with a row for each person.
    MembersColumn,
    ColumnTwice,
    /// The name of the column.
    MissingColumn(String),
    /// The accepted words.
    NotOneOf(String),
    SpreadsheetError,
    /// A number as `6.2E+10`.
    Shortened,
    Ambiguous,
    /// The other line.
    SameAsLine(Line),
    DuplicateOfLine(Line),
    DuplicateOfKnown,
    DuplicateVillage,
    /// A proposal of the village for the same round.
    ProposalWaits,
    SameNumber,
    OtherHousehold,
    Moved,
    Differs,
    NotActive,
    /// The other standard.
    Overlaps(String),
    /// A column of the workbook that is not imported.
    PassedOver,
    /// The row with the same mark.
    MarkTwice(Line),
    PersonsDiffer,
    GroupDiffers,
    /// The row of the first sheet.
    StandsInFirst(Line),
}

impl Fault {
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotUtf8 | Self::Utf16 | Self::Workbook => "encoding",
            Self::Empty => "empty",
            Self::TooLarge => "too_large",
            Self::TooManyRows => "too_many_rows",
            Self::OpenQuote => "open_quote",
            Self::TooManyCells => "too_many_cells",
            Self::NoKnownColumn | Self::UnknownColumn | Self::MembersColumn => "unknown_column",
            Self::ColumnTwice => "column_twice",
            Self::MissingColumn(_) => "missing_column",
            Self::NotOneOf(_) => "invalid_value",
            Self::SpreadsheetError | Self::Shortened => "spreadsheet_error",
            Self::Ambiguous => "ambiguous",
            Self::SameAsLine(_) => "duplicate",
            Self::DuplicateOfLine(_) | Self::DuplicateOfKnown | Self::DuplicateVillage => "possible_duplicate",
            Self::ProposalWaits => "proposal_waits",
            Self::SameNumber => "same_identity_number",
            Self::OtherHousehold => "other_household",
            Self::Moved => "moved",
            Self::Differs => "differs",
            Self::NotActive => "not_active",
            Self::Overlaps(_) => "overlaps",
            Self::PassedOver => "passed_over",
            Self::MarkTwice(_) => "mark_twice",
            Self::PersonsDiffer => "persons_differ",
            Self::GroupDiffers => "ethnic_group_differs",
            Self::StandsInFirst(_) => "listed_twice",
        }
    }

    pub fn text(&self, locale: Locale) -> String {
        let (vi, en) = match self {
            Self::NotUtf8 => (
                "Dòng này không phải UTF-8. Hãy lưu lại dạng \"CSV UTF-8\".".to_owned(),
                "This line is not UTF-8. Save the sheet as \"CSV UTF-8\".".to_owned(),
            ),
            Self::Utf16 => (
                "Tệp được lưu dạng UTF-16. Hãy lưu lại dạng \"CSV UTF-8\".".into(),
                "The file is UTF-16. Save the sheet as \"CSV UTF-8\".".into(),
            ),
            Self::Workbook => (
                "Không đọc được tệp Excel này. Hãy lưu lại dạng .xlsx.".into(),
                "This workbook cannot be read. Save it as .xlsx.".into(),
            ),
            Self::Empty => ("Tệp trống.".into(), "The file is empty.".into()),
            Self::TooLarge => ("Tệp quá lớn.".into(), "The file is too large.".into()),
            Self::TooManyRows => {
                ("Nhiều hơn 50.000 dòng. Hãy chia tệp.".into(), "More than 50,000 rows. Split the file.".into())
            }
            Self::OpenQuote => {
                ("Dấu ngoặc kép không được đóng.".into(), "A quotation mark is opened and never closed.".into())
            }
            Self::TooManyCells => ("Nhiều ô hơn dòng tiêu đề.".into(), "More cells than the header has.".into()),
            Self::NoKnownColumn => (
                "Không nhận ra cột nào. Có thiếu dòng tiêu đề không?".into(),
                "No known column. Is the header line missing?".into(),
            ),
            Self::UnknownColumn => (
                "Không có cột này. Xem --help; cột không cần thì xóa đi.".into(),
                "There is no such column. See --help, and remove columns that are not needed.".into(),
            ),
            Self::MembersColumn => (
                "Mỗi hộ một dòng: hãy xóa các dòng của thành viên trước, rồi xóa cột này.".into(),
                "One row for each household: delete the members' rows first, then this column.".into(),
            ),
            Self::ColumnTwice => ("Cột bị lặp lại.".into(), "The column is repeated.".into()),
            Self::MissingColumn(name) => {
                (format!("Thiếu cột \"{name}\"."), format!("The column \"{name}\" is missing."))
            }
            Self::NotOneOf(words) => (format!("Phải là: {words}."), format!("Must be one of: {words}.")),
            Self::SpreadsheetError => {
                ("Công thức của bảng tính bị lỗi.".into(), "The spreadsheet's formula failed here.".into())
            }
            Self::Shortened => (
                "Bảng tính đã rút gọn số này. Hãy định dạng cột là văn bản rồi nhập lại.".into(),
                "The spreadsheet shortened this number. Format the column as text, and type it again.".into(),
            ),
            Self::Ambiguous => (
                "Có nhiều kết quả trùng; hãy ghi rõ hơn (mã, hoặc thêm cột xã, năm sinh, số CCCD).".into(),
                "More than one match; add its code, or the commune, birth year or identity number.".into(),
            ),
            Self::SameAsLine(line) => {
                (format!("Trùng với {}.", line.told(Locale::Vi)), format!("The same as {}.", line.told(Locale::En)))
            }
            Self::DuplicateOfLine(line) => (
                format!("Có thể trùng với {}.", line.told(Locale::Vi)),
                format!("Possibly the same as {}.", line.told(Locale::En)),
            ),
            Self::DuplicateOfKnown => (
                "Có thể trùng với một hộ đã có trong thôn, làng.".into(),
                "Possibly the same as an existing household of the village.".into(),
            ),
            Self::DuplicateVillage => (
                "Có thể trùng với một thôn, làng đã có trong xã.".into(),
                "Possibly the same as an existing village of the commune.".into(),
            ),
            Self::ProposalWaits => (
                "Thôn, làng đã đề nghị kết quả của kỳ này; hãy xác nhận hoặc trả lại đề nghị đó.".into(),
                "The village proposed a result of this round: confirm or return it.".into(),
            ),
            Self::SameNumber => {
                ("Số này đã thuộc về một hộ khác.".into(), "Another household has this number already.".into())
            }
            Self::OtherHousehold => (
                "Số này là của một hộ khác: cả họ tên và năm sinh của chủ hộ đều khác.".into(),
                "This number belongs to another household: both name and birth year of its head differ.".into(),
            ),
            Self::Moved => (
                "Hộ đã có, nay ở thôn, làng khác; giữ nguyên ở đó.".into(),
                "The household exists in another village now, and is kept there.".into(),
            ),
            Self::Differs => (
                "Đã có, với giá trị khác; giữ nguyên giá trị đang có.".into(),
                "The record exists with another value, which is kept.".into(),
            ),
            Self::NotActive => {
                ("Hộ đã có, nhưng không còn ở đây.".into(), "The household exists, but is no longer active.".into())
            }
            Self::PassedOver => ("Cột này không được nhập.".into(), "This column is not imported.".into()),
            Self::MarkTwice(line) => (
                format!("Số hộ này đã có ở {}.", line.told(Locale::Vi)),
                format!("This mark of a household stands at {}, too.", line.told(Locale::En)),
            ),
            Self::PersonsDiffer => (
                "Số nhân khẩu khác với số dòng của hộ.".into(),
                "The number of persons differs from the rows of the household.".into(),
            ),
            Self::GroupDiffers => (
                "Dấu hộ dân tộc thiểu số không khớp với dân tộc của chủ hộ.".into(),
                "The mark of a minority contradicts the ethnic group of the head.".into(),
            ),
            Self::StandsInFirst(line) => (
                format!("Hộ đã có ở {}; giữ phân loại ở đó.", line.told(Locale::Vi)),
                format!("The household stands at {}, too, and has the status there.", line.told(Locale::En)),
            ),
            Self::Overlaps(code) => (
                format!("Trùng thời gian với chuẩn nghèo {code}."),
                format!("The period overlaps that of the standard {code}."),
            ),
        };
        locale.pick(&vi, &en).to_owned()
    }
}
