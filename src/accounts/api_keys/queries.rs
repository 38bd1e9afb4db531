use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::ApiKeyId;
use super::model::{ApiKey, ApiKeyFilter, ApiKeySort, NewApiKey};
use crate::access::sql::app_user_id;
use crate::access::tx::{Tx, rows};
use crate::kernel::db::schema::api_keys;
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::places::localities::problems::ENDED;
use crate::places::localities::range::open_place_in_range;

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
    open_place_in_range(tx, new.locality_id, "#/locality_id")?;
    let today = tx.today;
    if new.expires_on.is_some_and(|day| day < today) {
        return Err(Problem::field("#/expires_on", ENDED));
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
