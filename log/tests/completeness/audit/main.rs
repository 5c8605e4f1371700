//! A log that is in order passes an audit, however it came about.

#![expect(clippy::result_large_err, reason = "an audit ends with its first error: it is handed up once")]

#[path = "../../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../../published/mod.rs"]
mod published;

mod tombstone_files;
mod whole;
