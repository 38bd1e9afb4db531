//! Ids that resources of this area name in both directions: a list contains its items, and an item names its list.

use crate::kernel::value::id::id;

id! {
    /// A list of the hardest households.
    HardshipListId of "hardship_lists"
}
id! {
    /// A household on such a list.
    HardshipItemId of "hardship_items"
}
id! {
    /// A pledge of a unit.
    PledgeId of "pledges"
}
