//! Seals: one Groth16 proof of a whole path (docs/spec/seal.md).

pub mod path;
