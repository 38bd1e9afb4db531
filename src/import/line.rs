//! The place of a row in a file.

use crate::kernel::locale::Locale;

/// A line of a CSV file, or a row of a sheet of a workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// Number of the sheet, from 1; 0 in a CSV file.
    pub sheet: u32,
    pub row: u64,
}

impl Line {
    pub fn of_csv(row: u64) -> Self {
        Self { sheet: 0, row }
    }

    pub fn told(self, locale: Locale) -> String {
        let Self { sheet, row } = self;
        match (sheet, locale) {
            (0, Locale::Vi) => format!("dòng {row}"),
            (0, Locale::En) => format!("line {row}"),
            (_, Locale::Vi) => format!("trang {sheet}, dòng {row}"),
            (_, Locale::En) => format!("sheet {sheet}, row {row}"),
        }
    }

    /// Returns the place of a remark in a file, for a column named by letters.
    pub fn in_file(self, file: &str, letters: Option<&str>, locale: Locale) -> String {
        let Self { sheet, row } = self;
        match (sheet, letters) {
            (0, _) => format!("{file}:{row}"),
            (_, None) => format!("{file}: {}", self.told(locale)),
            (_, Some(letters)) => format!("{file}: {} {sheet}, {letters}{row}", locale.pick("trang", "sheet")),
        }
    }
}
