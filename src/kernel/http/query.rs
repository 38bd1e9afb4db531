//! Parses the query of a URL, and collects all its errors.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use validator::Validate;

use super::extract::field_code;
use super::problem::{Code, ERRORS_MAX, FieldCode, FieldError, Problem, Result, field_errors};

/// The most values of one parameter.
pub const MAX_REPEATED: usize = 50;

/// The query of a URL. Unknown parameters are rejected, and named in the error.
pub struct Query<T>(pub T);

impl<T> Deref for Query<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_query(request.query_string()).map(Self))
    }
}

pub(super) fn parse_query<T: DeserializeOwned + Validate>(query: &str) -> Result<T> {
    let pairs = pairs_of(query)?;
    let mut errors = too_often(&pairs);
    let (value, unknown) = read_query::<T>(query, &pairs, &mut errors)?;
    errors.extend(unknown.into_iter().map(unknown_field));
    finish(value, errors)
}

/// Parses the query of a list: filter, paging, and other parameters. A parameter that none of them has is unknown.
pub fn parse_list<F, P, X>(query: &str) -> Result<(F, P, X)>
where
    F: DeserializeOwned + Validate,
    P: DeserializeOwned + Validate,
    X: DeserializeOwned + Validate,
{
    let pairs = pairs_of(query)?;
    let mut errors = too_often(&pairs);
    let (filter, no_filter) = read_query::<F>(query, &pairs, &mut errors)?;
    let (paging, no_paging) = read_query::<P>(query, &pairs, &mut errors)?;
    let (other, no_other) = read_query::<X>(query, &pairs, &mut errors)?;
    let unknown = no_filter.into_iter().filter(|name| no_paging.contains(name) && no_other.contains(name));
    errors.extend(unknown.map(unknown_field));
    finish(filter.zip(paging).zip(other).map(|((filter, paging), other)| (filter, paging, other)), errors)
}

fn finish<T>(value: Option<T>, mut errors: Vec<FieldError>) -> Result<T> {
    errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    value.filter(|_| errors.is_empty()).ok_or_else(|| Problem::invalid(errors))
}

fn unknown_field(name: String) -> FieldError {
    FieldError::new(format!("?{name}"), FieldCode::UNKNOWN_FIELD)
}

/// The parameters of a query. Rejects NUL in any of them.
fn pairs_of(query: &str) -> Result<Vec<(String, String)>> {
    let pairs: Vec<(String, String)> =
        serde_html_form::from_str(query).map_err(|_malformed| Problem::new(Code::MALFORMED_REQUEST))?;
    let nul: Vec<_> = pairs
        .iter()
        .filter(|(name, value)| name.contains('\0') || value.contains('\0'))
        .take(ERRORS_MAX + 1)
        .map(|(name, _)| FieldError::new(format!("?{}", name.replace('\0', "")), FieldCode::NULL_CHARACTER))
        .collect();
    if nul.is_empty() { Ok(pairs) } else { Err(Problem::invalid(nul)) }
}

/// Deserialises and validates a query of these pairs, and returns the parameters that are not fields of `T`. The
/// deserialiser stops at the first wrong parameter: it is named and left out, and the others are read again.
fn read_query<T: DeserializeOwned + Validate>(
    query: &str,
    pairs: &[(String, String)],
    errors: &mut Vec<FieldError>,
) -> Result<(Option<T>, Vec<String>)> {
    let mut left = Cow::Borrowed(pairs);
    let mut query = Cow::Borrowed(query);
    loop {
        let (value, unknown) = deserialize::<T>(&query);
        match value {
            Ok(value) => {
                let broken = value.validate().err();
                errors.extend(broken.iter().flat_map(|broken| field_errors("?", broken)).map(|mut error| {
                    error.pointer = parameter_of(&error.pointer);
                    error
                }));
                return Ok((Some(value), unknown));
            }
            Err(error) => {
                let before = left.len();
                left.to_mut().retain(|(name, _)| error.pointer.strip_prefix('?') != Some(name));
                errors.push(error);
                // A required parameter is missing: the others are not read.
                if left.len() == before {
                    return Ok((None, unknown));
                }
                query = Cow::Owned(serde_html_form::to_string(left.as_ref()).map_err(Problem::internal)?);
            }
        }
    }
}

/// Converts `?/level/0` to `?level`: a value of a repeated parameter has no place of its own.
fn parameter_of(pointer: &str) -> String {
    format!("?{}", pointer.split('/').nth(1).unwrap_or_default())
}

fn deserialize<T: DeserializeOwned>(query: &str) -> (Result<T, FieldError>, Vec<String>) {
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let form = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    let tracked = serde_path_to_error::Deserializer::new(form, &mut track);
    let result: Result<T, _> = serde_ignored::deserialize(tracked, |path| {
        if unknown.len() <= ERRORS_MAX {
            unknown.push(path.to_string());
        }
    });
    let value = result.map_err(|error| {
        let message = error.to_string();
        if let Some(missing) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
            return FieldError::new(format!("?{missing}"), FieldCode::REQUIRED);
        }
        let path = track.path().to_string();
        let parameter = path.split(['.', '[']).next().unwrap_or_default();
        // A query has no types: text that does not parse is a wrong value.
        let code = match field_code(&message) {
            FieldCode::INVALID_TYPE => FieldCode::INVALID_VALUE,
            code => code,
        };
        FieldError::new(format!("?{parameter}"), code)
    });
    (value, unknown)
}

fn too_often(pairs: &[(String, String)]) -> Vec<FieldError> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for (name, _) in pairs {
        *times.entry(name).or_default() += 1;
    }
    times
        .into_iter()
        .filter(|(_, count)| *count > MAX_REPEATED)
        .map(|(name, _)| FieldError::at_most(format!("?{name}"), MAX_REPEATED))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_name_unknown_and_wrong_parameters() {
        #[derive(Debug, serde::Deserialize, Validate)]
        struct Filter {
            #[serde(default)]
            status: Vec<String>,
            limit: Option<u8>,
            #[validate(range(max = 9))]
            days: Option<u8>,
        }
        let filter: Filter = parse_query("status=a&status=b&limit=").unwrap();
        assert_eq!((filter.status.len(), filter.limit), (2, None));
        let pointers = |query: &str| -> Vec<String> {
            let problem = parse_query::<Filter>(query).unwrap_err();
            let details = problem.details(crate::kernel::locale::Locale::En, "", "");
            details.errors.into_iter().map(|error| error.pointer).collect()
        };
        assert_eq!(pointers("a=1&b=2"), ["?a", "?b"]);
        assert_eq!(pointers("limit=x"), ["?limit"]);
        assert_eq!(pointers("limit=x&days=y&a=1"), ["?a", "?days", "?limit"]);
        assert_eq!(pointers("limit=x&days=10"), ["?days", "?limit"]);
        assert_eq!(pointers("status=%00"), ["?status"]);
        assert_eq!(pointers(&"status=a&".repeat(51)), ["?status"]);
    }
}
