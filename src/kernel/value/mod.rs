//! Types of single values: text, days, enumerations, ids, patches.

/// Which days a caller may name.
pub mod day;
/// Enumerations that are text in the database, words in JSON and labels in two languages.
pub mod enums;
/// Ids as types, so that one record's id cannot be passed for another's.
pub mod id;
/// Absent, null and value in a merge patch.
pub mod patch;
/// Text as people mean it: without case, diacritics and punctuation.
pub mod text;
