//! The gate: identifies the caller of a request, and decides on calls, rates and rows.

/// The caller: from the Authorization header to the entry into a transaction.
pub mod actor;
/// The calls of handlers: find, list, create, change, step, delete.
pub mod calls;
/// Counts of wrong passwords.
pub mod guesses;
/// Rate limits.
pub mod limits;
/// Argon2id on a bounded pool.
pub mod passwords;
/// Permissions of each role, on one page.
pub mod policy;
/// The rows a list looks at.
pub mod reach;
/// The contribution of a resource to routes, document, catalogues and audit.
pub mod resource;
/// Steps of state machines.
pub mod steps;
/// Access tokens.
pub mod tokens;
/// The transaction of a caller.
pub mod tx;
