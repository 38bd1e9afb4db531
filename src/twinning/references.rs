use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Uuid as SqlUuid};

use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::id::RecordId;

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
