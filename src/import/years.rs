//! Joins the rows of lists with a row for each year of a record; the fields of the record are those of its first row.

use std::collections::HashMap;
use std::hash::Hash;

use super::Import;
use super::line::Line;
use super::report::Fault;

/// A record of the file, with the years of all its rows and their lines.
pub struct Entry<N, Y> {
    pub line: Line,
    pub new: N,
    pub years: Vec<(Line, Y)>,
}

impl<N, Y> Entry<N, Y> {
    /// Number of rows of the record.
    pub fn rows(&self) -> usize {
        self.years.len().max(1)
    }
}

/// A row: its line, the key of the record, the record, and its year, if any.
pub type YearRow<K, N, Y> = (Line, K, N, Option<Y>);

/// Joins the rows of each record. Reports two rows with the same year, or without one, as an error of `field`.
pub fn join<K: Hash + Eq, N, Y>(
    work: &mut Import<'_>,
    rows: Vec<YearRow<K, N, Y>>,
    field: &str,
    year_of: impl Fn(&Y) -> i32,
) -> Vec<Entry<N, Y>> {
    let mut entries: Vec<Entry<N, Y>> = Vec::new();
    let mut positions: HashMap<K, usize> = HashMap::new();
    for (line, key, new, year) in rows {
        let position = *positions.entry(key).or_insert(entries.len());
        let Some(first) = entries.get_mut(position) else {
            entries.push(Entry { line, new, years: year.map(|year| (line, year)).into_iter().collect() });
            continue;
        };
        let same =
            |year: &Y| first.years.iter().find(|(_, known)| year_of(known) == year_of(year)).map(|(line, _)| *line);
        let repeated = year.as_ref().map_or(Some(first.line), same);
        match (repeated, year) {
            (None, Some(year)) => first.years.push((line, year)),
            (other, _) => work.error(line, field, &Fault::SameAsLine(other.unwrap_or(first.line))),
        }
    }
    entries
}
