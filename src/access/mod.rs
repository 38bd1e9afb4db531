//! Access control: identifies the caller of a request, and decides on permissions, rates and rows.

/// Authentication of the caller.
pub mod actor;
/// The operations that handlers call: find, list, create, change, delete.
pub mod calls;
/// Counts of wrong passwords.
pub mod guesses;
/// Rate limits.
pub mod limits;
/// The survivors of merged records in problems.
mod merged;
/// The operations that handlers call for a part of a record.
pub mod parts;
/// Argon2id on a bounded pool.
pub mod passwords;
/// Permissions of each role.
pub mod policy;
/// Codes of problems.
pub mod problems;
/// Conditions that let lists use an index under row-level security.
pub mod reach;
/// The contribution of a resource to routes, document, catalogues and audit.
pub mod resource;
/// Functions of the database about the caller.
pub mod sql;
/// The operations of steps.
mod step_calls;
/// Steps of state machines.
pub mod steps;
/// Access tokens.
pub mod tokens;
/// The transaction of a caller.
pub mod tx;
/// Versions of records.
pub mod versions;
/// Sensitive fields of answers.
pub mod withheld;

use crate::kernel::value::enums::Catalogue;
use crate::kernel::value::id::id;
use policy::Role;
use resource::Resource;

id! {
    /// A person who signs in.
    UserId of "users"
}

/// This area has no operations; its codes and the roles are published like those of a resource.
pub const RESOURCES: &[Resource] = &[Resource {
    problems: problems::PROBLEMS,
    field_problems: problems::FIELD_PROBLEMS,
    catalogues: &[Catalogue { name: "roles", items: Role::catalogue }],
    ..Resource::EMPTY
}];
