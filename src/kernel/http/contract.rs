//! Enforces those parts of the OpenAPI document that no handler checks: query without parameters, and media types.

use std::collections::HashMap;

use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, HeaderMap};
use actix_web::{HttpRequest, web};

use super::problem::{Code, Problem, Result};
use super::query::parse_query;
use crate::kernel::list::sheet::CSV;

/// Facts of an operation, taken from the OpenAPI document.
pub struct Contract {
    /// The operation needs no authentication.
    pub is_public: bool,
    /// An operation that takes no query rejects every parameter.
    pub takes_query: bool,
    /// The media types of its successful answers; empty where they have no body.
    pub media_types: Vec<String>,
}

/// The operations by method and route pattern.
pub struct Contracts(pub HashMap<(Method, String), Contract>);

impl Contracts {
    /// Rejects parameters of an operation that takes none, and an `Accept` that excludes all its media types.
    pub fn check(request: &HttpRequest) -> Result<()> {
        let is_sheet = request.path().ends_with(CSV);
        if !is_sheet && request.query_string().is_empty() && takes_json(request.headers()) {
            return Ok(());
        }
        Self::of(request).map_or(Ok(()), |contract| contract.check(request))
    }

    /// The same for public operations, which check no permission.
    pub fn check_public(request: &HttpRequest) -> Result<()> {
        match Self::of(request) {
            Some(contract) if contract.is_public => contract.check(request),
            _ => Ok(()),
        }
    }

    /// Whether the operation needs no authentication; false where no route matches, which reads no body.
    pub fn is_public(request: &HttpRequest) -> bool {
        Self::of(request).is_some_and(|contract| contract.is_public)
    }

    /// The methods of an operation whose path is that of the request, without an id: `/gifts/confirm`, which a route of `/gifts/{id}` with
    /// another method takes for an id.
    pub fn methods_of_literal(request: &HttpRequest) -> Vec<&Method> {
        let known = request.app_data::<web::Data<Self>>().into_iter().flat_map(|known| known.0.keys());
        known.filter(|(_, path)| path == request.path()).map(|(method, _)| method).collect()
    }

    /// Whether records of the collection in the path are addressed below it: `/localities/{id}/flags/{flag_id}`.
    pub fn has_items(request: &HttpRequest) -> bool {
        let Some(known) = request.app_data::<web::Data<Self>>() else { return false };
        let below = request.match_pattern().map(|pattern| format!("{pattern}/{{"));
        known.0.keys().any(|(_, path)| below.as_ref().is_some_and(|below| path.starts_with(below)))
    }

    fn of(request: &HttpRequest) -> Option<&Contract> {
        let known = request.app_data::<web::Data<Self>>()?;
        known.0.get(&(request.method().clone(), request.match_pattern()?))
    }
}

impl Contract {
    fn check(&self, request: &HttpRequest) -> Result<()> {
        if !self.takes_query && !request.query_string().is_empty() {
            #[derive(serde::Deserialize, validator::Validate)]
            struct NoQuery {}
            parse_query::<NoQuery>(request.query_string())?;
        }
        let fits = |range: &str| self.media_types.iter().any(|media_type| covers(range, media_type));
        if self.media_types.is_empty() || accepts(request.headers(), fits) {
            Ok(())
        } else {
            Err(Problem::new(Code::NOT_ACCEPTABLE))
        }
    }
}

/// Whether JSON is accepted, as by nearly every caller: then the lookup of the operation is skipped.
fn takes_json(headers: &HeaderMap) -> bool {
    accepts(headers, |range| covers(range, "application/json"))
}

/// Whether one of the accepted media ranges fits (RFC 9110 §12.5.1). Operations with several media types
/// compare q-values themselves; a header without a readable range accepts anything.
fn accepts(headers: &HeaderMap, fits: impl Fn(&str) -> bool) -> bool {
    let mut said_something = false;
    let listed = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    for range in listed.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let Some(media_range) = parts.next().filter(|range| range.contains('/')) else { continue };
        said_something = true;
        let unwanted = parts
            .filter_map(|parameter| parameter.to_ascii_lowercase().strip_prefix("q=").map(str::to_owned))
            .any(|weight| weight.parse() == Ok(0.0_f32));
        if !unwanted && fits(media_range) {
            return true;
        }
    }
    !said_something
}

/// `*/*`, `text/*` and `text/csv` cover `text/csv`.
fn covers(range: &str, media_type: &str) -> bool {
    let family = |text: &str| text.split('/').next().unwrap_or_default().to_ascii_lowercase();
    range == "*/*"
        || range.eq_ignore_ascii_case(media_type)
        || (range.ends_with("/*") && family(range) == family(media_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted_is_read_as_the_standard_says() {
        let json = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            takes_json(&headers)
        };
        assert!(takes_json(&HeaderMap::new()));
        for taken in
            ["application/json", "Application/JSON; charset=utf-8", "text/html, */*;q=0.1", "application/*", "rubbish"]
        {
            assert!(json(taken), "{taken}");
        }
        for refused in ["application/xml", "text/*", "application/json;q=0", "application/json; Q=0.0, text/csv"] {
            assert!(!json(refused), "{refused}");
        }
    }
}
