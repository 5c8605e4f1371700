//! What is proven: transcript, sumcheck, lookups, openings, and one relation per primitive.
//!
//! The verifier's algebra is written once, generic over [`channel::Channel`]: natively it reads a proof's bytes, in the
//! seal it will read circuit variables. docs/spec/argument.md is the specification.

pub mod argument;
pub mod channel;
pub mod claim;
pub mod compressed;
pub mod factor;
pub mod layout;
pub mod model;
pub mod native;
pub mod opening;
pub mod pairing;
pub mod point;
pub mod proof;
pub mod reading;
pub mod relation;
#[cfg(feature = "seal")]
pub mod seal;
pub mod setup;
pub mod soundness;
pub mod statement;
pub mod transcript;
pub mod work;
