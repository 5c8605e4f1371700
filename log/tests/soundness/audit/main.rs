//! A log that is not in order is refused, and the first thing wrong is named with its file and entry.

#[path = "../../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../../published/mod.rs"]
mod published;

mod entries;
mod files;
mod proofs;
