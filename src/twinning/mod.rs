//! Who stands by whom (kết nghĩa): organisations, the programmes that ask for it, and the twinnings.

/// Who gives: departments, companies, units, associations, and places themselves.
pub mod organisations;
/// Why: directives, decisions and plans.
pub mod programmes;
/// What a body of this area refers to: places in the caller's range, parents without circles.
mod references;
/// Who stands by which place, from when to when.
pub mod twinnings;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] = &[organisations::RESOURCE, programmes::RESOURCE, twinnings::RESOURCE];
