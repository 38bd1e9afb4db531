//! The harness: one private PostgreSQL a run, a database a test cloned from a migrated template, a
//! server on a free port, a client for each role, and a clock that tests move.

mod client;
mod cluster;
mod needs;
mod twinning;
pub mod giving;
mod world;

pub use client::Client;
pub use cluster::{Catalogue, TestServer};
pub use needs::{household, item};
pub use world::{World, id_of};
