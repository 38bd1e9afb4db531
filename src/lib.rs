//! ketnghia: records which organisation supports which village, what was needed, given and received.
//!
//! The modules are in the order of their dependencies: each uses only those before it. `tests/api/house/areas.rs`
//! checks it, for the tables of the database, too. The blank lines keep rustfmt from sorting them.

// `#[operation]` emits `#[get("…")]` and its siblings, which utoipa recognises by their unqualified names only.
#[macro_use(get, post, patch, put, delete)]
extern crate actix_web;

/// Connections, errors, extractors, pages, ids, the clock; without a domain.
pub mod kernel;

/// Access control: the caller, the policy table, limits, tokens, passwords.
pub mod access;

/// Provinces, districts, communes and villages of every era.
pub mod places;

/// Organisations, programmes, twinnings.
pub mod twinning;

/// Users, their sign-in, API keys, the audit.
pub mod accounts;

/// Households, hardship lists, pledges.
pub mod needs;

/// Visits and gifts.
pub mod support;

/// Aggregates.
pub mod insight;

/// Settings, each from one environment variable or flag.
pub mod config;

/// A private PostgreSQL, used without DATABASE_URL.
pub mod postgres;

/// Jobs: work without a request.
pub mod jobs;

/// An installation: its database and its keys.
pub mod installation;

/// Parts of the OpenAPI document that every operation shares.
pub mod openapi;

/// The actix application.
pub mod app;

/// Import of lists from spreadsheets by the rules of the API.
pub mod import;

/// Demonstration data.
pub mod demo;

/// The command line.
pub mod cli;

/// Starting, serving and stopping.
pub mod server;
