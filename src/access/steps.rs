//! Steps of state machines. A resource declares its machine in `workflow.rs`, one `Step` for each last path segment;
//! this file locks the record, detects a repetition, compares the version, and lists the possible steps.

use std::collections::HashMap;

use ketnghia_macros::input;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::policy::Permission;
use super::tx::Tx;
use super::versions::expect_version;
use crate::kernel::db::records;
use crate::kernel::http::answer::Record;
use crate::kernel::http::body::{NoBody, Valid};
use crate::kernel::http::extract::IfMatch;
use crate::kernel::http::problem::{Code, Problem, ProblemDetails, Result};
use crate::kernel::value::enums::Labelled;
use crate::kernel::value::id::RecordId;

/// One step of a state machine.
#[derive(Debug)]
pub struct Step<S: 'static, A> {
    /// The last segment of its path: `confirm` in `/gifts/{id}/confirm`.
    pub word: &'static str,
    /// Its name in `allowed_actions`.
    pub action: A,
    pub permission: Permission,
    /// `If-Match` with one version is required, because the caller is responsible for the content.
    pub one_version: bool,
    pub from: &'static [S],
    pub to: S,
}

impl<S: Copy + PartialEq + Labelled, A: Copy + PartialEq> Step<S, A> {
    /// Returns the status that the step leads to; 409 `invalid_transition` from any other status than its own.
    pub fn after(&self, status: S) -> Result<S> {
        if self.from.contains(&status) { Ok(self.to) } else { Err(Problem::in_status(&status)) }
    }

    /// Returns the actions whose steps start from `status` and that `permits` allows, in the order of `steps`.
    pub fn offered(steps: &[&Self], status: S, permits: impl Fn(&Self) -> bool) -> Vec<A> {
        let mut actions: Vec<A> = Vec::new();
        for step in steps.iter().filter(|step| step.from.contains(&status) && permits(step)) {
            if !actions.contains(&step.action) {
                actions.push(step.action);
            }
        }
        actions
    }
}

/// Records on which a step is taken, each in the version that was read.
#[input]
pub struct BulkStep {
    /// At most 200, each decided on for itself.
    #[entries(..=200)]
    pub items: Vec<BulkItem>,
}

/// A body that takes a step on several records, with one input for all of them.
pub trait Bulk {
    type Input: Send + 'static;
    /// Returns the records, the input, and the canonical body of the same step on one record.
    fn into_parts(self) -> Result<(Vec<BulkItem>, Self::Input, Vec<u8>)>;
}

impl Bulk for BulkStep {
    type Input = ();
    fn into_parts(self) -> Result<(Vec<BulkItem>, (), Vec<u8>)> {
        Ok((self.items, (), b"{}".to_vec()))
    }
}

#[input]
pub struct BulkItem {
    pub id: Uuid,
    /// The version that was read.
    #[range(1..=1_000_000_000)]
    #[schema(example = 3)]
    pub version: i64,
}

/// Whether a step can be taken on each record, by its id; a record that the caller does not see is missing.
pub type Verdicts = HashMap<Uuid, Result<()>>;

/// Returns the verdict on one record.
pub fn verdict_on(mut verdicts: Verdicts, id: impl RecordId) -> Result<()> {
    verdicts.remove(&id.into()).unwrap_or_else(|| Err(Problem::not_found()))
}

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkOutcome {
    Confirmed,
    /// The caller took this step before.
    Replayed,
    /// Nothing changed; see `problem`.
    Rejected,
}

/// The outcome of a step on one record.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResult {
    pub id: Uuid,
    pub outcome: BulkOutcome,
    /// After the step; null if it was rejected.
    #[schema(example = 4)]
    pub version: Option<i64>,
    pub problem: Option<ProblemDetails>,
}

/// The outcomes, in the order of the items.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResults {
    #[schema(max_items = 200)]
    pub results: Vec<BulkResult>,
}

/// The facts of a step that the OpenAPI document shows.
pub struct StepFacts {
    pub word: &'static str,
    /// The action as it is published in `allowed_actions`.
    pub action: serde_json::Value,
    pub permission: Permission,
    pub one_version: bool,
}

impl<S, A: Serialize> From<&Step<S, A>> for StepFacts {
    fn from(step: &Step<S, A>) -> Self {
        let action = serde_json::to_value(&step.action).unwrap_or_default();
        Self { word: step.word, action, permission: step.permission, one_version: step.one_version }
    }
}

/// The body of a step: its input, and the hash by which a repetition is recognised.
pub trait StepBody {
    type Input;
    fn into_parts(self) -> (Self::Input, Vec<u8>);
}

impl StepBody for NoBody {
    type Input = ();
    fn into_parts(self) -> ((), Vec<u8>) {
        ((), self.hash)
    }
}

impl<T> StepBody for Valid<T> {
    type Input = T;
    fn into_parts(mut self) -> (T, Vec<u8>) {
        let hash = std::mem::take(&mut self.hash);
        (self.into_inner(), hash)
    }
}

/// Locks the record and begins a step, given by its word and whether `If-Match` names one version; false where the same caller took it
/// last with the same body. The first execution changed the version, so versions are compared for a new step only.
pub(super) fn begin<I: RecordId, T: Record>(
    tx: &mut Tx<'_>,
    id: I,
    (word, one_version): (&'static str, bool),
    if_match: &IfMatch,
    hash: &[u8],
    find: &impl Fn(&mut Tx<'_>, I) -> Result<T>,
) -> Result<bool> {
    let version = records::lock(tx.conn, id)?;
    if one_version && !if_match.is_one_version() {
        return Err(Problem::new(Code::PRECONDITION_REQUIRED));
    }
    if !records::begin_step(tx.conn, id, word, hash)? {
        return Ok(false);
    }
    if *if_match != IfMatch::Missing {
        expect_version(tx, version, if_match, |tx| find(tx, id))?;
    }
    Ok(true)
}
