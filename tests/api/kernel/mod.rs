//! Requests and answers, whatever the resource: bodies, errors, sheets, repetitions, queues, sealed fields.

mod bodies;
mod browsers;
mod errors;
mod idempotency;
mod sealing;
mod shares;
mod sheets;
mod typed;
