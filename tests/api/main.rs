//! Tests through HTTP, on a real PostgreSQL, one database each.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails should fail loudly")]
#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "the same, where a test wants to say more")]

mod support;

mod health;
mod localities;
mod openapi;
mod process;
mod sign_in;
