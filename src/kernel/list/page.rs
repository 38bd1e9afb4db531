//! Keyset pagination: the next page continues after the sort key of the last row, not at an offset, so that pages stay
//! stable while rows are written. The cursor is encrypted, because it holds a row's sort key, and bound to path, filter
//! and sort key of the list.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::http::problem::{Code, FieldCode, FieldError, Problem, Result};
use crate::kernel::list::sort::Order;
use crate::kernel::secrets::Secrets;

pub const LIMIT_DEFAULT: i64 = 50;
pub const LIMIT_MAX: i64 = 200;
/// Rows of a list that is answered as a whole, because the answer is built in memory.
pub const WHOLE_MAX: i64 = 10_000;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// `cursor` of the next page; null on the last page.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    /// The number of all rows; only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

/// The paging parameters of a request.
pub struct PageRequest<'a, F> {
    /// 1 to `LIMIT_MAX`.
    pub limit: Option<i64>,
    pub cursor: Option<&'a str>,
    pub order: Order<F>,
    pub count: bool,
    /// Path and filter as text: a cursor of another filter is rejected.
    pub filter: String,
}

/// Validated paging parameters: limit, sort key, direction, and the position after which the page starts.
pub struct Keyset<F> {
    pub limit: i64,
    pub field: F,
    pub descending: bool,
    pub count: bool,
    after: Option<(Value, Uuid)>,
    binding: String,
    /// The paging parameters that were given.
    paging: Vec<&'static str>,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    key: Value,
    id: Uuid,
    binding: String,
}

/// A sort key that is parsed back from the JSON of a cursor.
pub trait SortKey: Sized {
    fn from_cursor(value: &Value) -> Option<Self>;
}

impl SortKey for String {
    fn from_cursor(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl SortKey for NaiveDate {
    fn from_cursor(value: &Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }
}

impl SortKey for DateTime<Utc> {
    fn from_cursor(value: &Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }
}

impl SortKey for i32 {
    fn from_cursor(value: &Value) -> Option<Self> {
        value.as_i64()?.try_into().ok()
    }
}

impl<F: Copy> Keyset<F> {
    /// Opens the cursor.
    pub fn new(request: PageRequest<'_, F>, secrets: &Secrets) -> Result<Self> {
        let Order { text: sort, field, descending } = request.order;
        let binding = format!("{sort}\n{}", request.filter);
        let after = match request.cursor {
            None => None,
            Some(text) => {
                let cursor: Cursor = secrets
                    .open_cursor(text)
                    .and_then(|json| serde_json::from_slice(&json).ok())
                    .filter(|cursor: &Cursor| cursor.binding == secrets.fingerprint(&binding))
                    .ok_or_else(|| Problem::new(Code::CURSOR_INVALID))?;
                Some((cursor.key, cursor.id))
            }
        };
        let given =
            [("?limit", request.limit.is_some()), ("?cursor", request.cursor.is_some()), ("?count", request.count)];
        Ok(Self {
            limit: request.limit.unwrap_or(LIMIT_DEFAULT),
            field,
            descending,
            count: request.count,
            after,
            binding: secrets.fingerprint(&binding),
            paging: given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect(),
        })
    }

    /// Sets the limit to `WHOLE_MAX`; rejects paging parameters.
    pub fn whole(mut self) -> Result<Self> {
        if !self.paging.is_empty() {
            let exclusive = |name: &&str| FieldError::new(*name, FieldCode::EXCLUSIVE);
            return Err(Problem::invalid(self.paging.iter().map(exclusive).collect()));
        }
        self.limit = WHOLE_MAX;
        Ok(self)
    }

    /// Runs `count` where the request asks for the total.
    pub fn total<E>(&self, count: impl FnOnce() -> Result<i64, E>) -> Result<Option<i64>, E> {
        if self.count { count().map(Some) } else { Ok(None) }
    }

    /// Whether the list is answered as a whole.
    pub fn is_whole(&self) -> bool {
        self.limit == WHOLE_MAX
    }

    /// The sort key and id of the last row of the previous page.
    pub fn after<K: SortKey>(&self) -> Result<Option<(K, Uuid)>> {
        match &self.after {
            None => Ok(None),
            Some((key, id)) => match K::from_cursor(key) {
                Some(key) => Ok(Some((key, *id))),
                None => Err(Problem::new(Code::CURSOR_INVALID)),
            },
        }
    }

    /// Builds the page. `rows` has one row more than the limit where a next page exists.
    pub fn page<T>(
        self,
        mut rows: Vec<T>,
        total: Option<i64>,
        secrets: &Secrets,
        key: impl Fn(&T, F) -> (Value, Uuid),
    ) -> Result<Page<T>> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last() {
            Some(last) if more => {
                let (key, id) = key(last, self.field);
                let json = serde_json::to_vec(&Cursor { key, id, binding: self.binding }).map_err(Problem::internal)?;
                Some(secrets.seal_cursor(&json)?)
            }
            _ => None,
        };
        Ok(Page { items: rows, next_cursor, total })
    }
}
