//! Visits and gifts.

mod days;
mod gifts;
mod sides;
mod visits;
