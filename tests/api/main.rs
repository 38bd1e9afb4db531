//! Tests through HTTP, on a real PostgreSQL, one database each.

mod support;

mod health;
mod sign_in;
mod localities;
