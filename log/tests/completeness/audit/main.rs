//! A log that is in order passes an audit, however it came about.

#[path = "../../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../../published/mod.rs"]
mod published;

mod whole;
