//! Users, their sign-in, API keys, the audit.

mod api_keys;
mod audit;
mod auth;
mod users;
