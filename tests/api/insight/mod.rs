//! Aggregates.

mod aggregates;
