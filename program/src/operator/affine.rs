//! Affine map: `acc[o] = bias[o] + sum over terms`, then [`super::rescale`].

use super::Rescale;
use crate::card::OperatorWeights;
use crate::class::TensorId;
use borsh::{BorshDeserialize, BorshSerialize};

/// Affine operator.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Affine {
    /// Exact output width.
    pub width: u32,
    /// What is summed.
    pub terms: Vec<Term>,
    /// What becomes of the accumulator.
    pub rescale: Rescale,
}

/// One summand.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Term {
    /// `sum_j W[o][j] * x[j]`.
    Dense {
        /// Source tensor.
        source: TensorId,
    },
    /// `coefficient * x[o]`; the source's exact width equals the output's.
    Scaled {
        /// Source tensor.
        source: TensorId,
        /// Factor.
        coefficient: i32,
    },
}

impl Affine {
    /// The accumulators. `tensors[0]` is the input; a weight or source that is absent counts as zero.
    #[must_use]
    pub fn accumulate(&self, weights: &OperatorWeights, tensors: &[Vec<i32>]) -> Vec<i64> {
        let _ = (weights, tensors);
        todo!()
    }
}
