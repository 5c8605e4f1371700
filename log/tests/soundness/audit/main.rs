//! A log that is not in order is refused, and the first thing wrong is named with its file and entry.

#![expect(clippy::result_large_err, reason = "an audit ends with its first error: it is handed up once")]

#[path = "../../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../../published/mod.rs"]
mod published;

mod entries;
mod files;
mod leave_one_out;
mod model;
mod proofs;
mod tombstone_files;
mod tombstones;
