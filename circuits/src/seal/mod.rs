//! The seal: the argument's verifier and the decision logic around it as one rank-1 constraint system.
//!
//! Path of the data: [`witness`] (what the prover knows) -> [`circuit`] (program, observations, evidence, head, policy, state, acc, argument)
//! -> [`boundary`] (what the outside recomputes). docs/spec/seal.md is the specification.

pub mod boundary;
pub mod channel;
pub mod circuit;
#[doc(hidden)]
pub mod decision;
mod evidence;
pub mod exposed;
mod facts;
pub mod gadget;
mod head;
pub mod key;
pub mod messages;
mod policy;
mod program;
mod record;
mod state;
pub mod system;
mod window;
pub mod witness;

pub use boundary::{Boundary, Fingerprint};
pub use circuit::{SealShape, synthesize};
pub use system::{Assignment, Matrices, System};
