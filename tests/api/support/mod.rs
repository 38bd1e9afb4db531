//! The harness: one private PostgreSQL a run, a database a test cloned from a migrated template, a
//! server on a free port, a client for each role, and a clock that tests move.

#![allow(dead_code, unused_imports, reason = "the harness is for every test, those to come included")]

mod client;
mod cluster;
pub mod giving;
pub mod insight;
mod needs;
mod program;
mod raw;
mod twinning;
mod wire;
mod world;

pub use client::{Answer, Client};
pub use cluster::{Catalogue, NOW, TestServer, cluster, lavish};
pub use needs::{household, item};
pub use program::{DataFolder, Program, ketnghia};
pub use wire::Wire;
pub use world::{PASSWORD, World, id_of, password_hash, unique};
