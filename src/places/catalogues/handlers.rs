use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::{Data, Path};
use ketnghia_macros::operation;
use serde::Serialize;

use super::model::{CatalogueList, CatalogueView, Catalogues};
use crate::kernel::db::{Db, Entry};
use crate::kernel::http::middleware::RequestId;
use crate::kernel::http::problem::{Problem, Result};

/// List all catalogues
///
/// Every enumeration of this API, ethnic groups, poverty standards, dimensions and criteria, with labels in
/// Vietnamese and English. Clients may cache the answer and revalidate it with its ETag.
#[operation(get "/catalogues", responses((status = 200, body = CatalogueList)))]
pub async fn list_catalogues(catalogues: Data<Catalogues>, db: Data<Db>, request: RequestId) -> Result<HttpResponse> {
    let list = whole(catalogues, &db, request).await?;
    Ok(cached(&*list, &list.version))
}

/// Find one catalogue
#[operation(get "/catalogues/{name}", responses((status = 200, body = CatalogueView)), params(("name" = String, Path, description = "As in the list", max_length = 60, example = "ethnic_groups")))]
pub async fn find_catalogue(
    catalogues: Data<Catalogues>,
    name: Path<String>,
    db: Data<Db>,
    request: RequestId,
) -> Result<HttpResponse> {
    let list = whole(catalogues, &db, request).await?;
    let found = list.find(&name).ok_or_else(Problem::not_found)?;
    Ok(cached(found, &found.version))
}

async fn whole(catalogues: Data<Catalogues>, db: &Db, request: RequestId) -> Result<Arc<CatalogueList>> {
    if let Some(list) = catalogues.fresh() {
        return Ok(list);
    }
    db.read(&Entry::Public { request: request.0 }, move |conn| catalogues.read(conn)).await
}

fn cached(content: &impl Serialize, version: &str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((ETAG, format!("\"{version}\"")))
        .json(content)
}
