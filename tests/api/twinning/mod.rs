//! Organisations, programmes, twinnings.

mod organisations;
mod programmes;
mod twinnings;
