//! Reads workbooks (XLSX) as text: numbers without exponent, days as `1968-09-02`. Size, rows and columns are bounded before and while
//! a sheet is read, because a small file can unpack to any size.

use std::io::{self, Cursor, Read};

use calamine::{DataRef, Reader, SheetType, Xlsx};
use zip::ZipArchive;

use super::line::Line;
use super::report::Fault;
use super::sheet::{MOST_BYTES, MOST_ROWS, SheetRow, Unreadable, tidy};

/// Maximum size of all parts of a workbook when unpacked: far above 50,000 rows.
const MOST_UNPACKED: u64 = 128 * 1024 * 1024;
/// Maximum size of all texts: a long text may be stored once and shown in every cell.
const MOST_TEXT: usize = 64 * 1024 * 1024;
const MOST_PARTS: usize = 1000;
const MOST_COLUMNS: usize = 100;

/// The rows of a sheet that are not blank.
pub struct Grid {
    pub number: u32,
    pub rows: Vec<SheetRow>,
}

pub fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Reads all sheets.
pub fn read(bytes: &[u8]) -> Result<Vec<Grid>, Unreadable> {
    let start = Line { sheet: 1, row: 1 };
    check_size(bytes).map_err(|fault| (start, fault))?;
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|_damaged| (start, Fault::Workbook))?;
    let sheets: Vec<(String, bool)> = workbook
        .sheets_metadata()
        .iter()
        .map(|sheet| (sheet.name.clone(), sheet.typ == SheetType::WorkSheet))
        .collect();
    let mut left = MOST_TEXT;
    let mut grids = Vec::new();
    for ((name, has_cells), number) in sheets.iter().zip(1..) {
        let rows = if *has_cells { rows(&mut workbook, name, number, &mut left)? } else { Vec::new() };
        grids.push(Grid { number, rows });
    }
    Ok(grids)
}

/// Unpacks every part to nowhere, because the sizes that a workbook states may be wrong.
fn check_size(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.len() > MOST_BYTES {
        return Err(Fault::TooLarge);
    }
    let mut parts = ZipArchive::new(Cursor::new(bytes)).map_err(|_damaged| Fault::Workbook)?;
    if parts.len() > MOST_PARTS {
        return Err(Fault::TooLarge);
    }
    let mut left = MOST_UNPACKED;
    for index in 0..parts.len() {
        let part = parts.by_index(index).map_err(|_damaged| Fault::Workbook)?;
        let size = io::copy(&mut part.take(left + 1), &mut io::sink()).map_err(|_damaged| Fault::Workbook)?;
        left = left.checked_sub(size).ok_or(Fault::TooLarge)?;
    }
    Ok(())
}

/// Reads the cells of a sheet one by one: a range of all cells would have the size of the rectangle around them.
fn rows(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    number: u32,
    left: &mut usize,
) -> Result<Vec<SheetRow>, Unreadable> {
    let mut rows: Vec<SheetRow> = Vec::new();
    let start = Line { sheet: number, row: 1 };
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|_damaged| (start, Fault::Workbook))?;
    loop {
        let last = rows.last().map_or(start, |row| row.line);
        let Some(cell) = cells.next_cell().map_err(|_damaged| (last, Fault::Workbook))? else { return Ok(rows) };
        let text = text_of(cell.get_value());
        let text = tidy(&text);
        if text.is_empty() {
            continue;
        }
        let (row, column) = cell.get_position();
        let (line, column) =
            (Line { sheet: number, row: u64::from(row) + 1 }, usize::try_from(column).unwrap_or(usize::MAX));
        if column >= MOST_COLUMNS {
            return Err((line, Fault::TooManyCells));
        }
        *left = left.checked_sub(text.len()).ok_or((line, Fault::TooLarge))?;
        if rows.last().is_none_or(|last| last.line < line) {
            if rows.len() == MOST_ROWS {
                return Err((line, Fault::TooManyRows));
            }
            rows.push(SheetRow { line, cells: Vec::new() });
        }
        let current = rows.last_mut().filter(|last| last.line == line).ok_or((line, Fault::Workbook))?;
        if current.cells.len() <= column {
            current.cells.resize(column + 1, String::new());
        }
        if let Some(place) = current.cells.get_mut(column) {
            text.clone_into(place);
        }
    }
}

/// Returns a cell as a sheet saved as CSV would have it.
fn text_of(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::DateTime(length) => length.as_f64().to_string(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn packed(parts: &[(&str, usize)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let zeros = vec![0; 1024 * 1024];
        for (name, mebibytes) in parts {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            for _ in 0..*mebibytes {
                writer.write_all(&zeros).unwrap();
            }
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_read() {
        let bomb = packed(&[("xl/workbook.xml", 100), ("xl/worksheets/sheet1.xml", 29)]);
        assert!(bomb.len() < 1024 * 1024);
        assert_eq!(read(&bomb).map(|_| ()), Err((Line { sheet: 1, row: 1 }, Fault::TooLarge)));
        assert_eq!(
            read(&packed(&[("xl/workbook.xml", 1)])).map(|_| ()),
            Err((Line { sheet: 1, row: 1 }, Fault::Workbook))
        );
        assert_eq!(read(b"PK\x03\x04").map(|_| ()), Err((Line { sheet: 1, row: 1 }, Fault::Workbook)));
    }
}
