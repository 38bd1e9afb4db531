//! The columns of a list: their names, how their cells are parsed, and their description in `--help`, template and manual.

use std::fmt::Write;

use super::Kind;
use super::cells::Reads;
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::value::text::{plain, squeeze};

/// A column of a list.
pub struct Column {
    /// Its name in the API, which is accepted as a header, too.
    pub field: &'static str,
    /// Its header in the template.
    pub header: &'static str,
    /// Other headers. Case and punctuation are ignored, and diacritics, unless the header is another word without them.
    pub also: &'static [&'static str],
    /// Every row needs a value.
    pub required: bool,
    pub reads: Reads,
    pub example: &'static str,
    pub about: &'static str,
}

impl Column {
    pub fn new(field: &'static str, header: &'static str, reads: Reads) -> Self {
        Self { field, header, also: &[], required: false, reads, example: "", about: "" }
    }

    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub fn also(mut self, names: &'static [&'static str]) -> Self {
        self.also = names;
        self
    }

    pub fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    pub fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// Whether a header names this column.
    pub fn is_called(&self, header: &str) -> bool {
        let folded = squeeze(header);
        let names = [self.field, self.header];
        names.iter().chain(self.also).any(|name| {
            squeeze(name) == folded
                && (!NEED_ACCENTS.contains(&accented(name).as_str()) || accented(name) == accented(header))
        })
    }

    /// Returns its description, with the accepted words of a closed list.
    fn manual(&self) -> String {
        let words = match &self.reads {
            Reads::Word(words) | Reads::Words(words) => words.labels(),
            _ => String::new(),
        };
        match (self.about.is_empty(), words.is_empty()) {
            (false, true) => self.about.to_owned(),
            (true, _) => words,
            (false, false) => format!("{}: {words}", self.about),
        }
    }
}

/// Headers that are another word without diacritics: `Nam` is a man, `Năm` a year. In the form of `accented`.
const NEED_ACCENTS: [&str; 1] = ["na\u{306}m"];

/// Removes case, white space and punctuation of a header, and keeps diacritics.
fn accented(header: &str) -> String {
    plain(header).chars().filter(|c| c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36F}')).collect()
}

/// Columns of common lists that are skipped: ordinal numbers, counts of persons, signatures.
const PASSED_OVER: [&str; 8] =
    ["stt", "tt", "số thứ tự", "số khẩu", "số nhân khẩu", "nhân khẩu", "số thành viên", "ký tên"];

pub fn is_passed_over(header: &str) -> bool {
    PASSED_OVER.iter().any(|name| squeeze(name) == squeeze(header))
}

/// Columns of a list with a row for each person, which cannot be imported as one of households.
const OF_MEMBERS: [&str; 3] = ["quan hệ với chủ hộ", "mối quan hệ với chủ hộ", "quan hệ chủ hộ"];

pub fn is_of_members(header: &str) -> bool {
    OF_MEMBERS.iter().any(|name| squeeze(name) == squeeze(header))
}

/// Whether these cells are the headers of a list, and not a title: all required columns are present.
pub fn are_headers(columns: &[Column], cells: &[String]) -> bool {
    columns.iter().filter(|column| column.required).all(|column| cells.iter().any(|cell| column.is_called(cell)))
}

/// Returns the description of the columns for `--help`.
pub fn help(kind: Kind) -> String {
    let mut text =
        String::from("Columns (* needs a value), in any order; their Vietnamese or English name, accents or not:\n");
    for column in kind.columns() {
        let star = if column.required { "*" } else { "" };
        let name = format!("{}{star}", column.header);
        let _ = writeln!(text, "  {name}  ({})\n      {}", column.field, column.manual());
    }
    text.push_str("\n--template prints them with an example. The manual is docs/imports.md.");
    text
}

/// Returns the description of the columns as a table of docs/imports.md.
pub fn markdown(kind: Kind) -> String {
    let mut text = String::from("| column | English | | meaning |\n|---|---|---|---|\n");
    for column in kind.columns() {
        let needed = if column.required { "needed" } else { "" };
        let _ = writeln!(text, "| {} | `{}` | {needed} | {} |", column.header, column.field, column.manual());
    }
    text
}

/// Returns headers and an example row as CSV, with BOM, so that Excel reads the accents.
pub fn template(kind: Kind) -> Result<String> {
    let columns: Vec<Column> = kind.columns().into_iter().filter(|column| !column.example.is_empty()).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(|column| column.header)).map_err(Problem::internal)?;
    writer.write_record(columns.iter().map(|column| column.example)).map_err(Problem::internal)?;
    let rows = String::from_utf8(writer.into_inner().map_err(Problem::internal)?).map_err(Problem::internal)?;
    Ok(format!("\u{feff}{rows}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_means_one_column() {
        for kind in Kind::ALL {
            let columns = kind.columns();
            let names: Vec<&str> = columns
                .iter()
                .flat_map(|column| [column.field, column.header].into_iter().chain(column.also.iter().copied()))
                .collect();
            for name in names {
                let called: Vec<&str> =
                    columns.iter().filter(|column| column.is_called(name)).map(|column| column.field).collect();
                assert_eq!(called.len(), 1, "{kind:?}: {name} means {called:?}");
                assert!(!is_passed_over(name) && !is_of_members(name), "{name}");
            }
        }
    }

    #[test]
    fn a_year_is_not_a_man() {
        let columns = Kind::Assessments.columns();
        let year =
            |header: &str| columns.iter().any(|column| column.field == "poverty_year" && column.is_called(header));
        assert!(year("Năm") && year("NĂM:") && year("nam ra soat") && !year("Nam") && !year("Nấm"));
    }

    #[test]
    fn what_is_needed_has_an_example() {
        for kind in Kind::ALL {
            for column in kind.columns() {
                assert!(!column.required || !column.example.is_empty(), "{kind:?}: {}", column.field);
                assert!(!column.manual().is_empty(), "{kind:?}: {}", column.field);
            }
        }
    }
}
