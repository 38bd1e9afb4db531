//! Versions of records: a change names the version that was read (`If-Match`), so that two callers do not overwrite each
//! other.

use std::collections::HashMap;

use uuid::Uuid;

use super::tx::Tx;
use super::withheld::show;
use crate::kernel::db::records;
use crate::kernel::http::answer::Record;
use crate::kernel::http::extract::IfMatch;
use crate::kernel::http::problem::{Problem, Result};
use crate::kernel::value::id::RecordId;

/// Locks a record and compares its version with `If-Match`.
pub(super) fn lock_version<I: RecordId, T: Record>(
    tx: &mut Tx<'_>,
    id: I,
    if_match: &IfMatch,
    find: &impl Fn(&mut Tx<'_>, I) -> Result<T>,
) -> Result<()> {
    let version = records::lock(tx.conn, id)?;
    expect_version(tx, version, if_match, |tx| find(tx, id))
}

/// Locks a record, and compares its version where `If-Match` was sent.
pub fn honour_version<I: RecordId, T: Record>(
    tx: &mut Tx<'_>,
    id: I,
    if_match: &IfMatch,
    find: &impl Fn(&mut Tx<'_>, I) -> Result<T>,
) -> Result<()> {
    let version = records::lock(tx.conn, id)?;
    if *if_match == IfMatch::Missing { Ok(()) } else { expect_version(tx, version, if_match, |tx| find(tx, id)) }
}

/// Compares the version of a locked record with `If-Match`; a stale one is 412 with the current record.
pub(super) fn expect_version<T: Record>(
    tx: &mut Tx<'_>,
    version: i64,
    if_match: &IfMatch,
    find: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> Result<()> {
    if records::fits(tx.conn, version, if_match)? {
        return Ok(());
    }
    let mut current = find(tx)?;
    show(tx, [&mut current])?;
    Err(conflict(&current)?)
}

/// Returns the conflict of each of these records, by its id, for callers that read another version.
pub(super) fn conflicts<T: Record>(tx: &mut Tx<'_>, mut current: Vec<T>) -> Result<HashMap<Uuid, Problem>> {
    show(tx, &mut current)?;
    current.iter().map(|record| Ok((record.id(), conflict(record)?))).collect()
}

fn conflict(current: &impl Record) -> Result<Problem> {
    Ok(Problem::version_conflict(serde_json::to_value(current).map_err(Problem::internal)?))
}
