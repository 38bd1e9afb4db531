//! Tests through HTTP, on a real PostgreSQL, one database each.

mod support;

mod hardship_lists;
mod gifts;
mod health;
mod households;
mod localities;
mod organisations;
mod programmes;
mod sign_in;
mod twinnings;
mod visits;
