//! Tests over HTTP on a real PostgreSQL, with a database for each test. A folder is an area of `src/`; `house` holds the
//! tests of the whole.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed assertion panics")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_in_result,
    reason = "a failed assertion panics, here with a message"
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
