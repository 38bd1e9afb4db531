//! Extractors for the query of a list: a filter of its own, and the paging parameters that all lists share.

/// Keyset pages.
pub mod page;
/// Lists as CSV for spreadsheets.
pub mod sheet;
/// Sort keys and their columns.
pub mod sort;
/// Conditions that apply where a filter has a value.
pub mod when;

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required};
use validator::Validate;

use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::http::query::parse_list;
use crate::kernel::list::page::{Keyset, LIMIT_DEFAULT, LIMIT_MAX, PageRequest};
use crate::kernel::list::sheet::{Accepts, AnswerFormat};
use crate::kernel::list::sort::{Order, Sorts};
use crate::kernel::secrets::Secrets;

/// The paging parameters of a list that is sorted by `S`, for the OpenAPI document.
pub struct Paging<S>(PhantomData<S>);

/// `limit`, `cursor`, `sort`, `count` as they are sent.
#[derive(Deserialize, Validate)]
#[serde(bound = "S: Sorts")]
struct Asked<S> {
    #[validate(range(min = 1, max = LIMIT_MAX))]
    limit: Option<i64>,
    cursor: Option<String>,
    sort: Option<Order<S>>,
    #[serde(default)]
    count: bool,
}

/// The additional parameter of a list that is also answered as a sheet.
#[derive(Deserialize, Validate)]
struct SheetAsked {
    format: Option<AnswerFormat>,
}

/// The filter of a list. `#[filter]` implements it by the fields that are `#[sensitive]`.
pub trait Filters {
    /// The names of the sent parameters that filter by a sensitive field.
    fn sensitive(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// The filter of a list without filter parameters.
#[derive(Deserialize, Serialize, Validate)]
pub struct NoFilter {}

impl Filters for NoFilter {}

/// A list with the filter `F`, sorted by `S`.
pub struct List<F, S> {
    pub filter: F,
    pub keyset: Keyset<S>,
    /// Whether the filter has a search text (`q`), which reads more rows than a page.
    pub searches: bool,
}

/// A list that is answered as JSON or as a sheet.
pub struct SheetList<F, S> {
    pub list: List<F, S>,
    pub format: AnswerFormat,
}

impl<F: Serialize, S: Sorts> List<F, S> {
    /// Binds the cursor to the path and to every field of the filter.
    fn new(request: &HttpRequest, filter: F, asked: Asked<S>) -> Result<Self> {
        let secrets = request.app_data::<web::Data<Secrets>>().ok_or_else(|| Problem::internal("no secrets"))?;
        let pairs = serde_json::to_value(&filter).map_err(Problem::internal)?;
        let page = PageRequest {
            limit: asked.limit,
            cursor: asked.cursor.as_deref(),
            order: asked.sort.or_else(Order::of_default).ok_or_else(|| Problem::internal("no sort key"))?,
            count: asked.count,
            filter: format!("{} {pairs}", request.path()),
        };
        let searches = pairs.get("q").is_some_and(|q| !q.is_null());
        Ok(Self { filter, keyset: Keyset::new(page, secrets)?, searches })
    }
}

impl<F: DeserializeOwned + Validate + Serialize + 'static, S: Sorts> FromRequest for List<F, S> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = || {
            let (filter, asked, _) = parse_list::<F, Asked<S>, NoFilter>(request.query_string())?;
            Self::new(request, filter, asked)
        };
        ready(read())
    }
}

impl<F: DeserializeOwned + Validate + Serialize + 'static, S: Sorts> FromRequest for SheetList<F, S> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = || {
            let (filter, asked, SheetAsked { format }) = parse_list::<F, Asked<S>, SheetAsked>(request.query_string())?;
            let format = Accepts::of(request).unless(format);
            let mut list = List::new(request, filter, asked)?;
            if format != AnswerFormat::Json {
                list.keyset = list.keyset.whole()?;
            }
            Ok(Self { list, format })
        };
        ready(read())
    }
}

fn parameter(name: &str, description: String, schema: RefOr<utoipa::openapi::Schema>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

impl<S: Sorts> IntoParams for Paging<S> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let simple = |kind: Type| ObjectBuilder::new().schema_type(kind).build().into();
        let limit = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::Int64)))
            .minimum(Some(1))
            .maximum(Some(LIMIT_MAX))
            .default(Some(LIMIT_DEFAULT.into()));
        vec![
            parameter("sort", S::description(), S::schema()),
            parameter("limit", format!("1 to {LIMIT_MAX}."), limit.build().into()),
            parameter("cursor", "`next_cursor` of the previous page.".into(), simple(Type::String)),
            parameter("count", "Returns the number of all rows as `total`.".into(), simple(Type::Boolean)),
        ]
    }
}
