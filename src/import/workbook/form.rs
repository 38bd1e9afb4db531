//! The three sheets of the communes' workbook, known by their titles. A column is found by its heading; where no column has moved, one
//! without a known heading is the column of its letter in the form.

use std::collections::{HashMap, HashSet};

use crate::import::cells::{Reads, Words};
use crate::import::columns::Column;
use crate::import::line::Line;
use crate::import::report::{ColumnRef, Fault, Report};
use crate::import::sheet::SheetRow;
use crate::import::table::Headers;
use crate::import::xlsx::Grid;
use crate::import::{households, poverty};
use crate::kernel::value::text::squeeze;
use crate::needs::households::model::Sex;

/// Rows in which a title is looked for.
const TITLE_ROWS: u64 = 15;
/// Rows below the title in which headings are looked for.
const HEADING_ROWS: u64 = 8;
/// Known headings in one row, by which it is a row of headings.
const ENOUGH: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Poor and near-poor households.
    Listed,
    /// Households that are no longer poor.
    Escaped,
    /// Households that are no longer near-poor.
    NearEscaped,
}

impl Part {
    const ALL: [Self; 3] = [Self::Listed, Self::Escaped, Self::NearEscaped];

    fn title(self) -> &'static str {
        match self {
            Self::Listed => "Danh sách hộ nghèo, hộ cận nghèo sau khi rà soát",
            Self::Escaped => "Danh sách hộ thoát nghèo sau khi rà soát",
            Self::NearEscaped => "Danh sách hộ thoát cận nghèo sau khi rà soát",
        }
    }

    /// The status of its households, unless a column has it.
    pub fn status(self) -> Option<&'static str> {
        match self {
            Self::Listed => None,
            Self::Escaped => Some("newly_escaped"),
            Self::NearEscaped => Some("not_poor"),
        }
    }

    /// Rows from the title to the first household in the form.
    fn before_data(self) -> u64 {
        if self == Self::Listed { 4 } else { 5 }
    }

    /// The columns with their letters, counted from 0.
    fn columns(self) -> Vec<(Column, usize)> {
        let mark = Column::new("mark", "Số hộ", Reads::Text).also(&["hộ số", "số thứ tự hộ", "stt hộ", "mã hộ"]);
        let name =
            Column::new("head_name", "Họ và tên chủ hộ", Reads::Text).also(&["họ tên chủ hộ", "tên chủ hộ", "chủ hộ"]);
        let relation = Column::new("relation", "Quan hệ với chủ hộ", Reads::Text).also(&["mối quan hệ với chủ hộ"]);
        let sexes = Words::new(Sex::catalogue(), &[("1", "male"), ("2", "female")]);
        let sex = Column::new("sex", "Giới tính", Reads::Word(sexes));
        let birth = Column::new("birth_date", "Ngày sinh", Reads::Birth).also(&["ngày tháng năm sinh", "năm sinh"]);
        let number = households::identity_number();
        let mut group = households::ethnic_group();
        group.required = false;
        let points = |field, header| Column::new(field, header, Reads::Integer);
        let b1 = points("score_b1", "Điểm B1").also(&["tổng điểm B1", "số điểm B1"]);
        let b2 = points("score_b2", "Điểm B2").also(&["tổng điểm B2", "số điểm B2"]);
        let persons = points("persons", "Số nhân khẩu").also(&["số khẩu", "nhân khẩu", "số người", "số thành viên"]);
        if self != Self::Listed {
            let address = Column::new("address", "Địa chỉ", Reads::Text).also(&["nơi ở", "chỗ ở"]);
            let note = Column::new("note", "Ghi chú", Reads::Text);
            let name = name.also(&["họ và tên", "họ tên", "họ và tên chủ hộ và thành viên", "chủ hộ"]);
            let columns = [mark, name, relation, sex, birth, number, group, address, b1, b2, note, persons];
            return columns.into_iter().zip([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15]).collect();
        }
        let member = Column::new("member_name", "Họ và tên thành viên", Reads::Text).also(&[
            "thành viên",
            "họ tên thành viên",
            "tên thành viên",
            "họ và tên thành viên trong hộ",
        ]);
        let commune =
            Column::new("commune_code", "Mã xã", Reads::Text).also(&["mã xã phường", "mã xã phường thị trấn"]);
        let village = Column::new("village", "Thôn", Reads::Text).also(&[
            "làng",
            "bản",
            "buôn",
            "thôn làng",
            "thôn bản",
            "tên thôn",
            "thôn tổ dân phố",
            "thôn bản tổ dân phố",
        ]);
        let status = Column::new("poverty_status", "Phân loại hộ", Reads::Word(poverty::listed_statuses())).also(&[
            "loại hộ",
            "phân loại",
            "diện hộ",
        ]);
        let decision = households::decision();
        let decided = Column::new("decision_date", "Ngày quyết định", Reads::Day).also(&[
            "ngày ký",
            "ngày ban hành",
            "ngày ban hành quyết định",
        ]);
        let mark_of = |field, header| Column::new(field, header, Reads::Mark);
        let minority = mark_of("minority", "Hộ dân tộc thiểu số").also(&["hộ DTTS", "DTTS", "dân tộc thiểu số"]);
        let labour =
            mark_of("no_labour_capacity", "Hộ không có khả năng lao động").also(&["không có khả năng lao động"]);
        let merit = mark_of("merit_family", "Hộ có người có công").also(&[
            "hộ có công",
            "người có công",
            "người có công với cách mạng",
        ]);
        let causes = Column::new("poverty_causes", "Nguyên nhân nghèo", Reads::Numbers(poverty::causes()))
            .also(&["nguyên nhân"]);
        let columns = [
            mark, name, member, relation, birth, sex, number, commune, village, group, status, decision, decided, b1,
            b2, minority, labour, merit, causes, persons,
        ];
        columns.into_iter().zip([1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 26]).collect()
    }

    /// Columns without which a sheet is not read.
    fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Listed => &["mark", "head_name", "village", "ethnic_group", "poverty_status"],
            _ => &["mark", "head_name", "ethnic_group"],
        }
    }

    /// Letters and headings of columns that are known and not imported: running number, names of places, age.
    fn passed_over(self) -> (&'static [usize], &'static [&'static str]) {
        let headings =
            &["tt", "stt", "tỉnh", "tỉnh thành phố", "huyện", "quận huyện", "mã huyện", "xã", "xã phường", "tuổi"];
        let letters: &[usize] = if self == Self::Listed { &[0, 8, 9, 10, 11, 25] } else { &[0, 14] };
        (letters, headings)
    }
}

/// A sheet of the workbook.
pub struct Form {
    pub part: Part,
    pub number: u32,
    pub columns: Vec<Column>,
    pub headers: Headers,
    /// The rows below the headings.
    pub rows: Vec<SheetRow>,
}

/// Returns the sheets with a title of the workbook, the list of poor and near-poor households first; none for another workbook.
pub fn recognise(grids: &mut Vec<Grid>, report: &mut Report) -> Vec<Form> {
    let titled = |grid: &Grid| {
        let top = grid.rows.iter().take_while(|row| row.line.row <= TITLE_ROWS);
        top.flat_map(|row| row.cells.iter().map(|cell| (row.line.row, squeeze(cell)))).find_map(|(row, cell)| {
            Some((Part::ALL.into_iter().find(|part| cell.contains(&squeeze(part.title())))?, row))
        })
    };
    let found: Vec<Option<(Part, u64)>> = grids.iter().map(titled).collect();
    if found.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut forms: Vec<Form> = std::mem::take(grids)
        .into_iter()
        .zip(found)
        .filter_map(|(grid, found)| found.map(|(part, title)| form(grid, part, title, report)))
        .collect();
    forms.sort_by_key(|form| (form.part, form.number));
    forms
}

fn form(mut grid: Grid, part: Part, title: u64, report: &mut Report) -> Form {
    let columns = part.columns();
    let named =
        |cell: &String| columns.iter().find(|(column, _)| column.is_called(cell)).map(|(column, _)| column.field);
    let below: Vec<&SheetRow> =
        grid.rows.iter().filter(|row| (title + 1..=title + HEADING_ROWS).contains(&row.line.row)).collect();
    let is_heading = |row: &&&SheetRow| row.cells.iter().filter_map(named).count() >= ENOUGH;
    let last = below.iter().filter(is_heading).map(|row| row.line.row).max();
    let top = last.unwrap_or(title + part.before_data() - 1);
    let mut headings: HashMap<usize, String> = HashMap::new();
    for row in below.iter().filter(|row| row.line.row <= top) {
        for (index, cell) in row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            // Of headings in several rows the lowest is the most precise, unless only an upper one is known.
            let known = headings.get(&index).is_some_and(|upper| named(upper).is_some());
            if !known || named(cell).is_some() {
                headings.insert(index, cell.clone());
            }
        }
    }
    let upper = grid.rows.iter().take_while(|row| row.line.row <= top).count();
    let mut rows = grid.rows.split_off(upper);
    // Letters or numbers of the columns below the headings.
    let numbering =
        rows.iter().take_while(|row| row.cells.iter().all(|cell| squeeze(cell).chars().count() <= 2)).count();
    rows.drain(..numbering);
    report.titles += upper + numbering;
    let line = Line { sheet: grid.number, row: top };
    let headers = place(part, &columns, &headings, &rows, line, report);
    let columns = columns.into_iter().map(|(column, _)| column).collect();
    Form { part, number: grid.number, columns, headers, rows }
}

/// Finds the columns; names those that are not known, and reports missing ones.
fn place(
    part: Part,
    columns: &[(Column, usize)],
    headings: &HashMap<usize, String>,
    rows: &[SheetRow],
    line: Line,
    report: &mut Report,
) -> Headers {
    let mut indexes: Vec<usize> = headings.keys().copied().collect();
    indexes.sort_unstable();
    let mut placed: HashMap<&'static str, ColumnRef> = HashMap::new();
    let reference = |index: usize| ColumnRef { index, header: headings.get(&index).cloned().unwrap_or_default() };
    let mut moved = false;
    for index in &indexes {
        let heading = headings.get(index).map_or("", String::as_str);
        let Some((column, letter)) = columns.iter().find(|(column, _)| column.is_called(heading)) else { continue };
        if !placed.contains_key(column.field) {
            moved |= index != letter;
            placed.insert(column.field, reference(*index));
        }
    }
    let mut taken: HashSet<usize> = placed.values().map(|column| column.index).collect();
    for (column, letter) in columns.iter().filter(|_| !moved) {
        if !placed.contains_key(column.field) && taken.insert(*letter) {
            placed.insert(column.field, reference(*letter));
        }
    }
    for field in part.needed().iter().filter(|field| !placed.contains_key(**field)) {
        let name =
            columns.iter().find(|(column, _)| column.field == *field).map_or(*field, |(column, _)| column.header);
        report.error(line, None, &Fault::MissingColumn(name.to_owned()));
    }
    let (letters, names) = part.passed_over();
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or_default();
    for index in (0..width).filter(|index| !taken.contains(index)) {
        let heading = headings.get(&index).map_or("", String::as_str);
        let known = (!moved && letters.contains(&index)) || names.iter().any(|name| squeeze(name) == squeeze(heading));
        let used = rows.iter().any(|row| row.cells.get(index).is_some_and(|cell| !cell.is_empty()));
        if used && !known {
            report.warn(line, Some(reference(index)), &Fault::PassedOver);
        }
    }
    Headers::of_columns(placed)
}
