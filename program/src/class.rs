//! The class of a program: everything that fixes lengths, rounds and degrees of proofs, and the key of the seal.

pub use crate::view::{Group, Operand, Stride};

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Version of program, record and proof formats written by this build.
pub const FORMAT_VERSION: u16 = 1;

/// A tensor of the program: 0 is the input, `i + 1` the output of operator `i`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
pub struct TensorId(pub u16);

/// Ordered operators, wiring and power-of-two padded sizes. Exact widths, weights, scales and rules are data.
///
/// The batch (number of decisions in one proof, a power of two) completes a class to a proof shape.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Class {
    /// [`FORMAT_VERSION`].
    pub version: u16,
    /// The input.
    pub input: Input,
    /// Operators in execution order.
    pub operators: Vec<OperatorClass>,
    /// Number of lookup tables.
    pub tables: u8,
    /// Log2 of the length of a committed row, 9 to 14.
    pub row_log2: u8,
    /// Capacity of the policy table: predicates, and rules (16 or 64).
    pub policy_size: u8,
    /// Capacity of the state: registers (4 or 16).
    pub state_size: u8,
    /// Capacity of the evidence: slots (0, 4 or 16).
    pub evidence_size: u8,
}

/// Shape of the input.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub enum Input {
    /// One axis, whose exact extent (the number of features) is data.
    Vector {
        /// Log2 of the padded extent.
        log2: u8,
    },
    /// Several axes; features are in row-major order.
    Tensor {
        /// Exact extents, most significant first.
        extents: Vec<u32>,
    },
}

/// Shape of one operator.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub enum OperatorClass {
    /// Sum of terms followed by the row relation (rescale, saturation, ReLU).
    Affine {
        /// Log2 of the padded extent of every output axis, most significant first.
        axes: Vec<u8>,
        /// What is summed, in order.
        terms: Vec<TermClass>,
    },
    /// Every value of an affine operator's output replaced by a table's entry.
    Lookup {
        /// Output of an affine operator.
        source: TensorId,
        /// Number of the table.
        table: u8,
    },
}

/// Shape of one summand of an affine operator.
///
/// Labels 0, 1, ... are the operator's output axes; the labels that a term sums over follow.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub enum TermClass {
    /// A coefficient times the operand, summed over its further labels. The operand has every output label.
    Linear {
        /// What is read.
        operand: Operand,
        /// Log2 of the padded extents of the labels summed over.
        summed: Vec<u8>,
    },
    /// Weights times the operand, summed over the contracted labels.
    Weighted {
        /// Output labels of the weights, ascending; their last axes are the contracted labels, in order.
        weights: Vec<u8>,
        /// What is multiplied. It has every contracted label, and every output label that the weights have not.
        operand: Operand,
        /// Log2 of the padded extents of the contracted labels.
        contracted: Vec<u8>,
    },
    /// A coefficient times the product of two operands, summed over the contracted labels.
    Product {
        /// One factor. Both have every contracted label, and every output label is one's or both's.
        left: Operand,
        /// The other.
        right: Operand,
        /// Log2 of the padded extents of the contracted labels.
        contracted: Vec<u8>,
    },
}

impl TermClass {
    /// A matrix times a tensor of one axis: the output has one axis too.
    #[must_use]
    pub fn dense(source: TensorId, input_log2: u8) -> Self {
        Self::Weighted { weights: vec![0], operand: Operand::axes(source, [1]), contracted: vec![input_log2] }
    }

    /// A coefficient times a tensor of one axis.
    #[must_use]
    pub fn scaled(source: TensorId) -> Self {
        Self::Linear { operand: Operand::axes(source, [0]), summed: vec![] }
    }

    /// What this term reads: one operand, or the two factors of a product.
    pub fn operands(&self) -> impl Iterator<Item = &Operand> {
        let (first, second) = match self {
            Self::Linear { operand, .. } | Self::Weighted { operand, .. } => (operand, None),
            Self::Product { left, right, .. } => (left, Some(right)),
        };
        std::iter::once(first).chain(second)
    }

    /// Log2 of the padded extents of the labels that this term sums over.
    #[must_use]
    pub fn summed(&self) -> &[u8] {
        match self {
            Self::Linear { summed, .. } => summed,
            Self::Weighted { contracted, .. } | Self::Product { contracted, .. } => contracted,
        }
    }
}

impl Input {
    /// Log2 of the padded extents of the axes.
    #[must_use]
    pub fn axes(&self) -> Vec<u8> {
        let log2 = |extent: &u32| u64::from(*extent).next_power_of_two().trailing_zeros() as u8;
        match self {
            Self::Vector { log2 } => vec![*log2],
            Self::Tensor { extents } => extents.iter().map(log2).collect(),
        }
    }

    /// Exact extents of the axes for so many features.
    #[must_use]
    pub fn extents(&self, features: usize) -> Vec<u32> {
        match self {
            Self::Vector { .. } => vec![u32::try_from(features).unwrap_or(u32::MAX)],
            Self::Tensor { extents } => extents.clone(),
        }
    }

    /// Log2 of the length of the list of features, padded: what a seal's digests take.
    #[must_use]
    pub fn features_log2(&self) -> u8 {
        match self {
            Self::Vector { log2 } => *log2,
            Self::Tensor { extents } => {
                let size = extents.iter().fold(1u64, |size, extent| size.saturating_mul(u64::from(*extent)));
                size.checked_next_power_of_two().map_or(64, |size| size.trailing_zeros() as u8)
            }
        }
    }
}

impl Class {
    /// Log2 of the padded extents of a tensor's axes; `None` if the program has no such tensor.
    #[must_use]
    pub fn axes(&self, tensor: TensorId) -> Option<Vec<u8>> {
        let operator = |tensor: TensorId| self.operators.get(usize::from(tensor.0).checked_sub(1)?);
        if tensor.0 == 0 {
            return Some(self.input.axes());
        }
        match operator(tensor)? {
            OperatorClass::Affine { axes, .. } => Some(axes.clone()),
            // A lookup reads an affine operator's output; one that reads another lookup is not valid.
            OperatorClass::Lookup { source, .. } => match operator(*source)? {
                OperatorClass::Affine { axes, .. } => Some(axes.clone()),
                OperatorClass::Lookup { .. } => None,
            },
        }
    }

    /// Log2 of the padded length of a tensor, saturating; `None` if the program has no such tensor.
    #[must_use]
    pub fn tensor_log2(&self, tensor: TensorId) -> Option<u8> {
        Some(self.axes(tensor)?.iter().fold(0, |sum: u8, log2| sum.saturating_add(*log2)))
    }

    /// Log2 of the padded length of the input as a tensor.
    #[must_use]
    pub fn input_log2(&self) -> u8 {
        self.tensor_log2(TensorId(0)).unwrap_or(0)
    }

    /// The last operator's output: what the action head reads.
    #[must_use]
    pub fn output(&self) -> TensorId {
        TensorId(self.operators.len() as u16)
    }
}
