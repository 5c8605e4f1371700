//! Affine map: `acc[o] = bias[o] + sum over terms`, then [`super::rescale`].

use super::Rescale;
use crate::card::OperatorWeights;
use crate::class::{TensorId, TermClass};
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

impl Term {
    /// Its shape.
    #[must_use]
    pub fn class(&self) -> TermClass {
        match *self {
            Self::Dense { source } => TermClass::Dense { source },
            Self::Scaled { source, .. } => TermClass::Scaled { source },
        }
    }
}

impl Affine {
    /// The accumulators, exact where the true values fit an `i64` (which interval analysis ensures).
    ///
    /// `tensors[0]` is the input. A weight, bias or source that is absent counts as zero.
    #[must_use]
    pub fn accumulate(&self, weights: &OperatorWeights, tensors: &[Vec<i32>]) -> Vec<i64> {
        let width = self.width as usize;
        let mut accumulators = weights.bias.clone();
        accumulators.resize(width, 0);
        let mut matrices = weights.dense.iter();
        for term in &self.terms {
            let (TensorId(source), coefficient) = match *term {
                Term::Dense { source } => (source, None),
                Term::Scaled { source, coefficient } => (source, Some(coefficient)),
            };
            let values = tensors.get(usize::from(source)).map_or(&[][..], Vec::as_slice);
            match coefficient {
                None => {
                    let matrix = matrices.next().map_or(&[][..], Vec::as_slice);
                    // A row of no values has no products; `chunks_exact` takes no 0.
                    for (sum, row) in accumulators.iter_mut().zip(matrix.chunks_exact(values.len().max(1))) {
                        *sum = sum.wrapping_add(dot(row, values));
                    }
                }
                Some(coefficient) => {
                    for (sum, value) in accumulators.iter_mut().zip(values) {
                        *sum = sum.wrapping_add(i64::from(coefficient) * i64::from(*value));
                    }
                }
            }
        }
        accumulators
    }
}

/// Sum of products mod 2^64. A product of two `i32` fits an `i64`, so the sum is exact wherever the true one fits.
fn dot(row: &[i32], values: &[i32]) -> i64 {
    const LANES: usize = 4;
    let product = |weight: &i32, value: &i32| i64::from(*weight) * i64::from(*value);
    let (row_blocks, value_blocks) = (row.chunks_exact(LANES), values.chunks_exact(LANES));
    let rest = row_blocks.remainder().iter().zip(value_blocks.remainder());
    let rest = rest.fold(0_i64, |sum, (weight, value)| sum.wrapping_add(product(weight, value)));
    let mut lanes = [0_i64; LANES];
    for (weights, values) in row_blocks.zip(value_blocks) {
        for lane in 0..LANES {
            lanes[lane] = lanes[lane].wrapping_add(product(&weights[lane], &values[lane]));
        }
    }
    lanes.iter().fold(rest, |sum, lane| sum.wrapping_add(*lane))
}
