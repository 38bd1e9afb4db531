use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Uuid as SqlUuid};

use crate::access::sql::app_in_range;
use crate::kernel::db::schema::localities;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::id::RecordId;
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;

/// A place in the caller's range.
pub struct Place {
    pub level: LocalityLevel,
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Option<NaiveDate>,
}

/// Looks up a place in the caller's range. Other places are readable, but the caller may not write there, so they are
/// `not_found`.
pub fn place_in_range(conn: &mut PgConnection, id: LocalityId, pointer: &str) -> Result<Place> {
    let found: Option<(LocalityLevel, Option<NaiveDate>, Option<NaiveDate>, bool)> = localities::table
        .find(id)
        .select((localities::level, localities::valid_from, localities::valid_to, app_in_range(localities::scope_path)))
        .first(conn)
        .optional()?;
    match found {
        Some((level, valid_from, valid_to, true)) => Ok(Place { level, valid_from, valid_to }),
        _ => Err(Problem::field(pointer, FieldCode::NOT_FOUND)),
    }
}

#[derive(QueryableByName)]
struct Lineage {
    #[diesel(sql_type = Bool)]
    known: bool,
    #[diesel(sql_type = Bool)]
    circular: bool,
}

/// Looks up a parent, and rejects the record itself and its descendants.
pub fn check_parent<I: RecordId>(conn: &mut PgConnection, id: I, parent: I) -> Result<()> {
    let table = I::TABLE;
    let lineage: Lineage = sql_query(format!(
        "WITH RECURSIVE up AS (
           SELECT p.id, p.parent_id FROM {table} p WHERE p.id = $2
            UNION
           SELECT p.id, p.parent_id FROM {table} p JOIN up ON p.id = up.parent_id
         )
         SELECT EXISTS (SELECT FROM up) AS known, EXISTS (SELECT FROM up WHERE id = $1) AS circular"
    ))
    .bind::<SqlUuid, _>(id.into())
    .bind::<SqlUuid, _>(parent.into())
    .get_result(conn)?;
    match lineage {
        Lineage { known: false, .. } => Err(Problem::field("#/parent_id", FieldCode::NOT_FOUND)),
        Lineage { circular: true, .. } => Err(Problem::field("#/parent_id", FieldCode::INVALID_VALUE)),
        Lineage { .. } => Ok(()),
    }
}
