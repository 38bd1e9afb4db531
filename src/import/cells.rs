//! Parses cells. Spreadsheets lose leading zeros, have their own formats of days and numbers and mark text with an
//! apostrophe; labels are written as in the decree, or in part. The result is a JSON value for the body of a request, which
//! is validated like one of the API. A cell that looks like a formula is text and is not evaluated.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use serde_json::Value;

use super::report::Fault;
use crate::kernel::http::problem::FieldCode;
use crate::kernel::value::enums::CatalogueItem;
use crate::kernel::value::text::{fold, squeeze};
use crate::kernel::value::typed::{Typed, typed};

/// How the cells of a column are parsed.
pub enum Reads {
    Text,
    Integer,
    Decimal,
    Day,
    /// A year, or a day of it.
    Year,
    /// A day, or a year.
    Birth,
    /// Marked (x, v, ✓, có, 1) or not.
    Mark,
    /// A Vietnamese phone number.
    Phone,
    /// Nine digits, or twelve.
    IdentityNumber,
    /// One of some words.
    Word(Words),
    /// Any of some words.
    Words(Words),
    /// Any of some numbers, or of their words. A spreadsheet may take `1,2` for a fraction.
    Numbers(Words),
    /// One of some words; a mark means this one. For lists with a column for each status.
    WordOrMark(Words, &'static str),
}

/// The fault of a cell: a code of the API, or one of lists.
pub enum Wrong {
    Field(FieldCode),
    List(Fault),
}

/// The words of an enumeration or catalogue: codes, labels in both languages, and other wordings.
pub struct Words {
    codes: HashMap<String, String>,
    labels: Vec<String>,
}

impl Words {
    pub fn new(items: Vec<CatalogueItem>, also: &[(&str, &str)]) -> Self {
        let mut words = Self { codes: HashMap::new(), labels: Vec::new() };
        for item in &items {
            words.add(&item.code, &item.code);
            words.add(&item.name_vi, &item.code);
            words.add(&item.name_en, &item.code);
        }
        for (word, code) in also {
            words.add(word, code);
        }
        words.labels = items.into_iter().map(|item| item.name_vi).collect();
        words
    }

    fn add(&mut self, word: &str, code: &str) {
        self.codes.entry(squeeze(word)).or_insert_with(|| code.to_owned());
    }

    fn find(&self, text: &str) -> Option<&str> {
        self.codes.get(&squeeze(text)).map(String::as_str)
    }

    fn one(&self, text: &str) -> Result<Value, Wrong> {
        match self.find(text) {
            Some(code) => Ok(code.into()),
            None => Err(Wrong::List(Fault::NotOneOf(self.labels()))),
        }
    }

    /// Parses several words. Labels may contain commas (`Nhà tạm, dột nát`), so the longest sequence of pieces that is a
    /// word is taken.
    fn any(&self, text: &str) -> Result<Value, Wrong> {
        let mut codes: Vec<Value> = Vec::new();
        for part in text.split([';', '|', '\n', '+']).map(str::trim).filter(|part| !part.is_empty()) {
            let pieces: Vec<&str> = part.split(',').collect();
            let mut rest = pieces.as_slice();
            while !rest.is_empty() {
                let longest = (1..=rest.len()).rev().find_map(|count| {
                    let (head, tail) = rest.split_at_checked(count)?;
                    self.find(&head.join(",")).map(|code| (code, tail))
                });
                let (code, tail) = longest.ok_or_else(|| Wrong::List(Fault::NotOneOf(self.labels())))?;
                if !codes.iter().any(|known| known == code) {
                    codes.push(code.into());
                }
                rest = tail;
            }
        }
        Ok(Value::from(codes))
    }

    pub fn labels(&self) -> String {
        self.labels.join("; ")
    }
}

/// Removes an apostrophe or `="…"` that the spreadsheet has put around a value.
pub fn unwrap(cell: &str) -> &str {
    let formula_text = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let text = formula_text.unwrap_or(cell);
    text.strip_prefix(['\'', '’']).unwrap_or(text).trim()
}

/// Removes `.0` or `,0` after a whole number, the result of a calculation.
fn whole(cell: &str) -> &str {
    let digits = cell.strip_suffix(".0").or_else(|| cell.strip_suffix(",0"));
    digits.filter(|digits| is_number(digits)).unwrap_or(cell)
}

/// Whether a spreadsheet shortened the number to its first digits, such as `6.2E+10`.
fn is_shortened(cell: &str) -> bool {
    let parts = cell.split_once(['E', 'e']).and_then(|(digits, rest)| Some((digits, rest.strip_prefix(['+', '-'])?)));
    parts.is_some_and(|(digits, power)| is_number(power) && is_number(&digits.replacen(['.', ','], "", 1)))
}

/// Parses a cell of a field that is not empty; `Null` is an empty one.
pub fn read(field: &str, reads: &Reads, cell: &str) -> Result<Value, Wrong> {
    let cell = whole(cell);
    if is_shortened(cell) {
        return Err(Wrong::List(Fault::Shortened));
    }
    if matches!(cell, "#N/A" | "#REF!" | "#VALUE!" | "#NAME?" | "#DIV/0!" | "#NULL!" | "#NUM!") {
        return Err(Wrong::List(Fault::SpreadsheetError));
    }
    let wrong = || Wrong::Field(FieldCode::INVALID_VALUE);
    match reads {
        // As in a body: the text is compared with stored ones before it is part of one.
        Reads::Text => match typed(field, cell).map_err(Wrong::Field)? {
            Typed::Kept(text) => Ok(text.into()),
            Typed::Nothing => Ok(Value::Null),
        },
        Reads::Integer => integer(cell).map(Value::from).ok_or_else(wrong),
        Reads::Decimal => decimal(cell).map(Value::from).ok_or_else(wrong),
        Reads::Day => day(cell).map(|day| day.to_string().into()).ok_or_else(wrong),
        Reads::Year => {
            integer(cell).or_else(|| day(cell).map(|day| day.year().into())).map(Value::from).ok_or_else(wrong)
        }
        Reads::Birth => {
            let year = || integer(cell).filter(|year| *year < 10_000).map(Value::from);
            day(cell).map(|day| day.to_string().into()).or_else(year).ok_or_else(wrong)
        }
        Reads::Mark => mark(cell).map(Value::from).ok_or_else(wrong),
        Reads::Phone | Reads::IdentityNumber if typed(field, cell) == Ok(Typed::Nothing) => Ok(Value::Null),
        Reads::Phone => Ok(phone(cell).into()),
        Reads::IdentityNumber => Ok(identity_number(cell).into()),
        Reads::Word(words) => words.one(cell),
        Reads::Words(words) => words.any(cell),
        Reads::Numbers(words) if cell.chars().all(|c| c.is_ascii_digit() || " .,;".contains(c)) => {
            words.any(&cell.split([' ', '.', ',']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(";"))
        }
        Reads::Numbers(words) => words.any(cell),
        Reads::WordOrMark(words, marked) => match mark(cell) {
            Some(true) => Ok((*marked).into()),
            Some(false) => Ok(Value::Null),
            None => words.one(cell),
        },
    }
}

fn mark(cell: &str) -> Option<bool> {
    match fold(cell).as_str() {
        "x" | "v" | "co" | "1" | "yes" | "true" | "dung" => Some(true),
        "khong" | "0" | "no" | "false" | "sai" => Some(false),
        // Ticks, and dashes for an empty cell, which `fold` reduces to nothing.
        "" if matches!(cell, "✓" | "✔" | "☑" | "√") => Some(true),
        "" if matches!(cell, "-" | "–" | "☐") => Some(false),
        _ => None,
    }
}

/// Parses `1234`, `1.234`, `1,234`, `1 234`, and `1.234,0`, the result of a calculation.
fn integer(cell: &str) -> Option<i64> {
    let cell = cell.replace([' ', '\u{a0}'], "");
    let whole = cell.strip_suffix(".0").or_else(|| cell.strip_suffix(",0")).unwrap_or(&cell);
    let mut groups = whole.split(['.', ',']);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    if !rest.is_empty() && (first.is_empty() || first.len() > 3 || rest.iter().any(|group| group.len() != 3)) {
        return None;
    }
    format!("{first}{}", rest.concat()).parse().ok()
}

fn decimal(cell: &str) -> Option<f64> {
    cell.replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite())
}

/// Parses a day in the Vietnamese order, day first, or in ISO 8601.
fn day(cell: &str) -> Option<NaiveDate> {
    let date = cell.split([' ', 'T']).next().unwrap_or_default();
    let numbers: Vec<u32> = date.split(['/', '-', '.']).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match *numbers.as_slice() {
        [year, month, day] if year > 999 => NaiveDate::from_ymd_opt(year.try_into().ok()?, month, day),
        [day, month, year] if year > 999 => NaiveDate::from_ymd_opt(year.try_into().ok()?, month, day),
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Restores a lost leading zero: of nine digits of a mobile phone, or ten of a landline.
fn phone(cell: &str) -> String {
    let digits: String = cell.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '\u{a0}')).collect();
    let lost = match digits.len() {
        9 => digits.starts_with(['3', '5', '7', '8', '9']),
        10 => digits.starts_with('2'),
        _ => false,
    };
    if lost && is_number(&digits) { format!("0{digits}") } else { cell.replace('\u{a0}', " ") }
}

/// Restores lost leading zeros. Citizens' numbers have twelve digits and begin with 001 to 096, so they lose one zero or
/// two; the older ones have nine digits, and lose one.
fn identity_number(cell: &str) -> String {
    let digits: String = cell.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '\u{a0}')).collect();
    if !is_number(&digits) || digits.starts_with('0') {
        return digits;
    }
    match digits.len() {
        10 | 11 => format!("{digits:0>12}"),
        8 => format!("{digits:0>9}"),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_that_a_spreadsheet_lost_come_back() {
        assert_eq!(phone("905123456"), "0905123456");
        assert_eq!(phone("905 123 456"), "0905123456");
        assert_eq!(phone("2693123456"), "02693123456");
        assert_eq!(phone("0905 123 456"), "0905 123 456");
        assert_eq!(phone("+84905123456"), "+84905123456");
        assert_eq!(identity_number("62068001234"), "062068001234");
        assert_eq!(identity_number("1068001234"), "001068001234");
        assert_eq!(identity_number("30123456"), "030123456");
        assert_eq!(identity_number("062 068 001 234"), "062068001234");
        assert_eq!(identity_number("06206800123"), "06206800123", "a digit is missing, and it is not for us to guess");
        assert_eq!(identity_number("6.20681E+10"), "620681E+10", "what Excel threw away is gone");
    }

    #[test]
    fn a_fraction_of_zero_goes_and_a_shortened_number_is_an_error() {
        for (cell, expected) in
            [("62068001213.0", "62068001213"), ("905123456,0", "905123456"), ("1.0.0", "1.0.0"), (".0", ".0")]
        {
            assert_eq!(whole(cell), expected);
        }
        for (cell, expected) in
            [("6.2E+10", true), ("6,20681e+10", true), ("1E-5", true), ("1E5", false), ("Lô E+1", false)]
        {
            assert_eq!(is_shortened(cell), expected, "{cell}");
        }
    }

    #[test]
    fn numbers_and_days_are_read_as_they_are_written() {
        for (cell, expected) in [("1234", 1234), ("1.234", 1234), ("1,234", 1234), ("1 234", 1234), ("164.0", 164)] {
            assert_eq!(integer(cell), Some(expected), "{cell}");
        }
        for cell in ["1.5", "1,23", "12a", "", "1.2345", "-"] {
            assert_eq!(integer(cell), None, "{cell}");
        }
        for cell in ["2/9/1968", "02/09/1968", "1968-09-02", "2.9.1968", "1968-09-02 00:00:00"] {
            assert_eq!(day(cell), NaiveDate::from_ymd_opt(1968, 9, 2), "{cell}");
        }
        for cell in ["31/2/2020", "2/9/68", "1968", "a/b/1968"] {
            assert_eq!(day(cell), None, "{cell}");
        }
        assert_eq!(decimal("13,78"), Some(13.78));
        assert_eq!(decimal("NaN"), None);
    }

    #[test]
    fn a_tick_is_a_mark_however_it_is_made() {
        for cell in ["x", "X", "v", "V", "✓", "có", "1"] {
            assert_eq!(mark(cell), Some(true), "{cell}");
        }
        for cell in ["không", "0", "-"] {
            assert_eq!(mark(cell), Some(false), "{cell}");
        }
        assert_eq!(mark("vv"), None);
    }

    #[test]
    fn what_the_spreadsheet_put_around_a_value_is_taken_away() {
        assert_eq!(unwrap("'0905123456"), "0905123456");
        assert_eq!(unwrap("=\"0905123456\""), "0905123456");
        assert_eq!(unwrap("=HYPERLINK(\"x\")"), "=HYPERLINK(\"x\")");
    }

    #[test]
    fn every_label_means_its_own_code() {
        use crate::access::policy::Role;
        use crate::needs::households::model::{HardshipReason, Sex};
        use crate::needs::households::poverty::{PovertyCause, PovertyStatus};
        use crate::places::catalogues::data;
        use crate::places::localities::model::LocalityKind;
        use crate::twinning::organisations::model::{OrganisationKind, OrganisationLevel};
        for items in [
            HardshipReason::catalogue(),
            LocalityKind::catalogue(),
            OrganisationKind::catalogue(),
            OrganisationLevel::catalogue(),
            PovertyCause::catalogue(),
            PovertyStatus::catalogue(),
            Role::catalogue(),
            Sex::catalogue(),
            data::ethnic_groups(),
        ] {
            let words = Words::new(items.clone(), &[]);
            for item in items {
                assert_eq!(words.find(&item.name_vi), Some(item.code.as_str()), "{}", item.name_vi);
            }
        }
    }

    #[test]
    fn labels_with_commas_are_told_from_lists() {
        let items = vec![
            CatalogueItem::new("temporary_house", "Nhà tạm, dột nát", "Temporary house"),
            CatalogueItem::new("disabled", "Người khuyết tật", "Disabled"),
        ];
        let words = Words::new(items, &[("nhà tạm", "temporary_house")]);
        let any = |text: &str| words.any(text).ok();
        let both = Some(Value::from(vec!["temporary_house", "disabled"]));
        assert_eq!(any("Nhà tạm, dột nát, người khuyết tật"), both);
        assert_eq!(any("nha tam; DISABLED; nhà tạm, dột nát"), both);
        assert_eq!(any("Nhà tạm, nghèo"), None);
    }
}
