//! Households, hardship lists, hardship items.

mod hardship_items;
mod hardship_lists;
mod households;
