//! What servers do for those who ask rightly.

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

mod delivery;
mod description;
mod head;
mod promises;
mod pruning;
mod revised;
mod server;
mod submission;
mod witness;
