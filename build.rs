//! Recompiles when a migration changes, because migrations are embedded in the binary.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
