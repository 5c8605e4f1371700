//! What servers do for those who ask rightly.

#[path = "../../disk/mod.rs"]
mod disk;
#[path = "../../network/mod.rs"]
mod network;
#[path = "../../network/tree.rs"]
mod tree;

mod witness;
