//! Poverty assessments of households (rà soát hộ nghèo): dated, in a round, by the standard of their day. A village head proposes, the
//! commune confirms; a confirmed one is never overwritten, but corrected by another one.

mod handlers;
pub mod model;
pub mod problems;
pub mod queries;
mod rules;
mod workflow;

use crate::access::resource::{Resource, routes};
use crate::access::steps::StepFacts;
use crate::kernel::value::enums::Catalogue;

pub const RESOURCE: Resource = Resource {
    tag: "household-assessments",
    about: "Poverty assessments of households (rà soát hộ nghèo), proposed by the village and confirmed by the commune.",
    routes: routes! {
        list_household_assessments, create_household_assessment, confirm_household_assessments,
        find_household_assessment, update_household_assessment, delete_household_assessment,
        confirm_household_assessment, return_household_assessment, propose_household_assessment,
    },
    problems: problems::PROBLEMS,
    field_problems: problems::FIELD_PROBLEMS,
    catalogues: &[
        Catalogue { name: "assessment_statuses", items: model::AssessmentStatus::catalogue },
        Catalogue { name: "assessment_round_kinds", items: model::RoundKind::catalogue },
    ],
    steps: || workflow::STEPS.iter().copied().map(StepFacts::from).collect(),
    ..Resource::EMPTY
};
