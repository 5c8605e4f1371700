//! What was not written by a log is refused, and said where.

#[path = "../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../disk/mod.rs"]
mod disk;

mod chain;
mod damage;
mod faults;
mod limits;
mod names;
mod retention;
