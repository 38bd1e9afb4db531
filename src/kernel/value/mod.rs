//! Types of single values: text, days, enumerations, ids, patches.

/// Codes of data that an operator may extend.
pub mod code;
/// Validation of dates.
pub mod day;
/// Enumerations that are text in the database, words in JSON and labels in two languages.
pub mod enums;
/// Ids as types.
pub mod id;
/// Lists of values in one column.
pub mod json;
/// Text normalised for comparison.
pub mod text;
/// Typed text as it is kept.
pub mod typed;
