//! The report of an import: errors, warnings and counts of rows. A remark contains line and column but never the value, which
//! may be personal data.

pub use super::fault::Fault;
use super::line::Line;
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

/// An error or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub line: Line,
    pub column: Option<ColumnRef>,
    /// The code of the API, where it has the same rule.
    pub code: String,
    pub text: String,
}

impl Remark {
    /// `FILE:LINE: error: column D "Năm sinh": … [range]`, in a workbook `FILE: sheet 1, D12: error: … [range]`
    fn print(&self, file: &str, severity: &str, locale: Locale) -> String {
        let word = locale.pick("cột", "column");
        let letters = self.column.as_ref().map(ColumnRef::letters);
        let place = self.line.in_file(file, letters.as_deref(), locale);
        let column = match (&self.column, &letters) {
            (Some(column), Some(letters)) if self.line.sheet == 0 => {
                format!("{word} {letters} \"{}\": ", column.header)
            }
            _ => String::new(),
        };
        format!("{place}: {severity}: {column}{} [{}]", self.text, self.code)
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

    fn remark(&self, line: Line, column: Option<ColumnRef>, fault: &Fault) -> Remark {
        Remark { line, column, code: fault.word().to_owned(), text: fault.text(self.locale) }
    }

    pub fn error(&mut self, line: Line, column: Option<ColumnRef>, fault: &Fault) {
        self.errors.push(self.remark(line, column, fault));
    }

    pub fn warn(&mut self, line: Line, column: Option<ColumnRef>, fault: &Fault) {
        self.warnings.push(self.remark(line, column, fault));
    }

    /// Adds the errors of a problem of the API; `column_of` maps its pointers to columns.
    pub fn refused(&mut self, line: Line, problem: &Problem, column_of: impl Fn(&str) -> Option<ColumnRef>) {
        let details = problem.details(self.locale, "", "");
        if details.errors.is_empty() {
            let column = column_of(&details.code);
            self.errors.push(Remark { line, column, code: details.code, text: details.detail });
        }
        for error in details.errors {
            self.errors.push(Remark { line, column: column_of(&error.pointer), code: error.code, text: error.detail });
        }
    }

    pub fn field(&mut self, line: Line, column: Option<ColumnRef>, error: FieldError) {
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
        report.warn(Line::of_csv(3), None, &Fault::DuplicateOfLine(Line::of_csv(2)));
        report.error(
            Line::of_csv(2),
            Some(ColumnRef { index: 3, header: "Năm sinh".into() }),
            &Fault::SpreadsheetError,
        );
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
        report.error(
            Line::of_csv(2),
            Some(ColumnRef { index: 3, header: "Năm sinh".into() }),
            &Fault::SpreadsheetError,
        );
        report.warn(Line::of_csv(3), None, &Fault::DuplicateOfLine(Line::of_csv(2)));
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
