//! The boundary: three public inputs for a vector of any length (docs/spec/seal.md).
//!
//! H is the transcript's last challenge, drawn after acc and count: what it hashes determines x. rho = Keccak-256(x || H) mod r is
//! computed outside; both sides compute the sum of x_i rho^i. rho covers H: if it did not, a prover could solve for another x
//! after knowing rho.

use super::system::{System, Wire};
use ark_ff::AdditiveGroup;
use candor_program::Fr;
use candor_program::arith::Arith;
use candor_program::encoding::{fr_from_bytes_mod, fr_to_bytes, keccak256};

/// Everything that the outside needs, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary(pub Vec<Fr>);

/// The three public inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// H.
    pub digest: Fr,
    /// rho.
    pub rho: Fr,
    /// Sum of x_i rho^i.
    pub sum: Fr,
}

impl Boundary {
    /// The public inputs for an H that a seal claims.
    #[must_use]
    pub fn fingerprint(&self, digest: Fr) -> Fingerprint {
        let mut bytes: Vec<u8> = b"candor/boundary/v1".to_vec();
        for value in self.0.iter().chain([&digest]) {
            bytes.extend_from_slice(&fr_to_bytes(value));
        }
        let rho = fr_from_bytes_mod(&keccak256(&[&bytes]));
        let sum = self.0.iter().rev().fold(Fr::ZERO, |sum, value| sum * rho + value);
        Fingerprint { digest, rho, sum }
    }
}

impl Fingerprint {
    /// The public inputs in order.
    #[must_use]
    pub fn inputs(&self) -> [Fr; 3] {
        [self.digest, self.rho, self.sum]
    }
}

/// Ties the vector and H to the public inputs: those given, or (for an honest prover) their own.
///
/// Owes: that two vectors with one H are a collision of the hash.
pub(super) fn bind(system: &System, x: &[Wire], digest: &Wire, given: Option<&Fingerprint>) -> Boundary {
    system.enter("boundary");
    let boundary = Boundary(x.iter().map(Wire::value).collect());
    let inputs = given.copied().unwrap_or_else(|| boundary.fingerprint(digest.value())).inputs();
    let [public_digest, rho, public_sum] = std::array::from_fn(|number| system.input(number, inputs[number]));
    system.equal(digest, &public_digest);
    let sum = x.iter().rev().fold(Wire::constant(Fr::ZERO), |sum, value| sum.times(&rho).plus(value));
    system.equal(&sum, &public_sum);
    boundary
}
