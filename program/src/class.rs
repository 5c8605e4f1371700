//! The class of a program: everything that fixes lengths, rounds and degrees of proofs, and the key of the seal.

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
    /// Log2 of the padded length of the input vector.
    pub input_log2: u8,
    /// Operators in execution order.
    pub operators: Vec<OperatorClass>,
    /// Log2 of the length of a committed row, 9 to 14.
    pub row_log2: u8,
    /// Capacity of the policy table: predicates, and rules (16 or 64).
    pub policy_size: u8,
    /// Capacity of the state: registers (4 or 16).
    pub state_size: u8,
    /// Capacity of the evidence: slots (0, 4 or 16).
    pub evidence_size: u8,
}

/// Shape of one operator.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub enum OperatorClass {
    /// Affine map followed by the row relation (rescale, saturation, ReLU).
    Affine {
        /// Log2 of the padded length of the output vector.
        output_log2: u8,
        /// What is summed, in order.
        terms: Vec<TermClass>,
    },
}

/// Shape of one summand of an affine operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub enum TermClass {
    /// Matrix times the source tensor.
    Dense {
        /// Tensor that is multiplied.
        source: TensorId,
    },
    /// A scalar times the source tensor, whose padded length equals the output's.
    Scaled {
        /// Tensor that is multiplied.
        source: TensorId,
    },
}

impl TermClass {
    /// The tensor that this term reads.
    #[must_use]
    pub fn source(&self) -> TensorId {
        match *self {
            Self::Dense { source } | Self::Scaled { source } => source,
        }
    }
}

impl OperatorClass {
    /// Log2 of the padded output length.
    #[must_use]
    pub fn output_log2(&self) -> u8 {
        match *self {
            Self::Affine { output_log2, .. } => output_log2,
        }
    }
}

impl Class {
    /// Log2 of the padded length of a tensor; `None` if the program has no such tensor.
    #[must_use]
    pub fn tensor_log2(&self, tensor: TensorId) -> Option<u8> {
        match tensor.0 {
            0 => Some(self.input_log2),
            i => self.operators.get(usize::from(i) - 1).map(OperatorClass::output_log2),
        }
    }
    /// The last operator's output: what the action head reads.
    #[must_use]
    pub fn output(&self) -> TensorId {
        TensorId(self.operators.len() as u16)
    }
}
