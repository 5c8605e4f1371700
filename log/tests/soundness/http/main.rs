//! What servers refuse, and what they survive.

#[path = "../../disk/mod.rs"]
mod disk;
#[path = "../../network/mod.rs"]
mod network;
#[path = "../../network/tree.rs"]
mod tree;

mod limits;
mod witness;
mod witness_crash;
mod witness_request;
