use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG, VARY};
use actix_web::web::Data;
use ketnghia_macros::operation;
use serde::Serialize;

use super::coverage::{COVERAGE, CoverageAggregate};
use super::data_set::DataSet;
use super::hardship::{HARDSHIP, HardshipAggregate};
use super::model::{AggregateQuery, Answer, AnswerRow, CoverageQuery, HouseholdAggregateQuery};
use super::poverty::{POVERTY, PovertyAggregate};
use super::question;
use super::support::{SUPPORT, SupportAggregate};
use super::{csv, queries};
use crate::access::actor::{Actor, May};
use crate::access::policy::permission::ReadAggregates;
use crate::kernel::db::{Db, Enters, READ_MUCH};
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::http::query::Query;
use crate::kernel::list::sheet::{self, Accepts, AnswerFormat};
use crate::kernel::secrets::{base64url, sha256};

/// Aggregate visits and gifts
///
/// Visits and gifts in the caller's scope, grouped by one or two groupings. Gifts `recorded` or `confirmed`
/// count; `households_helped` are distinct households, so totals are computed and not added. Without
/// `from` and `to` the current year. Rows without any record are left out, but grouped by places alone
/// every place with households has a row. The path with `.csv` returns the rows for Excel.
///
/// **API keys** query whole months of at most ten years, without `organisation_id`, by one grouping beside the
/// place, and `within` their own place or one directly below it. A row with a number of one to four households is
/// suppressed (`suppressed`, all values null), also where that number is the difference of two others of the row;
/// 0 is shown. Where suppressed rows follow by subtracting the others from the totals, or from the number of a wider
/// place, of all months or of all places, the smallest other row is suppressed too; where there is none, the
/// totals are. So no suppressed number follows from the others of one answer.
///
/// Two different answers together may still reveal a number. For example: a province counts 40 households helped,
/// and one of its communes is suppressed in the answer by commune; a month later the commune, queried alone, counts 6
/// and the province 41, so the commune had at most 5 before. The same holds for one place (`within`) and the wider one
/// that contains it, the trees of two days (`as_of`), two periods that overlap, a programme and all of
/// them, an answer by month and commune and two others by only the one or the other, or
/// the same query repeated after a further gift. It also follows from this rule that a suppressed row is
/// at most as large as the smallest visible one.
#[operation(get "/aggregates/support", sheet, responses((status = 200, body = SupportAggregate)))]
pub async fn find_support_aggregate(
    may: May<ReadAggregates>,
    db: Data<Db>,
    accepts: Accepts,
    query: Query<AggregateQuery>,
) -> Result<HttpResponse> {
    answer::<SupportAggregate>(&SUPPORT, &may.actor, &accepts, &db, query.0).await
}

/// Aggregate listed households
///
/// Approved and closed hardship lists of the years of `from` and `to`, in the caller's scope, grouped by place
/// and year. A unit sees the lists of the villages that it is twinned with. All other rules, including those for API
/// keys, are those of `support`.
#[operation(get "/aggregates/hardship", sheet, responses((status = 200, body = HardshipAggregate)))]
pub async fn find_hardship_aggregate(
    may: May<ReadAggregates>,
    db: Data<Db>,
    accepts: Accepts,
    query: Query<HouseholdAggregateQuery>,
) -> Result<HttpResponse> {
    answer::<HardshipAggregate>(&HARDSHIP, &may.actor, &accepts, &db, query.0.into()).await
}

/// Aggregate the poverty of households
///
/// Households active on the day of `to` (or today, if that is earlier), where they lived on that day, by their latest
/// confirmed assessment until then; a household without one is not counted. Grouped by `year`, each year from `from`
/// to `to` is counted on its last day, or today, and the totals are those of the last year. A unit counts the listed
/// households of the villages that it is twinned with. All other rules, including those for API keys, are those of
/// `support`.
#[operation(get "/aggregates/poverty", sheet, responses((status = 200, body = PovertyAggregate)))]
pub async fn find_poverty_aggregate(
    may: May<ReadAggregates>,
    db: Data<Db>,
    accepts: Accepts,
    query: Query<HouseholdAggregateQuery>,
) -> Result<HttpResponse> {
    answer::<PovertyAggregate>(&POVERTY, &may.actor, &accepts, &db, query.0.into()).await
}

/// Find places and units without support
///
/// A row for each place of a level in the caller's scope, or for each organisation that is twinned there in the period
/// (with a place in scope or one above it): also where all numbers are zero. A unit counts its own records and its own
/// villages.
///
/// Visits and gifts count as in `support`, lists as in `hardship`: approved and closed ones of the years of the
/// period. The days of the last visit and gift are those until `to`, also before `from`. `without` selects rows;
/// `totals` are those of all rows, as with `flag`. With `days=90&without=visit`, the places without a visit for 90
/// days. The list behind a number has the same filters and the same `total` (`count=true`): `/visits`, `/gifts` with
/// `status=recorded&status=confirmed`, `/hardship-lists` with `status=approved&status=closed`, `/hardship-items` with
/// `status=open`, `/twinnings` with `active_on` and `stands_by` (or `within`, for totals), and `/localities` with
/// `level=village&twinned=true`.
///
/// Records without a place of the level (a gift to a commune itself, by village; a village without a commune) have a
/// row with the key null, but not with `without` or `flag`.
///
/// **API keys** get no `open_items`, and no `days`. The rows that `support` suppresses are suppressed here, too, by
/// the numbers of all rows: `without` leaves suppressed rows in the answer, so that their absence tells nothing. All
/// other rules are those of `support`.
#[operation(get "/aggregates/coverage", sheet, responses((status = 200, body = CoverageAggregate)))]
pub async fn find_coverage_aggregate(
    may: May<ReadAggregates>,
    db: Data<Db>,
    accepts: Accepts,
    query: Query<CoverageQuery>,
) -> Result<HttpResponse> {
    answer::<CoverageAggregate>(&COVERAGE, &may.actor, &accepts, &db, query.0.into()).await
}

/// Returns the answer of a data set as JSON or CSV.
async fn answer<A: From<Answer> + Serialize>(
    set: &'static DataSet,
    actor: &Actor,
    accepts: &Accepts,
    db: &Db,
    query: AggregateQuery,
) -> Result<HttpResponse> {
    let question = question::read(set, &query, actor, db.clock.today())?;
    let as_csv = accepts.unless(query.format) == AnswerFormat::Csv;
    let groupings = question.groupings.clone();
    let asker = actor.clone();
    // One transaction: with two snapshots, rows and totals would differ by the records written between them.
    let work = move |conn: &mut _, _| queries::answer(conn, &asker, set, &query, &question);
    let found = db.run(actor.entry(), READ_MUCH, work).await?;
    let tag = tag(&found, as_csv)?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((ETAG, tag))
        .insert_header((VARY, "Accept"))
        .insert_header((CACHE_CONTROL, "private, max-age=60, stale-while-revalidate=300"));
    if !as_csv {
        return Ok(answer.json(A::from(found)));
    }
    let name = format!("{}_{}_{}", set.name, found.from, found.to);
    Ok(sheet::attach(&mut answer, &name).body(csv::write(set, &found, &groupings)?))
}

/// Hashes rows and totals without `computed_at`, so that equal numbers have the same ETag.
fn tag(answer: &Answer, as_csv: bool) -> Result<String> {
    #[derive(Serialize)]
    struct Content<'a> {
        rows: &'a [AnswerRow],
        totals: &'a [Option<i64>],
        as_csv: bool,
    }
    let content = Content { rows: &answer.rows, totals: &answer.totals, as_csv };
    let json = serde_json::to_vec(&content).map_err(Problem::internal)?;
    Ok(format!("\"{}\"", base64url(sha256(&json).get(..12).unwrap_or_default())))
}
