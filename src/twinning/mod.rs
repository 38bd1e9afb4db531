//! Who stands by whom (kết nghĩa): organisations, the programmes that ask for it, and the twinnings.

/// Who gives: departments, companies, units, associations, and places themselves.
pub mod organisations;
/// Why: directives, decisions and plans.
pub mod programmes;
/// What a body of this area refers to: places in the caller's range, parents without circles.
mod references;
/// Who stands by which place, from when to when.
pub mod twinnings;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::value::enums::Catalogue;
use organisations::model::{OrganisationKind, OrganisationLevel};
use programmes::model::ProgrammeKind;
use twinnings::model::TwinningStatus;

pub fn routes(api: &mut ServiceConfig) {
    organisations::routes(api);
    programmes::routes(api);
    twinnings::routes(api);
}

pub fn catalogues() -> Vec<Catalogue> {
    vec![
        Catalogue { name: "organisation_kinds", items: OrganisationKind::catalogue() },
        Catalogue { name: "organisation_levels", items: OrganisationLevel::catalogue() },
        Catalogue { name: "programme_kinds", items: ProgrammeKind::catalogue() },
        Catalogue { name: "twinning_statuses", items: TwinningStatus::catalogue() },
    ]
}
