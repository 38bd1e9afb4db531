//! Aggregates, with one form of query for every data set. Row-level security selects the counted records; for API keys
//! small counts are suppressed (`suppression.rs`). A data set defines only its facts and its measures (`data_set.rs`).

mod coverage;
mod csv;
mod data_set;
mod handlers;
mod hardship;
mod margins;
pub mod model;
mod places;
mod poverty;
/// Codes of problems.
pub mod problems;
mod queries;
mod question;
pub mod summaries;
mod support;
mod suppression;

use crate::access::resource::{Resource, routes};
use crate::kernel::job::Job;

pub const RESOURCE: Resource = Resource {
    tag: "aggregates",
    about: "Numbers for reports and dashboards, as JSON or CSV.",
    routes: routes![find_support_aggregate, find_hardship_aggregate, find_poverty_aggregate, find_coverage_aggregate,],
    field_problems: problems::FIELD_PROBLEMS,
    jobs: &[Job { name: "summarise support", run: |db, _| summaries::refresh(db) }],
    impersonal: true,
    ..Resource::EMPTY
};
