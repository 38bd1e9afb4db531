//! The report of an import: errors, warnings and counts of rows. A remark contains line and column but never the value, which
//! may be personal data.

use crate::kernel::http::problem::{FieldError, Problem};
use crate::kernel::locale::Locale;

/// A column of the spreadsheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRef {
    /// Counted from 0.
    pub index: usize,
    pub header: String,
}

impl ColumnRef {
    /// Returns A, B, … Z, AA, as spreadsheets name it.
    fn letters(&self) -> String {
        let mut letters = Vec::new();
        let mut rest = self.index;
        loop {
            letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
            if rest < 26 {
                break;
            }
            rest = rest / 26 - 1;
        }
        letters.iter().rev().collect()
    }
}

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
    SameAsLine(u64),
    DuplicateOfLine(u64),
    DuplicateOfKnown,
    SameNumber,
    OtherHousehold,
    Moved,
    Differs,
    NotActive,
    /// The other standard.
    Overlaps(String),
}

impl Fault {
    fn word(&self) -> &'static str {
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
            Self::DuplicateOfLine(_) | Self::DuplicateOfKnown => "possible_duplicate",
            Self::SameNumber => "same_identity_number",
            Self::OtherHousehold => "other_household",
            Self::Moved => "moved",
            Self::Differs => "differs",
            Self::NotActive => "not_active",
            Self::Overlaps(_) => "overlaps",
        }
    }

    fn text(&self, locale: Locale) -> String {
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
                "Đây là tệp Excel. Hãy lưu trang tính dạng \"CSV UTF-8\".".into(),
                "This is a workbook. Save the sheet as \"CSV UTF-8\".".into(),
            ),
            Self::Empty => ("Tệp trống.".into(), "The file is empty.".into()),
            Self::TooLarge => ("Tệp lớn hơn 32 MiB.".into(), "The file is larger than 32 MiB.".into()),
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
            Self::SameAsLine(line) => (format!("Trùng với dòng {line}."), format!("The same as line {line}.")),
            Self::DuplicateOfLine(line) => {
                (format!("Có thể trùng với dòng {line}."), format!("Possibly the same as line {line}."))
            }
            Self::DuplicateOfKnown => (
                "Có thể trùng với một hộ đã có trong thôn, làng.".into(),
                "Possibly the same as an existing household of the village.".into(),
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
            Self::Overlaps(code) => (
                format!("Trùng thời gian với chuẩn nghèo {code}."),
                format!("The period overlaps that of the standard {code}."),
            ),
        };
        locale.pick(&vi, &en).to_owned()
    }
}

/// An error or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub line: u64,
    pub column: Option<ColumnRef>,
    /// The code of the API, where it has the same rule.
    pub code: String,
    pub text: String,
}

impl Remark {
    /// `FILE:LINE: error: column D "Năm sinh": … [range]`
    fn print(&self, file: &str, severity: &str, locale: Locale) -> String {
        let word = locale.pick("cột", "column");
        let column = match &self.column {
            Some(column) => format!("{word} {} \"{}\": ", column.letters(), column.header),
            None => String::new(),
        };
        format!("{file}:{}: {severity}: {column}{} [{}]", self.line, self.text, self.code)
    }
}

/// A new account with its one-time password, which is printed once.
pub struct NewAccount {
    pub username: String,
    pub one_time_password: String,
}

/// The result of an import.
pub struct Report {
    pub locale: Locale,
    /// Skipped lines above the headers.
    pub titles: usize,
    /// Skipped rows from the first line with totals on: totals, and lines of signatures.
    pub totals: usize,
    pub rows: usize,
    /// Rows of new records.
    pub added: usize,
    /// Rows that added a year to an existing record.
    pub completed: usize,
    /// Rows of existing records without a change.
    pub known: usize,
    pub errors: Vec<Remark>,
    pub warnings: Vec<Remark>,
    pub committed: bool,
    pub accounts: Vec<NewAccount>,
}

impl Report {
    pub fn new(locale: Locale) -> Self {
        Self {
            locale,
            titles: 0,
            totals: 0,
            rows: 0,
            added: 0,
            completed: 0,
            known: 0,
            errors: Vec::new(),
            warnings: Vec::new(),
            committed: false,
            accounts: Vec::new(),
        }
    }

    fn remark(&self, line: u64, column: Option<ColumnRef>, fault: &Fault) -> Remark {
        Remark { line, column, code: fault.word().to_owned(), text: fault.text(self.locale) }
    }

    pub fn error(&mut self, line: u64, column: Option<ColumnRef>, fault: &Fault) {
        self.errors.push(self.remark(line, column, fault));
    }

    pub fn warn(&mut self, line: u64, column: Option<ColumnRef>, fault: &Fault) {
        self.warnings.push(self.remark(line, column, fault));
    }

    /// Adds the errors of a problem of the API; `column_of` maps its pointers to columns.
    pub fn refused(&mut self, line: u64, problem: &Problem, column_of: impl Fn(&str) -> Option<ColumnRef>) {
        let details = problem.details(self.locale, "", "");
        if details.errors.is_empty() {
            let column = column_of(&details.code);
            self.errors.push(Remark { line, column, code: details.code, text: details.detail });
        }
        for error in details.errors {
            self.errors.push(Remark { line, column: column_of(&error.pointer), code: error.code, text: error.detail });
        }
    }

    pub fn field(&mut self, line: u64, column: Option<ColumnRef>, error: FieldError) {
        self.refused(line, &Problem::invalid(vec![error]), |_| column.clone());
    }

    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// Returns every remark in the order of the file, and a summary.
    pub fn lines(&self, file: &str) -> Vec<String> {
        let locale = self.locale;
        let (error, warning) = (locale.pick("lỗi", "error"), locale.pick("cảnh báo", "warning"));
        let severities = [(error, &self.errors), (warning, &self.warnings)];
        let mut remarks: Vec<(&str, &Remark)> = Vec::new();
        for (severity, of_it) in severities {
            remarks.extend(of_it.iter().map(|remark| (severity, remark)));
        }
        remarks.sort_by_key(|(_, remark)| (remark.line, remark.column.as_ref().map(|column| column.index)));
        let mut lines: Vec<String> =
            remarks.into_iter().map(|(severity, remark)| remark.print(file, severity, locale)).collect();
        lines.push(format!("{file}: {}", self.sum()));
        lines
    }

    fn sum(&self) -> String {
        let passed_over = self.titles + self.totals;
        let (errors, warnings) = (self.errors.len(), self.warnings.len());
        let (rows, added, completed, known) = (self.rows, self.added, self.completed, self.known);
        let nothing_new = added == 0 && completed == 0;
        let (vi, en) = match (self.is_clean(), self.committed) {
            (false, _) => ("Chưa ghi gì.", "Nothing was written."),
            (true, _) if nothing_new => ("Không có gì mới.", "Nothing new."),
            (true, true) => ("Đã ghi.", "Written."),
            (true, false) => ("Chưa ghi gì: thêm --commit để ghi.", "Nothing was written: --commit writes it."),
        };
        match self.locale {
            Locale::Vi => {
                let also = if passed_over == 0 {
                    String::new()
                } else {
                    format!(" (bỏ qua {} dòng ở trên, {} dòng ở dưới danh sách)", self.titles, self.totals)
                };
                format!(
                    "{rows} dòng{also}: {added} mới, {completed} bổ sung, {known} đã có; {errors} lỗi, {warnings} cảnh báo. {vi}"
                )
            }
            Locale::En => {
                let also = if passed_over == 0 {
                    String::new()
                } else {
                    let (titles, totals) = (count(self.titles, "line"), count(self.totals, "line"));
                    format!(" ({titles} above and {totals} below the list passed over)")
                };
                let rows = count(rows, "row");
                let (errors, warnings) = (count(errors, "error"), count(warnings, "warning"));
                format!(
                    "{rows}{also}: {added} new, {completed} completed, {known} there already; {errors}, {warnings}. {en}"
                )
            }
        }
    }
}

/// `1 error`, `2 errors`.
fn count(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_spreadsheets_name_them() {
        let letters = |index| ColumnRef { index, header: String::new() }.letters();
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letters), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn remarks_come_in_the_order_of_the_file() {
        let mut report = Report::new(Locale::En);
        report.warn(3, None, &Fault::DuplicateOfLine(2));
        report.error(2, Some(ColumnRef { index: 3, header: "Năm sinh".into() }), &Fault::SpreadsheetError);
        let lines = report.lines("ho.csv");
        assert_eq!(
            lines.first().map(String::as_str),
            Some("ho.csv:2: error: column D \"Năm sinh\": The spreadsheet's formula failed here. [spreadsheet_error]")
        );
        assert!(lines.last().unwrap().ends_with("1 error, 1 warning. Nothing was written."));
    }

    #[test]
    fn everything_is_said_in_the_language_asked_for() {
        let mut report = Report::new(Locale::Vi);
        report.error(2, Some(ColumnRef { index: 3, header: "Năm sinh".into() }), &Fault::SpreadsheetError);
        report.warn(3, None, &Fault::DuplicateOfLine(2));
        assert_eq!(
            report.lines("ho.csv"),
            [
                "ho.csv:2: lỗi: cột D \"Năm sinh\": Công thức của bảng tính bị lỗi. [spreadsheet_error]",
                "ho.csv:3: cảnh báo: Có thể trùng với dòng 2. [possible_duplicate]",
                "ho.csv: 0 dòng: 0 mới, 0 bổ sung, 0 đã có; 1 lỗi, 1 cảnh báo. Chưa ghi gì.",
            ]
        );
    }

    #[test]
    fn the_sum_says_what_became_of_the_file() {
        let mut report = Report::new(Locale::En);
        (report.rows, report.known, report.committed) = (1, 1, true);
        assert_eq!(
            report.lines("ho.csv"),
            ["ho.csv: 1 row: 0 new, 0 completed, 1 there already; 0 errors, 0 warnings. Nothing new."]
        );
        (report.rows, report.added, report.titles, report.totals) = (2, 1, 3, 1);
        assert_eq!(
            report.lines("ho.csv"),
            [
                "ho.csv: 2 rows (3 lines above and 1 line below the list passed over): 1 new, 0 completed, 1 there already; 0 errors, 0 warnings. Written."
            ]
        );
    }
}
