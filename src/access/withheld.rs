//! Sensitive fields, which readers that are no state bodies do not get without a consent (Law 91/2025/QH15 Art. 17 and 19).
//!
//! Each answer states the sensitive parts that it contains (`Shown`), and every operation passes its answer through `show`, so that
//! no list, sheet or conflict can contain more than another one. Row-level security decides on rows, not on columns.

use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use uuid::Uuid;

use super::actor::Actor;
use super::policy::Role;
use super::problems::NOT_FOR_READER;
use super::tx::Tx;
use crate::kernel::http::answer::{Sensitive, Shown};
use crate::kernel::http::problem::{FieldError, Problem, Result};
use crate::kernel::list::Filters;

diesel::define_sql_function! {
    /// Whether the caller's organisation is no state body.
    fn app_withholds() -> Bool;
}
diesel::define_sql_function! {
    /// Those of the records whose subjects consented that the caller's organisation reads everything.
    fn app_consenting(subjects: Array<SqlUuid>) -> Array<SqlUuid>;
}

/// Whether sensitive fields are withheld from the caller: a user of an organisation of `NON_STATE_KINDS`.
pub fn withholds(conn: &mut PgConnection, actor: &Actor) -> Result<bool> {
    match actor.role() {
        Some(Role::TwinningUnit) => Ok(diesel::select(app_withholds()).get_result(conn)?),
        _ => Ok(false),
    }
}

/// Removes the sensitive fields of answers to such a caller, except where their subject consented.
pub fn show<'a, T: Shown + 'a>(tx: &mut Tx<'_>, answers: impl IntoIterator<Item = &'a mut T>) -> Result<()> {
    let mut parts: Vec<&mut dyn Sensitive> = answers.into_iter().flat_map(Shown::sensitive).collect();
    if parts.is_empty() || !withholds(tx.conn, tx.actor)? {
        return Ok(());
    }
    let subjects: Vec<Uuid> = parts.iter().map(|part| part.subject()).collect();
    let consenting: Vec<Uuid> = diesel::select(app_consenting(subjects)).get_result(tx.conn)?;
    for part in parts.iter_mut().filter(|part| !consenting.contains(&part.subject())) {
        part.withhold();
    }
    Ok(())
}

/// Shows one answer.
pub fn shown<T: Shown>(tx: &mut Tx<'_>, mut answer: T) -> Result<T> {
    show(tx, [&mut answer])?;
    Ok(answer)
}

/// Rejects filters by sensitive fields, whose results would reveal them. A consent does not change that: a filter is about all.
pub fn check_filter(tx: &mut Tx<'_>, filter: &impl Filters) -> Result<()> {
    let sensitive = filter.sensitive();
    if sensitive.is_empty() || !withholds(tx.conn, tx.actor)? {
        return Ok(());
    }
    let refused = sensitive.iter().map(|field| FieldError::new(format!("?{field}"), NOT_FOR_READER));
    Problem::check(refused.collect())
}
