//! ketnghia: who stands by which village, what it needed, what was given and what arrived.
//!
//! The rooms, in the order in which data flows; each imports only from rooms above it.

/// No domain: connections, errors, extractors, pages, ids, the clock.
pub mod kernel;

/// Who comes in and what they may do: sign-in, users, API keys, the policy table.
pub mod access;
/// What it adds up to: aggregates.
pub mod insight;
/// What is needed: households, hardship lists, pledges.
pub mod needs;
/// Where: provinces, districts, communes, villages, of every era.
pub mod places;
/// What was given: visits and gifts.
pub mod support;
/// Who stands by whom: organisations, programmes, twinnings.
pub mod twinning;

/// The actix application.
pub mod app;
/// Commands for operators.
pub mod cli;
/// Settings, each from one environment variable or flag.
pub mod config;
/// Demonstration data.
pub mod demo;
/// Lists from spreadsheets, through the API's own rules.
pub mod import;
/// What every operation of the document shares.
pub mod openapi;
/// Starting, serving and stopping.
pub mod server;
