//! Visits and gifts.

mod gifts;
mod visits;
