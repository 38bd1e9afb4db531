use crate::kernel::enums::Catalogue;
use utoipa_actix_web::service_config::ServiceConfig;
pub fn routes(_: &mut ServiceConfig) {}
pub fn catalogues() -> Vec<Catalogue> {
    Vec::new()
}
