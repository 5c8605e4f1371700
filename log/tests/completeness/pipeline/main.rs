//! What a log of many agents acknowledged is there, in order, under a checkpoint that others verify.

#[path = "../../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../../fleet/mod.rs"]
mod fleet;

mod again;
mod agents;
mod elsewhere;
mod index;
mod layout;
mod oracle;
mod quorum;
mod revised;
mod states;
