//! Ids that two resources of this area need from each other: a list contains its items, and an item refers to its list.

use crate::kernel::value::id::id;

id! {
    /// A hardship list.
    HardshipListId of "hardship_lists"
}
id! {
    /// A household on a hardship list.
    HardshipItemId of "hardship_items"
}
id! {
    /// A poverty assessment of a household.
    AssessmentId of "household_assessments"
}
