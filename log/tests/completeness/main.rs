//! What was acknowledged is there.

#[path = "../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../disk/mod.rs"]
mod disk;

mod disk_seam;
mod durability;
mod file;
mod format;
mod retention;
