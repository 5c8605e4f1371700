//! The integer IR: one file per operator.

pub mod affine;
pub mod rescale;

pub use affine::{Affine, Term};
pub use rescale::Rescale;

use borsh::{BorshDeserialize, BorshSerialize};

/// One operator with its exact widths and scales (its shape is [`crate::class::OperatorClass`]).
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Operator {
    /// Affine map, rescale, saturation.
    Affine(Affine),
}
