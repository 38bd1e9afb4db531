//! Ids that two resources of this area need from each other: a visit contains its gifts, and a gift refers to its visit.

use crate::kernel::value::id::id;

id! {
    /// A visit of a unit to a village.
    VisitId of "visits"
}
