//! What is not a valid record at its place of its chain is refused, and a log that is not what it signed does not go on.

#[path = "../../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../../fleet/mod.rs"]
mod fleet;

mod chain;
mod damage;
mod equivocation;
mod journal;
mod limits;
mod mutations;
mod refusals;
mod revise;
