//! Starting, stopping, health and metrics.

mod health;
mod metrics;
mod process;
