//! Ids that resources of this area name in both directions: a visit contains its gifts, and a gift names its visit.

use crate::kernel::value::id::id;

id! {
    /// A visit of a unit to a village.
    VisitId of "visits"
}
