//! The integer IR: one file per operator. Their shapes are [`crate::class::OperatorClass`]; here is what is data.

pub mod affine;
pub mod lookup;
pub mod rescale;

pub use affine::{Affine, Term};
pub use lookup::Lookup;
pub use rescale::Rescale;

use borsh::{BorshDeserialize, BorshSerialize};

/// Exact sizes and scales of one operator.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Operator {
    /// Sum of terms, rescale, saturation.
    Affine(Affine),
    /// Table lookup.
    Lookup(Lookup),
}

impl Operator {
    /// Lowest value of the output.
    #[must_use]
    pub fn low(&self) -> i32 {
        match self {
            Self::Affine(affine) => affine.rescale.low,
            Self::Lookup(lookup) => lookup.low,
        }
    }

    /// The affine operator, if it is one.
    #[must_use]
    pub fn affine(&self) -> Option<&Affine> {
        match self {
            Self::Affine(affine) => Some(affine),
            Self::Lookup(_) => None,
        }
    }
}
