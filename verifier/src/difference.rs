//! Where a record differs from what its program computes.

use crate::inconsistency::{Inconsistency, PlaceName};
use candor_program::class::TensorId;
use std::fmt;

/// The first difference of a replay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Index of the record in the bundle.
    pub index: usize,
    /// Sequence number of the record.
    pub sequence: u64,
    /// Where in the record.
    pub place: Place,
}

/// Where in a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// In what can be recomputed without the model: anybody can check it.
    Record(Inconsistency),
    /// In the model: a proof of the true values shows it to others.
    Operator(OperatorDifference),
}

/// The first operator whose recorded output is not the program's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperatorDifference {
    /// Its output tensor (operator number plus 1).
    pub tensor: TensorId,
    /// Kind of the operator.
    pub kind: &'static str,
    /// Digest of the true values.
    pub expected: [u8; 32],
    /// Digest that the agent signed.
    pub recorded: [u8; 32],
    /// First value that differs, where the record has values: for the outputs.
    pub value: Option<ValueDifference>,
    /// All tensors whose digests differ, in order.
    pub differing: Vec<TensorId>,
    /// Tensors of the program, the input included.
    pub tensors: usize,
}

/// One value of a tensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ValueDifference {
    /// Position in the tensor.
    pub index: usize,
    /// True value; `None`: the tensor is shorter.
    pub expected: Option<i32>,
    /// Recorded value; `None`: the record has fewer.
    pub recorded: Option<i32>,
}

impl Place {
    /// The stable name.
    #[must_use]
    pub fn name(&self) -> PlaceName {
        match self {
            Self::Record(found) => found.place(),
            Self::Operator(_) => PlaceName::Operator,
        }
    }
}

impl Difference {
    /// The tensor whose true values must be proven to show the difference to others; `None`: anybody can recompute it.
    #[must_use]
    pub fn needs_proof(&self) -> Option<TensorId> {
        match &self.place {
            Place::Record(_) => None,
            Place::Operator(found) => Some(found.tensor),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "record {} differs at {}: ", self.sequence, self.place.name())?;
        match &self.place {
            Place::Record(found) => found.fmt(out),
            Place::Operator(found) => found.fmt(out),
        }
    }
}

impl fmt::Display for OperatorDifference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = self.tensor.0.saturating_sub(1);
        write!(
            out,
            "operator {operator} ({}) gives tensor {} with digest 0x{}, recorded is 0x{}",
            self.kind,
            self.tensor.0,
            hex::encode(self.expected),
            hex::encode(self.recorded)
        )?;
        if let Some(ValueDifference { index, expected, recorded }) = &self.value {
            let text = |value: &Option<i32>| value.map_or("nothing".to_owned(), |value| value.to_string());
            write!(out, "; value {index} is {}, recorded is {}", text(expected), text(recorded))?;
        }
        let others = self.differing.len().saturating_sub(1);
        write!(out, "; {others} later tensors differ as well")
    }
}
