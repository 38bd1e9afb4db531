//! The harness: one private PostgreSQL a run, a database a test cloned from a migrated template, a
//! server on a free port, a client for each role, and a clock that tests move.

mod client;
mod cluster;
mod raw;
mod world;

pub use client::{Answer, Client};
pub use cluster::{Catalogue, TestServer, cluster};
pub use world::{PASSWORD, World, id_of, unique};
