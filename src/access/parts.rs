//! The operations that handlers call for a part of a record, named by the last segment of the path.

use super::actor::May;
use super::tx::Tx;
use super::versions::{honour_version, lock_version};
use super::withheld::shown;
use crate::kernel::db::records;
use crate::kernel::http::answer::{Found, NoContent, Record};
use crate::kernel::http::extract::{Id, IfMatch, PartId, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::value::id::RecordId;

impl<P> May<P> {
    /// Removes a part of a record; compares the version of the record where `If-Match` was sent.
    pub async fn remove_part<I, Q, T, W, F>(
        &self,
        id: Id<I>,
        part: PartId<Q>,
        if_match: IfMatch,
        work: W,
        find: F,
    ) -> Result<NoContent>
    where
        I: RecordId,
        Q: Send + 'static,
        T: Record + Send + 'static,
        W: FnOnce(&mut Tx<'_>, I, Q) -> Result<()> + Send + 'static,
        F: Fn(&mut Tx<'_>, I) -> Result<T> + Send + 'static,
    {
        self.write_of(id.0, move |tx| {
            honour_version(tx, id.0, &if_match, &find)?;
            work(tx, id.0, part.0).map(|()| NoContent)
        })
        .await
    }

    /// Changes a part that has a version of its own, if that matches `If-Match`. The whole is locked first, because the parts of one
    /// record depend on each other; `find` does not find a part of another record.
    pub async fn change_part<W, I, C, T, U, F>(
        &self,
        whole: Id<W>,
        part: PartId<I>,
        if_match: IfMatch,
        changes: Valid<C>,
        update: U,
        find: F,
    ) -> Result<Found<T>>
    where
        W: RecordId,
        I: RecordId,
        C: Send + 'static,
        T: Record + Send + 'static,
        U: FnOnce(&mut Tx<'_>, W, T, C) -> Result<()> + Send + 'static,
        F: Fn(&mut Tx<'_>, W, I) -> Result<T> + Send + 'static,
    {
        let (whole, id) = (whole.0, part.0);
        self.write(move |tx| {
            let before = lock_part(tx, whole, id, &if_match, &find)?;
            update(tx, whole, before, changes.into_inner())?;
            let part = find(tx, whole, id)?;
            shown(tx, part).map(Found)
        })
        .await
    }

    /// Deletes a part that has a version of its own, if that matches `If-Match`.
    pub async fn delete_part<W, I, T, D, F>(
        &self,
        whole: Id<W>,
        part: PartId<I>,
        if_match: IfMatch,
        delete: D,
        find: F,
    ) -> Result<NoContent>
    where
        W: RecordId,
        I: RecordId,
        T: Record + Send + 'static,
        D: FnOnce(&mut Tx<'_>, W, T) -> Result<NoContent> + Send + 'static,
        F: Fn(&mut Tx<'_>, W, I) -> Result<T> + Send + 'static,
    {
        let (whole, id) = (whole.0, part.0);
        self.write(move |tx| {
            let before = lock_part(tx, whole, id, &if_match, &find)?;
            delete(tx, whole, before)
        })
        .await
    }
}

/// Locks the whole and the part, compares the version of the part, and returns the part.
fn lock_part<W: RecordId, I: RecordId, T: Record>(
    tx: &mut Tx<'_>,
    whole: W,
    id: I,
    if_match: &IfMatch,
    find: &impl Fn(&mut Tx<'_>, W, I) -> Result<T>,
) -> Result<T> {
    records::lock(tx.conn, whole)?;
    find(tx, whole, id)?;
    lock_version(tx, id, if_match, &|tx: &mut Tx<'_>, id| find(tx, whole, id))?;
    find(tx, whole, id)
}
