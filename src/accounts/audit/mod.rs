//! The audit: who did what to which record. The database writes it, in the transaction of the change
//! (`app_track` in `schema/records.sql`), nobody changes it, and officials read what lies in their area.

mod handlers;
pub mod model;
mod queries;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(api: &mut ServiceConfig) {
    api.service(handlers::list_audit_events);
}
