//! Tests through HTTP, on a real PostgreSQL, one database each.

mod support;

mod access_matrix;
mod api_keys;
mod errors;
mod health;
mod idempotency;
mod localities;
mod schema;
mod sessions;
mod sign_in;
mod tokens;
mod users;
