//! What is honest is accepted.

#[path = "../agent/mod.rs"]
mod agent;

#[cfg(feature = "adapter")]
mod adapter;
#[cfg(feature = "receipt")]
mod receipt;
#[cfg(feature = "tlog")]
#[path = "../tree/mod.rs"]
mod tree;

mod bundle;
mod chain;
mod context;
mod eip712;
mod evidence;
mod golden;
mod path;
mod payload;
mod recorder;
mod revision;
mod signature;
#[cfg(feature = "tlog")]
mod tlog;
mod view;
