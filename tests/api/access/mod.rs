//! The gate: tokens, limits on what one caller may ask, and the rule of two persons.

mod limits;
mod tokens;
mod two_people;
