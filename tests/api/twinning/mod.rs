//! Organisations, programmes, twinnings, working groups.

mod organisations;
mod programmes;
mod twinnings;
mod working_groups;
