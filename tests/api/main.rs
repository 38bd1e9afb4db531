//! Tests through HTTP, on a real PostgreSQL, one database each.

mod support;

mod gifts;
mod health;
mod localities;
mod sign_in;
mod visits;
