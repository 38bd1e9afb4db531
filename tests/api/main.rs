//! Tests through HTTP, on a real PostgreSQL, one database each.

mod support;

mod access_matrix;
mod aggregates;
mod api_keys;
mod errors;
mod gifts;
mod hardship_lists;
mod health;
mod households;
mod idempotency;
mod localities;
mod organisations;
mod programmes;
mod schema;
mod sessions;
mod sign_in;
mod tokens;
mod twinnings;
mod users;
mod visits;
