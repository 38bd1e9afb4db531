//! Counts of dependent records, and the text that names them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The number of dependent records by kind; without those of which there is none.
pub type Counts = BTreeMap<String, i64>;

/// A kind of record as it is counted: its name in `counts`, and its words in Vietnamese and English.
pub type Kind = (String, &'static str, &'static str);

static KINDS: OnceLock<Vec<Kind>> = OnceLock::new();

/// States the kinds of records, once for the process; kinds that are not stated are not named in the text of `in_use`.
pub fn name_kinds(kinds: impl IntoIterator<Item = Kind>) {
    KINDS.get_or_init(|| kinds.into_iter().collect());
}

/// The detail of `in_use` that names what is counted.
pub(super) fn dependents(counts: &Counts) -> Option<(String, String)> {
    let kinds = KINDS.get().map_or(&[][..], Vec::as_slice);
    let known = || kinds.iter().filter_map(|(kind, vi, en)| counts.get(kind).map(|count| (count, vi, en)));
    let list = |words: Vec<String>| words.join(", ");
    let vi = list(known().map(|(count, vi, _)| format!("{count} {vi}")).collect());
    let en = list(known().map(|(count, _, en)| format!("{count} {en}")).collect());
    let told = (
        format!("Không xóa hoặc đổi được vì còn {vi} liên quan."),
        format!("It cannot be deleted or changed, because {en} depend on it."),
    );
    (!vi.is_empty()).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::http::problem::{Code, Problem};
    use crate::kernel::locale::Locale;

    #[test]
    fn dependent_records_are_named() {
        name_kinds([("gifts".to_owned(), "quà", "gifts"), ("visits".to_owned(), "chuyến thăm", "visits")]);
        let detail = |problem: Problem| problem.details(Locale::Vi, "", "").detail;
        let counts = Counts::from([("gifts".to_owned(), 2), ("visits".to_owned(), 1), ("flags".to_owned(), 3)]);
        assert_eq!(detail(Problem::in_use(counts)), "Không xóa hoặc đổi được vì còn 2 quà, 1 chuyến thăm liên quan.");
        let other = detail(Problem::in_use(Counts::from([("flags".to_owned(), 3)])));
        assert_eq!(other, Code::IN_USE.text(Locale::Vi));
    }
}
