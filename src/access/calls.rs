//! The operations that handlers call: each runs query functions in one transaction of the caller, in a fixed
//! order. A query function takes `Tx` first.

use actix_web::web::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::actor::May;
use super::reach::reads_much;
use super::steps::{self, Bulk, BulkItem, BulkOutcome, BulkResult, BulkResults, Step, StepBody};
use super::tx::Tx;
use super::versions::{expect_version, honour_version, lock_version};
use crate::kernel::db::records::{self, Claim};
use crate::kernel::db::{Enters, Mode, READ, READ_MUCH, WRITE};
use crate::kernel::http::answer::{Created, Found, NoContent, Record};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::middleware::Addressee;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sheet::{Listed, SheetRow};
use crate::kernel::list::{List, SheetList};
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
        self.db.run(actor.entry(), mode, move |conn, moment| work(&mut Tx::new(conn, moment, &actor, &secrets))).await
    }

    /// Returns one record.
    pub async fn find<I, T, F>(&self, id: Id<I>, find: F) -> Result<Found<T>>
    where
        I: RecordId,
        T: Record + Send + 'static,
        F: FnOnce(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        self.read(move |tx| find(tx, id.0)).await.map(Found)
    }

    /// Returns a page of a list.
    pub async fn list<F, S, T, Q>(&self, list: List<F, S>, query: Q) -> Result<Json<Page<T>>>
    where
        F: Send + 'static,
        S: Copy + Send + 'static,
        T: Send + 'static,
        Q: FnOnce(&mut Tx<'_>, &F, Keyset<S>) -> Result<Page<T>> + Send + 'static,
    {
        self.page(list, query).await.map(Json)
    }

    /// A page of a list of the parts of one record.
    pub async fn list_of<I, F, S, T, Q>(&self, id: Id<I>, list: List<F, S>, query: Q) -> Result<Json<Page<T>>>
    where
        I: Send + 'static,
        F: Send + 'static,
        S: Copy + Send + 'static,
        T: Send + 'static,
        Q: FnOnce(&mut Tx<'_>, I, &F, Keyset<S>) -> Result<Page<T>> + Send + 'static,
    {
        self.list(list, move |tx, filter, keyset| query(tx, id.0, filter, keyset)).await
    }

    /// A part of one record that has no version of its own.
    pub async fn part<I, T, F>(&self, id: Id<I>, find: F) -> Result<Json<T>>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        self.read(move |tx| find(tx, id.0)).await.map(Json)
    }

    /// Returns a page of a list, or the whole list as a sheet.
    pub async fn sheet<F, S, T, Q>(&self, list: SheetList<F, S>, query: Q) -> Result<Listed<T>>
    where
        F: Send + 'static,
        S: Copy + Send + 'static,
        T: SheetRow + Send + 'static,
        Q: FnOnce(&mut Tx<'_>, &F, Keyset<S>) -> Result<Page<T>> + Send + 'static,
    {
        let SheetList { list, format } = list;
        // Made where the query runs: 10,000 rows would keep a worker from other requests.
        self.page(list, move |tx, filter, keyset| Listed::of(query(tx, filter, keyset)?, format)).await
    }

    async fn page<F, S, T, Q>(&self, list: List<F, S>, query: Q) -> Result<T>
    where
        F: Send + 'static,
        S: Copy + Send + 'static,
        T: Send + 'static,
        Q: FnOnce(&mut Tx<'_>, &F, Keyset<S>) -> Result<T> + Send + 'static,
    {
        let List { filter, keyset, searches } = list;
        let mode = if reads_much(&self.actor, &keyset, searches) { READ_MUCH } else { READ };
        self.run(mode, move |tx| query(tx, &filter, keyset)).await
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
                return find(tx, id).map(Created::Replayed);
            }
            create(tx, id, new.into_inner())?;
            find(tx, id).map(Created::New)
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
        self.write(move |tx| {
            lock_version(tx, id.0, &if_match, &find)?;
            update(tx, id.0, changes.into_inner())?;
            find(tx, id.0).map(Found)
        })
        .await
    }

    /// Takes a step of a state machine, idempotently: a repetition changes nothing and has the same answer.
    pub async fn take<I, S, A, B, T, W, F>(
        &self,
        step: &'static Step<S, A>,
        id: Id<I>,
        if_match: IfMatch,
        body: B,
        take: W,
        find: F,
    ) -> Result<Found<T>>
    where
        I: RecordId,
        S: Sync,
        A: Sync,
        B: StepBody,
        B::Input: Send + 'static,
        T: Record + Send + 'static,
        W: FnOnce(&mut Tx<'_>, I, &'static Step<S, A>, B::Input) -> Result<()> + Send + 'static,
        F: Fn(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        let (input, hash) = body.into_parts();
        self.write(move |tx| {
            if steps::begin(tx, id.0, step, &if_match, &hash, &find)? {
                take(tx, id.0, step, input)?;
            }
            find(tx, id.0).map(Found)
        })
        .await
    }

    /// Takes a step that is answered with its outcome and not with the record; a repetition has the answer that was kept. To
    /// `rehearse` it computes the outcome and changes nothing.
    pub async fn take_once<I, B, R, T, W, F>(
        &self,
        word: &'static str,
        id: Id<I>,
        if_match: IfMatch,
        body: Valid<B>,
        rehearse: bool,
        work: W,
        find: F,
    ) -> Result<Json<R>>
    where
        I: RecordId,
        B: Send + 'static,
        R: Serialize + DeserializeOwned + Send + 'static,
        T: Record + Send + 'static,
        W: FnOnce(&mut Tx<'_>, I, B) -> Result<R> + Send + 'static,
        F: Fn(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        let (id, (input, hash)) = (id.0, body.into_parts());
        self.write(move |tx| {
            let version = records::lock(tx.conn, id)?;
            if !rehearse && !records::begin_step(tx.conn, id, word, &hash)? {
                return records::kept_answer(tx.conn, id).map(Json);
            }
            if if_match != IfMatch::Missing {
                expect_version(tx, version, &if_match, |tx| find(tx, id))?;
            }
            if rehearse {
                return tx.rehearse(|tx| work(tx, id, input)).map(Json);
            }
            let answer = work(tx, id, input)?;
            records::keep_answer(tx.conn, id, &answer)?;
            Ok(Json(answer))
        })
        .await
    }

    /// Takes a step on each of several records, in their order, each in a savepoint: one that fails is rejected, and the others go
    /// on. `answer` identifies the request in the problems.
    pub async fn take_each<I, S, A, B, T, W, F>(
        &self,
        step: &'static Step<S, A>,
        bulk: Valid<B>,
        answer: Addressee,
        take: W,
        find: F,
    ) -> Result<Json<BulkResults>>
    where
        I: RecordId,
        S: Sync,
        A: Sync,
        T: Record + Send + 'static,
        B: Bulk,
        W: Fn(&mut Tx<'_>, I, &'static Step<S, A>, B::Input) -> Result<()> + Send + 'static,
        F: Fn(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        let (items, input, body) = bulk.into_inner().into_parts()?;
        if items.is_empty() {
            return Err(Problem::field("#/items", FieldCode::EMPTY));
        }
        // The hash of the same step on one record, so that a step taken before is recognised.
        let hash = sha256(&body);
        self.write(move |tx| {
            let ids: Vec<I> = items.iter().map(|item| I::from(item.id)).collect();
            // In one order for all callers: two requests about the same records do not wait for each other.
            records::lock_all(tx.conn, &ids)?;
            let mut results = Vec::new();
            for BulkItem { id, version } in items {
                let if_match = IfMatch::Tags(vec![version.to_string()]);
                // A mark of the item before.
                records::set(tx.conn, "two_person", "")?;
                let taken = tx.nested(|tx| {
                    let id = I::from(id);
                    let is_new = steps::begin(tx, id, step, &if_match, &hash, &find)?;
                    if is_new {
                        take(tx, id, step, input.clone())?;
                    }
                    let outcome = if is_new { BulkOutcome::Confirmed } else { BulkOutcome::Replayed };
                    Ok((outcome, find(tx, id)?.version()))
                });
                results.push(match taken {
                    Ok((outcome, version)) => BulkResult { id, outcome, version: Some(version), problem: None },
                    Err(problem) if problem.code().status() >= 500 => return Err(problem),
                    Err(problem) => {
                        let problem = Some(answer.details(&problem));
                        BulkResult { id, outcome: BulkOutcome::Rejected, version: None, problem }
                    }
                });
            }
            Ok(Json(BulkResults { results }))
        })
        .await
    }

    /// Takes a step without a status; compares the version where `If-Match` was sent.
    pub async fn act<I, T, W, F>(&self, id: Id<I>, if_match: IfMatch, work: W, find: F) -> Result<Found<T>>
    where
        I: RecordId,
        T: Record + Send + 'static,
        W: FnOnce(&mut Tx<'_>, I) -> Result<()> + Send + 'static,
        F: Fn(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        self.write(move |tx| {
            honour_version(tx, id.0, &if_match, &find)?;
            work(tx, id.0)?;
            find(tx, id.0).map(Found)
        })
        .await
    }

    /// The same with a body.
    pub async fn act_with<B, I, T, W, F>(
        &self,
        id: Id<I>,
        if_match: IfMatch,
        body: Valid<B>,
        work: W,
        find: F,
    ) -> Result<Found<T>>
    where
        B: Send + 'static,
        I: RecordId,
        T: Record + Send + 'static,
        W: FnOnce(&mut Tx<'_>, I, B) -> Result<()> + Send + 'static,
        F: Fn(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        let body = body.into_inner();
        self.act(id, if_match, move |tx, id| work(tx, id, body), find).await
    }

    /// Deletes a record if its version matches `If-Match` and `check` succeeds.
    pub async fn delete<I, T, F, C>(&self, id: Id<I>, if_match: IfMatch, find: F, check: C) -> Result<NoContent>
    where
        I: RecordId,
        T: Record + Send + 'static,
        F: Fn(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
        C: FnOnce(&mut Tx<'_>, &T) -> Result<()> + Send + 'static,
    {
        self.write(move |tx| {
            lock_version(tx, id.0, &if_match, &find)?;
            let record = find(tx, id.0)?;
            check(tx, &record)?;
            records::delete_row(tx.conn, id.0)
        })
        .await
    }
}

/// A `check` for `delete` that always succeeds: only a foreign key can forbid the delete.
pub fn unless_in_use<T>(_: &mut Tx<'_>, _: &T) -> Result<()> {
    Ok(())
}
