//! Parses JSON within limits. A body of 1 MiB can hold half a million values, and each takes fifty times its
//! bytes in memory: the parser counts values and stops at the limit.

use std::cell::Cell;
use std::fmt;

use super::place::Place;
use crate::kernel::http::problem::{Code, ERRORS_MAX, FieldCode, FieldError, Problem, Result};
use crate::kernel::value::typed::{Typed, typed};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Values in a body, without names. The largest body that the API accepts, a hardship list of 500
/// households with all reasons and needs, has 14,000.
const VALUES_MAX: usize = 30_000;
/// Nested arrays and objects. No body of the API has more than five levels.
const DEPTH_MAX: usize = 16;
/// Characters of a name. No field of the API has more than 40.
const NAME_MAX: usize = 200;

/// The limit that a body exceeds.
#[derive(Clone, Copy)]
enum Refusal {
    TooManyValues,
    TooDeep,
    LongName,
}

impl Refusal {
    fn problem(self) -> Problem {
        match self {
            Self::TooManyValues => Problem::new(Code::PAYLOAD_TOO_LARGE),
            Self::TooDeep => Problem::new(Code::MALFORMED_REQUEST),
            Self::LongName => {
                Problem::invalid(vec![FieldError::new("#", FieldCode::LONG_NAME).with(NAME_MAX.to_string())])
            }
        }
    }
}

/// The state of the parser.
#[derive(Default)]
struct Reading {
    values: Cell<usize>,
    refusal: Cell<Option<Refusal>>,
}

impl Reading {
    fn refuse<E: serde::de::Error>(&self, refusal: Refusal) -> E {
        self.refusal.set(Some(refusal));
        E::custom("limit exceeded")
    }
}

/// Parses a body, or returns the problem of the limit that it exceeds.
pub fn parse(body: &[u8]) -> Result<Value> {
    let reading = Reading::default();
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = Node { reading: &reading, depth: 0 }.deserialize(&mut deserializer).and_then(|value| {
        deserializer.end()?;
        Ok(value)
    });
    parsed.map_err(|_syntax| match reading.refusal.get() {
        Some(refusal) => refusal.problem(),
        None => Problem::new(Code::MALFORMED_REQUEST),
    })
}

/// Deserialises one value at a depth.
#[derive(Clone, Copy)]
struct Node<'a> {
    reading: &'a Reading,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let values = self.reading.values.get() + 1;
        self.reading.values.set(values);
        if values > VALUES_MAX {
            return Err(self.reading.refuse(Refusal::TooManyValues));
        }
        deserializer.deserialize_any(self)
    }
}

impl Node<'_> {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.reading.refuse(Refusal::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            // Compares bytes first, because counting characters scans the name and each has at least one byte.
            if name.len() > NAME_MAX && name.chars().count() > NAME_MAX {
                return Err(self.reading.refuse(Refusal::LongName));
            }
            object.insert(name, fields.next_value_seed(inside)?);
        }
        Ok(Value::Object(object))
    }
}

/// Replaces strings by the text to keep (`value::typed`), and returns an error for each that is not storable or not printable.
pub fn clean(received: &mut Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    clean_at(received, "", Place::ROOT, &mut errors);
    errors
}

/// Removes the fields that are null from all objects.
pub fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `text` in PostgreSQL cannot hold NUL. `field`: the name of the value, or of the list that contains it.
fn clean_at(value: &mut Value, field: &str, place: Place<'_>, errors: &mut Vec<FieldError>) {
    // One error above the maximum sets `errors_truncated`.
    if errors.len() > ERRORS_MAX {
        return;
    }
    match value {
        Value::String(text) => {
            if let Some(code) = unfit(text) {
                errors.push(FieldError::new(place.pointer(), code));
                return;
            }
            match typed(field, text) {
                Ok(Typed::Kept(kept)) => *text = kept,
                Ok(Typed::Nothing) => *value = Value::Null,
                Err(code) => errors.push(FieldError::new(place.pointer(), code)),
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                clean_at(item, field, place.item(index), errors);
            }
        }
        Value::Object(fields) => {
            let is_zero = |name: &str| fields.get(name).is_some_and(|number| number.as_f64() == Some(0.0));
            if is_zero("latitude") && is_zero("longitude") {
                errors.push(FieldError::new(format!("{}/latitude", place.pointer()), FieldCode::NO_POSITION));
            }
            for (name, inner) in fields.iter_mut() {
                clean_at(inner, name, place.field(name), errors);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The error of a string that is blank or has control or bidirectional formatting characters, which hide
/// a name or reorder the text around it.
fn unfit(text: &str) -> Option<FieldCode> {
    if text.contains('\0') {
        return Some(FieldCode::NULL_CHARACTER);
    }
    let invisible = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{FEFF}');
    let unprintable = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let is_blank = !text.is_empty() && text.chars().all(invisible);
    (is_blank || text.chars().any(|c| unprintable(c) || turns(c))).then_some(FieldCode::INVALID_VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> Code {
        parse(body.as_bytes()).unwrap_err().code()
    }

    #[test]
    fn what_is_parsed_is_what_the_library_parses() {
        let body = r#" {"a":[1,-2,2.5,1e3,"x",null,true,{"b":{}}],"c":"\u00e9","a2":18446744073709551615} "#;
        assert_eq!(parse(body.as_bytes()).unwrap(), serde_json::from_str::<Value>(body).unwrap());
        for broken in ["", "{", "{} x", "[1,]", "1e999"] {
            assert_eq!(refused(broken), Code::MALFORMED_REQUEST, "{broken}");
        }
    }

    #[test]
    fn values_depth_and_names_have_limits() {
        let array = |values: usize| format!("[{}0]", "0,".repeat(values - 2));
        assert!(parse(array(VALUES_MAX).as_bytes()).is_ok());
        assert_eq!(refused(&array(VALUES_MAX + 1)), Code::PAYLOAD_TOO_LARGE);
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(refused(&nested(DEPTH_MAX + 1)), Code::MALFORMED_REQUEST);
        let named = |letters: usize| format!("{{\"{}\":0}}", "ư".repeat(letters));
        assert!(parse(named(NAME_MAX).as_bytes()).is_ok());
        assert_eq!(refused(&named(NAME_MAX + 1)), Code::INVALID);
    }

    #[test]
    fn the_place_of_a_wrong_text_is_told() {
        let mut value = serde_json::json!({"a~/b": [{"c": "x\u{0}"}, "\u{202E}"], "d": "e\u{301}"});
        let told: Vec<_> = clean(&mut value).into_iter().map(|error| (error.pointer, error.code)).collect();
        let (null, wrong) = (FieldCode::NULL_CHARACTER, FieldCode::INVALID_VALUE);
        assert_eq!(told, [("#/a~0~1b/0/c".to_owned(), null), ("#/a~0~1b/1".to_owned(), wrong)]);
        assert_eq!(value["d"], "é");
    }
}
