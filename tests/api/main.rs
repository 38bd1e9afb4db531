//! Tests through HTTP, on a real PostgreSQL, one database each.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails should fail loudly")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_in_result,
    reason = "the same, where a test wants to say more"
)]

mod harness;

mod access_matrix;
mod aggregates;
mod aggregates_as_of;
mod aggregates_counted_beforehand;
mod aggregates_of_households;
mod api_keys;
mod areas;
mod audit;
mod bodies;
mod browsers;
mod contract;
mod csv;
mod dashboards;
mod docs;
mod errors;
mod fair_shares;
mod faults;
mod gifts;
mod hardship_items;
mod hardship_lists;
mod health;
mod households;
mod households_history;
mod households_merge;
mod households_moving;
mod idempotency;
mod imports;
mod limits;
mod localities;
mod metrics;
mod openapi;
mod operators;
mod organisations;
mod places_over_time;
mod process;
mod programmes;
mod readme;
mod reads;
mod schema;
mod sealed_fields;
mod sessions;
mod sign_in;
mod tokens;
mod twinnings;
mod two_people;
mod users;
mod visits;
mod words;
