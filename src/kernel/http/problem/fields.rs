//! Wrong fields, and the texts of their bounds.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{ValidationErrors, ValidationErrorsKind};

use super::codes::FieldCode;
use crate::kernel::locale::Locale;

/// One wrong field.
#[derive(Debug, Clone)]
pub struct FieldError {
    /// JSON pointer into the body (`#/gifts/2/value_vnd`), or `?name` for a query parameter.
    pub pointer: String,
    pub code: FieldCode,
    /// Replaces `{}` in the text, in Vietnamese and in English.
    pub parameter: Option<(String, String)>,
    /// The id that the field has, where no such record is visible.
    pub(super) subject: Option<Uuid>,
    /// The record into which that one was merged.
    pub(super) merged_into: Option<Uuid>,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, code: FieldCode) -> Self {
        Self { pointer: pointer.into(), code, parameter: None, subject: None, merged_into: None }
    }

    /// Of a field with the id of a record; with `not_found`, the survivor of a merge is added.
    pub fn of_id(pointer: impl Into<String>, code: FieldCode, id: impl Into<Uuid>) -> Self {
        Self { subject: (code == FieldCode::NOT_FOUND).then(|| id.into()), ..Self::new(pointer, code) }
    }

    /// Too many entries.
    pub fn at_most(pointer: impl Into<String>, most: impl fmt::Display) -> Self {
        Self { parameter: lengths((None, Some(most)), true), ..Self::new(pointer, FieldCode::LENGTH) }
    }

    /// Too small or too great.
    pub fn range<B: fmt::Display>(pointer: impl Into<String>, least: B, most: B) -> Self {
        Self { parameter: numbers((Some(least), Some(most))), ..Self::new(pointer, FieldCode::RANGE) }
    }

    /// Outside the range of the column type.
    pub(super) fn storable(pointer: &str) -> Self {
        let parameter = Some(("trong khoảng lưu được".to_owned(), "within the storable range".to_owned()));
        Self { parameter, ..Self::new(pointer, FieldCode::RANGE) }
    }

    pub fn with(mut self, parameter: impl Into<String>) -> Self {
        let parameter = parameter.into();
        self.parameter = Some((parameter.clone(), parameter));
        self
    }
}

/// One wrong field.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemFieldError {
    /// JSON pointer into the body, or `?name` for a query parameter.
    #[schema(example = "#/gifts/2/value_vnd")]
    pub pointer: String,
    #[schema(value_type = FieldCode, example = "range")]
    pub code: String,
    #[schema(example = "Chỉ nhận số từ 0 đến 1000000000000.")]
    pub detail: String,
    /// With `not_found`: the record into which the named one was merged, where the caller sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub merged_into: Option<Uuid>,
}

impl ProblemFieldError {
    pub(super) fn of(error: &FieldError, locale: Locale) -> Self {
        let (vi_parameter, en_parameter) = error.parameter.clone().unwrap_or_default();
        Self {
            pointer: error.pointer.clone(),
            code: error.code.word().to_owned(),
            detail: error.code.text(locale).replace("{}", locale.pick(&vi_parameter, &en_parameter)),
            merged_into: error.merged_into,
        }
    }
}

/// Returns all validation errors of a value, with pointers below `base`.
pub fn field_errors(base: &str, errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    for (field, kind) in errors.errors() {
        let pointer = format!("{base}/{field}");
        match kind {
            ValidationErrorsKind::Struct(inner) => found.extend(field_errors(&pointer, inner)),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    found.extend(field_errors(&format!("{pointer}/{index}"), inner));
                }
            }
            ValidationErrorsKind::Field(broken) => {
                for error in broken {
                    let code = FieldCode::of(error);
                    let mut field_error = FieldError::new(pointer.clone(), code);
                    let is_list = error.params.get("value").is_some_and(serde_json::Value::is_array);
                    let bounds = (error.params.get("min"), error.params.get("max"));
                    field_error.parameter =
                        if code == FieldCode::LENGTH { lengths(bounds, is_list) } else { numbers(bounds) };
                    found.push(field_error);
                }
            }
        }
    }
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    found
}

fn numbers<B: fmt::Display>(bounds: (Option<B>, Option<B>)) -> Option<(String, String)> {
    match bounds {
        (Some(min), Some(max)) => Some((format!("từ {min} đến {max}"), format!("from {min} to {max}"))),
        (Some(min), None) => Some((format!("từ {min} trở lên"), format!("of at least {min}"))),
        (None, Some(max)) => Some((format!("đến {max}"), format!("up to {max}"))),
        (None, None) => None,
    }
}

/// The bounds of a text in characters, or of a list in entries.
fn lengths<B: fmt::Display>(bounds: (Option<B>, Option<B>), is_list: bool) -> Option<(String, String)> {
    let (choose, what_vi, what_en) =
        if is_list { ("Hãy chọn từ", "mục", "entries") } else { ("Từ", "ký tự", "characters") };
    match bounds {
        (Some(min), Some(max)) => {
            Some((format!("{choose} {min} đến {max} {what_vi}"), format!("{min} to {max} {what_en}")))
        }
        (Some(min), None) => Some((format!("Ít nhất {min} {what_vi}"), format!("at least {min} {what_en}"))),
        (None, Some(max)) => Some((format!("Tối đa {max} {what_vi}"), format!("up to {max} {what_en}"))),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_told_the_range() {
        let told = |error: FieldError, locale: Locale| ProblemFieldError::of(&error, locale).detail;
        assert_eq!(told(FieldError::range("?limit", 1, 200), Locale::Vi), "Chỉ nhận số từ 1 đến 200.");
        assert_eq!(told(FieldError::range("?limit", 1, 200), Locale::En), "Only a number from 1 to 200.");
        assert_eq!(told(FieldError::storable("#"), Locale::Vi), "Chỉ nhận số trong khoảng lưu được.");
        assert_eq!(told(FieldError::storable("#"), Locale::En), "Only a number within the storable range.");
    }

    #[test]
    fn lengths_of_texts_and_lists_are_named() {
        let (one, ten) = (serde_json::json!(1), serde_json::json!(10));
        let told = |bounds, is_list| lengths(bounds, is_list).unwrap().0;
        assert_eq!(told((None, Some(&ten)), false), "Tối đa 10 ký tự");
        assert_eq!(told((Some(&one), Some(&ten)), true), "Hãy chọn từ 1 đến 10 mục");
    }
}
