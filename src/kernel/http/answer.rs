//! Answers whose type tells their status.

use actix_web::body::BoxBody;
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use uuid::Uuid;

/// A single record: it has an id and a version, and `ETag` is the version.
pub trait Record: Serialize {
    fn id(&self) -> Uuid;
    fn version(&self) -> i64;
}

/// Says which fields are id and version.
macro_rules! record {
    ($($name:ty),+ $(,)?) => {
        $(impl $crate::kernel::http::answer::Record for $name {
            fn id(&self) -> uuid::Uuid { self.id.into() }
            fn version(&self) -> i64 { self.version }
        })+
    };
}
pub(crate) use record;

fn tag(record: &impl Record) -> String {
    format!("\"{}\"", record.version())
}

/// 200 with the record as it is.
pub struct Found<T>(pub T);

impl<T: Record> Responder for Found<T> {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().insert_header((ETAG, tag(&self.0))).json(self.0)
    }
}

/// What came of a creation.
pub enum Created<T> {
    /// 201 and where it is.
    New(T),
    /// 200: the same request came before; this is the record as it is now.
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

/// A record is found under its collection; `/hardship-items/{id}/pledges` makes `/pledges/{id}`.
fn location(request: &HttpRequest, id: Uuid) -> String {
    let collection = request.path().rsplit('/').next().unwrap_or_default();
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
