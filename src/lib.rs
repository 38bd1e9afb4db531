//! ketnghia: records which organisation supports which village, what was needed, given and received.
//!
//! The modules stand in the order of their dependencies: each uses only those before it. `tests/api/areas.rs` checks
//! it, for the tables of the database, too. The blank lines keep rustfmt from sorting them.

/// Connections, errors, extractors, pages, ids, the clock; nothing of a domain.
pub mod kernel;

/// Sign-in, users, API keys, the policy table.
pub mod access;

/// Provinces, districts, communes and villages of every era.
pub mod places;

/// Organisations, programmes, twinnings.
pub mod twinning;

/// Households, hardship lists, pledges.
pub mod needs;

/// Visits and gifts.
pub mod support;

/// Aggregates.
pub mod insight;

/// Settings, each from one environment variable or flag.
pub mod config;

/// Parts of the OpenAPI document that every operation shares.
pub mod openapi;

/// The actix application.
pub mod app;

/// Lists from spreadsheets, through the API's own rules.
pub mod import;

/// Demonstration data.
pub mod demo;

/// Commands for operators.
pub mod cli;

/// Starting, serving and stopping.
pub mod server;
