use actix_web::http::header::{CACHE_CONTROL, ETAG, VARY};
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Serialize;

use super::csv;
use super::model::{AggregateQuery, SupportAggregate, SupportRow, SupportValues};
use super::queries;
use super::question::Question;
use crate::access::actor::May;
use crate::access::policy::permission::ReadAggregates;
use crate::kernel::db::Db;
use crate::kernel::extract::Query;
use crate::kernel::problem::{Problem, Result};
use crate::kernel::secrets::{base64url, sha256};
use crate::kernel::sheet::{self, Accepts, AnswerFormat};

/// What was given
///
/// Visits and gifts, cut by one or two groupings, in the caller's scope. Gifts `recorded` or `confirmed`
/// count; `households_helped` are distinct households, so totals are computed and not added. Without
/// `from` and `to` the current year. Rows without any record are left out, but when cut by a place alone
/// every place with households is a row. `Accept: text/csv` or `format=csv` gives the rows for Excel.
///
/// API keys ask for whole months, without `organisation_id`, by one grouping beside the place; a row of
/// one to four households is hidden whole. Two different questions may still tell something together:
/// a place's months against its year, or a place against the places in it.
#[utoipa::path(tag = "aggregates", security(("bearer" = ["aggregates:read"])), params(AggregateQuery),
    responses((status = 200, content((SupportAggregate = "application/json"), (String = "text/csv")))))]
#[get("/aggregates/support")]
pub async fn find_support_aggregate(
    may: May<ReadAggregates>,
    db: Data<Db>,
    accepts: Accepts,
    query: Query<AggregateQuery>,
) -> Result<HttpResponse> {
    let Query(query) = query;
    let question = Question::of(&query, &may.actor, db.clock.today())?;
    let as_csv = accepts.unless(query.format) == AnswerFormat::Csv;
    let groupings = question.groupings.clone();
    let aggregate = db.read(&may.actor, move |conn| queries::support(conn, &query, &question)).await?;
    let tag = tag(&aggregate, as_csv)?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((ETAG, tag))
        .insert_header((VARY, "Accept"))
        .insert_header((CACHE_CONTROL, "private, max-age=60, stale-while-revalidate=300"));
    if !as_csv {
        return Ok(answer.json(aggregate));
    }
    let name = format!("support_{}_{}", aggregate.from, aggregate.to);
    Ok(sheet::attach(&mut answer, &name).body(csv::write(&aggregate, &groupings)?))
}

/// Of rows and totals, not of when they were computed: the same numbers are the same answer.
fn tag(aggregate: &SupportAggregate, as_csv: bool) -> Result<String> {
    #[derive(Serialize)]
    struct Content<'a> {
        rows: &'a [SupportRow],
        totals: &'a SupportValues,
        as_csv: bool,
    }
    let content = Content { rows: &aggregate.rows, totals: &aggregate.totals, as_csv };
    let json = serde_json::to_vec(&content).map_err(Problem::internal)?;
    Ok(format!("\"{}\"", base64url(sha256(&json).get(..12).unwrap_or_default())))
}
