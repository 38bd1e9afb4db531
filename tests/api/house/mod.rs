//! Tests of the whole: access, the OpenAPI document, the database schema, the source tree, the manuals, faults.

mod access_matrix;
mod areas;
mod contract;
mod docs;
mod examples;
mod faults;
mod openapi;
mod readme;
mod reads;
mod schema;
mod statements;
mod words;
