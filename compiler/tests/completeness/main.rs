//! What must compile, and how close the integers stay to the floats.

#[path = "../support/mod.rs"]
mod support;

mod analysis;
mod cedar_agent;
mod cedar_differential;
mod cedar_policies;
mod graphs;
mod limits;
mod models;
mod nets;
mod random_graphs;
mod rules;
mod sp500;
mod sp500_policy;
mod structure;
mod template;
