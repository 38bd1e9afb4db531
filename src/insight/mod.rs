use utoipa_actix_web::service_config::ServiceConfig;
use crate::kernel::enums::Catalogue;
pub fn routes(_: &mut ServiceConfig) {}
pub fn catalogues() -> Vec<Catalogue> { Vec::new() }
