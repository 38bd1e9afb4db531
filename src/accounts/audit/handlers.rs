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
/// Who did what to which record of the caller's area, the newest first: changes, workflow steps,
/// sensitive fields that were read in full, sign-ins and failed ones of the accounts in the caller's
/// care. A change of a part, such as a member of a household, is told as one of the record. What an
/// organisation did in a village is for the officials of the village, and so is that an account of a unit was
/// given from outside. An entry is read where the record lies after the change: one that moves away is read there. A
/// failed sign-in has no actor. `two_person=doubt`: where one person may have taken the steps of two.
#[operation(get "/audit-events")]
pub async fn list_audit_events(
    may: May<ReadAudit>,
    parts: Data<Parts>,
    list: List<AuditFilter, AuditSort>,
) -> Result<Json<Page<AuditEvent>>> {
    may.list(list, move |tx, filter, keyset| queries::list(tx, &parts, filter, keyset)).await
}
