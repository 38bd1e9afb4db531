//! The command line.

mod users;
