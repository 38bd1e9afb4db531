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
mod house;

mod access;
mod accounts;
mod cli;
mod import;
mod insight;
mod kernel;
mod needs;
mod places;
mod server;
mod support;
mod twinning;
