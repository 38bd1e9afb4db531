use actix_web::web::{Data, Json};
use ketnghia_macros::operation;

use super::model::{AuditEvent, AuditFilter, AuditSort};
use super::queries::{self, Parts};
use crate::access::actor::May;
use crate::access::policy::permission::ReadAudit;
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;

/// List audit events
///
/// Actions on records of the caller's area, the newest first: changes, workflow steps, sensitive fields that were
/// read in full, successful and failed sign-ins of the accounts in the caller's scope. A change of a part, such as a
/// member of a household, is an entry of the record. Actions of an organisation in a village are visible to the
/// officials of the village, and so is an account of a unit that was created from outside. An entry is visible at the
/// record's place after the change: one of a record that moved is visible at its new place. A failed sign-in has no
/// actor. `two_person=doubt`: one person may have taken both steps that require two.
#[operation(get "/audit-events")]
pub async fn list_audit_events(
    may: May<ReadAudit>,
    parts: Data<Parts>,
    list: List<AuditFilter, AuditSort>,
) -> Result<Json<Page<AuditEvent>>> {
    may.list(list, move |tx, filter, keyset| queries::list(tx, &parts, filter, keyset)).await
}
