//! What a handler takes: path id, query, If-Match, and the body (`body`). Each reports everything wrong at
//! once.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, HeaderMap, IF_MATCH};
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use super::body::{NoInput, Step, Valid, valid};
use super::problem::{Code, ERRORS_MAX, FieldCode, FieldError, Problem, Result};

/// The id in the path. Text that is no UUID is the id of nothing, so that it is answered like any
/// unknown id.
pub struct Id<T>(pub T);

impl<T: From<Uuid> + 'static> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").unwrap_or_default();
        // Only the usual form: `{…}` and `urn:uuid:…` would be a second name of the same record.
        let id = if id.len() == 36 { Uuid::try_parse(id).ok() } else { None };
        ready(Ok(Self(T::from(id.unwrap_or(Uuid::nil())))))
    }
}

/// For lists of at most `N` whose entries are validated too: validator panics where `length` and `nested`
/// both find something wrong in one field. `#[serde(default, deserialize_with = "extract::at_most::<_, _, 30>")]`.
pub fn at_most<'de, T, D, const N: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    let items = <Vec<T> as serde::Deserialize>::deserialize(deserializer)?;
    if items.len() > N { Err(serde::de::Error::custom(format!("{TOO_MANY}{N}"))) } else { Ok(items) }
}

/// The same in a merge patch, where null does not clear.
pub fn present_at_most<'de, T, D, const N: usize>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    at_most::<T, D, N>(deserializer).map(Some)
}

/// For `q`: words to search by, of at most 100 characters. Empty, as an empty field of a form sends it,
/// it is as absent.
/// `#[serde(default, deserialize_with = "extract::search")]`.
pub fn search<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    const MOST: usize = 100;
    let q = <Option<String> as serde::Deserialize>::deserialize(deserializer)?.filter(|q| !q.is_empty());
    let too_long = q.as_ref().is_some_and(|q| q.chars().count() > MOST);
    if too_long { Err(serde::de::Error::custom(format!("{TOO_MANY}{MOST}"))) } else { Ok(q) }
}

/// How the message of such an error begins.
const TOO_MANY: &str = "more than ";

/// What serde says of a wrong value, in the words of the API.
pub(super) fn field_error(pointer: &str, message: &str) -> FieldError {
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return FieldError::new(format!("{pointer}/{field}"), FieldCode::Required);
    }
    if message.starts_with("invalid type: null") {
        return FieldError::new(pointer, FieldCode::Required);
    }
    if let Some(most) = message.strip_prefix(TOO_MANY) {
        return FieldError::at_most(pointer, most);
    }
    let code = if message.starts_with("invalid type") { FieldCode::InvalidType } else { FieldCode::InvalidValue };
    FieldError::new(pointer, code)
}

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
            Err(Problem::new(Code::NotAcceptable))
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

/// How often one parameter may be repeated.
pub const MAX_REPEATED: usize = 50;

/// The query of a URL. Unknown parameters are refused, and named.
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

/// The query of a list: filter and paging. A parameter that neither has is unknown.
pub(super) fn parse_list<F: DeserializeOwned, P: DeserializeOwned>(query: &str) -> Result<(F, P)> {
    let mut errors = check_pairs(query)?;
    let ((filter, no_filter), (paging, no_paging)) = (read_query::<F>(query), read_query::<P>(query));
    errors.extend(no_filter.into_iter().filter(|name| no_paging.contains(name)).map(unknown_field));
    let filter = filter.map_err(|error| errors.push(error)).ok();
    let paging = paging.map_err(|error| errors.push(error)).ok();
    finish(filter.zip(paging), errors)
}

fn finish<T>(value: Option<T>, errors: Vec<FieldError>) -> Result<T> {
    value.filter(|_| errors.is_empty()).ok_or_else(|| Problem::invalid(errors))
}

fn unknown_field(name: String) -> FieldError {
    FieldError::new(format!("?{name}"), FieldCode::UnknownField)
}

/// Refuses NUL in any parameter, and names those that are repeated too often.
fn check_pairs(query: &str) -> Result<Vec<FieldError>> {
    let pairs: Vec<(String, String)> =
        serde_html_form::from_str(query).map_err(|_malformed| Problem::new(Code::MalformedRequest))?;
    let nul: Vec<_> = pairs
        .iter()
        .filter(|(name, value)| name.contains('\0') || value.contains('\0'))
        .take(ERRORS_MAX + 1)
        .map(|(name, _)| FieldError::new(format!("?{}", name.replace('\0', "")), FieldCode::NullCharacter))
        .collect();
    if nul.is_empty() { Ok(too_often(&pairs)) } else { Err(Problem::invalid(nul)) }
}

/// Reads what `T` knows of a query, and names the parameters that it does not know.
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
        // A query has no types but text: what does not fit is a wrong value.
        if wrong.code == FieldCode::InvalidType {
            wrong.code = FieldCode::InvalidValue;
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

/// The version a change is meant for. Missing is an error only once the record was found.
#[derive(Debug, PartialEq)]
pub enum IfMatch {
    Missing,
    /// `*`: whatever is there; audited as forced.
    Any,
    /// Strong tags; weak ones never match.
    Tags(Vec<String>),
}

/// What If-Match says of a version.
#[derive(Debug, PartialEq)]
pub enum Match {
    Fits,
    Forced,
    Stale,
}

impl IfMatch {
    pub fn check(&self, version: i64) -> Result<Match> {
        match self {
            Self::Missing => Err(Problem::new(Code::PreconditionRequired)),
            Self::Any => Ok(Match::Forced),
            // Whoever names several versions has not read the one that is there.
            Self::Tags(tags) if tags.contains(&version.to_string()) => {
                Ok(if tags.len() == 1 { Match::Fits } else { Match::Forced })
            }
            Self::Tags(_) => Ok(Match::Stale),
        }
    }

    /// Whether it names one version, as what is answered for needs it.
    pub fn is_one_version(&self) -> bool {
        matches!(self, Self::Tags(tags) if tags.len() <= 1)
    }

    fn parse(header: &str) -> Result<Self> {
        let malformed = || Problem::new(Code::MalformedRequest);
        if header.trim() == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        let mut rest = header.trim();
        // A comma may stand inside a tag (RFC 9110 §8.8.3), so the quotes lead, not the commas.
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
                Err(_not_ascii) => Err(Problem::new(Code::MalformedRequest)),
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
        assert!(IfMatch::Missing.check(7).is_err());
    }

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
