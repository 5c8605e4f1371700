//! What is honest is accepted.

#[path = "../agent/mod.rs"]
mod agent;

mod bundle;
mod chain;
mod context;
mod eip712;
mod golden;
mod path;
mod recorder;
mod signature;
mod view;
