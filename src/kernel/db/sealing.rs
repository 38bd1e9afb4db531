//! Records the keys of PII_KEY_FILE that the database depends on, and seals the personal fields of deleted rows. A job
//! seals them, because the trigger that copies a deleted row has no key.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bytea, Integer, Jsonb, Nullable, SmallInt, Text, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

use super::Db;
use super::schema::sealing_keys;
use super::sql::app_now;
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::secrets::Secrets;

/// Rows sealed in one transaction.
const AT_ONCE: i32 = 500;

/// The number of a key, and its fingerprint.
pub type MetKey = (u8, Vec<u8>);

pub fn met_keys(conn: &mut PgConnection) -> Result<Vec<MetKey>> {
    let rows: Vec<(i16, Vec<u8>)> =
        sealing_keys::table.select((sealing_keys::id, sealing_keys::fingerprint)).order(sealing_keys::id).load(conn)?;
    let number = |id: i16| u8::try_from(id).map_err(Problem::internal);
    rows.into_iter().map(|(id, fingerprint)| Ok((number(id)?, fingerprint))).collect()
}

/// Inserts new keys.
pub fn meet_keys(conn: &mut PgConnection, keys: &[MetKey]) -> Result<()> {
    for (id, fingerprint) in keys {
        let row = (
            sealing_keys::id.eq(i16::from(*id)),
            sealing_keys::fingerprint.eq(fingerprint),
            sealing_keys::added_at.eq(app_now()),
        );
        diesel::insert_into(sealing_keys::table).values(row).on_conflict_do_nothing().execute(conn)?;
    }
    Ok(())
}

/// Deletes a key that no longer seals any value.
pub fn part_with_key(conn: &mut PgConnection, id: u8) -> Result<()> {
    diesel::delete(sealing_keys::table.find(i16::from(id))).execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Deletion {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    resource: String,
    #[diesel(sql_type = Nullable<Jsonb>)]
    personal: Option<Value>,
    #[diesel(sql_type = Nullable<Bytea>)]
    sealed: Option<Vec<u8>>,
}

/// Seals the personal fields of rows deleted since the last run.
pub fn seal_deletions(db: &Db, secrets: &Secrets) -> Result<()> {
    let batch = || {
        db.as_system(|conn| {
            let fresh = "SELECT id, resource, personal, NULL::bytea AS sealed FROM app_fresh_deletions($1)";
            let rows: Vec<Deletion> = sql_query(fresh).bind::<Integer, _>(AT_ONCE).load(conn)?;
            seal(conn, secrets, &rows)
        })
    };
    while batch()?.is_full {}
    Ok(())
}

/// The result of a batch.
pub struct Batch {
    pub is_full: bool,
    pub unreadable: usize,
}

/// Seals a batch of deleted rows with the newest key, including those sealed with an older one.
pub fn reseal_deletions(conn: &mut PgConnection, secrets: &Secrets) -> Result<Batch> {
    let newest = secrets.newest_key().map_or(0, i16::from);
    let rows: Vec<Deletion> = sql_query("SELECT * FROM app_deletions_to_seal($1, $2)")
        .bind::<SmallInt, _>(newest)
        .bind::<Integer, _>(AT_ONCE)
        .load(conn)?;
    seal(conn, secrets, &rows)
}

fn seal(conn: &mut PgConnection, secrets: &Secrets, rows: &[Deletion]) -> Result<Batch> {
    let mut unreadable = 0;
    for row in rows {
        let field = format!("deleted {}", row.resource);
        let content = match (&row.personal, &row.sealed) {
            (Some(personal), _) => personal.to_string(),
            (None, Some(sealed)) => match secrets.open(row.id, &field, sealed) {
                Ok(content) => content,
                Err(_unreadable) => {
                    unreadable += 1;
                    continue;
                }
            },
            (None, None) => continue,
        };
        sql_query("SELECT app_seal_deletion($1, $2, $3)")
            .bind::<SqlUuid, _>(row.id)
            .bind::<Text, _>(&row.resource)
            .bind::<Bytea, _>(secrets.seal(row.id, &field, &content)?)
            .execute(conn)?;
    }
    // Unreadable rows are selected again, so a batch of only these ends the loop.
    Ok(Batch { is_full: rows.len() == usize::try_from(AT_ONCE).unwrap_or(0) && unreadable < rows.len(), unreadable })
}

/// The number of values that a key sealed.
#[derive(QueryableByName)]
pub struct SealedBy {
    #[diesel(sql_type = Integer)]
    pub key: i32,
    #[diesel(sql_type = BigInt)]
    pub fields: i64,
}

/// Counts the deleted rows by sealing key.
pub fn sealed_deletions(conn: &mut PgConnection) -> Result<Vec<SealedBy>> {
    Ok(sql_query("SELECT key, fields FROM app_sealed_deletions()").load(conn)?)
}
