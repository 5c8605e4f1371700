//! What must not work: every class of exit code, and every bad input, with its place and with nothing half-written.

#[path = "../evidenced/mod.rs"]
mod evidenced;
#[path = "../project/mod.rs"]
mod project;
#[path = "../published/mod.rs"]
mod published;
#[path = "../revising/mod.rs"]
mod revising;
#[path = "../served/mod.rs"]
mod served;
#[path = "../witnessed/mod.rs"]
mod witnessed;

mod adapters;
mod artefacts;
mod audit;
mod evidence;
mod exit_codes;
mod log_pipeline;
mod logs;
mod models;
mod observations;
mod policy_facts;
mod published_records;
mod revise;
