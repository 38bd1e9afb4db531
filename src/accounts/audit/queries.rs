use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::json;
use uuid::Uuid;

use super::model::{AuditEvent, AuditFilter, AuditSort};
use crate::access::policy::Role;
use crate::access::resource::Resource;
use crate::access::tx::Tx;
use crate::kernel::http::problem::Result;
use crate::kernel::list::page::{Keyset, Page};

/// The tables of parts, by which entries of parts are shown as entries of their record.
pub struct Parts(Vec<PartOf>);

struct PartOf {
    table: &'static str,
    resource: String,
    name: &'static str,
}

impl Parts {
    pub fn of(resources: impl Iterator<Item = &'static Resource>) -> Self {
        let parts = resources.flat_map(|resource| {
            resource.parts.iter().map(|part| PartOf { table: part.table, resource: resource.table(), name: part.name })
        });
        Self(parts.collect())
    }

    /// Turns an entry of a part into an entry of its record.
    fn of_its_record(&self, mut event: AuditEvent) -> AuditEvent {
        if let Some(part) = self.0.iter().find(|part| part.table == event.resource) {
            event.resource.clone_from(&part.resource);
            event.part = Some(part.name.to_owned());
            // The query returns `part_of`, the id of the record, in `part_id`.
            if let Some(whole) = event.part_id.replace(event.record_id) {
                event.record_id = whole;
            }
        }
        event
    }

    /// The tables of a resource; none for the name of a part's table.
    fn tables<'a>(&'a self, resource: &'a str) -> Vec<&'a str> {
        let parts = self.0.iter().filter(|part| part.resource == resource).map(|part| part.table);
        let is_part = self.0.iter().any(|part| part.table == resource);
        parts.chain((!is_part).then_some(resource)).collect()
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The sort key and the id of an entry in a cursor.
fn key(event: &AuditEvent) -> (serde_json::Value, Uuid) {
    (json!(event.at), Uuid::from_u64_pair(0, event.id.cast_unsigned()))
}

pub fn list(
    tx: &mut Tx<'_>,
    parts: &Parts,
    filter: &AuditFilter,
    keyset: Keyset<AuditSort>,
) -> Result<Page<AuditEvent>> {
    let asked = conditions(filter);
    // Entries of a commune are sparse in the order of time, so the index of each of its places is read. Those of
    // a province are dense, and those of one record or actor are few.
    let by_place = matches!(tx.actor.role(), Some(Role::Commune | Role::District))
        && filter.id.is_none()
        && filter.actor_id.is_none();
    let total = if keyset.count {
        let places =
            "place_id IN (SELECT l.id FROM localities l WHERE l.scope_path >= app_low() AND l.scope_path < app_high())";
        let within = if by_place { places } else { "true" };
        let sql = format!("SELECT count(*) FROM audit_events e WHERE {asked} AND {within}");
        let row: Count = bind(sql, filter, parts).get_result(tx.conn)?;
        Some(row.count)
    } else {
        None
    };
    let (compare, direction) = if keyset.descending { ("<", "DESC") } else { (">", "ASC") };
    let (at, id) = keyset.after::<DateTime<Utc>>()?.unzip();
    let after = if at.is_some() { format!("AND (at, id) {compare} ($6, $7)") } else { String::new() };
    let page = format!("{asked} {after} ORDER BY at {direction}, id {direction} LIMIT $8");
    let entries = if by_place {
        format!(
            "SELECT e.* FROM localities l
               CROSS JOIN LATERAL (SELECT * FROM audit_events e WHERE e.place_id = l.id AND {page}) e
              WHERE l.scope_path >= app_low() AND l.scope_path < app_high()
              ORDER BY at {direction}, id {direction} LIMIT $8"
        )
    } else {
        format!("SELECT * FROM audit_events e WHERE {page}")
    };
    // `written_by` is stored for the two-person rule only.
    let sql = format!(
        "WITH entries AS ({entries})
         SELECT e.id, e.at, e.actor_id, e.actor_role, e.actor_username, e.actor_full_name, e.actor_locality_id,
                e.actor_organisation_id, e.two_person, e.on_behalf_of,
                e.resource, e.record_id, NULL AS part, e.part_of AS part_id, e.action, e.step, e.forced, e.request_id,
                e.old_values - 'written_by' AS old_values,
                e.new_values - 'written_by' AS new_values,
                e.personal_fields, e.village_id, e.organisation_id
           FROM entries e
          ORDER BY e.at {direction}, e.id {direction}"
    );
    let rows: Vec<AuditEvent> = bind(sql, filter, parts)
        .bind::<Nullable<Timestamptz>, _>(at)
        .bind::<Nullable<BigInt>, _>(id.map(|id| id.as_u64_pair().1.cast_signed()))
        .bind::<BigInt, _>(keyset.limit + 1)
        .load(tx.conn)?;
    let rows = rows.into_iter().map(|event| parts.of_its_record(event)).collect();
    keyset.page(rows, total, tx.secrets, |event, AuditSort::At| key(event))
}

/// The conditions of the given filters only: a condition such as `$1 IS NULL OR …` would prevent an index scan.
fn conditions(filter: &AuditFilter) -> String {
    let asked = [
        (filter.resource.is_some(), "resource = ANY ($1)"),
        (filter.id.is_some(), "(record_id = $2 OR part_of = $2)"),
        (filter.actor_id.is_some(), "actor_id = $3"),
        (filter.from.is_some(), "at >= $4::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'"),
        (filter.two_person.is_some(), "two_person IS NOT NULL"),
        (filter.to.is_some(), "at < ($5 + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'"),
    ];
    let mut sql = String::from("true");
    for (_, condition) in asked.into_iter().filter(|(wanted, _)| *wanted) {
        sql.push_str(" AND ");
        sql.push_str(condition);
    }
    sql
}

fn bind<'a>(
    sql: String,
    filter: &'a AuditFilter,
    parts: &'a Parts,
) -> BoxedSqlQuery<'a, Pg, diesel::query_builder::SqlQuery> {
    let tables = filter.resource.as_deref().map(|resource| parts.tables(resource)).unwrap_or_default();
    sql_query(sql)
        .into_boxed()
        .bind::<Array<Text>, _>(tables)
        .bind::<Nullable<SqlUuid>, _>(filter.id)
        .bind::<Nullable<SqlUuid>, _>(filter.actor_id)
        .bind::<Nullable<Date>, _>(filter.from)
        .bind::<Nullable<Date>, _>(filter.to)
}
