//! One relation per primitive: its share of the batched sumcheck's last claim, at the final point.
//!
//! The prover's round polynomials (prover/src/sumcheck) and these formulas are the two sides of the same sums
//! (docs/spec/argument.md, "Batched sumcheck").

pub mod affine;
pub mod lookup;
pub mod rescale;

use ark_ff::One;
use candor_program::Fr;
use candor_program::arith::Arith;

/// Number of batched relations that have a weight of their own.
pub const RELATIONS: usize = 6;

/// Weights of the relations: powers of the batching challenge.
#[derive(Clone, Debug)]
pub struct Weights<F>(pub [F; RELATIONS]);

impl<F: Arith> Weights<F> {
    /// Powers of alpha.
    pub fn powers(alpha: &F) -> Self {
        let mut powers: [F; RELATIONS] = std::array::from_fn(|_| F::constant(Fr::one()));
        for i in 1..RELATIONS {
            powers[i] = powers[i - 1].times(alpha);
        }
        Self(powers)
    }
    /// Weight of "the helper is the inverse".
    pub fn helper(&self) -> &F {
        &self.0[0]
    }
    /// Weight of "both sides of the lookup agree".
    pub fn sums(&self) -> &F {
        &self.0[1]
    }
    /// Weight of "the table helper is multiplicity over denominator".
    pub fn table(&self) -> &F {
        &self.0[2]
    }
    /// Weight of the row relation.
    pub fn rows(&self) -> &F {
        &self.0[3]
    }
    /// Weight of "excess only where saturated".
    pub fn saturation(&self) -> &F {
        &self.0[4]
    }
    /// Weight of "the direction is a bit".
    pub fn bit(&self) -> &F {
        &self.0[5]
    }
}
