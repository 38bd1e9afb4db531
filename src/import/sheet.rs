//! Reads a spreadsheet saved as text: UTF-8 with or without BOM, cells separated by comma, semicolon or tab, lines by LF,
//! CRLF or CR. Cells stay text; each row has the number of its first line.

use csv::{Reader, ReaderBuilder, StringRecord, Terminator};

use super::line::Line;
use super::report::Fault;
use super::xlsx::Grid;

/// Maximum number of rows, above the list of any commune; lists of a province are imported commune by commune.
pub const MOST_ROWS: usize = 50_000;
pub const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Maximum number of lines above the headers, for letterhead and title.
const MOST_TITLES: usize = 30;

/// The headers, and the rows below them that are not blank.
pub struct Sheet {
    /// Number of lines above the headers that are not blank.
    pub titles: usize,
    pub header_line: Line,
    pub headers: Vec<String>,
    pub rows: Vec<SheetRow>,
}

pub struct SheetRow {
    pub line: Line,
    pub cells: Vec<String>,
}

/// Line and fault that prevent the file from being read.
pub type Unreadable = (Line, Fault);

/// Reads a file. The headers are the first line that `are_headers` accepts, else the first line.
pub fn read(bytes: &[u8], are_headers: impl Fn(&[String]) -> bool) -> Result<Sheet, Unreadable> {
    let at = |(row, fault)| (Line::of_csv(row), fault);
    let (first_line, text) = text_of(bytes).map_err(at)?;
    let (separator, titles) = find_headers(text, are_headers);
    let mut reader = reader_of(text, separator);
    let mut lines = LineCount::new(text, first_line);
    let mut sheet = Sheet { titles: 0, header_line: Line::of_csv(first_line), headers: Vec::new(), rows: Vec::new() };
    for record in reader.records() {
        let record = record.map_err(|_not_text| at((lines.line, Fault::NotUtf8)))?;
        let line = Line::of_csv(lines.of(record.position().map_or(0, csv::Position::byte)));
        let Some(cells) = cells_of(&record) else { continue };
        if sheet.titles < titles {
            sheet.titles += 1;
        } else if sheet.headers.is_empty() {
            sheet.header_line = line;
            sheet.headers = cells;
        } else {
            sheet.rows.push(SheetRow { line, cells });
        }
        if sheet.rows.len() > MOST_ROWS {
            return Err((line, Fault::TooManyRows));
        }
    }
    // Excel doubles quotation marks inside a cell, so their number is even.
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return Err((sheet.rows.last().map_or(sheet.header_line, |row| row.line), Fault::OpenQuote));
    }
    if sheet.headers.is_empty() { Err(at((first_line, Fault::Empty))) } else { Ok(sheet) }
}

/// Returns the first sheet of a workbook with headers among its first rows, else the first that is not empty.
pub fn of_grids(grids: Vec<Grid>, are_headers: impl Fn(&[String]) -> bool) -> Result<Sheet, Unreadable> {
    let headers_of = |grid: &Grid| grid.rows.iter().take(MOST_TITLES + 1).position(|row| are_headers(&row.cells));
    let found = grids.iter().position(|grid| headers_of(grid).is_some());
    let chosen = found.or_else(|| grids.iter().position(|grid| !grid.rows.is_empty()));
    let empty = (Line { sheet: 1, row: 1 }, Fault::Empty);
    let Some(grid) = chosen.and_then(|chosen| grids.into_iter().nth(chosen)) else { return Err(empty) };
    let titles = headers_of(&grid).unwrap_or_default();
    let mut rows = grid.rows.into_iter().skip(titles);
    let Some(SheetRow { line: header_line, cells: headers }) = rows.next() else { return Err(empty) };
    Ok(Sheet { titles, header_line, headers, rows: rows.collect() })
}

fn reader_of(text: &str, separator: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(separator)
        .terminator(Terminator::CRLF)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// Returns the cells of a record, or `None` if all are empty.
fn cells_of(record: &StringRecord) -> Option<Vec<String>> {
    let cells: Vec<String> = record.iter().map(|cell| tidy(cell).to_owned()).collect();
    cells.iter().any(|cell| !cell.is_empty()).then_some(cells)
}

/// Returns the separator of cells and the number of lines above the headers. Tries each separator, because a title does not
/// show which one the file uses.
fn find_headers(text: &str, are_headers: impl Fn(&[String]) -> bool) -> (u8, usize) {
    let first = text.split(['\r', '\n']).find(|line| !line.trim().is_empty()).unwrap_or_default();
    let likely = separator(first);
    let headers = |separator: &u8| {
        let mut reader = reader_of(text, *separator);
        let filled = reader.records().filter_map(|record| cells_of(&record.ok()?));
        filled.take(MOST_TITLES + 1).position(|cells| are_headers(&cells))
    };
    let tried = [likely, b';', b'\t', b','];
    tried.iter().find_map(|separator| Some((*separator, headers(separator)?))).unwrap_or((likely, 0))
}

/// Returns the text without BOM and without Excel's `sep=;`, and the number of its first line.
fn text_of(bytes: &[u8]) -> Result<(u64, &str), (u64, Fault)> {
    if bytes.len() > MOST_BYTES {
        return Err((1, Fault::TooLarge));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err((1, Fault::Utf16));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let readable = bytes.get(..error.valid_up_to()).unwrap_or_default();
        (1 + newlines(readable), Fault::NotUtf8)
    })?;
    match text.split_once(['\r', '\n']) {
        Some((first, rest)) if first.starts_with("sep=") => Ok((2, rest.strip_prefix('\n').unwrap_or(rest))),
        _ => Ok((1, text)),
    }
}

/// Returns the most frequent separator outside of quotation marks.
fn separator(header: &str) -> u8 {
    let count = |separator: &u8| {
        let mut quoted = false;
        let outside = header.bytes().filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted && byte == separator
        });
        outside.count()
    };
    // `max_by_key` returns the last of equal elements: comma by default.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

/// Trims white space, including Unicode spaces and zero-width characters.
pub fn tidy(cell: &str) -> &str {
    cell.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{FEFF}'))
}

/// Counts LF, CRLF and a CR alone, which ends the lines of old spreadsheets of the Mac.
fn newlines(bytes: &[u8]) -> u64 {
    let next = bytes.iter().skip(1).chain([&b' ']);
    bytes.iter().zip(next).map(|(byte, next)| u64::from(*byte == b'\n' || *byte == b'\r' && *next != b'\n')).sum()
}

/// Counts lines as an editor does, including the blank ones that the CSV reader skips.
struct LineCount<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> LineCount<'a> {
    fn new(text: &'a str, first_line: u64) -> Self {
        Self { bytes: text.as_bytes(), at: 0, line: first_line }
    }

    /// Returns the line of the record that begins at a byte, or after blank lines that begin there.
    fn of(&mut self, byte: u64) -> u64 {
        let start = usize::try_from(byte).unwrap_or(usize::MAX).min(self.bytes.len());
        let blank = self.bytes.get(start..).unwrap_or_default();
        let behind = start + blank.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line += newlines(self.bytes.get(self.at..behind).unwrap_or_default());
        self.at = behind;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u64, Vec<String>)> {
        let sheet = read(text.as_bytes(), |_| false).map_err(|(line, fault)| format!("{line:?} {fault:?}")).unwrap();
        sheet.rows.into_iter().map(|row| (row.line.row, row.cells)).collect()
    }

    #[test]
    fn separators_line_ends_and_blank_lines_make_no_difference() {
        let expected = vec![(2, vec!["1".to_owned(), "2".to_owned()]), (5, vec!["3".to_owned(), "a\nb".to_owned()])];
        for text in [
            "a,b\n1,2\n\n\n3,\"a\nb\"\n",
            "\u{feff}a;b\r\n1;2\r\n\r\n;\r\n3;\"a\nb\"\r\n;\r\n;\r\n",
            "a\tb\n1\t 2 \n\n\n3\t\"a\nb\"",
            "a;b\r1;2\r\r\r3;\"a\nb\"\r",
        ] {
            assert_eq!(lines(text), expected, "{text:?}");
        }
        for text in ["sep=;\r\na;b\r\n1;2\r\n", "sep=;\ra;b\r1;2"] {
            assert_eq!(lines(text), [(3, vec!["1".to_owned(), "2".to_owned()])]);
        }
        assert_eq!(read("\"họ, tên\";b\n1;2".as_bytes(), |_| false).map_err(drop).unwrap().headers, ["họ, tên", "b"]);
    }

    #[test]
    fn what_stands_above_the_headers_is_a_title() {
        for text in ["ỦY BAN, XÃ\n\nDANH SÁCH\na;b\n1;2\n", "ỦY BAN, XÃ;\n;\n;DANH SÁCH\na;b\n1;2\n"] {
            let sheet = read(text.as_bytes(), |cells| cells == ["a", "b"]).map_err(drop).unwrap();
            assert_eq!((sheet.titles, sheet.header_line.row), (2, 4), "{text:?}");
            assert_eq!(sheet.rows.iter().map(|row| row.line.row).collect::<Vec<_>>(), [5]);
        }
        let sheet = read(b"c;d\n1;2\n", |cells| cells == ["a", "b"]).map_err(drop).unwrap();
        assert_eq!((sheet.titles, sheet.headers), (0, vec!["c".to_owned(), "d".to_owned()]));
    }

    #[test]
    fn a_file_that_cannot_be_read_says_where_and_why() {
        let refused = |bytes: &[u8]| match read(bytes, |_| false) {
            Ok(_) => panic!("it was read"),
            Err((line, fault)) => (line.row, format!("{fault:?}")),
        };
        assert_eq!(refused(b"a,b\n1,2\n1,\xe9\n"), (3, "NotUtf8".to_owned()));
        assert_eq!(refused(b"\xff\xfea\0"), (1, "Utf16".to_owned()));
        assert_eq!(refused(b"\n \n"), (1, "Empty".to_owned()));
        assert_eq!(refused(b"a,b\n1,2\n\"3,4\n5,6\n"), (3, "OpenQuote".to_owned()));
    }
}
