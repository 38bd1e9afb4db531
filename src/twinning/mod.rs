//! Twinning (kết nghĩa): organisations, the programmes that require it, and the twinnings.

pub mod organisations;
pub mod programmes;
/// Checks of references in bodies: places in the caller's range, parents without cycles.
pub mod references;
pub mod twinnings;
pub mod working_groups;

use crate::access::resource::Resource;

/// In the order of the document.
pub const RESOURCES: &[Resource] =
    &[organisations::RESOURCE, programmes::RESOURCE, twinnings::RESOURCE, working_groups::RESOURCE];
