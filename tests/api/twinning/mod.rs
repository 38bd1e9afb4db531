//! Organisations, programmes, twinnings, working groups.

mod contacts;
mod organisations;
mod programmes;
mod succession;
mod twinnings;
mod working_groups;
