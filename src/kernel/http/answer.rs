//! Responses with one type for each status: 200, 201, 204.

use actix_web::body::BoxBody;
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::contract::Contracts;

/// A part of an answer with sensitive fields, which some callers get only with the consent of their subject.
pub trait Sensitive {
    /// The record whose consent counts.
    fn subject(&self) -> Uuid;
    /// Removes the sensitive fields.
    fn withhold(&mut self);
}

/// An answer. Each type states its sensitive parts, and those of the records in it.
pub trait Shown {
    fn sensitive(&mut self) -> Vec<&mut dyn Sensitive> {
        Vec::new()
    }
}

/// A record with an id and a version; the version is sent as `ETag`.
pub trait Record: Serialize + Shown {
    fn id(&self) -> Uuid;
    fn version(&self) -> i64;
}

/// Implements `Record` by the fields `id` and `version`, and `Shown` for a record without sensitive parts; `record!(Household; sensitive)`
/// leaves `Shown` to the resource.
macro_rules! record {
    ($name:ty; sensitive) => {
        impl $crate::kernel::http::answer::Record for $name {
            fn id(&self) -> uuid::Uuid { self.id.into() }
            fn version(&self) -> i64 { self.version }
        }
    };
    ($($name:ty),+ $(,)?) => {
        $(
            $crate::kernel::http::answer::record!($name; sensitive);
            impl $crate::kernel::http::answer::Shown for $name {}
        )+
    };
}
pub(crate) use record;

/// Actions on a record without a state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordAction {
    Update,
    Delete,
}

impl RecordAction {
    /// Both for a caller who may write the record, otherwise none.
    pub fn offered(may_write: bool) -> Vec<Self> {
        if may_write { vec![Self::Update, Self::Delete] } else { Vec::new() }
    }
}

fn tag(record: &impl Record) -> String {
    format!("\"{}\"", record.version())
}

/// 200 with the record.
pub struct Found<T>(pub T);

impl<T: Record> Responder for Found<T> {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().insert_header((ETAG, tag(&self.0))).json(self.0)
    }
}

/// The result of a creation.
pub enum Created<T> {
    /// 201 with `Location`.
    New(T),
    /// 200 with the current record: the same request was received before.
    Replayed(T),
}

impl<T: Record> Responder for Created<T> {
    type Body = BoxBody;
    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match self {
            Self::New(record) => HttpResponse::Created()
                .insert_header((ETAG, tag(&record)))
                .insert_header((LOCATION, location(request, record.id())))
                .json(record),
            Self::Replayed(record) => HttpResponse::Ok()
                .insert_header((ETAG, tag(&record)))
                .insert_header(("Idempotent-Replayed", "true"))
                .json(record),
        }
    }
}

/// The URL of a record is its collection and its id. `/hardship-items/{id}/pledges` creates `/pledges/{id}`, because no record is
/// addressed below that path, and `/twinnings/{id}/succeed` another twinning.
fn location(request: &HttpRequest, id: Uuid) -> String {
    if Contracts::has_items(request) {
        return format!("{}/{id}", request.path());
    }
    let mut segments = request.path().rsplit('/');
    let collection = match segments.next().unwrap_or_default() {
        "succeed" => segments.nth(1).unwrap_or_default(),
        collection => collection,
    };
    format!("/api/v1/{collection}/{id}")
}

/// 204.
pub struct NoContent;

impl Responder for NoContent {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}
