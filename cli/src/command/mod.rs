//! One module a command.

pub mod agent_key;
pub mod attest;
pub mod ceremony;
pub mod challenge;
pub mod compare;
pub mod compile;
pub mod demo;
pub mod export;
pub mod import;
pub mod init;
pub mod inspect;
pub mod log;
pub mod mandate;
pub mod plugin;
pub mod prove;
pub mod receipt;
pub mod record;
pub mod replay;
pub mod revise;
pub mod seal;
pub mod settle;
pub mod setup;
pub mod tamper;
pub mod verify;
pub mod verify_files;
