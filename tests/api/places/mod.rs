//! Provinces, districts, communes and villages of every era.

mod localities;
mod posts;
