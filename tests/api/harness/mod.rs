//! The test harness: one private PostgreSQL for each run, for each test a database cloned from a migrated template and a
//! server on a free port, a client for each role, and a clock that tests set.

#![allow(dead_code, unused_imports, reason = "some helpers are for tests to come")]

use std::fs;
use std::path::{Path, PathBuf};

mod client;
mod cluster;
pub mod giving;
pub mod insight;
mod needs;
mod program;
mod raw;
mod relay;
mod twinning;
mod world;

pub use client::{Answer, Client};
pub use cluster::{Catalogue, NOW, TestServer, cluster, unlimited};
pub use needs::{household, item};
pub use program::{DataFolder, Program, ketnghia};
pub use relay::Relay;
pub use world::{PASSWORD, World, id_of, password_hash, unique};

/// The Rust files in a folder and its subfolders.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
