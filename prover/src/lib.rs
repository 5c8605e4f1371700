//! From a program and a path to a proof.
//!
//! The order of messages is that of docs/spec/argument.md; every formula that the verifier also needs comes from
//! `candor-circuits`. All parallelism of proving lives here (rayon).

pub mod argument;
pub mod ceremony;
mod channel;
pub mod commit;
mod fold;
mod map;
mod merge;
mod multilinear;
mod opening;
pub mod path;
pub mod seal;
pub mod setup;
mod sumcheck;
mod table_rounds;
mod tensor;
mod view;
mod wide;
pub mod witness;

pub use commit::{CommitError, commit_program};
pub use path::{ProveError, Prover};
pub use setup::{ReferenceString, SetupError};
