//! The transaction of a caller: the first argument of every query. It does not depend on HTTP, so that imports and jobs
//! call the same functions.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{AsSelect, Select};
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::query_dsl::LoadQuery;
use diesel::query_dsl::methods::SelectDsl;
use diesel::{Connection, PgConnection, RunQueryDsl, Selectable, SelectableHelper};
use uuid::Uuid;

use super::actor::Actor;
use super::sql::app_organisation;
use crate::kernel::clock::local_day;
use crate::kernel::db::kept::{Keep, Kept};
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::SortColumns;
use crate::kernel::secrets::Secrets;

/// A transaction of `actor`.
pub struct Tx<'t> {
    pub conn: &'t mut PgConnection,
    pub actor: &'t Actor,
    /// The day of the transaction in Vietnam, equal to `app_today()`.
    pub today: NaiveDate,
    pub secrets: &'t Secrets,
}

impl<'t> Tx<'t> {
    /// `moment`: the time of the transaction.
    pub fn new(conn: &'t mut PgConnection, moment: DateTime<Utc>, actor: &'t Actor, secrets: &'t Secrets) -> Self {
        Self { conn, actor, today: local_day(moment), secrets }
    }

    /// Runs `work` in a savepoint, which is rolled back when it fails, while the transaction goes on.
    pub fn nested<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let (actor, today, secrets) = (self.actor, self.today, self.secrets);
        self.conn.transaction(|conn| work(&mut Tx { conn, actor, today, secrets }))
    }

    /// Runs `work` in a savepoint that is always rolled back, and returns its outcome.
    pub fn rehearse<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut outcome = None;
        let undone = self.nested(|tx| {
            outcome = Some(work(tx)?);
            Err(Problem::internal("rolled back"))
        });
        outcome.map_or(undone, Ok)
    }

    /// Returns a page of the query `filtered`, with the total where it is asked for; `load` reads and completes the rows.
    pub fn page<S, Q, T>(
        &mut self,
        keyset: Keyset<S>,
        filtered: impl Fn() -> Q,
        load: impl FnOnce(&mut Tx<'_>, Q) -> Result<Vec<T>>,
    ) -> Result<Page<T>>
    where
        S: SortColumns<Q, T>,
    {
        let total = keyset.total(|| S::count(filtered(), self.conn))?;
        let query = S::seek(&keyset, filtered())?;
        let rows = load(self, query)?;
        keyset.page(rows, total, self.secrets, |row, sort: S| sort.key(row))
    }

    /// The organisation that the caller acts for, if any.
    pub fn organisation(&mut self) -> Result<Option<Uuid>> {
        Ok(diesel::select(app_organisation()).get_result(self.conn)?)
    }
}

/// Reads the rows of a query, for a page whose rows are answered as they stand.
pub fn rows<'q, Q, T>(tx: &mut Tx<'_>, query: Q) -> Result<Vec<T>>
where
    Q: SelectDsl<AsSelect<T, Pg>>,
    T: Selectable<Pg>,
    T::SelectExpression: QueryId,
    Kept<Select<Q, AsSelect<T, Pg>>>: LoadQuery<'q, PgConnection, T>,
{
    Ok(query.select(T::as_select()).kept().load(tx.conn)?)
}
