//! Registers of villages: the poverty assessments of a year, which the commune declares complete. Rates are published for complete
//! years only.

mod handlers;
mod model;
mod problems;
pub mod queries;

use crate::access::resource::{Resource, routes};
use crate::kernel::value::id::id;

id! {
    /// The register of a village and year.
    RegisterId of "village_registers"
}

pub const RESOURCE: Resource = Resource {
    routes: routes! { list_registers, complete_register, reopen_register },
    problems: problems::PROBLEMS,
    ..Resource::EMPTY
};
