//! The part of the document that no handler looks at: whether an operation is public, takes a query, and its media types.

use std::collections::HashMap;

use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, HeaderMap};
use actix_web::{HttpRequest, web};

use super::problem::{Code, Problem, Result};
use super::query::parse_query;

/// What the document says of an operation that no handler looks at.
pub struct Contract {
    /// Needs no sign-in.
    pub is_public: bool,
    /// Every parameter is unknown to one that takes none.
    pub takes_query: bool,
    /// What it can answer with; nothing, where there is nothing to say.
    pub media_types: Vec<String>,
}

/// Every operation by method and pattern.
pub struct Contracts(pub HashMap<(Method, String), Contract>);

impl Contracts {
    /// Refuses parameters of an operation that takes none, and what it cannot answer with.
    pub fn check(request: &HttpRequest) -> Result<()> {
        if request.query_string().is_empty() && takes_json(request.headers()) {
            return Ok(());
        }
        Self::of(request).map_or(Ok(()), |contract| contract.check(request))
    }

    /// The same where nobody asks for a permission.
    pub fn check_public(request: &HttpRequest) -> Result<()> {
        match Self::of(request) {
            Some(contract) if contract.is_public => contract.check(request),
            _ => Ok(()),
        }
    }

    /// Whether the operation needs no sign-in; what is no operation reads no body.
    pub fn is_public(request: &HttpRequest) -> bool {
        Self::of(request).is_some_and(|contract| contract.is_public)
    }

    fn of(request: &HttpRequest) -> Option<&Contract> {
        let known = request.app_data::<web::Data<Self>>()?;
        known.0.get(&(request.method().clone(), request.match_pattern()?))
    }
}

impl Contract {
    fn check(&self, request: &HttpRequest) -> Result<()> {
        if !self.takes_query && !request.query_string().is_empty() {
            #[derive(serde::Deserialize)]
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

/// What nearly every caller says; it saves a look at the document.
fn takes_json(headers: &HeaderMap) -> bool {
    accepts(headers, |range| covers(range, "application/json"))
}

/// Whether one of the media ranges that are accepted will do (RFC 9110 §12.5.1). Which of them is liked
/// best is for the operations that have several; a header that says nothing readable accepts anything.
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
