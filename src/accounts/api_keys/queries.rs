use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::ApiKeyId;
use super::model::{ApiKey, ApiKeyFilter, ApiKeySort, NewApiKey};
use crate::access::sql::{app_in_range, app_user_id};
use crate::access::tx::{Tx, rows};
use crate::kernel::db::schema::{api_keys, localities};
use crate::kernel::db::sql::app_today;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::places::localities::problems;

pub fn find(tx: &mut Tx<'_>, id: ApiKeyId) -> Result<ApiKey> {
    Ok(ApiKey::query().find(id).first(tx.conn)?)
}

pub fn list(tx: &mut Tx<'_>, filter: &ApiKeyFilter, keyset: Keyset<ApiKeySort>) -> Result<Page<ApiKey>> {
    let filtered =
        || api_keys::table.into_boxed().when(filter.locality_id, |locality| api_keys::locality_id.eq(locality));
    tx.page(keyset, filtered, rows)
}

sort_columns! { ApiKeySort of api_keys as ApiKey: CreatedAt = created_at (DateTime<Utc>), Name = name (String) }

pub fn create(tx: &mut Tx<'_>, id: ApiKeyId, new: NewApiKey, secret_hash: &[u8]) -> Result<()> {
    let place: Option<(bool, Option<bool>)> = localities::table
        .find(new.locality_id)
        .select((app_in_range(localities::scope_path), localities::valid_to.lt(app_today().nullable())))
        .first(tx.conn)
        .optional()?;
    match place {
        // The records of an ended place belong to its successors: a key for it would always read zero.
        Some((true, Some(true))) => return Err(Problem::field("#/locality_id", problems::ENDED)),
        Some((true, _)) => {}
        _ => return Err(Problem::field("#/locality_id", FieldCode::NOT_FOUND)),
    }
    let today = tx.today;
    if new.expires_on.is_some_and(|day| day < today) {
        return Err(Problem::field("#/expires_on", problems::ENDED));
    }
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(id),
            api_keys::secret_hash.eq(secret_hash),
            api_keys::created_by.eq(app_user_id()),
            &new,
        ))
        .execute(tx.conn)?;
    Ok(())
}
