//! Seals: one Groth16 proof of a whole path (docs/spec/seal.md).

pub mod export;
pub mod groth16;
mod keys;
mod path;

pub(crate) use keys::{Factors, matrices, verifying_key};
pub use keys::{ProvingKeyError, SealKeys};
pub use path::{SealError, SealablePath, seal, sealable};
