//! What servers refuse, and what they survive.

#[path = "../../../../trace/tests/agent/mod.rs"]
mod agent;
#[path = "../../disk/mod.rs"]
mod disk;
#[path = "../../fleet/mod.rs"]
mod fleet;
#[path = "../../network/mod.rs"]
mod network;
#[path = "../../network/served.rs"]
mod served;
#[path = "../../network/tree.rs"]
mod tree;

mod abuse;
mod auditing;
mod delivery;
mod flood;
mod head;
mod limits;
mod promise_model;
mod promise_rules;
mod promises;
mod revise;
mod submission;
mod witness;
mod witness_crash;
mod witness_request;
