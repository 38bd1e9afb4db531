use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::{Data, Path};
use ketnghia_macros::operation;
use serde::Serialize;

use super::model::{CatalogueList, CatalogueView, Catalogues};
use crate::kernel::http::problem::{Problem, Result};

/// List all catalogues
///
/// Every enumeration of this API, ethnic groups, poverty dimensions and criteria, with labels in
/// Vietnamese and English. Clients may cache the answer and revalidate it with its ETag.
#[operation(get "/catalogues", responses((status = 200, body = CatalogueList)))]
pub async fn list_catalogues(catalogues: Data<Catalogues>) -> HttpResponse {
    cached(&catalogues.0, &catalogues.0.version)
}

/// Find one catalogue
#[operation(get "/catalogues/{name}", responses((status = 200, body = CatalogueView)), params(("name" = String, Path, description = "As in the list", example = "ethnic_groups")))]
pub async fn find_catalogue(catalogues: Data<Catalogues>, name: Path<String>) -> Result<HttpResponse> {
    let found = catalogues.find(&name).ok_or_else(Problem::not_found)?;
    Ok(cached(found, &found.version))
}

fn cached(content: &impl Serialize, version: &str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((ETAG, format!("\"{version}\"")))
        .json(content)
}
