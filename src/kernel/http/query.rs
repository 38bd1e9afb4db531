//! Parses the query of a URL, and collects all its errors.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::extract::field_error;
use super::problem::{Code, ERRORS_MAX, FieldCode, FieldError, Problem, Result};

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

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_query(request.query_string()).map(Self))
    }
}

pub(super) fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T> {
    let mut errors = check_pairs(query)?;
    let (value, unknown) = read_query::<T>(query);
    errors.extend(unknown.into_iter().map(unknown_field));
    finish(value.map_err(|error| errors.push(error)).ok(), errors)
}

/// Parses the query of a list: filter, paging, and other parameters. A parameter that none of them has is unknown.
pub fn parse_list<F, P, X>(query: &str) -> Result<(F, P, X)>
where
    F: DeserializeOwned,
    P: DeserializeOwned,
    X: DeserializeOwned,
{
    let mut errors = check_pairs(query)?;
    let ((filter, no_filter), (paging, no_paging), (other, no_other)) =
        (read_query::<F>(query), read_query::<P>(query), read_query::<X>(query));
    let unknown = no_filter.into_iter().filter(|name| no_paging.contains(name) && no_other.contains(name));
    errors.extend(unknown.map(unknown_field));
    let filter = filter.map_err(|error| errors.push(error)).ok();
    let paging = paging.map_err(|error| errors.push(error)).ok();
    let other = other.map_err(|error| errors.push(error)).ok();
    finish(filter.zip(paging).zip(other).map(|((filter, paging), other)| (filter, paging, other)), errors)
}

fn finish<T>(value: Option<T>, errors: Vec<FieldError>) -> Result<T> {
    value.filter(|_| errors.is_empty()).ok_or_else(|| Problem::invalid(errors))
}

fn unknown_field(name: String) -> FieldError {
    FieldError::new(format!("?{name}"), FieldCode::UNKNOWN_FIELD)
}

/// Rejects NUL in any parameter, and returns an error for each that is repeated too often.
fn check_pairs(query: &str) -> Result<Vec<FieldError>> {
    let pairs: Vec<(String, String)> =
        serde_html_form::from_str(query).map_err(|_malformed| Problem::new(Code::MALFORMED_REQUEST))?;
    let nul: Vec<_> = pairs
        .iter()
        .filter(|(name, value)| name.contains('\0') || value.contains('\0'))
        .take(ERRORS_MAX + 1)
        .map(|(name, _)| FieldError::new(format!("?{}", name.replace('\0', "")), FieldCode::NULL_CHARACTER))
        .collect();
    if nul.is_empty() { Ok(too_often(&pairs)) } else { Err(Problem::invalid(nul)) }
}

/// Deserialises a query, and returns the parameters that are not fields of `T`.
fn read_query<T: DeserializeOwned>(query: &str) -> (Result<T, FieldError>, Vec<String>) {
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
        let path = track.path().to_string();
        let parameter = path.split(['.', '[']).next().unwrap_or_default();
        let mut wrong = field_error("", &error.to_string());
        wrong.pointer = match wrong.pointer.strip_prefix('/') {
            Some(missing) => format!("?{missing}"),
            None => format!("?{parameter}"),
        };
        // A query has no types: text that does not parse is a wrong value.
        if wrong.code == FieldCode::INVALID_TYPE {
            wrong.code = FieldCode::INVALID_VALUE;
        }
        wrong
    });
    (value, unknown)
}

fn too_often(pairs: &[(String, String)]) -> Vec<FieldError> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for (name, _) in pairs {
        *times.entry(name).or_default() += 1;
    }
    let mut errors: Vec<_> = times
        .into_iter()
        .filter(|(_, count)| *count > MAX_REPEATED)
        .map(|(name, _)| FieldError::at_most(format!("?{name}"), MAX_REPEATED))
        .collect();
    errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_name_unknown_and_wrong_parameters() {
        #[derive(Debug, serde::Deserialize)]
        struct Filter {
            #[serde(default)]
            status: Vec<String>,
            limit: Option<u8>,
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
        assert_eq!(pointers("status=%00"), ["?status"]);
        assert_eq!(pointers(&"status=a&".repeat(51)), ["?status"]);
    }
}
