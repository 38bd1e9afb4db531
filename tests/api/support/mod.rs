//! Visits and gifts.

mod gifts;
mod sides;
mod visits;
