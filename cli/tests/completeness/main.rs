//! What must work, works: every command on the real agent of fixtures/sp500.

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
#[path = "../shape/mod.rs"]
mod shape;
#[path = "../witnessed/mod.rs"]
mod witnessed;

mod adapters;
mod agent;
mod audit;
mod commands;
mod demo;
mod evidence;
mod graphs;
mod interrupted;
mod log_pipeline;
mod log_retention;
mod nets;
mod path;
mod policy;
mod policy_fixture;
mod published_records;
mod revise;
mod sealed;
mod seals;
