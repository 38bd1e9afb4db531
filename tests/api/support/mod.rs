//! Visits and gifts.

mod days;
mod gifts;
mod many;
mod sides;
mod visits;
