//! Extractors of the path id, `If-Match` and lists in bodies; the query is in `query`, the body in `body`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;

pub use crate::kernel::http::body::{NoBody, Valid, ValidOrEmpty, valid};
use crate::kernel::http::contract::Contracts;
use crate::kernel::http::problem::{Code, FieldCode, Problem, Result};

/// The id in the path. A malformed UUID becomes the nil UUID, and so is answered 404, like an unknown id.
pub struct Id<T>(pub T);

impl<T: From<Uuid> + 'static> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = parse_id(request.match_info().get("id"));
        let literal = if id.is_nil() { Contracts::methods_of_literal(request) } else { Vec::new() };
        ready(if literal.is_empty() { Ok(Self(T::from(id))) } else { Err(Problem::method_not_allowed(literal)) })
    }
}

/// The id of a part, the last segment of the path.
pub struct PartId<T>(pub T);

impl<T: From<Uuid> + 'static> FromRequest for PartId<T> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let last = request.match_info().iter().last().map(|(_, id)| id);
        ready(Ok(Self(T::from(parse_id(last)))))
    }
}

/// The year of a path with a segment `{year}`; one that is no year of four digits names nothing, like an unknown id.
pub struct PathYear(pub i32);

impl FromRequest for PathYear {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let digits = request.match_info().get("year").filter(|year| year.len() == 4);
        let digits = digits.filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
        ready(digits.and_then(|year| year.parse().ok()).map(Self).ok_or_else(Problem::not_found))
    }
}

fn parse_id(id: Option<&str>) -> Uuid {
    // Accepts the hyphenated form only: `{…}` and `urn:uuid:…` would be second URLs of the same record.
    id.filter(|id| id.len() == 36).and_then(|id| Uuid::try_parse(id).ok()).unwrap_or(Uuid::nil())
}

/// Deserialises a search text. An empty one, which an empty form field sends, counts as absent.
/// `#[serde(default, deserialize_with = "extract::search")]`.
pub fn search<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    Ok(<Option<String> as serde::Deserialize>::deserialize(deserializer)?.filter(|q| !q.is_empty()))
}

/// Maps an error message of serde to a code: serde has no error kinds.
pub(super) fn field_code(message: &str) -> FieldCode {
    if message.starts_with("invalid type: null") {
        FieldCode::REQUIRED
    } else if message.starts_with("invalid type") {
        FieldCode::INVALID_TYPE
    } else {
        FieldCode::INVALID_VALUE
    }
}

/// The most characters of `If-Match` and `If-None-Match`: 30 tags.
pub const TAGS_MAX: usize = 1000;

/// The `If-Match` header. A missing one is an error only after the record was found, so that 404 comes first.
#[derive(Debug, PartialEq)]
pub enum IfMatch {
    Missing,
    /// `*`: any version; audited as forced.
    Any,
    /// Strong tags; weak ones never match.
    Tags(Vec<String>),
}

/// The result of comparing `If-Match` with a version.
#[derive(Debug, PartialEq)]
pub enum Match {
    Fits,
    Forced,
    Stale,
}

impl IfMatch {
    pub fn check(&self, version: i64) -> Result<Match> {
        match self {
            Self::Missing => Err(Problem::new(Code::PRECONDITION_REQUIRED)),
            Self::Any => Ok(Match::Forced),
            // Several versions do not prove that the client read the current one.
            Self::Tags(tags) if tags.contains(&version.to_string()) => {
                Ok(if tags.len() == 1 { Match::Fits } else { Match::Forced })
            }
            Self::Tags(_) => Ok(Match::Stale),
        }
    }

    /// Whether it names one version, which steps such as an approval require.
    pub fn is_one_version(&self) -> bool {
        matches!(self, Self::Tags(tags) if tags.len() <= 1)
    }

    fn parse(header: &str) -> Result<Self> {
        let malformed = || Problem::new(Code::MALFORMED_REQUEST);
        if header.len() > TAGS_MAX {
            return Err(malformed());
        }
        if header.trim() == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        let mut rest = header.trim();
        // A tag may contain a comma (RFC 9110 §8.8.3), so the parser splits at quotes.
        loop {
            let (weak, opaque) = match rest.strip_prefix("W/") {
                Some(opaque) => (true, opaque),
                None => (false, rest),
            };
            let (tag, after) =
                opaque.strip_prefix('"').and_then(|inner| inner.split_once('"')).ok_or_else(malformed)?;
            if !weak {
                tags.push(tag.to_owned());
            }
            rest = match after.trim_start().strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if after.trim().is_empty() => break,
                None => return Err(malformed()),
            };
        }
        Ok(Self::Tags(tags))
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.headers().get(IF_MATCH) {
            None => Ok(Self::Missing),
            Some(value) => match value.to_str() {
                Ok(header) => Self::parse(header),
                Err(_not_ascii) => Err(Problem::new(Code::MALFORMED_REQUEST)),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_knows_strong_weak_any_and_rubbish() {
        let check = |header: &str| IfMatch::parse(header).unwrap().check(7).unwrap();
        assert_eq!(check("\"7\""), Match::Fits);
        assert_eq!(check("\"5\", \"7\""), Match::Forced, "several name no version that was read");
        assert_eq!(check("W/\"7\""), Match::Stale);
        assert_eq!(check("\"6\""), Match::Stale);
        assert_eq!(check("*"), Match::Forced);
        assert_eq!(check("\"a,b\" , W/\"c\",\"7\""), Match::Forced);
        assert!(IfMatch::parse("\"7\" \"8\"").is_err());
        assert!(IfMatch::parse("\"7\",").is_err());
        assert!(IfMatch::parse("7").is_err());
        assert!(IfMatch::parse("\"").is_err());
        assert!(IfMatch::parse(&format!("\"{}\"", "7".repeat(TAGS_MAX - 2))).is_ok());
        assert!(IfMatch::parse(&format!("\"{}\"", "7".repeat(TAGS_MAX - 1))).is_err());
        assert!(IfMatch::Missing.check(7).is_err());
    }
}
