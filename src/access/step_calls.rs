//! The operations of steps: of state machines, on one record or on several, and of other actions.

use actix_web::web::Json;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::actor::May;
use super::calls::found;
use super::steps::{self, Bulk, BulkItem, BulkOutcome, BulkResult, BulkResults, Step, StepBody};
use super::tx::Tx;
use super::versions::honour_version;
use crate::kernel::db::records;
use crate::kernel::http::answer::{Found, Record};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::middleware::Addressee;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::secrets::sha256;
use crate::kernel::value::id::RecordId;

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
            if steps::begin(tx, id.0, step, &if_match, &hash, &find)? {
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
            if !steps::begin_word(tx, id, (word, false), &if_match, &hash, &find)? {
                return records::kept_answer(tx.conn, id).map(Json);
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
            if steps::begin_word(tx, id.0, (word, false), &if_match, &hash, &find)? {
                work(tx, id.0, input)?;
            }
            found(tx, id.0, find).map(Found)
        })
        .await
    }
}
