//! The harness: one private PostgreSQL a run, a database a test cloned from a migrated template, a
//! server on a free port, a client for each role, and a clock that tests move.

#![allow(dead_code, unused_imports, reason = "the harness is for every test, those to come included")]

use std::fs;
use std::path::{Path, PathBuf};

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

/// The files of Rust in a folder and below it.
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
