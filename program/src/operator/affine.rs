//! Affine map: `acc[o] = bias[o] + sum over terms`, then [`super::rescale`]. What the terms are is the class's.

use super::Rescale;
use borsh::{BorshDeserialize, BorshSerialize};

/// Data of an affine operator.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Affine {
    /// Exact extents of the output's axes, most significant first.
    pub axes: Vec<u32>,
    /// One entry a term of the class.
    pub terms: Vec<Term>,
    /// What becomes of the accumulator.
    pub rescale: Rescale,
}

/// Data of one summand.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Term {
    /// Factor of a linear term or product; 1 for a weighted term.
    pub coefficient: i32,
    /// Exact extents of the labels summed over.
    pub summed: Vec<u32>,
}

impl Affine {
    /// Number of output values, saturating.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.axes.iter().fold(1, |width, extent| width.saturating_mul(*extent))
    }
}

impl Term {
    /// Data of [`crate::class::TermClass::dense`]: a matrix times a tensor of this width.
    #[must_use]
    pub fn dense(width: u32) -> Self {
        Self { coefficient: 1, summed: vec![width] }
    }

    /// Data of [`crate::class::TermClass::scaled`].
    #[must_use]
    pub fn scaled(coefficient: i32) -> Self {
        Self { coefficient, summed: vec![] }
    }
}
