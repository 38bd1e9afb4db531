//! Reads the fields of an object one by one, so that one answer names every wrong field: serde stops at the first one.
//! `#[input]` and `#[changes]` implement `Input` with these functions.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use validator::Validate;

use super::place::Place;
use uuid::Uuid;

use crate::kernel::http::extract::field_code;
use crate::kernel::http::problem::{ERRORS_MAX, FieldCode, FieldError, field_errors};

/// A body, or an object in one.
pub trait Input: Sized {
    /// Whether null in a field is the same as no field: in a create. In a merge patch null clears.
    const NULL_IS_ABSENT: bool;

    /// Reads all fields; `None` if one is wrong.
    fn read(fields: &mut Fields<'_, '_>) -> Option<Self>;
}

/// The wrong fields of a body: one above the maximum sets `errors_truncated`.
#[derive(Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    fn push(&mut self, error: impl FnOnce() -> FieldError) {
        if self.0.len() <= ERRORS_MAX {
            self.0.push(error());
        }
    }

    fn at(&mut self, place: Place<'_>, code: FieldCode) {
        self.push(|| FieldError::new(place.pointer(), code));
    }
}

/// Reads a body, which is an object; returns its value, or its wrong fields.
pub fn read_body<T: Input>(received: &Map<String, Value>) -> Result<T, Vec<FieldError>> {
    let mut errors = Errors::default();
    match object(received, Place::ROOT, &mut errors) {
        Some(value) => Ok(value),
        None => Err(errors.0),
    }
}

fn object<T: Input>(received: &Map<String, Value>, place: Place<'_>, errors: &mut Errors) -> Option<T> {
    let mut fields = Fields { received, place, errors, known: Vec::new(), is_wrong: false };
    let value = T::read(&mut fields);
    value.filter(|_| !fields.is_wrong)
}

/// A function that reads one value.
pub trait Reader<T>: FnOnce(&Value, Place<'_>, &mut Errors) -> Option<T> {}
impl<T, F: FnOnce(&Value, Place<'_>, &mut Errors) -> Option<T>> Reader<T> for F {}

/// The fields of one object while they are read.
pub struct Fields<'a, 'e> {
    received: &'a Map<String, Value>,
    place: Place<'a>,
    errors: &'e mut Errors,
    known: Vec<&'static str>,
    is_wrong: bool,
}

impl<'a> Fields<'a, '_> {
    fn find(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.received.get(name)
    }

    fn read<T>(&mut self, name: &'static str, value: &Value, reader: impl Reader<T>) -> Option<T> {
        let read = reader(value, self.place.field(name), self.errors);
        self.is_wrong |= read.is_none();
        read
    }

    fn refuse(&mut self, name: &str, code: FieldCode) {
        self.errors.at(self.place.field(name), code);
        self.is_wrong = true;
    }

    /// A field that has a value.
    pub fn required<T>(&mut self, name: &'static str, reader: impl Reader<T>) -> Option<T> {
        match self.find(name) {
            None | Some(Value::Null) => {
                self.refuse(name, FieldCode::REQUIRED);
                None
            }
            Some(value) => self.read(name, value, reader),
        }
    }

    /// A field that may be absent or null.
    pub fn optional<T>(&mut self, name: &'static str, reader: impl Reader<T>) -> Option<T> {
        match self.find(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.read(name, value, reader),
        }
    }

    /// A field of a merge patch that always has a value: absent keeps it.
    pub fn present<T>(&mut self, name: &'static str, reader: impl Reader<T>) -> Option<T> {
        if self.received.contains_key(name) { self.required(name, reader) } else { self.optional(name, reader) }
    }

    /// A field of a merge patch that null clears.
    pub fn clearable<T>(&mut self, name: &'static str, reader: impl Reader<T>) -> Option<Option<T>> {
        match self.find(name) {
            None => None,
            Some(Value::Null) => Some(None),
            Some(value) => self.read(name, value, reader).map(Some),
        }
    }

    /// Rejects the fields that were not read.
    pub fn refuse_others(&mut self) {
        for name in self.received.keys().filter(|name| !self.known.contains(&name.as_str())) {
            self.errors.at(self.place.field(name), FieldCode::UNKNOWN_FIELD);
            self.is_wrong = true;
        }
    }

    /// Validates the values that were read, and rejects all other fields.
    pub fn check(&mut self, read: &impl Validate) {
        self.refuse_others();
        if let Err(broken) = read.validate() {
            self.is_wrong = true;
            for error in field_errors(&self.place.pointer(), &broken) {
                self.errors.push(|| error);
            }
        }
    }
}

/// Reads a value by its type.
pub fn value<T: DeserializeOwned>(value: &Value, place: Place<'_>, errors: &mut Errors) -> Option<T> {
    read_with(T::deserialize, value, place, errors)
}

/// Reads a value by a function of serde.
pub fn read_with<'v, T>(
    read: impl FnOnce(&'v Value) -> Result<T, serde_json::Error>,
    value: &'v Value,
    place: Place<'_>,
    errors: &mut Errors,
) -> Option<T> {
    read(value).map_err(|error| errors.at(place, field_code(&error.to_string()))).ok()
}

/// Reads a list of different values. In one of more than `MOST` they are not compared. Repeated ids are errors of the record.
pub fn list<T: DeserializeOwned, const MOST: usize>(
    received: &Value,
    place: Place<'_>,
    errors: &mut Errors,
) -> Option<Vec<T>> {
    let read = items(received, place, errors, value);
    if received.as_array().is_some_and(|values| values.len() > MOST) {
        return read;
    }
    let mut seen = HashSet::new();
    let mut is_repeated = false;
    for (index, item) in received.as_array().into_iter().flatten().enumerate() {
        let is_id = item.as_str().is_some_and(|text| Uuid::try_parse(text).is_ok());
        if !is_id && !seen.insert(item.to_string()) {
            errors.at(place.item(index), FieldCode::DUPLICATE);
            is_repeated = true;
        }
    }
    read.filter(|_| !is_repeated)
}

/// Reads an object.
pub fn part<T: Input>(received: &Value, place: Place<'_>, errors: &mut Errors) -> Option<T> {
    match received {
        Value::Object(fields) => object(fields, place, errors),
        other => {
            errors.at(place, if other.is_null() { FieldCode::REQUIRED } else { FieldCode::INVALID_TYPE });
            None
        }
    }
}

/// Reads a list of at most `MOST` objects. The objects of a longer list are not read.
pub fn entries<T: Input, const MOST: usize>(received: &Value, place: Place<'_>, errors: &mut Errors) -> Option<Vec<T>> {
    if received.as_array().is_some_and(|entries| entries.len() > MOST) {
        errors.push(|| FieldError::at_most(place.pointer(), MOST));
        return None;
    }
    items(received, place, errors, part)
}

fn items<T>(
    received: &Value,
    place: Place<'_>,
    errors: &mut Errors,
    read: impl Fn(&Value, Place<'_>, &mut Errors) -> Option<T>,
) -> Option<Vec<T>> {
    let Value::Array(items) = received else {
        errors.at(place, FieldCode::INVALID_TYPE);
        return None;
    };
    let read: Vec<Option<T>> =
        items.iter().enumerate().map(|(index, item)| read(item, place.item(index), errors)).collect();
    read.into_iter().collect()
}
