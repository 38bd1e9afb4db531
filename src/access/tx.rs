//! The transaction of a caller: the first argument of every query. It does not depend on HTTP, so that imports and jobs
//! call the same functions.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{Connection, PgConnection, RunQueryDsl};
use uuid::Uuid;

use super::actor::Actor;
use super::sql::app_organisation;
use crate::kernel::clock::local_day;
use crate::kernel::http::problem::Result;
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

    /// The organisation that the caller acts for, if any.
    pub fn organisation(&mut self) -> Result<Option<Uuid>> {
        Ok(diesel::select(app_organisation()).get_result(self.conn)?)
    }
}
