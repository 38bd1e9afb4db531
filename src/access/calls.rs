//! The operations that handlers call: each runs query functions in one transaction of the caller, in a fixed
//! order. A query function takes `Tx` first.

use actix_web::web::Json;
use chrono::{DateTime, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use super::actor::May;
use super::merged::with_survivors;
use super::reach::reads_much;
use super::tx::Tx;
use super::versions::lock_version;
use super::withheld::{check_filter, show, shown};
use crate::kernel::db::records::{self, Claim};
use crate::kernel::db::{Enters, Mode, READ, READ_MUCH, WRITE};
use crate::kernel::http::answer::{Created, Found, NoContent, Record, Shown};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sheet::{Listed, SheetRow};
use crate::kernel::list::{Filters, List, SheetList};
use crate::kernel::secrets::sha256;
use crate::kernel::value::id::RecordId;

impl<P> May<P> {
    /// The current time by the clock of the service.
    pub fn now(&self) -> DateTime<Utc> {
        self.db.clock.now()
    }

    /// Runs `work` in a read-only transaction.
    pub async fn read<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.run(READ, work).await
    }

    /// Runs `work` in a transaction that is committed when it succeeds.
    pub async fn write<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.run(WRITE, work).await
    }

    async fn run<T, W>(&self, mode: Mode, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (actor, secrets) = (self.actor.clone(), self.secrets.clone());
        let entry = actor.entry();
        let work = move |conn: &mut PgConnection, moment| {
            let mut tx = Tx::new(conn, moment, &actor, &secrets);
            work(&mut tx).map_err(|problem| with_survivors(&mut tx, problem))
        };
        self.db.run(entry, mode, work).await
    }

    /// The same for work on one record, which a problem names where it was not found.
    async fn read_of<I, T, W>(&self, id: I, work: W) -> Result<T>
    where
        I: RecordId,
        T: Send + 'static,
        W: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.read(move |tx| work(tx).map_err(|problem| problem.about(id.into()))).await
    }

    pub(super) async fn write_of<I, T, W>(&self, id: I, work: W) -> Result<T>
    where
        I: RecordId,
        T: Send + 'static,
        W: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.write(move |tx| work(tx).map_err(|problem| problem.about(id.into()))).await
    }

    /// Returns one record.
    pub async fn find<I, T, F>(&self, id: Id<I>, find: F) -> Result<Found<T>>
    where
        I: RecordId,
        T: Record + Send + 'static,
        F: FnOnce(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        self.read_of(id.0, move |tx| found(tx, id.0, find)).await.map(Found)
    }

    /// Returns a page of a list.
    pub async fn list<F, S, T, Q>(&self, list: List<F, S>, query: Q) -> Result<Json<Page<T>>>
    where
        F: Filters + Send + 'static,
        S: Copy + Send + 'static,
        T: Shown + Send + 'static,
        Q: FnOnce(&mut Tx<'_>, &F, Keyset<S>) -> Result<Page<T>> + Send + 'static,
    {
        self.page(list, query, Ok).await.map(Json)
    }

    /// A page of a list of the parts of one record.
    pub async fn list_of<I, F, S, T, Q>(&self, id: Id<I>, list: List<F, S>, query: Q) -> Result<Json<Page<T>>>
    where
        I: RecordId,
        F: Filters + Send + 'static,
        S: Copy + Send + 'static,
        T: Shown + Send + 'static,
        Q: FnOnce(&mut Tx<'_>, I, &F, Keyset<S>) -> Result<Page<T>> + Send + 'static,
    {
        let of = move |tx: &mut Tx<'_>, filter: &F, keyset| {
            query(tx, id.0, filter, keyset).map_err(|problem| problem.about(id.0.into()))
        };
        self.list(list, of).await
    }

    /// A part of one record that has no version of its own.
    pub async fn part<I, T, F>(&self, id: Id<I>, find: F) -> Result<Json<T>>
    where
        I: RecordId,
        T: Shown + Send + 'static,
        F: FnOnce(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        self.read_of(id.0, move |tx| found(tx, id.0, find)).await.map(Json)
    }

    /// Returns a page of a list, or the whole list as a sheet.
    pub async fn sheet<F, S, T, Q>(&self, list: SheetList<F, S>, query: Q) -> Result<Listed<T>>
    where
        F: Filters + Send + 'static,
        S: Copy + Send + 'static,
        T: SheetRow + Shown + Send + 'static,
        Q: FnOnce(&mut Tx<'_>, &F, Keyset<S>) -> Result<Page<T>> + Send + 'static,
    {
        let SheetList { list, format } = list;
        // Made where the query runs: 10,000 rows would keep a worker from other requests.
        self.page(list, query, move |page| Listed::of(page, format)).await
    }

    async fn page<F, S, T, A, Q, M>(&self, list: List<F, S>, query: Q, answer: M) -> Result<A>
    where
        F: Filters + Send + 'static,
        S: Copy + Send + 'static,
        T: Shown + Send + 'static,
        A: Send + 'static,
        Q: FnOnce(&mut Tx<'_>, &F, Keyset<S>) -> Result<Page<T>> + Send + 'static,
        M: FnOnce(Page<T>) -> Result<A> + Send + 'static,
    {
        let List { filter, keyset, searches } = list;
        let mode = if reads_much(&self.actor, &keyset, searches) { READ_MUCH } else { READ };
        let work = move |tx: &mut Tx<'_>| {
            check_filter(tx, &filter)?;
            let mut page = query(tx, &filter, keyset)?;
            show(tx, &mut page.items)?;
            answer(page)
        };
        self.run(mode, work).await
    }

    /// Creates a record, or returns the one that the same request created before.
    pub async fn create<N, I, T, C, F>(&self, new: Valid<N>, create: C, find: F) -> Result<Created<T>>
    where
        N: Send + 'static,
        I: RecordId,
        T: Record + Send + 'static,
        C: FnOnce(&mut Tx<'_>, I, N) -> Result<()> + Send + 'static,
        F: FnOnce(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        self.write(move |tx| {
            // An id generated here is claimed, too, so that no client can send it for another record.
            let id = I::from(new.id.unwrap_or_else(Uuid::now_v7));
            if records::claim(tx.conn, id, &new.hash)? == Claim::Replay {
                return found(tx, id, find).map(Created::Replayed);
            }
            create(tx, id, new.into_inner())?;
            found(tx, id, find).map(Created::New)
        })
        .await
    }

    /// Creates a record below another one. The same body for another parent is another request.
    pub async fn create_in<B, N, I, T, C, F>(
        &self,
        parent: Id<B>,
        mut new: Valid<N>,
        create: C,
        find: F,
    ) -> Result<Created<T>>
    where
        B: RecordId,
        N: Send + 'static,
        I: RecordId,
        T: Record + Send + 'static,
        C: FnOnce(&mut Tx<'_>, B, I, N) -> Result<()> + Send + 'static,
        F: FnOnce(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        let id: Uuid = parent.0.into();
        new.hash = sha256(&[id.as_bytes().as_slice(), &new.hash].concat());
        self.create(new, move |tx, id, new| create(tx, parent.0, id, new), find).await
    }

    /// Changes a record if its version matches `If-Match`.
    pub async fn change<C, I, T, U, F>(
        &self,
        id: Id<I>,
        if_match: IfMatch,
        changes: Valid<C>,
        update: U,
        find: F,
    ) -> Result<Found<T>>
    where
        C: Send + 'static,
        I: RecordId,
        T: Record + Send + 'static,
        U: FnOnce(&mut Tx<'_>, I, C) -> Result<()> + Send + 'static,
        F: Fn(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        self.write_of(id.0, move |tx| {
            lock_version(tx, id.0, &if_match, &find)?;
            update(tx, id.0, changes.into_inner())?;
            found(tx, id.0, find).map(Found)
        })
        .await
    }

    /// Deletes a record if its version matches `If-Match` and `check` succeeds.
    pub async fn delete<I, T, F, C>(&self, id: Id<I>, if_match: IfMatch, find: F, check: C) -> Result<NoContent>
    where
        I: RecordId,
        T: Record + Send + 'static,
        F: Fn(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
        C: FnOnce(&mut Tx<'_>, &T) -> Result<()> + Send + 'static,
    {
        self.write_of(id.0, move |tx| {
            lock_version(tx, id.0, &if_match, &find)?;
            let record = find(tx, id.0)?;
            check(tx, &record)?;
            records::delete_row(tx.conn, id.0)
        })
        .await
    }
}

/// Reads a record as the caller may read it.
pub(super) fn found<I, T: Shown>(tx: &mut Tx<'_>, id: I, find: impl FnOnce(&mut Tx<'_>, I) -> Result<T>) -> Result<T> {
    let record = find(tx, id)?;
    shown(tx, record)
}

/// A `check` for `delete` that always succeeds: only a foreign key can forbid the delete.
pub fn unless_in_use<T>(_: &mut Tx<'_>, _: &T) -> Result<()> {
    Ok(())
}
