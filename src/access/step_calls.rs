//! The operations of steps: of state machines, on one record or on several, and of other actions.

use std::collections::{HashMap, HashSet};

use actix_web::web::Json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::actor::May;
use super::calls::found;
use super::steps::{self, Bulk, BulkItem, BulkOutcome, BulkResult, BulkResults, Step, StepBody, Verdicts};
use super::tx::Tx;
use super::versions::{conflicts, honour_version};
use crate::kernel::db::records;
use crate::kernel::http::answer::{Found, Record};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::middleware::Addressee;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::secrets::sha256;
use crate::kernel::value::id::RecordId;

fn ids_of<I: RecordId>(items: &[&BulkItem]) -> Vec<I> {
    items.iter().map(|item| I::from(item.id)).collect()
}

impl<P> May<P> {
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
        self.write_of(id.0, move |tx| {
            if steps::begin(tx, id.0, (step.word, step.one_version), &if_match, &hash, &find)? {
                take(tx, id.0, step, input)?;
            }
            found(tx, id.0, find).map(Found)
        })
        .await
    }

    /// Takes a step that is answered with its outcome and not with the record; a repetition has the answer that was kept. To
    /// `rehearse` it computes the outcome and changes nothing.
    #[expect(clippy::too_many_arguments, reason = "the parts of a step that is taken once")]
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
            if rehearse {
                honour_version(tx, id, &if_match, &find)?;
                return tx.rehearse(|tx| work(tx, id, input)).map(Json);
            }
            if !steps::begin(tx, id, (word, false), &if_match, &hash, &find)? {
                return records::kept_answer(tx.conn, id).map(Json);
            }
            let answer = work(tx, id, input)?;
            records::keep_answer(tx.conn, id, &answer)?;
            Ok(Json(answer))
        })
        .await
    }

    /// Takes a step on several records: `judge` decides on each by itself, and `write` writes those that passed in their order, so that
    /// 200 records cost as many round trips as one. A record that `judge` does not return is not found. `answer` identifies the request
    /// in the problems, and `find` reads the current records of stale versions.
    pub async fn take_each<I, S, A, B, T, J, W, F>(
        &self,
        step: &'static Step<S, A>,
        bulk: Valid<B>,
        answer: Addressee,
        judge: J,
        write: W,
        find: F,
    ) -> Result<Json<BulkResults>>
    where
        I: RecordId,
        S: Sync,
        A: Sync,
        T: Record + Send + 'static,
        B: Bulk,
        J: FnOnce(&mut Tx<'_>, &[I], &'static Step<S, A>, &B::Input) -> Result<Verdicts> + Send + 'static,
        W: FnOnce(&mut Tx<'_>, &[I], &'static Step<S, A>, B::Input) -> Result<()> + Send + 'static,
        F: FnOnce(&mut Tx<'_>, &[I]) -> Result<Vec<T>> + Send + 'static,
    {
        let (items, input, body) = bulk.into_inner().into_parts()?;
        if items.is_empty() {
            return Err(Problem::field("#/items", FieldCode::EMPTY));
        }
        // The hash of the same step on one record, so that a step taken before is recognised.
        let hash = sha256(&body);
        self.write(move |tx| {
            let ids: Vec<Uuid> = items.iter().map(|item| item.id).collect();
            // In one order for all callers: two requests about the same records do not wait for each other.
            let locked = records::lock_all::<I>(tx.conn, &ids)?;
            let seen: Vec<Uuid> = locked.keys().copied().collect();
            let repeated = records::repeated_steps::<I>(tx.conn, &seen, step.word, &hash)?;
            let fits = |item: &BulkItem| locked.get(&item.id) == Some(&item.version);
            let new = items.iter().filter(|item| locked.contains_key(&item.id) && !repeated.contains(&item.id));
            let (fresh, stale): (Vec<&BulkItem>, Vec<&BulkItem>) = new.partition(|item| fits(item));
            let current = if stale.is_empty() { Vec::new() } else { find(tx, &ids_of(&stale))? };
            let conflicts = conflicts(tx, current)?;
            let verdicts = judge(tx, &ids_of(&fresh), step, &input)?;
            // In the order of the items: what one meets may depend on what those before it met.
            let mut passed: Vec<Uuid> = Vec::new();
            for BulkItem { id, .. } in fresh {
                if verdicts.get(id).is_some_and(Result::is_ok) && !passed.contains(id) {
                    passed.push(*id);
                }
            }
            let mut versions = HashMap::new();
            if !passed.is_empty() {
                records::begin_steps::<I>(tx.conn, &passed, step.word, &hash)?;
                write(tx, &passed.iter().map(|id| I::from(*id)).collect::<Vec<I>>(), step, input)?;
                versions = records::lock_all::<I>(tx.conn, &passed)?;
            }
            let mut confirmed = HashSet::new();
            let missing = Problem::not_found();
            let outcome = |item: BulkItem| {
                let id = item.id;
                let version = versions.get(&id).or_else(|| locked.get(&id)).copied();
                // A second item about a record repeats the first.
                if repeated.contains(&id) || confirmed.contains(&id) {
                    return BulkResult { id, outcome: BulkOutcome::Replayed, version, problem: None };
                }
                if versions.contains_key(&id) && fits(&item) {
                    confirmed.insert(id);
                    return BulkResult { id, outcome: BulkOutcome::Confirmed, version, problem: None };
                }
                let verdict = verdicts.get(&id).and_then(|verdict| verdict.as_ref().err()).filter(|_| fits(&item));
                let problem = verdict.or_else(|| conflicts.get(&id)).unwrap_or(&missing);
                let problem = Some(answer.details(problem));
                BulkResult { id, outcome: BulkOutcome::Rejected, version: None, problem }
            };
            let results = items.into_iter().map(outcome).collect();
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
        self.write_of(id.0, move |tx| {
            honour_version(tx, id.0, &if_match, &find)?;
            work(tx, id.0)?;
            found(tx, id.0, find).map(Found)
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

    /// Takes a step without a status, idempotently: a repetition by the same caller with the same body changes nothing and has the
    /// same answer.
    pub async fn act_once<B, I, T, W, F>(
        &self,
        word: &'static str,
        id: Id<I>,
        if_match: IfMatch,
        body: B,
        work: W,
        find: F,
    ) -> Result<Found<T>>
    where
        B: StepBody,
        B::Input: Send + 'static,
        I: RecordId,
        T: Record + Send + 'static,
        W: FnOnce(&mut Tx<'_>, I, B::Input) -> Result<()> + Send + 'static,
        F: Fn(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        let (input, hash) = body.into_parts();
        self.write_of(id.0, move |tx| {
            if steps::begin(tx, id.0, (word, false), &if_match, &hash, &find)? {
                work(tx, id.0, input)?;
            }
            found(tx, id.0, find).map(Found)
        })
        .await
    }
}
