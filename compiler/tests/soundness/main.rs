//! What must be refused, and how.

#[path = "../support/mod.rs"]
mod support;

mod bad_models;
mod cases;
mod cedar_agents;
mod cedar_refusals;
mod graphs;
mod hostile_bytes;
mod limits;
mod manifests;
mod observations;
mod obstacles;
mod rules;
mod sp500_facts;
mod sp500_policy;
