//! Lists as CSV for Excel: UTF-8 with BOM, and texts that a spreadsheet would read as formulas, or as numbers without their leading
//! zeros, are escaped. Imports take the apostrophe off again.

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header::{Accept, CONTENT_DISPOSITION, Header, VARY};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::future::{Ready, ready};
use utoipa::ToSchema;

use crate::kernel::http::problem::{FieldCode, FieldError, Problem, Result};
use crate::kernel::list::page::{Page, WHOLE_MAX};

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFormat {
    Json,
    Csv,
}

/// The format that the path has (`/households.csv`), or the Accept header prefers. The parameter `format` overrides the header.
pub struct Accepts {
    preferred: AnswerFormat,
    is_of_path: bool,
}

/// The end of the path of a sheet.
pub const CSV: &str = ".csv";

impl Accepts {
    pub fn unless(&self, format: Option<AnswerFormat>) -> AnswerFormat {
        format.filter(|_| !self.is_of_path).unwrap_or(self.preferred)
    }
}

impl Accepts {
    /// The media type with the highest q-value; JSON on a tie and by default.
    pub fn of(request: &HttpRequest) -> Self {
        if request.path().ends_with(CSV) {
            return Self { preferred: AnswerFormat::Csv, is_of_path: true };
        }
        let ranges = Accept::parse(request).map_or_else(|_malformed| Vec::new(), |accept| accept.ranked());
        let first = ranges.iter().find_map(|range| match (range.type_().as_str(), range.subtype().as_str()) {
            ("text", "csv") => Some(AnswerFormat::Csv),
            ("application" | "*", "json" | "*") => Some(AnswerFormat::Json),
            _ => None,
        });
        Self { preferred: first.unwrap_or(AnswerFormat::Json), is_of_path: false }
    }
}

impl FromRequest for Accepts {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// A cell of a row. All texts are converted by `From<&str>`, which prefixes texts that begin like a formula, and digits with a
/// leading zero, with an apostrophe; numbers keep their sign.
pub struct Cell(String);

impl Cell {
    /// A phone number, its digits in groups of three behind a first one of up to four: a spreadsheet reads it as text, and a
    /// person dials it.
    fn of_phone(number: &str) -> Self {
        let digits = number.strip_prefix('+').unwrap_or(number);
        if !has_digits_only(digits) {
            return number.into();
        }
        let (mut first, mut groups) = (digits, Vec::new());
        while first.len() > 4 {
            let (rest, group) = first.split_at(first.len() - 3);
            groups.push(group);
            first = rest;
        }
        let sign = number.strip_suffix(digits).unwrap_or_default();
        let grouped = groups.into_iter().rev().fold(format!("{sign}{first}"), |text, group| format!("{text} {group}"));
        grouped.into()
    }
}

fn has_digits_only(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        // Spreadsheets skip leading blanks, and read the full-width forms of East Asian keyboards as the same signs.
        let begins = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{FEFF}');
        let is_formula = begins.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹢', '﹣', '﹦', '﹫', '−']);
        let loses_zeros = text.len() > 1 && text.starts_with('0') && has_digits_only(text);
        if is_formula || loses_zeros || text.starts_with(['\t', '\r', '\n']) {
            Self(format!("'{text}"))
        } else {
            Self(text.to_owned())
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Self(number.to_string())
    }
}

impl From<&Value> for Cell {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null | Value::Object(_) => Self(String::new()),
            Value::Bool(truth) => Self(truth.to_string()),
            // A whole number of a floating-point field has no `.0`.
            Value::Number(number) => Self(match (number.as_i64(), number.as_f64()) {
                (None, Some(fraction)) => fraction.to_string(),
                _ => number.to_string(),
            }),
            Value::String(text) => text.as_str().into(),
            Value::Array(items) => joined(items.iter().filter_map(Value::as_str)),
        }
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Self(String::new()), Into::into)
    }
}

/// Joins several words in one cell.
pub fn joined<'w>(words: impl IntoIterator<Item = &'w str>) -> Cell {
    words.into_iter().collect::<Vec<_>>().join("; ").into()
}

/// A CSV writer that starts with a BOM.
pub struct Sheet(csv::Writer<Vec<u8>>);

impl Sheet {
    pub fn new<C: AsRef<[u8]>>(columns: impl IntoIterator<Item = C>) -> Result<Self> {
        let mut writer = csv::Writer::from_writer(BOM.to_vec());
        writer.write_record(columns).map_err(Problem::internal)?;
        Ok(Self(writer))
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) -> Result<()> {
        self.0.write_record(cells.into_iter().map(|cell| cell.0)).map_err(Problem::internal)
    }

    pub fn finish(self) -> Result<Vec<u8>> {
        self.0.into_inner().map_err(Problem::internal)
    }
}

/// A record that is a row of a sheet.
pub trait SheetRow: Serialize {
    /// The name of the file.
    const NAME: &'static str;
    /// The columns, separated by blanks: fields of the record, `<list>_count` for the length of a list, and those of
    /// `special`.
    const COLUMNS: &'static str;

    /// The cell of a column that is no field of the record.
    fn special(&self, _column: &str) -> Option<Cell> {
        None
    }

    fn cells(&self) -> Result<Vec<Cell>> {
        let record = serde_json::to_value(self).map_err(Problem::internal)?;
        let length = |column: &str| Some(record.get(column.strip_suffix("_count")?)?.as_array()?.len().into());
        let field = |column: &str| {
            let value = record.get(column)?;
            let phone = value.as_str().filter(|_| column.ends_with("phone"));
            Some(phone.map_or_else(|| value.into(), Cell::of_phone))
        };
        let cell = |column: &str| {
            let known = field(column).or_else(|| length(column)).or_else(|| self.special(column));
            known.ok_or_else(|| Problem::internal(format!("no column {column} in {}", Self::NAME)))
        };
        Self::COLUMNS.split_whitespace().map(cell).collect()
    }
}

/// A list: a page of it, or the whole as a sheet.
pub enum Listed<T> {
    Page(Page<T>),
    Sheet(Vec<u8>),
}

impl<T: SheetRow> Listed<T> {
    /// Returns the page as JSON, or as a sheet; rejects a sheet with a next page, which would be incomplete.
    pub fn of(page: Page<T>, format: AnswerFormat) -> Result<Self> {
        if format == AnswerFormat::Json {
            return Ok(Self::Page(page));
        }
        if page.next_cursor.is_some() {
            let too_long = FieldError::new("?format", FieldCode::TOO_MANY_ROWS).with(WHOLE_MAX.to_string());
            return Err(Problem::invalid(vec![too_long]));
        }
        let mut sheet = Sheet::new(T::COLUMNS.split_whitespace())?;
        for item in &page.items {
            sheet.row(item.cells()?)?;
        }
        sheet.finish().map(Self::Sheet)
    }
}

impl<T: SheetRow> Responder for Listed<T> {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        answer.insert_header((VARY, "Accept"));
        match self {
            Self::Page(page) => answer.json(page),
            Self::Sheet(content) => attach(&mut answer, T::NAME).body(content),
        }
    }
}

/// The headers of a sheet.
pub fn attach<'a>(
    answer: &'a mut actix_web::HttpResponseBuilder,
    name: &str,
) -> &'a mut actix_web::HttpResponseBuilder {
    answer
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_formula_becomes_text_and_a_number_stays_one() {
        let text = |text: &str| Cell::from(text).0;
        assert_eq!(text("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(text("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(text("+84905123456"), "'+84905123456");
        for formula in ["\n=1", "\r\n+1", " =1", "\u{A0}\t@SUM(1)", "＝1", "＋1", "－1", "＠SUM(1)", "\u{FEFF}=1", "−1"]
        {
            assert_eq!(text(formula), format!("'{formula}"));
        }
        assert_eq!(
            (text("0123"), text("01"), text("0"), text("1205")),
            ("'0123".into(), "'01".into(), "0".into(), "1205".into())
        );
        assert_eq!(text("\nlàng Tung"), "'\nlàng Tung");
        assert_eq!(text("làng Tung"), "làng Tung");
        let number = |value: Value| Cell::from(&value).0;
        assert_eq!(
            (number(json!(-13.5)), number(json!(13.0)), number(json!(null))),
            ("-13.5".into(), "13".into(), String::new())
        );
    }

    #[test]
    fn the_digits_of_a_phone_are_in_groups() {
        let phone = |text: &str| Cell::of_phone(text).0;
        assert_eq!(phone("0905123456"), "0905 123 456");
        assert_eq!(phone("02693123456"), "02 693 123 456");
        assert_eq!(phone("+84905123456"), "'+84 905 123 456");
        assert_eq!(
            (phone("0905.123.456"), phone("113"), phone("")),
            ("0905.123.456".into(), "113".into(), String::new())
        );
    }

    #[test]
    fn excel_is_told_that_this_is_utf_8_and_a_comma_does_not_part_a_cell() {
        let mut sheet = Sheet::new(["name", "needs"]).unwrap();
        sheet.row(["Siu A, Siu B".into(), joined(["food", "study"])]).unwrap();
        let text = String::from_utf8(sheet.finish().unwrap()).unwrap();
        assert_eq!(text, "\u{feff}name,needs\n\"Siu A, Siu B\",food; study\n");
    }
}
