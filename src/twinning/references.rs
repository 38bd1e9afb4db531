use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Uuid as SqlUuid};

use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::kept::Keep;
use crate::kernel::db::schema::organisations;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::id::RecordId;
use crate::places::localities::LocalityId;
use crate::places::localities::range::place_in_range;
use crate::twinning::organisations::OrganisationId;

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
    .kept()
    .get_result(conn)?;
    match lineage {
        Lineage { known: false, .. } => Err(Problem::field("#/parent_id", FieldCode::NOT_FOUND)),
        Lineage { circular: true, .. } => Err(Problem::field("#/parent_id", FieldCode::CIRCULAR)),
        Lineage { .. } => Ok(()),
    }
}

/// Checks that the party of a record is one organisation or one place, for which the caller may write. Others are readable,
/// but `not_found` here.
pub fn check_party(tx: &mut Tx<'_>, organisation: Option<OrganisationId>, locality: Option<LocalityId>) -> Result<()> {
    match (organisation, locality) {
        (Some(_), Some(_)) => Err(Problem::field("#/locality_id", FieldCode::EXCLUSIVE)),
        (None, None) => Err(Problem::field("#/organisation_id", FieldCode::REQUIRED)),
        (None, Some(place)) => place_in_range(tx.conn, place, "#/locality_id").map(drop),
        (Some(id), None) => {
            let in_range = organisations::table.find(id).select(app_in_range(organisations::scope_path));
            let in_range: Option<bool> = in_range.first(tx.conn).optional()?;
            let may_write = in_range == Some(true) || tx.organisation()? == Some(id.0);
            if may_write { Ok(()) } else { Err(Problem::field("#/organisation_id", FieldCode::NOT_FOUND)) }
        }
    }
}

diesel::define_sql_function! {
    /// A programme and its descendants, a row each.
    fn app_programmes_below(programme: SqlUuid) -> SqlUuid;
}
diesel::define_sql_function! {
    /// The twinnings under a programme and its descendants, a row each.
    fn app_twinnings_under(programme: SqlUuid) -> SqlUuid;
}
diesel::define_sql_function! {
    /// Whether the caller may write a record by its party: in range of its place, or for its organisation.
    fn app_writes_party(
        scope_path: diesel::sql_types::Nullable<diesel::sql_types::Text>,
        organisation: diesel::sql_types::Nullable<diesel::sql_types::Uuid>,
    ) -> diesel::sql_types::Bool;
}
